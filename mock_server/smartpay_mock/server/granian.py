"""``serve --server granian``: a server for load, in processes of its own.

granian (extra ``fast``) speaks HTTP in Rust. It gives no access to the socket, so
transport faults need ``--server threads``.

Every process has the app, the store, and a worker that delivers webhooks. A lease in
the store lets one of them deliver for an account at a time.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.settings import Settings, environment_name, load_settings
from smartpay_mock.server.bind import BACKLOG, listen, url_of
from smartpay_mock.server.rsgi import Threads, to_rsgi
from smartpay_mock.server.sandbox import body_limit
from smartpay_mock.server.tls import Certificates
from smartpay_mock.storage import open_store

if TYPE_CHECKING:
    from flask import Flask


MakeApp = Callable[[Settings], "Flask"]

_CONNECTIONS = 65_536  # also idle ones; granian would let others wait
KILL_SECONDS = 5  # longer than the worker goes on after the signal to stop
READY_POLL_SECONDS = 0.005
READY_TIMEOUT_SECONDS = 5.0


def serve_granian(
    settings: Settings,
    *,
    certificates: Certificates | None = None,
    on_ready: Callable[[str], None] | None = None,
    make_app: MakeApp | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are answered first.

    Call it from the main thread. The settings travel to the workers in the
    environment, which this changes. A worker that dies is started anew.

    Args:
        settings: ``host``, ``port``, ``workers`` and all else.
        certificates: Serves HTTPS in place of HTTP.
        on_ready: Called once, from another thread, with scheme and authority, as
            soon as clients are accepted.
        make_app: A function of a module, called in every worker; ``create_app`` if
            not given.

    Raises:
        SandboxUsageError: The extra is missing, the address or the state cannot be
            had, or several workers would each keep a state of their own.
    """
    make_server = _import_granian()
    address, port = claim(settings.host, settings.port)
    if settings.state != "memory:":
        # Fails once with a clear message, not in every worker with a traceback.
        open_store(settings.state).close()
    os.environ.update(to_environment(replace(settings, server="granian")))
    if on_ready is not None:
        scheme = "https" if certificates else "http"
        url = url_of(scheme, settings.host, port)
        _call_when_ready(_connection(url, certificates), url, on_ready)
    make_server(
        target="smartpay_mock.app:create_app",
        address=address,
        port=port,
        workers=settings.workers,
        ssl_cert=certificates.chain_path if certificates else None,
        ssl_key=certificates.key_path if certificates else None,
    ).serve(target_loader=partial(load_app, make_app), wrap_loader=False)
    if settings.state.startswith("sqlite:"):
        # The last process that closes a file merges its log; the workers have ended.
        open_store(settings.state).close()


def _import_granian() -> Callable[..., Any]:
    """Return what makes a server of granian's, set up as every process needs it."""
    try:
        from granian import Granian  # noqa: PLC0415 - an extra, and slow to import
        from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415 - likewise
        from granian.log import LogLevels  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise SandboxUsageError(
            "The fast server needs granian, which is not installed: "
            "pip install 'smartpay-sandbox[fast]', or use --server threads."
        ) from error
    return partial(
        Granian,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        backpressure=_CONNECTIONS,
        # Its warning is that of more workers than cores; they wait for a database.
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
    )


def load_app(make_app: MakeApp | None = None) -> Any:
    """Return the app of this process, from the settings in the environment.

    Its webhooks are delivered from now on until the process ends.

    Args:
        make_app: Makes it; ``create_app`` if not given.
    """
    # A forked worker has the handlers of granian's parent until it serves; a signal
    # before that would have no effect.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    _end_with_parent()
    from smartpay_mock.app import (  # noqa: PLC0415 - imports Flask, in the worker only
        create_app,
        start_worker,
    )

    settings = load_settings()
    app = (make_app or create_app)(settings)
    # The store stays open: calls that were taken are still answered.
    Finalize(None, start_worker(app, []).stop, exitpriority=1)
    # Objects that live as long as the process need no garbage collection.
    gc.collect()
    gc.freeze()
    return to_rsgi(Threads(app.wsgi_app).answer, partial(body_limit, settings))


def to_environment(settings: Settings) -> dict[str, str]:
    """Return the variables that ``load_settings`` reads ``settings`` from."""
    values = {row.name: getattr(settings, row.name) for row in fields(settings)}
    return {
        environment_name(name): _to_text(value)
        for name, value in values.items()
        if value is not None
    }


def claim(host: str, port: int) -> tuple[str, int]:
    """Return the address and port to serve on; 0 becomes a free port.

    granian's workers share a port, so it would not notice another server there.

    Raises:
        SandboxUsageError: The host is unknown, or the address is taken or forbidden.
    """
    with listen(host, port) as sock:
        address, free_port = sock.getsockname()[:2]
    return str(address), int(free_port)


def _to_text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value)


def _connection(url: str, certificates: Certificates | None) -> HTTPConnection:
    authority = urlsplit(url).netloc
    if certificates is None:
        return HTTPConnection(authority, timeout=READY_TIMEOUT_SECONDS)
    return HTTPSConnection(
        authority,
        timeout=READY_TIMEOUT_SECONDS,
        context=certificates.client_context(),
    )


def _end_with_parent() -> None:
    """End this process when the one that started it was killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(KILL_SECONDS)
        os._exit(1)  # the parent, which would kill it, is gone

    threading.Thread(target=wait, name="smartpay-parent", daemon=True).start()


def _call_when_ready(
    connection: HTTPConnection, url: str, on_ready: Callable[[str], None]
) -> None:
    def wait() -> None:
        # A listening port is not enough: granian tries the port out first.
        while not _answers(connection):
            time.sleep(READY_POLL_SECONDS)
        on_ready(url)

    threading.Thread(target=wait, name="smartpay-ready", daemon=True).start()


def _answers(connection: HTTPConnection) -> bool:
    try:
        connection.request("GET", "/__admin/health", headers={"Host": "localhost"})
        connection.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True
