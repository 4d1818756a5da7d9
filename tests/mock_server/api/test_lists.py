"""Lists: pages that lose and repeat nothing, and parameters that make sense."""

from __future__ import annotations

import base64
from typing import Any

import pytest


def coupons(api: Any, count: int) -> list[str]:
    """Make coupons and return their ids, newest first."""
    return [api.coupon()["id"] for _ in range(count)][::-1]


def test_objects_deleted_meanwhile_hide_nothing(api: Any) -> None:
    """What was not deleted is visited once."""
    tokens = [api.active_token() for _ in range(6)][::-1]
    first = api.ok("list_tokens", query={"maxResults": 3})
    api.ok("delete_token", id=tokens[2])
    api.ok("delete_token", id=tokens[4])

    query = {"maxResults": 3, "pageToken": first["nextPageToken"]}
    second = api.ok("list_tokens", query=query)

    assert [row["id"] for row in second["data"]][:2] == [tokens[3], tokens[5]]


def test_a_token_that_changes_keeps_its_place(api: Any) -> None:
    """Disabled and enabled again, it stands where it stood."""
    tokens = [api.active_token() for _ in range(3)][::-1]
    api.ok("disable_token", id=tokens[1])
    api.ok("enable_token", id=tokens[1])

    listed = [row["id"] for row in api.ok("list_tokens")["data"]]

    assert listed[:3] == tokens


@pytest.mark.parametrize("size", ["101", "²", " 1", "True", "+5"])
def test_a_page_size_out_of_range_is_refused(api: Any, size: str) -> None:
    """1 to 100, and the message says so."""
    reply = api.do("list_orders", query={"maxResults": size})

    assert reply.refusal == (400, "request.invalid")
    (detail,) = reply.details
    assert detail.startswith("maxResults: ")
    assert "from 1 to 100" in detail


def tampered(token: str) -> dict[str, str]:
    """Return page tokens that were never given out, by what was done to them."""
    raw = bytearray(base64.urlsafe_b64decode(token))
    raw[5] ^= 1
    moved = base64.urlsafe_b64encode(bytes(raw)).decode()
    return {
        "another row": moved,
        "cut": token[:-1],
        "longer": token + "A",
        "other case": token.swapcase(),
        "nonsense": "nonsense",
        "number": "20",
        "not ascii": "日本",
        "long": "A" * 3000,
        "padding": "====",
    }


@pytest.mark.parametrize("how", tampered("A" * 20))
def test_a_page_token_that_was_tampered_with_is_refused(api: Any, how: str) -> None:
    """The message says what to send."""
    coupons(api, 2)
    good = api.ok("list_coupons", query={"maxResults": 1})["nextPageToken"]

    reply = api.do("list_coupons", query={"pageToken": tampered(good)[how]})

    assert reply.refusal == (400, "request.invalid")
    assert reply.details[0].startswith("pageToken: it is not a nextPageToken of this")


def test_a_page_token_of_another_list_or_account_is_refused(
    api: Any, other: Any
) -> None:
    """It names a place in one list of one account."""
    coupons(api, 2)
    coupons(other, 2)
    mine = api.ok("list_coupons", query={"maxResults": 1})["nextPageToken"]

    for account, operation in ((api, "list_orders"), (other, "list_coupons")):
        reply = account.do(operation, query={"pageToken": mine})
        assert reply.refusal == (400, "request.invalid")


def test_every_problem_of_a_query_is_reported_at_once(api: Any) -> None:
    """As for a body: three mistakes cost one request."""
    wrong = {"maxResults": 0, "expand": "some", "pageToken": "mine"}

    reply = api.do("list_orders", query=wrong)

    assert reply.refusal == (400, "request.invalid")
    named = [detail.partition(": ")[0] for detail in reply.details]
    assert sorted(named) == sorted(wrong)
