"""Idempotency keys: the same request with the same key is carried out once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smartpay_mock.kernel.clock import HOUR_MS


def test_an_empty_answer_is_replayed_as_empty(api: Any) -> None:
    """Without a content type, as the first time."""
    for _ in range(2):
        reply = api.do("disable_token", id="paytok_test_approved", idem="k")

    assert (reply.body, reply.status) == (b"", 200)
    assert reply.headers["Idempotency-Replayed"] == "true"
    assert api.explained(reply)["replayed"] is True


LAYOUTS: dict[str, Callable[[Any], bytes]] = {
    "indented": lambda body: json.dumps(body, indent=3).encode(),
    "sorted": lambda body: json.dumps(body, sort_keys=True).encode(),
    "reversed": lambda body: json.dumps(dict(reversed(body.items()))).encode(),
    "escaped": lambda body: json.dumps(body, ensure_ascii=True).encode(),
    "unescaped": lambda body: json.dumps(body, ensure_ascii=False).encode(),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_layout_of_a_body_does_not_matter(
    api: Any, order_payload: Any, layout: Callable[[Any], bytes]
) -> None:
    """White space, order of members and escapes make no other body."""
    first = api.do("create_order", order_payload(), idem="k")

    second = api.do("create_order", raw=layout(order_payload()), idem="k")

    assert second.body == first.body


def test_the_mount_of_the_api_is_no_other_path(api: Any, order_payload: Any) -> None:
    """A client that changes its base URL does not charge twice."""
    first = api.do("create_order", order_payload(), idem="k")

    again = api.send(
        "POST",
        "/api.smartpay/v1/orders",
        order_payload(),
        headers={"Idempotency-Key": "k"},
    )

    assert again.body == first.body


def test_a_key_is_remembered_for_six_hours_to_the_millisecond(
    api: Any, order_payload: Any
) -> None:
    """From its first receipt; replays do not prolong it."""
    now = api.freeze()
    first = api.do("create_order", order_payload(), idem="k")

    api.freeze(now + 3 * HOUR_MS)
    api.do("create_order", order_payload(), idem="k")
    api.freeze(now + 6 * HOUR_MS - 1)
    last = api.do("create_order", order_payload(), idem="k")
    api.freeze(now + 6 * HOUR_MS)
    anew = api.do("create_order", order_payload(), idem="k")

    assert last.body == first.body
    assert anew.json["id"] != first.json["id"]
    assert "Idempotency-Replayed" not in anew.headers
    again = api.do("create_order", order_payload(), idem="k")
    assert again.body == anew.body


def test_a_key_may_carry_another_body_once_it_is_forgotten(
    api: Any, order_payload: Any
) -> None:
    """After six hours it is a new key in every respect."""
    api.freeze()
    api.do("create_order", order_payload(), idem="k")
    api.advance(hours=6)

    reply = api.do("create_order", order_payload(reference="other"), idem="k")

    assert reply.status == 200


def test_keys_that_are_over_are_thrown_away(api: Any, order_payload: Any) -> None:
    """An account that runs for months does not grow by its keys."""
    api.freeze()
    for number in range(6):
        api.do("create_order", order_payload(), idem=f"old-{number}")
    api.advance(hours=6)

    for number in range(4):
        api.do("create_order", order_payload(), idem=f"new-{number}")

    assert api.control("GET", "/state")["counts"]["idempotency"] == 4


@pytest.mark.parametrize("raw", [b"", b"{broken", b"[]", b"\xff", b'{"a":1e999}'])
def test_a_body_that_is_no_json_is_remembered_by_its_bytes(
    api: Any, raw: bytes
) -> None:
    """The same nonsense is the same body, other nonsense is another."""
    first = api.do("create_order", raw=raw, idem="k")

    same = api.do("create_order", raw=raw, idem="k")
    other = api.do("create_order", raw=raw + b"!", idem="k")

    assert first.refusal == (400, "request.malformed")
    assert same.body == first.body
    assert other.refusal == (409, "idempotency.key-reused")


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({"strict": True}, {"amount": "2500"}),
        ({"strict": True}, {"currency": "jpy"}),
        ({"inactive_token": "error"}, {"token": "paytok_test_disabled"}),
    ],
)
def test_a_refusal_by_a_setting_ends_with_the_setting(
    emulate: Any,
    order_payload: Any,
    tmp_path: Path,
    settings: dict[str, Any],
    changes: dict[str, Any],
) -> None:
    """A restart without it executes the request that it refused."""
    state = f"sqlite:///{tmp_path}/state.db"
    before = emulate(state=state, **settings)
    refused = before.do("create_order", order_payload(**changes), idem="k")
    after = emulate(before.key, state=state)

    reply = after.do("create_order", order_payload(**changes), idem="k")

    assert refused.status == 400
    assert reply.status == 200
    assert "Idempotency-Replayed" not in reply.headers


def test_a_refused_content_type_is_not_replayed_to_the_corrected_request(
    api: Any, order_payload: Any
) -> None:
    """Nor the other way: what was charged is answered with any label."""
    wrong = {"Content-Type": "text/plain"}
    refused = api.do("create_order", order_payload(), idem="k", headers=wrong)

    first = api.do("create_order", order_payload(), idem="k")
    again = api.do("create_order", order_payload(), idem="k", headers=wrong)

    assert refused.refusal == (415, "request.unsupported-media-type")
    assert first.status == 200
    assert "Idempotency-Replayed" not in first.headers
    assert again.body == first.body


def test_a_body_over_the_limit_is_not_remembered(
    emulate: Any, order_payload: Any, tmp_path: Path
) -> None:
    """A restart with a higher limit executes it."""
    state = f"sqlite:///{tmp_path}/state.db"
    body = order_payload(items=order_payload()["items"] * 10)
    small = emulate(state=state, body_limit=1024)
    refused = small.do("create_order", body, idem="k")

    reply = emulate(small.key, state=state).do("create_order", body, idem="k")

    assert refused.refusal == (413, "request.too-large")
    assert reply.status == 200


@pytest.mark.parametrize(
    ("one", "other"),
    [("18446744073709551616", "18446744073709551617"), ("1e400", "1e401")],
)
def test_numbers_that_are_not_kept_are_never_taken_for_each_other(
    api: Any, order_payload: Any, one: str, other: str
) -> None:
    """Both are refused, and they are two bodies."""
    body = json.dumps(order_payload(metadata={"batch": 0}))

    replies = [
        api.do(
            "create_order",
            raw=body.replace('"batch": 0', f'"batch": {number}').encode(),
            idem="k",
        )
        for number in (one, other, one)
    ]

    assert [reply.code for reply in replies] == [
        "request.malformed",
        "idempotency.key-reused",
        "request.malformed",
    ]


def test_a_bad_key_on_a_get_is_ignored_too(api: Any) -> None:
    """A key that does not count is not checked."""
    assert api.do("list_orders", idem="x" * 500).status == 200
