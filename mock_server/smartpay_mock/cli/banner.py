"""What ``serve`` says when it is ready: enough to make the first call."""

from __future__ import annotations

import json
import textwrap

from smartpay_fixtures import sandbox_values
from smartpay_mock.twins.mutant import Mutant


def banner(root_url: str, *, state: str, tls_url: str = "", ca_path: str = "") -> str:
    """Return the text for a running emulator.

    Args:
        root_url: Scheme and authority, no slash at the end.
        state: Where state is kept, in words.
        tls_url: The same over HTTPS; empty without.
        ca_path: The CA that HTTPS clients have to trust.
    """
    catalogue = sandbox_values()
    lines = [
        "smartpay-sandbox: an unofficial emulator of the Smartpay API",
        "",
        f"  Base URL     {root_url}/v1",
        f"  Secret key   {catalogue.secret_key}",
        "               any other sk_test_... key is an account of its own",
        f"  State        {state}",
        f"  Steering     {root_url}/__admin",
        f"  Inspector    {root_url}/__admin/ui",
    ]
    if tls_url:
        lines += [f"  HTTPS        {tls_url}/v1", f"  Trust        {ca_path}"]
    (head, outcome), *rows = token_rows()
    lines += ["", f"  {head}  {outcome}", ""]
    lines += [f"  {token}  {outcome}" for token, outcome in rows]
    lines += [
        "",
        "  Try it:",
        "",
        *curl_lines(root_url, catalogue.secret_key, ca_path),
        "",
    ]
    return "\n".join(lines)


def warning(mutant: Mutant) -> str:
    """Return what is said of an emulator that is broken on purpose."""
    return textwrap.fill(
        f"BROKEN ON PURPOSE ({mutant.name}): {mutant.bug} Only for testing tests; "
        "serve without --mutant for an honest emulator.",
        width=80,
    )


def token_rows() -> list[tuple[str, str]]:
    """Return headings, then each test token with what charging it comes to, padded."""
    rows = [("Charging this token", "makes an order that is")]
    rows += [
        (token.id, token.outcome.automatic or f"none: 400 {token.outcome.error}")
        for token in sandbox_values().tokens.values()
    ]
    width = max(len(token) for token, _ in rows)
    return [(token.ljust(width), outcome) for token, outcome in rows]


def curl_lines(root_url: str, secret_key: str, ca_path: str = "") -> list[str]:
    """Return a command that charges, as it can be pasted into a shell."""
    trust = [f"    --cacert {ca_path} \\"] if root_url.startswith("https") else []
    body = textwrap.indent(json.dumps(_PAYLOAD, indent=1), "    ").strip()
    return [
        f"  curl {root_url}/v1/orders \\",
        *trust,
        f"    -H 'Authorization: Basic {secret_key}' \\",
        "    -H 'Content-Type: application/json' \\",
        f"    -d '{body}'",
    ]


_ADDRESS = {
    "line1": "1-17-1",
    "locality": "Minato",
    "postalCode": "105-6415",
    "country": "JP",
}
_PAYLOAD = {
    "amount": 1000,
    "currency": "JPY",
    "customerInfo": {},
    "items": [{"name": "sweater", "amount": 1000, "currency": "JPY"}],
    "shippingInfo": {"address": _ADDRESS},
    "token": "paytok_test_approved",
}
