"""The server of the fixture and of ``serve``: threads in this process."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.server.bind import listen, url_of
from smartpay_mock.server.connection import Connection
from smartpay_mock.server.crew import Crew
from smartpay_mock.server.loop import Loop
from smartpay_mock.server.protocol import Engine, WSGIApp
from smartpay_mock.server.streams import ClientGoneError
from smartpay_mock.server.tls import Certificates

MAX_THREADS = 1_000
MAX_ERRORS = 1_000
# stop() lets quick requests finish this long before it cuts them off.
GRACE_SECONDS = 0.05


class ThreadServer:
    """Serves a WSGI app from daemon threads of this process.

    A request may block for as long as it likes: others get threads of their own, up
    to ``max_threads``; beyond that they wait.

    Args:
        wsgi_app: Any WSGI callable. In its environ it finds ``smartpay.transport``,
            which carries out a ``TransportFault``, and ``smartpay.report``, which
            takes an exception that is to be seen.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one at each start.
        tls: Certificates; the port then speaks HTTPS only.
        max_threads: Requests worked on at one time, at the most.
        errors: Where to collect exceptions; a list of its own if not given.
        name: What its threads are called, with a number.

    Attributes:
        errors: Exceptions that left the app, that it reported, or that happened in
            the server's own threads: the first ``MAX_ERRORS`` of them.
    """

    def __init__(
        self,
        wsgi_app: WSGIApp,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: Certificates | None = None,
        max_threads: int = MAX_THREADS,
        errors: list[BaseException] | None = None,
        name: str = "smartpay-server",
    ) -> None:
        self.host = host
        self.errors = [] if errors is None else errors
        self._app = wsgi_app
        self._wanted_port = port
        self._tls = tls
        self._max_threads = max_threads
        self._name = name
        self._run: _Run | None = None

    @property
    def is_running(self) -> bool:
        """Whether clients are accepted."""
        return self._run is not None

    @property
    def port(self) -> int:
        """The port listened on.

        Raises:
            SandboxUsageError: The server was not started.
        """
        if self._run is None:
            raise SandboxUsageError(
                "The server has no port while it is not running: call start() first, "
                "or use it as a context manager."
            )
        return self._run.port

    @property
    def url(self) -> str:
        """Scheme and authority, without a slash at the end."""
        return url_of("https" if self._tls else "http", self.host, self.port)

    @property
    def thread_count(self) -> int:
        """Worker threads alive now."""
        return 0 if self._run is None else self._run.crew.size

    def start(self) -> Self:
        """Listen; clients are accepted when this returns.

        Raises:
            SandboxUsageError: The address is unknown, taken or forbidden.
        """
        if self._run is None:
            context = self._tls.server_context() if self._tls else None
            listener = listen(self.host, self._wanted_port)
            self._run = _Run(
                listener,
                engine=Engine(
                    listener.getsockname()[:2],
                    self._app,
                    secure=context is not None,
                    report=self.report,
                ),
                context=context,
                max_threads=self._max_threads,
                name=self._name,
            )
            self._run.start()
        return self

    def stop(self) -> None:
        """Stop accepting, end stalled and idle connections, and free the port.

        Requests that still run after ``GRACE_SECONDS`` lose their connection; their
        threads end when the app lets go of them.
        """
        run, self._run = self._run, None
        if run is not None:
            run.stop()

    def report(self, error: BaseException) -> None:
        """Collect ``error``, unless a client did it to itself."""
        if not isinstance(error, ClientGoneError) and len(self.errors) < MAX_ERRORS:
            self.errors.append(error)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class _Run:
    """What lives from one start to the next stop."""

    def __init__(
        self,
        listener: socket.socket,
        *,
        engine: Engine,
        context: ssl.SSLContext | None,
        max_threads: int,
        name: str,
    ) -> None:
        self.port: int = listener.getsockname()[1]
        self._engine = engine
        self._context = context
        self._live: set[Connection] = set()
        self._loop = Loop(listener, admit=self._admit, report=engine.report)
        self.crew: Crew[Connection] = Crew(
            watch=self._loop.next_job,
            work=self._serve,
            resume=self._loop.resume,
            hand_back=self._loop.hand_back,
            ceiling=max_threads,
            name=name,
        )

    def start(self) -> None:
        self._engine.ready = True
        self.crew.start()

    def stop(self) -> None:
        self._engine.ready = False
        self._loop.stop()
        self.crew.stop()
        self._interrupt(lambda connection: connection.is_waiting)
        self.crew.join(GRACE_SECONDS)
        self._loop.close()  # again, if every thread is held by the app
        # A request that stops the server is itself answered.
        own = threading.get_ident()
        self._interrupt(lambda connection: connection.owner != own)

    def _interrupt(self, applies: Callable[[Connection], bool]) -> None:
        for connection in tuple(self._live):
            if applies(connection):
                connection.interrupt()

    def _admit(self, sock: socket.socket) -> Connection:
        connection = Connection(self._engine, sock, self._context)
        self._live.add(connection)
        return connection

    def _serve(self, connection: Connection) -> bool:
        """Serve what has arrived; return whether more may come."""
        stays = False
        connection.owner = threading.get_ident()
        try:
            stays = connection.shake_hands() and self._converse(connection)
        except BaseException as error:
            self._engine.report(error)
        finally:
            if not stays:
                self._live.discard(connection)
                connection.close()
        return stays

    def _converse(self, connection: Connection) -> bool:
        while connection.serve_one() and self._engine.ready:
            if not connection.rfile.has_data():
                return True
        return False
