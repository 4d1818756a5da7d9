"""What ``serve`` prints: a banner at the start, then a line for each call."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import click

from smartpay_fixtures import sandbox_values
from smartpay_mock.control.routes import PREFIX
from smartpay_mock.kernel.exchange import (
    ADVICE_HEADER,
    ADVICE_SEPARATOR,
    REASON_HEADER,
)
from smartpay_mock.kernel.json import decode
from smartpay_mock.kernel.text import printable
from smartpay_mock.kernel.wsgi import ANSWER
from smartpay_mock.mutants.mutant import Mutant

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Print = Callable[[str], None]
"""Prints text and a line end."""

_METHOD_WIDTH = 6
_WIDTH = 80
_INDENT = " " * (_METHOD_WIDTH + 1)
_MOST_NOTES = 20
_LONGEST_NOTE = 1_000
_DELIVERED = "delivered"
_PAYLOAD = {
    "amount": 1000,
    "currency": "JPY",
    "customerInfo": {},
    "items": [{"name": "sweater", "amount": 1000, "currency": "JPY"}],
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


def banner(root_url: str, *, state: str, tls_url: str = "", ca_path: str = "") -> str:
    """Return the text for a running emulator, enough to make the first call.

    Args:
        root_url: Scheme and authority, no slash at the end.
        state: A description of the store.
        tls_url: The HTTPS address; empty without HTTPS.
        ca_path: The CA certificate that HTTPS clients have to trust.
    """
    key = sandbox_values().secret_key
    lines = [
        "smartpay-sandbox: an unofficial local emulator of the Smartpay API",
        "",
        f"  Base URL       {root_url}/v1",
        f"  Secret key     {key}",
        "                 Each other sk_test_... key is an account of its own.",
        f"  State          {state}",
        f"  Control plane  {root_url}/__admin",
        f"  Inspector      {root_url}/__admin/ui",
    ]
    if tls_url:
        lines += [f"  HTTPS          {tls_url}/v1", f"  CA             {ca_path}"]
    lines += ["", *_token_lines(), "", "  Try it:", ""]
    lines += [*_curl_lines(root_url, key, ca_path), ""]
    return "\n".join(lines)


def warning(mutant: Mutant) -> str:
    """Return the warning about an emulator that is broken on purpose."""
    return textwrap.fill(
        f"BROKEN ON PURPOSE ({mutant.name}): {mutant.cost} Use it to test tests only. "
        "Leave out --mutant to serve the correct emulator.",
        width=_WIDTH,
    )


def _token_lines() -> list[str]:
    """Return each test token beside the status of an order made from it."""
    rows = [("Test token", "Order made from it"), ("", "")]
    rows += [
        (token.id, token.outcome.automatic or f"none: 400 {token.outcome.error}")
        for token in sandbox_values().tokens.values()
    ]
    width = max(len(token) for token, _ in rows)
    return [f"  {token.ljust(width)}  {outcome}".rstrip() for token, outcome in rows]


def _curl_lines(root_url: str, secret_key: str, ca_path: str) -> list[str]:
    """Return a command that charges, to be pasted into a shell."""
    trust = [f"    --cacert {ca_path} \\"] if root_url.startswith("https") else []
    body = textwrap.indent(json.dumps(_PAYLOAD, indent=1), "    ").strip()
    return [
        f"  curl {root_url}/v1/orders \\",
        *trust,
        f"    -H 'Authorization: Basic {secret_key}' \\",
        "    -H 'Content-Type: application/json' \\",
        f"    -d '{body}'",
    ]


class Console:
    """WSGI middleware that prints each call and each delivery of a webhook.

    Args:
        wsgi_app: The application.
        print_text: Prints the lines of a call, in one step.
        has_control: Whether calls of the control plane are printed too.
    """

    def __init__(
        self, wsgi_app: WSGIApplication, print_text: Print, *, has_control: bool = False
    ) -> None:
        self._app = wsgi_app
        self._print = print_text
        self._has_control = has_control

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Call the application, then print the call and its result."""
        seen: dict[str, Any] = {}

        def start(status: str, headers: Any, *error: Any) -> Any:
            seen.update(status=status, headers=headers)
            return start_response(status, headers, *error)

        body = self._app(environ, start)
        is_control = environ["PATH_INFO"].startswith(PREFIX)
        if seen and (self._has_control or not is_control):
            with suppress(Exception):  # printing must not change the answer
                headers = {name.lower(): value for name, value in seen["headers"]}
                self._print(
                    "\n".join(call_lines(environ, seen["status"], headers, body))
                )
        return body

    def print_delivery(self, delivery: dict[str, Any], attempts: list[Any]) -> None:
        """Print what became of a delivery.

        Args:
            delivery: The delivery as it is now.
            attempts: Its new attempts.
        """
        with suppress(Exception):
            self._print("\n".join(delivery_lines(delivery, attempts)))


def call_lines(
    environ: WSGIEnvironment, status: str, headers: dict[str, str], body: Any
) -> list[str]:
    """Return the lines for one call: the result, then each problem and advice.

    A call whose answer a fault changed says so, in red.

    Args:
        environ: The call.
        status: The status line without the protocol.
        headers: The response headers, names in lower case.
        body: The response body; read only if it is a list or tuple.
    """
    method = printable(environ["REQUEST_METHOD"]).ljust(_METHOD_WIDTH)
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    answer = environ.get(ANSWER)
    if answer is not None and answer.result:
        shown = "" if answer.transport else f"{status[:3]} "
        return [
            _in_red(f"{method} {printable(path)} {shown}{printable(answer.result)}")
        ]
    document = _document(body)
    names = [document.get("errorCode"), document.get("status")]
    if str(document.get("id", "")) not in path:  # the path may contain the id
        names.append(document["id"])
    replayed = "replayed" if "idempotency-replayed" in headers else ""
    words = [method, path, status[:3], *names, replayed]
    line = " ".join(printable(word) for word in words if word)
    notes = _notes(headers, document)
    if answer is not None and answer.reason.startswith("declined"):
        notes.insert(0, answer.reason)
    if len(notes) > _MOST_NOTES:
        notes[_MOST_NOTES:] = [f"and {len(notes) - _MOST_NOTES} more"]
    return [line, *(part for note in notes for part in _wrapped(note))]


def delivery_lines(delivery: dict[str, Any], attempts: list[Any]) -> list[str]:
    """Return a line for each attempt to deliver a webhook; failures are red.

    Args:
        delivery: The delivery as it is now.
        attempts: Its new attempts.
    """
    about = f"{'EVENT'.ljust(_METHOD_WIDTH)} {delivery['type']} {delivery['url']}"
    found = [str(one.get("status") or one.get("error")) for one in attempts]
    lines = [printable(f"{about} {text}") for text in found or [delivery["state"]]]
    if delivery["state"] == _DELIVERED:
        return lines
    reason = delivery["reason"] or "the next attempt follows"
    notes = _wrapped(f"{delivery['state']}: {reason}")
    return [_in_red(line) for line in lines + notes]


def _in_red(line: str) -> str:
    return click.style(line, fg="red")


def _notes(headers: dict[str, str], document: dict[str, Any]) -> list[str]:
    """Return the reasons of a refusal and the advice, each once."""
    notes = [headers.get(REASON_HEADER.lower(), "")]
    if "errorCode" in document:
        # An injected fault may have any body.
        details = document.get("details")
        listed = details if isinstance(details, list) else []
        notes += map(str, listed or [document.get("message", "")])
    notes += headers.get(ADVICE_HEADER.lower(), "").split(ADVICE_SEPARATOR)
    return [note for note in dict.fromkeys(notes) if note]


@lru_cache(maxsize=256)
def _wrapped(note: str) -> list[str]:
    """Return the lines of a note; cached, because advice repeats with each call."""
    return textwrap.wrap(
        printable(note, _LONGEST_NOTE),
        _WIDTH,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT + "  ",
    )


def _document(body: Any) -> dict[str, Any]:
    """Return the JSON object in a response body; ``{}`` if there is none."""
    if not isinstance(body, tuple | list) or not body:
        return {}
    try:
        document = decode(b"".join(body))
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
