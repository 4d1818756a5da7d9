"""The emulator behind a socket, as the fixture and ``serve`` start it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.kernel.wsgi import WSGIApp
from smartpay_mock.server.server import Server
from smartpay_mock.server.tls import Certificates, make_certificates

if TYPE_CHECKING:
    from smartpay_mock.events.worker import Worker

API_PATH = "/v1"
ADMIN_PATH = "/__admin"
ADMIN_BODY_BYTES = 1 << 30  # a snapshot may be large


class Sandbox:
    """The emulator over HTTP and, if wanted, over HTTPS on a second port.

    Args:
        settings: How the emulator behaves; its defaults if not given.
        app: A WSGI app to serve in place of the emulator's own.
        host: Address to listen on.
        port: Port for HTTP; 0 takes a free one.
        tls: ``True``, or certificates of your own making, to serve HTTPS too.
        tls_port: Port for HTTPS; 0 takes a free one.
        delivers: Whether webhooks are delivered in the background; otherwise they
            are delivered when they are drained or the clock moves.
        name: Names its threads.

    Attributes:
        errors: Exceptions of the app and of the server's threads.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        app: WSGIApp | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool | Certificates = False,
        tls_port: int = 0,
        delivers: bool = True,
        name: str = "smartpay-server",
    ) -> None:
        self.errors: list[BaseException] = []
        self._settings = settings
        self._app = app
        self._host = host
        self._port = port
        self._tls_port = tls_port
        self._delivers = delivers
        self._name = name
        self._wants_tls = bool(tls)
        self._certificates = tls if isinstance(tls, Certificates) else None
        self._servers: list[Server] = []
        self._worker: Worker | None = None

    @property
    def app(self) -> Any:
        """The app served: a ``flask.Flask``, unless another one was given."""
        if self._app is None:
            from smartpay_mock.app import (  # noqa: PLC0415 - imports Flask
                create_app,
            )

            self._app = create_app(self._settings)
        return self._app

    @property
    def certificates(self) -> Certificates:
        """The private CA and the certificate of the HTTPS port.

        Raises:
            SandboxUsageError: HTTPS is off, or its extra is missing.
        """
        if not self._wants_tls:
            raise SandboxUsageError("This sandbox speaks HTTP only: pass tls=True.")
        if self._certificates is None:
            self._certificates = make_certificates()
        return self._certificates

    @property
    def root_url(self) -> str:
        """Scheme and authority, such as ``http://127.0.0.1:8585``."""
        return self._server(0).url

    @property
    def url(self) -> str:
        """The URL that stands for ``https://api.smartpay.co/v1``."""
        return self.root_url + API_PATH

    @property
    def tls_root_url(self) -> str:
        """Scheme and authority of the HTTPS port."""
        if not self._wants_tls:
            raise SandboxUsageError("This sandbox speaks HTTP only: pass tls=True.")
        return self._server(1).url

    @property
    def tls_url(self) -> str:
        """The same as ``url``, over HTTPS."""
        return self.tls_root_url + API_PATH

    def start(self) -> Self:
        """Serve; requests are answered when this returns.

        Raises:
            SandboxUsageError: The address cannot be used, or an extra is missing.
        """
        if self._servers:
            return self
        try:
            self._listen(self._port, None)
            if self._wants_tls:
                self._listen(self._tls_port, self.certificates)
            self._deliver()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop serving and free the ports; the app keeps its state."""
        while self._servers:
            self._servers.pop().stop()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()

    def _listen(self, port: int, tls: Certificates | None) -> None:
        server = Server(
            self.app,
            self._host,
            port,
            tls=tls,
            body_limit=partial(body_limit, self._settings or Settings()),
            errors=self.errors,
            name=self._name,
        )
        self._servers.append(server.start())

    def _deliver(self) -> None:
        """Deliver webhooks too, if the app is the emulator's own."""
        if not self._delivers or not hasattr(self.app, "extensions"):
            return
        from smartpay_mock.app import (  # noqa: PLC0415 - imports Flask
            APPLICATION,
            start_worker,
        )

        if APPLICATION in self.app.extensions:
            self._worker = start_worker(self.app, self.errors)

    def _server(self, index: int) -> Server:
        if not self._servers:
            raise SandboxUsageError(
                "The sandbox has no URL while it is not running: call start() first, "
                "or use it as a context manager."
            )
        return self._servers[index]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()


def body_limit(settings: Settings, path: str) -> int:
    """Return the largest body to read; one byte more than the API accepts."""
    return ADMIN_BODY_BYTES if path.startswith(ADMIN_PATH) else settings.body_limit + 1
