"""Access to the control plane: open on loopback, by admin token elsewhere.

``hosts`` has refused calls with an unknown Host header before.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from smartpay_mock.api.auth import Refusal, account_header, authenticate
from smartpay_mock.control.routes import problem
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.hosts import is_loopback
from smartpay_mock.kernel.settings import Settings


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
        allowed = frozenset(self.settings.accounts)
        found = authenticate(account_header(call.headers), allowed)
        if isinstance(found, Refusal):
            return problem(
                401,
                f"{found.reason[:1].upper()}{found.reason[1:]}. Send the account's "
                "test key (sk_test_...) in Authorization or Smartpay-Sandbox-Account.",
            )
        return found.account

    def _has_token(self, call: Call) -> bool:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            token.encode(), self.admin_token.encode()
        )
