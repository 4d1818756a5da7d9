"""Coupons and promotion codes: their rules, and what they take off."""

from __future__ import annotations

from typing import Any

import pytest

ANOTHER = "somebody+test@example.jp"


def code(api: Any, coupon: Any = None, **rules: Any) -> Any:
    """Make a promotion code named SPRING over a new coupon of 300 yen."""
    return api.promotion_code(coupon=api.coupon(**(coupon or {}))["id"], **rules)


def redeem(api: Any, word: str = "SPRING", **session: Any) -> Any:
    """Authorize a new session's order of 2,500 yen with a code."""
    consumer = session.pop("consumer", "consumer+test@example.com")
    order = api.session(**session)["order"]["id"]
    return api.authorize(order, promotionCode=word, consumer=consumer)


def counts(api: Any, promotion_code: Any) -> tuple[int, int]:
    """Return how often a code and its coupon were redeemed."""
    shown = api.ok("get_promotion_code", id=promotion_code["id"])
    coupon = api.ok("get_coupon", id=promotion_code["coupon"])
    return shown["redemptionCount"], coupon["redemptionCount"]


ROUNDING = [
    (10, 2500, 250),
    (10, 2509, 250),
    (33.3, 1000, 333),
    (0.57, 10_000, 57),
    (1.1, 100, 1),
    (99.99, 10_000, 9999),
    (0, 500, 0),
]


@pytest.mark.parametrize(("percentage", "amount", "expected"), ROUNDING)
def test_a_percentage_is_rounded_down_to_the_yen(
    api: Any, percentage: float, amount: int, expected: int
) -> None:
    """Computed in decimals, as a person would."""
    percent = {"discountType": "percentage", "discountPercentage": percentage}
    code(api, coupon={**percent, "discountAmount": None, "currency": None})

    order = redeem(api, amount=amount).json

    assert order["discountAmount"] == expected


def test_two_accounts_may_have_the_same_code(api: Any, other: Any) -> None:
    """A code is unique in its account."""
    assert code(api)["id"] != code(other)["id"]


def refused(api: Any, word: str = "SPRING", **session: Any) -> str:
    """Return why a code does not apply; see that nothing changed but the session."""
    consumer = session.pop("consumer", "consumer+test@example.com")
    order = api.session(**session)["order"]["id"]
    api.bearer(consumer)
    before = api.held()
    reply = api.authorize(order, promotionCode=word, consumer=consumer)
    assert reply.refusal == (400, "promotion-code.not-applicable")
    assert api.held() == before
    assert api.ok("get_order", id=order)["status"] == "requires_authorization"
    start = f"The promotion code {word} does not apply: "
    assert reply.message.startswith(start)
    return str(reply.message.removeprefix(start))


def test_another_accounts_code_does_not_apply(api: Any, other: Any) -> None:
    """The answer is that to an unknown code."""
    code(other)

    assert refused(api) == "there is no such code"


@pytest.mark.parametrize("which", ["code", "coupon"])
def test_an_inactive_code_or_coupon_does_not_apply(api: Any, which: str) -> None:
    """Either of them may be switched off, and on again."""
    promotion_code = code(api)
    operation, id_ = {
        "code": ("update_promotion_code", promotion_code["id"]),
        "coupon": ("update_coupon", promotion_code["coupon"]),
    }[which]
    api.ok(operation, {"active": False}, id=id_)

    reason = refused(api)
    api.ok(operation, {"active": True}, id=id_)

    assert reason == f"the {which} is not active"
    assert redeem(api).status == 200


@pytest.mark.parametrize("which", ["code", "coupon"])
def test_a_code_or_coupon_ends_at_its_time(api: Any, which: str) -> None:
    """One millisecond before it applies, at its time it does not."""
    now = api.freeze()
    end = {"expiresAt": now + 1000}
    code(
        api, coupon=end if which == "coupon" else {}, **(end if which == "code" else {})
    )

    api.freeze(now + 999)
    good = redeem(api).status
    api.freeze(now + 1000)

    assert good == 200
    assert refused(api) == f"the {which} has expired"


@pytest.mark.parametrize("which", ["code", "coupon"])
def test_a_code_or_coupon_is_used_up_by_its_count(api: Any, which: str) -> None:
    """The last one gets it, the next one does not."""
    limit = {"maxRedemptionCount": 2}
    promotion_code = code(
        api,
        coupon=limit if which == "coupon" else {},
        **(limit if which == "code" else {}),
    )
    redeem(api)
    redeem(api)

    assert refused(api) == f"the {which} is used up"
    assert counts(api, promotion_code) == (2, 2)


def test_codes_of_one_coupon_share_its_limit(api: Any) -> None:
    """Each counts for itself and for the coupon."""
    first = code(api, coupon={"maxRedemptionCount": 1})
    api.promotion_code(code="OTHER", coupon=first["coupon"])
    redeem(api, "OTHER")

    assert refused(api) == "the coupon is used up"
    assert counts(api, first) == (0, 1)


def test_one_per_customer_is_one_per_customer(api: Any) -> None:
    """The same consumer not again, another one still."""
    code(api, onePerCustomer=True)
    redeem(api)

    assert refused(api) == "the consumer has used it before"
    assert redeem(api, consumer=ANOTHER).status == 200


def test_the_same_consumer_is_known_in_any_case(api: Any) -> None:
    """Addresses are compared ignoring case."""
    code(api, onePerCustomer=True)
    redeem(api, consumer=ANOTHER)

    reason = refused(api, consumer=ANOTHER.upper().replace("+TEST", "+test"))

    assert reason == "the consumer has used it before"


@pytest.mark.parametrize("first", ["session", "token"])
def test_a_first_order_is_one_without_any_before(api: Any, first: str) -> None:
    """An order made from the consumer's token counts as one, too."""
    code(api, firstTimeTransaction=True)
    if first == "session":
        api.authorize(api.session()["order"]["id"])
    else:
        api.order()

    assert refused(api) == "it is for a consumer's first order only"
    assert redeem(api, consumer=ANOTHER).status == 200


def test_a_declined_order_is_no_first_order(api: Any) -> None:
    """The consumer has not bought anything yet."""
    code(api, firstTimeTransaction=True)
    api.order(customerInfo={"emailAddress": "rejected@smartpay.co"})
    api.authorize(api.session()["order"]["id"], paymentMethod="pm_test_visaRefused")

    assert redeem(api).json["discountAmount"] == 300


@pytest.mark.parametrize(("minimum", "applies"), [(2500, True), (2501, False)])
def test_a_minimum_amount_is_one(api: Any, minimum: int, applies: bool) -> None:
    """The order's amount, before the discount."""
    code(api, minimumAmount=minimum, currency="JPY")

    if applies:
        assert redeem(api).json["discountAmount"] == 300
    else:
        assert refused(api) == f"the order is below the minimum of {minimum}"


@pytest.mark.parametrize(("discount", "applies"), [(2499, True), (2500, False)])
def test_something_must_be_left_to_pay(api: Any, discount: int, applies: bool) -> None:
    """One yen at least; a payment of nothing does not exist."""
    code(api, coupon={"discountAmount": discount})

    if applies:
        redeem(api)
        assert api.ok("list_payments")["data"][0]["amount"] == 1
    else:
        assert refused(api) == "it would leave nothing to pay"


def test_a_code_is_given_on_the_sessions_page(api: Any) -> None:
    """The query that an SDK appends to the session's URL fills the field in."""
    code(api)
    session = api.session()
    path = session["url"].removeprefix("http://localhost")

    page = api.send("GET", f"{path}?promotion-code=SPRING")
    paid = api.send(
        "POST",
        path,
        raw=b"action=approve&email=consumer%2Btest%40example.com&password=password"
        b"&method=4242424242424242&code=SPRING",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    after = api.send("GET", path).body.decode()
    assert b'value="SPRING"' in page.body
    assert paid.status == 303
    assert paid.headers["Location"] == "https://mystore.jp/paid"
    assert api.ok("list_orders")["data"][0]["discountAmount"] == 300
    assert "Pay 2,500 JPY" in page.body.decode()
    assert "Pay 2,200 JPY" in after
    assert '<td>Promotion code</td><td></td><td class="n">-300</td>' in after


def test_a_look_at_the_page_decides_nothing(api: Any) -> None:
    """HEAD and GET only show it."""
    session = api.session()
    path = session["url"].removeprefix("http://localhost")
    before = api.held()

    replies = [api.send(method, path) for method in ("HEAD", "GET")]

    assert [reply.status for reply in replies] == [200, 200]
    assert api.held() == before
