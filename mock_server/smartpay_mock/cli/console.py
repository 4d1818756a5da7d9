"""What ``serve`` prints: a banner at the start, then a line for each call."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any

from smartpay_fixtures import sandbox_values
from smartpay_mock.cli.log import Line, line_of_answer, lines_of_delivery
from smartpay_mock.control.routes import PREFIX
from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.wsgi import ANSWER
from smartpay_mock.mutants.mutant import Mutant

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Print = Callable[[str], None]
"""Prints text and a line end."""

_WIDTH = 80
_PAYLOAD = {
    "amount": 1000,
    "currency": "JPY",
    "items": [{"name": "sweater", "amount": 1000, "currency": "JPY"}],
    "customerInfo": {},
    "shippingInfo": {
        "address": {
            "line1": "1-17-1",
            "locality": "Minato",
            "postalCode": "105-6415",
            "country": "JP",
        }
    },
    "token": "paytok_test_approved",
}


def banner(root_url: str, facts: dict[str, str], *, ca_path: str = "") -> str:
    """Return the text for a running emulator, enough to make the first call.

    Args:
        root_url: Scheme and authority, no slash at the end.
        facts: Further names and values.
        ca_path: The CA certificate that HTTPS clients have to trust.
    """
    shown = {
        "API": f"{root_url}/v1",
        "Dashboard": f"{root_url}{PREFIX}/ui",
        "Secret key": f"{sandbox_values().secret_key} (others: sk_test_...)",
        "Tokens": "paytok_test_approved, paytok_test_declined, ... (command: tokens)",
        **facts,
    }
    title = "smartpay-sandbox: an unofficial local emulator of the Smartpay API"
    lines = [f"{name:11} {value}" for name, value in shown.items()]
    return "\n".join([title, "", *lines, "", _curl(root_url, ca_path)])


def _curl(root_url: str, ca_path: str) -> str:
    """Return a command that charges, to be pasted into a shell."""
    trust = f" --cacert {ca_path}" if root_url.startswith("https") else ""
    body = json.dumps(_PAYLOAD, separators=(",", ":"))
    return (
        f"curl{trust} {root_url}/v1/orders -u {sandbox_values().secret_key}: "
        f"-H 'Content-Type: application/json' -d '{body}'"
    )


def warning(mutant: Mutant) -> str:
    """Return the warning about an emulator that is broken on purpose."""
    return textwrap.fill(
        f"BROKEN ON PURPOSE ({mutant.name}): {mutant.cost} Use it to test tests only. "
        "Leave out --mutant to serve the correct emulator.",
        width=_WIDTH,
    )


class Console:
    """WSGI middleware that prints each call and each delivery of a webhook.

    Args:
        wsgi_app: The application.
        print_text: Prints the lines of a call, in one step.
        format_: ``text`` or ``json``.
        has_control: Whether calls of the control plane are printed too.
    """

    def __init__(
        self,
        wsgi_app: WSGIApplication,
        print_text: Print,
        *,
        format_: str = "text",
        has_control: bool = False,
    ) -> None:
        self._app = wsgi_app
        self._print = print_text
        self._format = format_
        self._has_control = has_control

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Call the application, then print the call and its result."""
        seen: dict[str, Any] = {}
        started = perf_counter()

        def start(status: str, headers: Any, *error: Any) -> Any:
            seen.update(status=status, headers=headers)
            return start_response(status, headers, *error)

        body = self._app(environ, start)
        is_control = environ["PATH_INFO"].startswith(PREFIX)
        if seen and (self._has_control or not is_control):
            with suppress(Exception):  # printing must not change the answer
                took_ms = (perf_counter() - started) * 1000
                line = line_of_call(environ, body, took_ms=took_ms, **seen)
                self._print(line.show(self._format))
        return body

    def print_delivery(self, delivery: dict[str, Any], attempts: list[Any]) -> None:
        """Print what became of a delivery.

        Args:
            delivery: The delivery as it is now.
            attempts: Its new attempts.
        """
        with suppress(Exception):
            for line in lines_of_delivery(delivery, attempts, at=wall_ms()):
                self._print(line.show(self._format))


def line_of_call(
    environ: WSGIEnvironment,
    body: Any,
    *,
    status: str,
    headers: list[tuple[str, str]],
    took_ms: float,
) -> Line:
    """Return the line of a call.

    Args:
        environ: The call.
        body: The response body; read only if it is a list or tuple.
        status: The status line without the protocol.
        headers: The response headers.
        took_ms: How long the application took.
    """
    answer = environ.get(ANSWER)
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    code = 0 if answer is not None and answer.transport else int(status[:3])
    found = dict(answer.trace if answer is not None else ())
    reason = found.get("authorization", "")
    return line_of_answer(
        Line(wall_ms(), code, (environ["REQUEST_METHOD"], path), took_ms),
        {name.lower(): value for name, value in headers},
        b"".join(body) if isinstance(body, tuple | list) else b"",
        result=answer.result if answer is not None else "",
        declined=reason if reason.startswith("declined") else "",
    )
