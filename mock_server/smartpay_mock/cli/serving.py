"""How ``serve`` serves: threads of this process, or granian's processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from smartpay_mock.cli.console import Console, Say
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.server import Sandbox, make_certificates
from smartpay_mock.twins import broken_app, find_mutant

if TYPE_CHECKING:
    from flask import Flask

    from smartpay_mock.server import Certificates


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where an emulator serves.

    Attributes:
        root_url: Scheme and authority.
        tls_root_url: The same over HTTPS; empty without.
        certificates: What HTTPS clients have to trust; ``None`` without.
    """

    root_url: str
    tls_root_url: str = ""
    certificates: Certificates | None = None


Announce = Callable[[Addresses], None]


def serve_threads(
    settings: Settings, announce: Announce, *, say: Say | None = None
) -> None:
    """Serve from threads of this process until a signal comes.

    Args:
        settings: How.
        announce: Called once clients are accepted.
        say: Takes a line for each call; ``None`` keeps quiet.

    Raises:
        SandboxUsageError: As for ``running``.
    """
    with running(settings) as sandbox:
        if say is not None:
            sandbox.app.wsgi_app = Console(sandbox.app.wsgi_app, say)
        at = Addresses(sandbox.root_url)
        if settings.tls:
            at = replace(
                at,
                tls_root_url=sandbox.tls_root_url,
                certificates=sandbox.certificates,
            )
        wait_for_signal = _stopped_by_signals()
        announce(at)
        wait_for_signal()


def serve_fast(
    settings: Settings,
    announce: Announce,
    *,
    say: Say | None = None,
) -> None:
    """Serve from granian's processes until a signal comes.

    Raises:
        SandboxUsageError: As for ``running``; or two ports were asked for.
    """
    if settings.tls_port:
        raise SandboxUsageError(
            "granian speaks either HTTP or HTTPS: with --tls it speaks HTTPS on "
            "--port. Leave --tls-port out, or use --server threads for both."
        )
    if settings.mutant:
        find_mutant(settings.mutant)
    from smartpay_mock.server import fast  # noqa: PLC0415 - an extra

    certificates = make_certificates() if settings.tls else None
    failures: list[Exception] = []

    def on_ready(url: str) -> None:
        try:
            announce(Addresses(url, url if certificates else "", certificates))
        except Exception as error:
            failures.append(error)
            os.kill(os.getpid(), signal.SIGTERM)

    fast.serve_fast(
        settings, certificates=certificates, on_ready=on_ready, make_app=make_app
    )
    if failures:
        raise failures[0]


def make_app(settings: Settings) -> Flask:
    """Return the application of ``serve``: honest, or broken on purpose."""
    from smartpay_mock.app import create_app  # noqa: PLC0415 - imports Flask

    return broken_app(settings) or create_app(settings)


@contextmanager
def running(settings: Settings) -> Iterator[Sandbox]:
    """Run an emulator in this process for the time of a block.

    Raises:
        SandboxUsageError: The address or the state cannot be had, or there is no such
            mutant.
    """
    sandbox = Sandbox(
        settings,
        app=broken_app(settings),
        host=settings.host,
        port=settings.port,
        tls=settings.tls,
        tls_port=settings.tls_port,
    )
    with sandbox:
        yield sandbox


def _stopped_by_signals() -> Callable[[], object]:
    """Return what waits for SIGINT or SIGTERM.

    Ask for it before anybody learns that the emulator is ready: who stops it the
    next moment is to end it as well as anybody. A bare lock, since an event's own
    lock may be held by the very thread that the signal interrupts.
    """
    held = threading.Lock()
    held.acquire()

    def let_go(*_: object) -> None:
        if held.locked():
            held.release()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, let_go)
    return held.acquire


# Setting server -> what serves.
SERVERS: dict[str, Callable[..., None]] = {
    "threads": serve_threads,
    "granian": serve_fast,
}
