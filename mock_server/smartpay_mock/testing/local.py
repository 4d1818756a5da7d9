"""The emulator in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from smartpay_mock.api.application import Application, Params, Perform
from smartpay_mock.app import application_of
from smartpay_mock.control.admin import ROUTES
from smartpay_mock.control.routes import Route
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.exchange import ADVICE_HEADER, Answer, Call
from smartpay_mock.kernel.ids import account_id
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.kernel.wsgi import REPORT, WSGIApp
from smartpay_mock.mutants import broken_app
from smartpay_mock.server import Sandbox
from smartpay_mock.testing.client import Members
from smartpay_schemas import Operation

_ROUTES: dict[tuple[str, str], Route] = {
    (route.method, route.path): route for route in ROUTES
}
_SOCKET_BLOCKED = (
    "smartpay.url needs a server on 127.0.0.1, and pytest-socket blocks all sockets. "
    "Use smartpay.intercept(), which needs no socket, or run pytest with "
    "--allow-hosts=127.0.0.1 in place of --disable-socket."
)


class LocalEmulator:
    """One emulator in this process; its server starts when its URL is first read.

    Args:
        settings: Settings of the emulator.

    Attributes:
        address: URL of the server, empty until it runs.
    """

    def __init__(self, settings: Settings) -> None:
        self._sandbox = Sandbox(
            settings,
            app=broken_app(settings),
            delivers=False,
            name="smartpay-shared",
        )
        self._starting = threading.Lock()
        self._seen = 0
        self.address = ""
        self.on_advice: Callable[[str], None] | None = None
        self.application.middleware.append(self._with_advice)

    @property
    def app(self) -> WSGIApp:
        """The WSGI app; errors inside it are collected for ``failures``."""
        app: WSGIApp = self._sandbox.app

        def reporting(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            environ.setdefault(REPORT, self._sandbox.errors.append)
            return app(environ, start_response)

        return reporting

    @property
    def application(self) -> Application:
        """The application that answers calls."""
        return application_of(self._sandbox.app)

    @property
    def root_url(self) -> str:
        """Scheme and authority of the server."""
        with self._starting:
            if not self.address:
                self.address = self._start()
        return self.address

    def _start(self) -> str:
        try:
            return self._sandbox.start().root_url
        except RuntimeError as error:
            # The base class of what pytest-socket raises; it is not a dependency.
            if type(error).__module__ == "pytest_socket":
                raise SandboxUsageError(_SOCKET_BLOCKED) from None
            raise

    def admin(
        self,
        secret_key: str,
        method: str,
        path: str,
        *,
        id_: str = "",
        body: Members | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """Call the control API without HTTP; see ``Emulator``."""
        route = _ROUTES[method, path]
        headers = {"authorization": f"Bearer {secret_key}"}
        call = Call(method, path, query or {}, headers, breaks_connections=True)
        account, params = account_id(secret_key), {"id": id_}
        value = route.answer(self.application, account, params, call, dict(body or {}))
        # Encode and decode, so that the test gets a copy that it may change.
        return decode(encode(value))

    def _with_advice(
        self, perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        """Answer a call, and pass on that the response has advice."""
        answer = perform(operation, params, call)
        if ADVICE_HEADER in answer.headers and self.on_advice is not None:
            with suppress(Exception):  # a report never changes a response
                self.on_advice(answer.headers["Request-Id"])
        return answer

    def failures(self) -> list[BaseException]:
        """Return the errors in the server since the last call."""
        new = self._sandbox.errors[self._seen :]
        self._seen += len(new)
        return new

    def stop(self) -> None:
        """Stop the server and close the store."""
        self._sandbox.stop()
        self.application.store.close()
