"""Idempotency keys: the same request with the same key is carried out once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import pytest

from smartpay_mock.kernel.clock import HOUR_MS
from smartpay_mock.server.sandbox import Sandbox

DEADLINE_S = 30


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


def test_a_bad_key_on_a_get_is_ignored_too(api: Any) -> None:
    """A key that does not count is not checked."""
    assert api.do("list_orders", idem="x" * 500).status == 200


def call(host: str, method: str, body: bytes | None = None) -> tuple[int, bytes, str]:
    """Call the orders of the account of the next test over a socket of its own."""
    headers = {
        "Authorization": "Basic sk_test_twoHundred",
        "Content-Type": "application/json",
        "Idempotency-Key": "one-key",
    }
    connection = HTTPConnection(host, timeout=DEADLINE_S)
    try:
        connection.request(method, "/v1/orders", body, headers)
        answer = connection.getresponse()
        replayed = answer.getheader("Idempotency-Replayed", "")
        return answer.status, answer.read(), replayed
    finally:
        connection.close()


def test_200_clients_with_one_key_make_one_order(order_payload: Any) -> None:
    """Over real sockets: 200 identical bodies, one order, 199 replays."""
    calls = 200
    body = json.dumps(order_payload()).encode()
    barrier = threading.Barrier(calls, timeout=DEADLINE_S)

    def charge(host: str) -> tuple[int, bytes, str]:
        barrier.wait()
        return call(host, "POST", body)

    with Sandbox() as sandbox, ThreadPoolExecutor(calls) as pool:
        host = sandbox.root_url.removeprefix("http://")
        answers = list(pool.map(charge, [host] * calls))
        listed = json.loads(call(host, "GET")[1])

    assert {status for status, _, _ in answers} == {200}
    assert len({answer for _, answer, _ in answers}) == 1
    assert sorted(mark for _, _, mark in answers) == ["", *["true"] * (calls - 1)]
    assert listed["results"] == 1
