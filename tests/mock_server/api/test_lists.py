"""Lists: pages that lose and repeat nothing, and parameters that make sense."""

from __future__ import annotations

import base64
import random
from typing import Any

import pytest

from smartpay_schemas import OPERATIONS

LISTS = [row.id for row in OPERATIONS.values() if row.collection]
COUPON = {"name": "n", "discountType": "percentage", "discountPercentage": 10}


def coupons(api: Any, count: int) -> list[str]:
    """Make coupons and return their ids, newest first."""
    return [api.ok("create_coupon", COUPON)["id"] for _ in range(count)][::-1]


def walk(api: Any, operation: str, **query: Any) -> list[list[str]]:
    """Return the ids of every page."""
    pages = []
    token = ""
    while True:
        page = api.ok(operation, query={**query, "pageToken": token})
        assert page["pageToken"] == token
        assert page["results"] == len(page["data"])
        pages.append([row["id"] for row in page["data"]])
        token = page.get("nextPageToken", "")
        if not token:
            return pages


def test_a_first_page_has_twenty_and_says_so(api: Any) -> None:
    """The default; more of them are announced."""
    made = coupons(api, 21)

    page = api.ok("list_coupons")

    assert [row["id"] for row in page["data"]] == made[:20]
    assert (page["maxResults"], page["results"], page["pageToken"]) == (20, 20, "")
    assert page["object"] == "collection"
    assert page["nextPageToken"]


@pytest.mark.parametrize(("count", "size"), [(0, 3), (1, 1), (3, 3), (6, 3), (7, 3)])
def test_walking_visits_everything_once(api: Any, count: int, size: int) -> None:
    """Newest first; the last page announces none, and none is empty."""
    made = coupons(api, count)

    pages = walk(api, "list_coupons", maxResults=size)

    assert [id_ for page in pages for id_ in page] == made
    assert all(pages) or count == 0
    assert {len(page) for page in pages[:-1]} <= {size}


def test_objects_made_meanwhile_move_nothing(api: Any) -> None:
    """Neither lost nor repeated: a page is a place, not a number."""
    made = coupons(api, 9)
    seen: list[str] = []
    token = ""

    for _ in range(3):
        page = api.ok("list_coupons", query={"maxResults": 3, "pageToken": token})
        seen += [row["id"] for row in page["data"]]
        token = page.get("nextPageToken", "")
        coupons(api, 2)

    assert seen == made
    assert token == ""


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


SIZES = ["0", "101", "-1", "1.5", "x", "²", "1e2", " 1", "9" * 30, "True", "+5"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("operation", ["list_orders", "list_tokens"])
def test_a_page_size_out_of_range_is_refused(
    api: Any, operation: str, size: str
) -> None:
    """1 to 100, and the message says so."""
    reply = api.do(operation, query={"maxResults": size})

    assert reply.refusal == (400, "request.invalid")
    (detail,) = reply.details
    assert detail.startswith("maxResults: ")
    assert "from 1 to 100" in detail


@pytest.mark.parametrize("size", ["1", "100", "007"])
def test_a_page_size_in_range_is_echoed_as_a_number(api: Any, size: str) -> None:
    """PHP and Ruby compare it strictly."""
    page = api.ok("list_orders", query={"maxResults": size})

    assert page["maxResults"] == int(size)


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


@pytest.mark.parametrize("query", ["expand=", "pageToken&maxResults=3&expand=", "x=1"])
@pytest.mark.parametrize("operation", LISTS)
def test_empty_parameters_count_as_not_given(
    api: Any, operation: str, query: str
) -> None:
    """PHP and Ruby send their nils this way; what is unknown is ignored."""
    path = OPERATIONS[operation].path

    reply = api.send("GET", f"/v1{path}?{query}&dev-lang=ruby&sdk-version=0.10.0")

    assert reply.status == 200
    assert reply.json["maxResults"] == (3 if "3" in query else 20)


EXPANDING = [row.id for row in OPERATIONS.values() if row.expand == "query"]


@pytest.mark.parametrize("operation", EXPANDING)
@pytest.mark.parametrize("value", ["ALL", "yes", "order", "all,no", "é" * 100])
def test_an_unknown_expand_is_refused(api: Any, operation: str, value: str) -> None:
    """All or no, where it counts."""
    reply = api.do(operation, id="x_test_1", query={"expand": value})

    assert reply.refusal == (400, "request.invalid")
    assert "send all or no" in reply.details[0]


def test_every_problem_of_a_query_is_reported_at_once(api: Any) -> None:
    """As for a body: three mistakes cost one request."""
    wrong = {"maxResults": 0, "expand": "some", "pageToken": "mine"}

    reply = api.do("list_orders", query=wrong)

    assert reply.refusal == (400, "request.invalid")
    named = [detail.partition(": ")[0] for detail in reply.details]
    assert sorted(named) == sorted(wrong)


@pytest.mark.parametrize(
    "operation",
    [
        row.id
        for row in OPERATIONS.values()
        if row.expand != "query" and row.method == "GET"
    ],
)
def test_expand_is_ignored_where_nothing_refers_to_anything(
    api: Any, operation: str
) -> None:
    """Two SDKs send it everywhere."""
    plain = api.do(operation, id="paytok_test_approved")

    for value in ("all", "no", "whatever"):
        reply = api.do(operation, id="paytok_test_approved", query={"expand": value})
        assert (reply.status, reply.body) == (plain.status, plain.body)


@pytest.mark.parametrize("value", ["no", "all", ""])
def test_a_list_expands_as_a_retrieval_does(api: Any, value: str) -> None:
    """Entry by entry the same document."""
    order = api.manual()
    payment = api.capture(order["id"], 100, lineItems=[order["lineItems"][0]["id"]])
    refund = api.refund(payment.json["id"], 1)
    session = api.session()

    for tag, id_ in (
        ("order", order["id"]),
        ("payment", payment.json["id"]),
        ("refund", refund.json["id"]),
        ("checkout_session", session["id"]),
    ):
        listed = api.ok(f"list_{tag}s", query={"expand": value})["data"]
        single = api.ok(f"get_{tag}", id=id_, query={"expand": value})
        assert single in listed


def test_plain_and_expanded_are_the_same_object(api: Any) -> None:
    """Ids, order of entries and everything else agree."""
    id_ = api.order()["id"]
    plain = api.ok("get_order", id=id_)

    full = api.ok("get_order", id=id_, query={"expand": "all"})

    for name in ("lineItems", "payments", "discounts"):
        full[name] = [part["id"] for part in full[name]]
    assert full == plain


@pytest.mark.parametrize("value", ["no", "all", "nonsense"])
def test_expand_on_a_creation_changes_nothing(
    api: Any, order_payload: Any, value: str
) -> None:
    """Creations are answered expanded or not as the types of Go need them."""
    order = api.ok("create_order", order_payload(), query={"expand": value})

    assert order["lineItems"][0]["object"] == "lineItem"
    coupon = api.do("create_coupon", COUPON, query={"expand": value})
    assert coupon.status == 200


def test_lists_of_random_walks_agree_with_what_was_made(api: Any) -> None:
    """Any page size, with creations in between, gives what was there at the start."""
    chance = random.Random(5)  # noqa: S311 - repeatable on purpose
    made = coupons(api, 25)

    for _ in range(10):
        size = chance.randint(1, 12)
        pages = walk(api, "list_coupons", maxResults=size)
        assert [id_ for page in pages for id_ in page] == made
        made = coupons(api, chance.randint(0, 2)) + made
