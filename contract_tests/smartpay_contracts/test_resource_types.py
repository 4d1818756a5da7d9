"""What holds for objects of several resource types: reading, changing, making again."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.exchange import Doc
from smartpay_contracts.resources import RESOURCES, case
from smartpay_contracts.shop import Shop

UNKNOWN_ORDER = RESOURCES["order"].unknown_id
UNKNOWN_COUPON = RESOURCES["coupon"].unknown_id
TEXTS = {"description": "old", "reference": "old-too"}
ENDPOINT = {"description": "old", "eventSubscriptions": ["token.used"]}


def make(shop: Shop, resource: str, **members: Any) -> Doc:
    """Return a new object with these members."""
    makers = {"checkout_session": shop.session, "webhook_endpoint": shop.endpoint}
    maker = makers.get(resource) or getattr(shop, resource)
    made: Doc = maker(**members)
    return made


def update(shop: Shop, resource: str, made: Doc, changes: dict[str, Any]) -> Doc:
    """Return the good answer to an update."""
    operation = RESOURCES[resource].update_operation
    return shop.checks.ok(shop.api.call(operation, changes, id=made["id"]))


def seen_again(shop: Shop, resource: str, made: Doc) -> list[dict[str, Any]]:
    """Return an object as it is retrieved and listed; only its times may differ.

    An endpoint's secret may be in the creation's answer only.
    """
    listed = RESOURCES[resource].list_operation
    seen = [
        shop.now(resource, made["id"]),
        shop.checks.find(shop.api, listed, made["id"]),
    ]
    secret = {name: made[name] for name in ("signingSecret",) if name in made}
    return [{**secret, **one, "updatedAt": 0} for one in seen]


@pytest.mark.parametrize(
    ("resource", "members"),
    [
        case("payments.get payments.list", "payment", {}),
        case("refunds.get refunds.list", "refund", {}),
        case("coupons.get coupons.list", "coupon", {}),
        case(
            "coupons.get coupons.list",
            "coupon",
            {**payloads.percentage_coupon(), "discountAmount": None, "currency": None},
        ),
        case("promotions.get promotions.list", "promotion_code", {}),
        case(
            "endpoints.get endpoints.list",
            "webhook_endpoint",
            {"description": "hook", "metadata": {"a": "1"}},
        ),
    ],
)
def test_an_object_is_what_its_creation_answered(
    resource: str, members: dict[str, Any], shop: Shop
) -> None:
    """Retrieved and listed."""
    made = make(shop, resource, **members)

    expected = {**made, "updatedAt": 0}
    assert seen_again(shop, resource, made) == [expected] * 2
    assert shop.now(resource, made["id"])["updatedAt"] == made["updatedAt"]


@pytest.mark.parametrize(
    ("resource", "members", "changes"),
    [
        case("payments.update payments.update.money-stays", "payment", TEXTS, change)
        for change in ({"reference": "new"}, {"description": "new"})
    ]
    + [
        case("refunds.update refunds.update.money-stays", "refund", TEXTS, change)
        for change in ({"reference": "new"}, {"description": "new"})
    ]
    + [
        case("coupons.update", "coupon", {}, change)
        for change in ({"name": "another name"}, {"active": False})
    ]
    + [case("promotions.update", "promotion_code", {}, {"active": False})]
    + [
        case("endpoints.update", "webhook_endpoint", ENDPOINT, change)
        for change in (
            {"url": "https://example.org/elsewhere"},
            {"active": False},
            {"description": "our hook"},
            {"eventSubscriptions": ["order.canceled", "payout.paid"]},
        )
    ],
)
def test_one_member_can_be_changed(
    resource: str, members: dict[str, Any], changes: dict[str, Any], shop: Shop
) -> None:
    """Everything else stays as it was."""
    made = make(shop, resource, **members, metadata={"a": "1"})

    changed = update(shop, resource, made, changes)

    expected = {**made, **changes, "updatedAt": 0}
    assert {**made, **changed, "updatedAt": 0} == expected
    assert seen_again(shop, resource, made) == [expected] * 2


@pytest.mark.parametrize(
    "resource",
    [
        case("coupons.update", "coupon"),
        case("promotions.update", "promotion_code"),
        case("endpoints.update", "webhook_endpoint"),
    ],
)
def test_an_object_can_be_made_inactive_and_active_again(
    resource: str, shop: Shop
) -> None:
    """The answer and the object say false, then true, as booleans."""
    made = make(shop, resource)

    for active in (False, True):
        assert update(shop, resource, made, {"active": active})["active"] is active
        assert shop.now(resource, made["id"])["active"] is active


@pytest.mark.parametrize(
    ("resource", "members"),
    [
        case("payments.update.nulls", "payment", TEXTS),
        case("refunds.update.nulls", "refund", TEXTS),
        case("coupons.update.nulls", "coupon", {"name": "kept"}),
        case("endpoints.update.nulls", "webhook_endpoint", ENDPOINT),
    ],
)
def test_null_does_not_change_a_member(
    resource: str, members: dict[str, Any], shop: Shop
) -> None:
    """SDKs send null for each member that was not set."""
    made = make(shop, resource, **members)
    nulls = dict.fromkeys((*members, "metadata"))
    if "active" in made:
        nulls["active"] = None

    update(shop, resource, made, nulls)

    assert seen_again(shop, resource, made) == [{**made, "updatedAt": 0}] * 2


@pytest.mark.parametrize(
    ("resource", "changes"),
    [
        case("coupons.update.empty", "coupon", {"name": "updatedCoupon"}),
        case("promotions.update.empty", "promotion_code", {"active": False}),
        case("tolerance.patch-empty", "payment", {"description": "new"}),
        case("tolerance.patch-empty", "refund", {"description": "new"}),
        case("tolerance.patch-empty", "webhook_endpoint", {"description": "new"}),
    ],
)
def test_an_empty_update_changes_nothing(
    resource: str, changes: dict[str, Any], shop: Shop
) -> None:
    """It answers with the object, also after an earlier update."""
    made = make(shop, resource)
    before = update(shop, resource, made, changes)

    seen = update(shop, resource, made, {})

    times = {"updatedAt": before["updatedAt"]}
    assert {**seen, **times} == before
    assert {**before, **shop.now(resource, made["id"]), **times} == before


@pytest.mark.parametrize(
    ("resource", "allowed", "ignored"),
    [
        case(
            "payments.update.only-three",
            "payment",
            {"reference": "new"},
            {"amount": 1, "order": UNKNOWN_ORDER, "status": "refunded"},
        ),
        case(
            "coupons.update.money-stays",
            "coupon",
            {"name": "new"},
            {"discountAmount": 1, "discountType": "percentage", "currency": "USD"},
        ),
        case(
            "promotions.update.code-stays",
            "promotion_code",
            {"active": False},
            {"code": "ANOTHER", "coupon": UNKNOWN_COUPON},
        ),
    ],
)
def test_an_update_ignores_members_that_cannot_be_changed(
    resource: str, allowed: dict[str, Any], ignored: dict[str, Any], shop: Shop
) -> None:
    """The members of the same body that can be changed are changed."""
    made = make(shop, resource)

    changed = update(shop, resource, made, {**allowed, **ignored})

    for seen in (changed, shop.now(resource, made["id"])):
        assert {name: seen[name] for name in ignored} == {n: made[n] for n in ignored}
        assert {name: seen[name] for name in allowed} == allowed


@pytest.mark.parametrize(
    ("resource", "members"),
    [
        case("coupons.create.name-free", "coupon", {"name": "a name used twice"}),
        case(
            "endpoints.create.url-free",
            "webhook_endpoint",
            {"url": "https://example.com/hook"},
        ),
        case(
            "sessions.create.reference-free",
            "checkout_session",
            {"reference": "used-twice"},
        ),
    ],
)
def test_a_name_url_or_reference_can_be_used_again(
    resource: str, members: dict[str, Any], shop: Shop
) -> None:
    """Two objects may share it."""
    first, second = (make(shop, resource, **members) for _ in range(2))

    assert first["id"] != second["id"]
    for name, value in members.items():
        assert first[name] == second[name] == value
    if resource == "checkout_session":
        assert first["order"]["id"] != second["order"]["id"]
