"""The Host header of each request: other names are refused on every path.

A web page can make its own name resolve to loopback (DNS rebinding). Its requests then
reach the emulator, but their Host header has the page's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartpay_mock.api.application import Application
from smartpay_mock.api.pipeline import refuse
from smartpay_mock.api.wsgi import read_head
from smartpay_mock.control.admin import ALIASES
from smartpay_mock.control.routes import PREFIX, problem
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer
from smartpay_mock.kernel.hosts import SMARTPAY, host_of, is_below, is_loopback
from smartpay_mock.kernel.ids import without_live_keys
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.kernel.wsgi import TIMEOUT

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class HostCheck:
    """Refuses requests with another host name."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def refuse(self, environ: WSGIEnvironment) -> Answer | None:
        """Return the refusal of a request, or ``None`` if it is allowed."""
        # Here, because the log of ``serve`` shows the path later.
        path = environ["PATH_INFO"] = without_live_keys(environ["PATH_INFO"])
        header = environ.get("HTTP_HOST", "localhost")
        host, settings = host_of(header), self._application.settings
        # Interception, private certificates and a hosts file use the names of the real
        # service. A foreign page cannot have one.
        if is_loopback(host) or is_below(host, SMARTPAY):
            return None
        shown = repr(without_live_keys(header))
        if path == PREFIX or path.startswith(f"{PREFIX}/") or path in ALIASES:
            if host and (host == settings.host or is_any(settings)):
                return None
            return problem(
                403,
                f"The Host header {shown} is not a name of this emulator. Call it by "
                "its address or as localhost.",
            )
        # An intercepted call came through no socket; the test chose its host.
        is_known = host in settings.hosts or not is_loopback(settings.host)
        if TIMEOUT in environ or (host and is_known):
            return None
        error = ApiError("request.host-unknown", host=shown[:80])
        return refuse(self._application, read_head(environ), error)


def is_any(settings: Settings) -> bool:
    """Return whether the emulator listens on every address.

    It then has names that it cannot know; the admin token protects the control plane.
    """
    return settings.host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
