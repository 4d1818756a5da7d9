"""Who may steer: anybody on loopback; elsewhere only who holds the admin token.

Unknown Host headers are refused, so that a web page cannot reach the control plane
through a name that it makes resolve to loopback.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from dataclasses import dataclass

from smartpay_mock.api.auth import ACCOUNT_HEADER, Credential, Refusal, authenticate
from smartpay_mock.control.problems import problem
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.settings import Settings

# A name or address, or an address of IPv6 in brackets; then perhaps a port.
_HOST = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::[0-9]*)?")
# Hosts by which the emulator is known besides its address: the API's own names reach
# it through interception and private certificates.
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
    """Decides who may steer one emulator."""

    settings: Settings
    admin_token: str

    def refuse(self, call: Call, *, is_open: bool = False) -> Answer | None:
        """Return the refusal of a call, or ``None`` for one that may steer.

        Args:
            call: Its headers decide.
            is_open: The route steers nothing and takes no token, since probes of
                orchestrators send none.
        """
        host = _host_of(call)
        if not (is_loopback(host) or host in _KNOWN_HOSTS or self._is_own(host)):
            return problem(
                403,
                f"The Host header {host!r} is not this emulator's; call it by its "
                "address or as localhost.",
            )
        if is_open or is_loopback(self.settings.host) or self._has_token(call):
            return None
        return problem(
            401,
            "This emulator listens beyond loopback, so the control plane needs "
            "'Authorization: Bearer <admin token>'; the token was printed at start "
            "and can be set as SMARTPAY_SANDBOX_ADMIN_TOKEN.",
        )

    def account(self, call: Call) -> Credential | Answer:
        """Return the account that a call steers, or why there is none.

        The account is that of the secret key in ``Smartpay-Sandbox-Account`` or, on
        loopback, in ``Authorization``.
        """
        named = call.headers.get(ACCOUNT_HEADER)
        header = f"Bearer {named}" if named else call.headers.get("authorization")
        found = authenticate(header, frozenset(self.settings.accounts))
        if isinstance(found, Refusal):
            return problem(
                401,
                f"Which account? {found.reason}; name it by its secret key in "
                "Authorization or Smartpay-Sandbox-Account.",
            )
        return found

    def _is_own(self, host: str) -> bool:
        # Bound to every address, the machine has names that cannot be known here; the
        # admin token guards those.
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
