"""Access to the control plane: open on loopback, by admin token elsewhere.

Calls with an unknown Host header are refused, so that a web page cannot reach the
control plane through a name that resolves to loopback (DNS rebinding).
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from dataclasses import dataclass

from smartpay_mock.api.auth import ACCOUNT_HEADER, Refusal, authenticate
from smartpay_mock.control.routes import problem
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.settings import Settings

# A name or address, or an IPv6 address in brackets; then optionally a port.
_HOST = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::[0-9]*)?")
# Further host names of the emulator: interception and private certificates use the
# names of the real API.
_KNOWN_HOSTS = {"localhost", "api.smartpay.co", "checkout.smartpay.co"}


def is_loopback(host: str) -> bool:
    """Return whether ``host`` names this machine only."""
    if host == "localhost":
        return True
    is_bracketed = host.startswith("[") and host.endswith("]")
    try:
        return ipaddress.ip_address(host[1:-1] if is_bracketed else host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Guard:
    """Decides which calls may use the control plane of one emulator."""

    settings: Settings
    admin_token: str

    def refuse(self, call: Call, *, is_open: bool = False) -> Answer | None:
        """Return why a call is refused, or ``None`` if it is allowed.

        Args:
            call: The call; only its headers are read.
            is_open: Whether the route needs no admin token: health checks of
                orchestrators send none.
        """
        host = _host_of(call)
        if not (is_loopback(host) or host in _KNOWN_HOSTS or self._is_own(host)):
            return problem(
                403,
                f"The Host header {host!r} is not a name of this emulator. Call it by "
                "its address or as localhost.",
            )
        if is_open or is_loopback(self.settings.host) or self._has_token(call):
            return None
        return problem(
            401,
            "This emulator listens beyond loopback, so its control plane needs an "
            "admin token. Send 'Authorization: Bearer <admin token>'. The emulator "
            "prints the token at start; SMARTPAY_SANDBOX_ADMIN_TOKEN sets it.",
        )

    def account(self, call: Call) -> str | Answer:
        """Return the id of the account that a call controls, or why it is refused.

        The account belongs to the secret key in ``Smartpay-Sandbox-Account`` or, on
        loopback, in ``Authorization``.
        """
        named = call.headers.get(ACCOUNT_HEADER)
        header = f"Bearer {named}" if named else call.headers.get("authorization")
        found = authenticate(header, frozenset(self.settings.accounts))
        if isinstance(found, Refusal):
            return problem(
                401,
                f"{found.reason[:1].upper()}{found.reason[1:]}. Send the account's "
                "test key (sk_test_...) in Authorization or Smartpay-Sandbox-Account.",
            )
        return found.account

    def _is_own(self, host: str) -> bool:
        # An emulator that listens on every address has names that it cannot know; the
        # admin token protects it.
        return host == self.settings.host or self.settings.host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound

    def _has_token(self, call: Call) -> bool:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            token.encode(), self.admin_token.encode()
        )


def _host_of(call: Call) -> str:
    host = call.headers.get("host", "localhost").lower()
    named = _HOST.fullmatch(host)
    return named[1] if named else host
