"""Heads of calls: misspelt and repeated headers, and live keys in any place."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from smartpay_mock.intercept.wsgi import Request, call
from smartpay_mock.kernel.ids import account_id
from smartpay_mock.storage.base import dump

LIVE = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"


@pytest.fixture
def intercepted(api: Any, order_payload: Any) -> Any:
    """Return a function that sends a charge with further headers in the process."""

    def send(*headers: tuple[str, str]) -> Any:
        own = [("Authorization", f"Basic {api.key}")]
        if "Content-Type" not in dict(headers):
            own.append(("Content-Type", "application/json"))
        request = Request(
            "POST",
            "https://api.smartpay.co/v1/orders",
            [*own, *headers],
            json.dumps(order_payload()).encode(),
        )
        return call(api.app, request)

    return send


def by_client(api: Any, payload: Any, *headers: tuple[str, str]) -> Any:
    """Send a charge with Flask's test client."""
    return api.app.test_client().post(
        "/v1/orders",
        json=payload,
        headers=[("Authorization", f"Basic {api.key}"), *headers],
    )


REPEATED = {
    "Idempotency-Key": [("Idempotency-Key", "a"), ("idempotency-key", "b")],
    "Content-Type": [("Content-Type", "application/json")] * 2,
    "Authorization": [("Authorization", "Basic sk_test_other")],
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_repeated_header_is_refused_in_the_process(
    api: Any, intercepted: Any, order_payload: Any, name: str
) -> None:
    """As over a socket: 400, or 401 for a credential."""
    expected = 401 if name == "Authorization" else 400

    own = intercepted(*REPEATED[name])
    client = by_client(api, order_payload(), *REPEATED[name])

    assert (own.code, client.status_code) == (expected, expected)
    assert api.do("list_orders").json["results"] == 0


def test_on_an_unknown_server_a_comma_means_two_headers(api: Any) -> None:
    """WSGI joins the values, so such a server hides how many there were."""
    charge = {
        "path": "/v1/orders",
        "method": "POST",
        "headers": {"Authorization": f"Basic {api.key}", "Idempotency-Key": "a,b"},
        "environ_overrides": {"smartpay.header_names": None},
    }

    reply = api.app.test_client().open(**charge)

    assert reply.json["errorCode"] == "request.header-repeated"


def test_a_key_with_an_underscore_is_no_key_in_the_process(
    api: Any, intercepted: Any, order_payload: Any
) -> None:
    """A test must not pass that charges twice behind a proxy."""
    for _ in range(2):
        own = intercepted(("Idempotency_Key", "a"))
        client = by_client(api, order_payload(), ("Idempotency_Key", "a"))

        assert "Idempotency-Key?" in dict(own.headers)["Smartpay-Sandbox-Advice"]
        assert "Idempotency-Key?" in client.headers["Smartpay-Sandbox-Advice"]
    assert api.do("list_orders").json["results"] == 4


@pytest.mark.parametrize(
    ("header", "is_odd"),
    [
        ("X-Idempotency-Key", True),
        ("Idempotent-Key", True),
        ("Idempotency-Token", True),
        ("IdempotencyKey", True),
        ("Idempotency", True),
        ("Idempotancy-Key", True),
        ("Idemptency-Key", True),
        ("X-Request-Id", False),
        ("API-Key", False),
    ],
)
def test_a_misspelt_idempotency_key_leaves_advice(
    api: Any, order_payload: Any, header: str, is_odd: bool
) -> None:
    """Unless the right header is there, too."""
    alone = by_client(api, order_payload(), (header, "a"))
    beside = by_client(api, order_payload(), (header, "a"), ("Idempotency-Key", "b"))

    advice = alone.headers.get("Smartpay-Sandbox-Advice", "")
    assert ("did you mean Idempotency-Key?" in advice) is is_odd
    assert "Smartpay-Sandbox-Advice" not in beside.headers


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("pagetoken=a", "did you mean pageToken?"),
        ("MaxResults=1", "did you mean maxResults?"),
        ("max_results=1", "did you mean maxResults?"),
        ("Expand=all", "did you mean expand?"),
        ("colour=red", "leave it out"),
        ("dev-lang=go&sdk-version=v0.3.0", ""),
        ("maxResults=1&expand=all", ""),
    ],
)
def test_an_unknown_query_parameter_leaves_advice(
    api: Any, query: str, hint: str
) -> None:
    """Names count letter by letter; the SDKs' own parameters are known."""
    reply = api.send("GET", f"/v1/orders?{query}")

    advice = reply.headers.get("Smartpay-Sandbox-Advice", "")
    assert reply.status == 200
    assert hint in advice
    assert bool(advice) is bool(hint)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "gzip, identity"])
def test_a_compressed_body_is_refused_by_name(
    api: Any, order_payload: Any, coding: str
) -> None:
    """415 names the coding instead of complaining about JSON."""
    body = gzip.compress(json.dumps(order_payload()).encode())

    reply = api.do("create_order", raw=body, headers={"Content-Encoding": coding})

    assert reply.refusal == (415, "request.unsupported-media-type")
    assert f"Content-Encoding {coding.lower()}" in reply.message


def test_an_uncompressed_body_may_say_so(api: Any, order_payload: Any) -> None:
    """The coding identity changes nothing."""
    reply = api.send(
        "POST", "/v1/orders", order_payload(), headers={"Content-Encoding": "identity"}
    )

    assert reply.status == 200


@pytest.mark.parametrize("text", [LIVE, LIVE.replace("_", "\\u005f", 1)])
def test_a_live_key_in_a_body_is_masked_everywhere(
    api: Any, order_payload: Any, text: str
) -> None:
    """Also if JSON escapes hide it."""
    body = json.dumps(order_payload(metadata={"note": "KEY", LIVE: "x"}))

    reply = api.do("create_order", raw=body.replace("KEY", text).encode())

    assert reply.json["metadata"]["note"] == "sk_live_..."
    assert_no_live_key(api)


@pytest.mark.parametrize(
    ("path", "header"),
    [
        (f"/v1/orders/{LIVE}", "X-A"),
        (f"/v1/{LIVE}", "X-A"),
        (f"/v1/orders?key={LIVE}", "X-A"),
        (f"/v1/orders?{LIVE}=1", "X-A"),
        (f"/v1/orders?key={LIVE}".replace("sk", "%73k"), "X-A"),
        (f"/v1/{LIVE}".replace("sk", "%73k"), "X-A"),
        ("/v1/orders", "Idempotency-Key"),
        ("/v1/orders", "Referer"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_live_key_in_a_head_is_masked_everywhere(
    api: Any, order_payload: Any, path: str, header: str, method: str
) -> None:
    """A developer may paste it anywhere; the journal may end up in a CI log."""
    body = order_payload() if method == "POST" else None
    api.send(method, path, body, headers={header: f"a {LIVE} b"})

    assert "sk_live_..." in assert_no_live_key(api)


def test_a_live_key_as_credential_is_named(api: Any) -> None:
    """The reason survives the mask."""
    reply = api.send("GET", "/v1/orders", headers={"Authorization": f"Basic {LIVE}"})

    assert reply.status == 401
    assert "live keys are not accepted" in reply.headers["Smartpay-Sandbox-Reason"]


def assert_no_live_key(api: Any) -> str:
    """Check all that an account holds, journal included; return it as text."""
    with api.application.store.read(account_id(api.key)) as unit:
        rows = [row for _, row in dump(unit)]
    text = " ".join(f"{row.id} {row.body!r} {row.attachment!r}" for row in rows)
    assert LIVE[8:] not in text
    return text
