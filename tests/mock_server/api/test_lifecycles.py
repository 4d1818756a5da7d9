"""Every reachable (state, action) through the API, and what time does by itself."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from smartpay_mock.kernel.clock import DAY_MS
from smartpay_schemas import LIFECYCLES

DECLINED = "declined+test@example.com"


def waiting(api: Any) -> str:
    """Return an order in ``requires_authorization``."""
    return str(api.session(captureMethod="manual")["order"]["id"])


def reserved(api: Any) -> str:
    """Return an order in ``requires_capture``."""
    return str(api.manual()["id"])


def succeeded(api: Any) -> str:
    """Return an order in ``succeeded``."""
    return str(api.order()["id"])


def canceled(api: Any) -> str:
    """Return an order in ``canceled``."""
    order = reserved(api)
    api.ok("cancel_order", id=order)
    return order


def rejected(api: Any) -> str:
    """Return an order in ``rejected``."""
    return str(api.order(token="paytok_test_declined")["id"])


ORDERS: dict[str, Callable[[Any], str]] = {
    "requires_authorization": waiting,
    "requires_capture": reserved,
    "succeeded": succeeded,
    "canceled": canceled,
    "rejected": rejected,
}

ORDER_ACTIONS: dict[str, Callable[[Any, str], Any]] = {
    "reserve": lambda api, order: api.authorize(order),
    "decline": lambda api, order: api.authorize(
        order, paymentMethod="pm_test_visaRefused"
    ),
    "decline_softly": lambda api, order: api.authorize(
        order, paymentMethod="pm_test_visaDeclined"
    ),
    "capture_part": lambda api, order: api.capture(order, 1),
    "capture_last": lambda api, order: api.capture(order, 2500),
    "cancel": lambda api, order: api.do("cancel_order", id=order),
}


@pytest.mark.parametrize(("state", "action"), [*product(ORDERS, ORDER_ACTIONS)])
def test_an_order_moves_by_the_table(api: Any, state: str, action: str) -> None:
    """One action in each state: the table's next state and events, or its refusal."""
    order = ORDERS[state](api)
    before, published = api.held(), api.events()
    api.bearer()
    row = LIFECYCLES["order"].find(state, action)

    reply = ORDER_ACTIONS[action](api, order)

    if row is None:
        assert reply.code == LIFECYCLES["order"].refusals[action]
        assert f"{order} is {state}" in reply.message
        assert api.held() == before
    else:
        assert reply.status == 200
        assert api.ok("get_order", id=order)["status"] == row.to_state
        news = [event_type for event_type, _ in api.events()[len(published) :]]
        assert news == list(row.events)


def test_every_action_of_an_order_is_covered() -> None:
    """What the table above leaves out, tests by other names show."""
    elsewhere = {"open", "charge", "release", "expire", "expire_captured"}

    assert set(LIFECYCLES["order"].refusals) == {*ORDER_ACTIONS, *elsewhere}


@pytest.mark.parametrize("action", ["disable", "enable", "delete"])
def test_a_refusal_tells_why_a_token_that_exists_is_not_found(
    api: Any, action: str
) -> None:
    """The code is the API's; the message and the journal know better."""
    token = api.token_session()["token"]["id"]

    reply = api.do(f"{action}_token", id=token)

    assert reply.refusal == (404, "token.not-found")
    assert "or no consumer has approved it yet" in reply.message
    found = [entry["found"] for entry in api.explained(reply)["trace"]]
    assert f"token requires_authorization has no {action}" in found


def test_an_order_without_capture_expires_to_the_millisecond(api: Any) -> None:
    """Canceled at exactly its time, and published with that time."""
    now = api.freeze()
    order = api.manual()["id"]
    api.control("POST", "/clock", {"at": now + 7 * DAY_MS - 1})
    before = api.ok("get_order", id=order)

    api.control("POST", "/clock", {"at": now + 9 * DAY_MS})

    after = api.ok("get_order", id=order)
    assert (before["status"], after["status"]) == ("requires_capture", "canceled")
    assert after["updatedAt"] == after["expiresAt"] == now + 7 * DAY_MS
    event = api.control("GET", "/events")[-1]
    assert (event["type"], event["objectId"]) == ("order.canceled", order)
    assert event["createdAt"] == now + 7 * DAY_MS
    assert api.capture(order, 1).refusal == (409, "order.cannot-capture")


def test_a_jump_over_many_expiries_lets_each_happen_at_its_time(api: Any) -> None:
    """More than one batch of them, in order, as if time had passed slowly."""
    now = api.freeze()
    orders = []
    for number in range(105):
        if number % 5 == 0:
            api.advance(hours=1)
        orders.append(api.manual()["id"])
    published = len(api.events())

    api.advance(days=30)

    events = api.control("GET", "/events")[published:]
    assert [event["objectId"] for event in events] == orders
    times = [event["createdAt"] for event in events]
    assert times == sorted(times)
    assert times[0] == now + 7 * DAY_MS + 3_600_000
    assert api.control("GET", "/state")["counts"].get("timer", 0) == 0


def test_a_refused_call_does_not_take_back_what_time_did(api: Any) -> None:
    """What was due has happened, whatever becomes of the call that found it."""
    api.freeze()
    order = api.manual()["id"]
    api.advance(days=8)

    assert api.do("cancel_order", id="order_test_none").status == 404

    kinds = [event_type for event_type, _ in api.events()]
    assert kinds.count("order.canceled") == 1
    assert api.ok("get_order", id=order)["status"] == "canceled"


def test_a_clock_that_runs_lets_orders_expire_too(api: Any) -> None:
    """Not only a frozen one."""
    order = api.manual()["id"]

    api.advance(days=7)

    assert api.ok("get_order", id=order)["status"] == "canceled"
