"""The emulator in this process: its server thread, and desks for its accounts."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.api.pipeline import perform
from smartpay_mock.app import application_of
from smartpay_mock.control.routes import Request, Route
from smartpay_mock.control.table import ROUTES
from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.kernel.environ import REPORT
from smartpay_mock.kernel.exchange import Call
from smartpay_mock.kernel.ids import account_id
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.server import Sandbox
from smartpay_mock.testing.desk import (
    API_PATH,
    Errand,
    Reply,
    WSGIApp,
    headers_of,
)
from smartpay_mock.twins import broken_app
from smartpay_schemas import OPERATIONS

_ROUTES: dict[tuple[str, str], Route] = {
    (route.method, route.path): route for route in ROUTES
}
# Stands in the journal for the address of calls that had none.
_BASE_URL = "https://api.smartpay.co"


class LocalEmulator:
    """One emulator of this process; its server starts when its URL is asked for.

    Args:
        settings: How it behaves.

    Attributes:
        address: Its URL, empty until its server was asked for.
    """

    def __init__(self, settings: Settings) -> None:
        self._sandbox = Sandbox(
            settings,
            app=broken_app(settings),
            name="smartpay-shared",
            delivers=False,
        )
        self._starting = threading.Lock()
        self._seen = 0
        self.address = ""

    @property
    def app(self) -> WSGIApp:
        """The WSGI app; what goes wrong in it is collected, whoever calls it."""
        app: WSGIApp = self._sandbox.app

        def reporting(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            environ.setdefault(REPORT, self._sandbox.errors.append)
            return app(environ, start_response)

        return reporting

    @property
    def engine(self) -> Application:
        """What answers calls."""
        return application_of(self._sandbox.app)

    @property
    def root_url(self) -> str:
        """Scheme and authority of the server."""
        with self._starting:
            if not self.address:
                self.address = self._sandbox.start().root_url
        return self.address

    def failures(self) -> list[BaseException]:
        """Return what went wrong in the server since the last time."""
        new = self._sandbox.errors[self._seen :]
        self._seen += len(new)
        return new

    def desk(self, secret_key: str) -> LocalDesk:
        """Return the desk of the account with this key."""
        return LocalDesk(self, secret_key)

    def stop(self) -> None:
        """Stop the server and let go of the state."""
        self._sandbox.stop()
        self.engine.store.close()


class LocalDesk:
    """Steers an account of the emulator in this process."""

    def __init__(self, emulator: LocalEmulator, secret_key: str) -> None:
        self.secret_key = secret_key
        self._emulator = emulator
        self._account = account_id(secret_key)

    @property
    def root_url(self) -> str:
        """As in ``Desk``."""
        return self._emulator.root_url

    @property
    def address(self) -> str:
        """As in ``Desk``."""
        return self._emulator.address

    @property
    def app(self) -> WSGIApp:
        """As in ``Desk``."""
        return self._emulator.app

    def failures(self) -> list[BaseException]:
        """As in ``Desk``."""
        return self._emulator.failures()

    def ask(
        self,
        method: str,
        path: str,
        *,
        id_: str = "",
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """As in ``Desk``, without HTTP."""
        route = _ROUTES[method, path]
        request = Request(
            self._emulator.engine,
            self._account,
            {"id": id_},
            query or {},
            route.checked(dict(body or {})),
            Call(method, path),
        )
        # Through JSON and back, so that a test gets what HTTP would give it: values
        # of its own, which it may change.
        return decode(encode(route.action(request)))

    def run(self, errand: Errand) -> Reply:
        """As in ``Desk``, without HTTP."""
        operation = OPERATIONS[errand.operation]
        prefix = API_PATH if operation.side == "merchant" else ""
        answer = perform(
            self._emulator.engine,
            operation,
            errand.params,
            Call(
                operation.method,
                prefix + operation.path.format(**errand.params),
                headers=headers_of(errand, self.secret_key),
                body=b"" if errand.body is None else encode(errand.body),
                base_url=_BASE_URL,
            ),
        )
        return Reply(answer.status, decode(answer.body) if answer.body else None)
