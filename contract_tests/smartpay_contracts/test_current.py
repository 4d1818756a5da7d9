"""Answers show an object as it is now, letter for letter, wherever it appears."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from smartpay_contracts.exchange import Doc
from smartpay_contracts.resources import (
    ARRANGE,
    CREATABLE,
    RESOURCES,
    UPDATABLE,
    Resource,
    each,
)
from smartpay_contracts.shop import APPROVED, Shop

Change = Callable[[Shop, Doc], dict[str, Any]]
MIXED = "MiXed"
TYPED = {"Text": MIXED, "number": 7, "negative": -1, "yes": True, "no": False}


def capture(shop: Shop, order: Doc) -> dict[str, Any]:
    """Capture a part and return what the order shows then."""
    return {"payments": [shop.payment(100, order=order["id"])["id"]]}


def cancel(shop: Shop, order: Doc) -> dict[str, Any]:
    """Cancel an order and return what it shows then."""
    shop.ok("cancel_order", id=order["id"])
    return {"status": "canceled"}


def refund(shop: Shop, order: Doc) -> dict[str, Any]:
    """Refund the payment of an order, which the order shows."""
    shop.refund(payment=capture(shop, order)["payments"][0])
    return {}


def refund_payment(shop: Shop, payment: Doc) -> dict[str, Any]:
    """Refund a payment in full and return what it shows then."""
    shop.refund(payment["amount"], payment=payment["id"])
    return {"status": "refunded"}


def authorize(shop: Shop, session: Doc) -> dict[str, Any]:
    """Authorize the order of a session, which the session shows."""
    order = session["order"]["id"]
    shop.checks.succeeded(shop.consumer.call("authorize_order", APPROVED, id=order))
    return {}


def disable(shop: Shop, token: Doc) -> dict[str, Any]:
    """Disable a token and return what it shows then."""
    shop.checks.succeeded(shop.api.call("disable_token", id=token["id"]))
    return {"status": "disabled"}


def update(shop: Shop, made: Doc) -> dict[str, Any]:
    """Update an object and return what it shows then."""
    (resource,) = [r for r in UPDATABLE.values() if r.object == made["object"]]
    changes = dict(resource.update or {})
    shop.update(resource.name, made["id"], changes)
    return changes


CHANGES: list[tuple[str, Callable[[Shop], Doc], Change]] = [
    ("order", Shop.authorized, capture),
    ("order", Shop.authorized, cancel),
    ("order", Shop.authorized, refund),
    ("payment", Shop.payment, refund_payment),
    ("checkout_session", Shop.session, authorize),
    ("token", RESOURCES["token"].make, disable),
    *[(name, resource.make, update) for name, resource in UPDATABLE.items()],
]


def views(shop: Shop, resource: Resource, id_: str) -> list[Doc]:
    """Return an object alone and in its list, each plain and expanded."""
    return [
        view
        for query in ({}, {"expand": "all"})
        for view in (
            shop.now(resource.name, id_, **query),
            shop.checks.find(shop.api, resource.list_operation, id_, **query),
        )
    ]


def with_ids(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with ids for the objects in it."""
    return {name: _ids(value) for name, value in document.items()}


def _ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_ids(entry) for entry in value]
    return value["id"] if isinstance(value, dict) and "object" in value else value


@pytest.mark.clause("data.current")
@pytest.mark.parametrize(
    ("name", "make", "change"),
    CHANGES,
    ids=lambda value: getattr(value, "__name__", value),
)
def test_every_view_shows_a_change(
    name: str, make: Callable[[Shop], Doc], change: Change, shop: Shop
) -> None:
    """Also views that were read before, and the objects in an expanded one."""
    resource = RESOURCES[name]
    made = make(shop)
    views(shop, resource, made["id"])

    expected = change(shop, made)

    seen = views(shop, resource, made["id"])
    first = with_ids(seen[0])
    assert {member: first.get(member) for member in expected} == expected
    for view in seen[1:]:
        assert with_ids(view) == first
    for view in seen[2:]:
        inner = [view.get(member) for member in ("order", "token")]
        for part in [*inner, *view.get("payments", [])]:
            if isinstance(part, dict):
                alone = shop.now(str(part["object"]), part["id"])
                assert with_ids(part) == with_ids(alone)


TEXTS = {
    "order": {"reference": "{}"},
    "payment": {"reference": "{}", "description": "{}"},
    "refund": {"reference": "{}", "description": "{}"},
    "checkout_session": {"successUrl": "https://example.com/{}?A=b"},
    "coupon": {"name": "{}"},
    "promotion_code": {"code": "{}"},
    "webhook_endpoint": {"url": "https://example.com/{}", "description": "{}"},
}
"""Resource -> its members of text, and how a value of each looks."""


@pytest.mark.clause("data.text-echo", "data.metadata-echo")
@pytest.mark.parametrize("name", TEXTS)
def test_text_keeps_its_letters(name: str, shop: Shop) -> None:
    """Upper case stays upper case, lower case lower case."""
    resource = RESOURCES[name]
    unique = f"{MIXED}-{shop.reference()}"
    sent: dict[str, Any] = {k: v.format(unique) for k, v in TEXTS[name].items()}
    sent["metadata"] = {"MiXed Key": MIXED, "lower": "lower", "UPPER": "UPPER"}
    body = {**ARRANGE[resource.create_operation](shop).body, **sent}

    made = shop.ok(resource.create_operation, body)

    for seen in (made, *views(shop, resource, made["id"])):
        assert {member: seen.get(member) for member in sent} == sent


@pytest.mark.clause("data.text-echo", "data.metadata-echo")
@each(UPDATABLE)
def test_updated_text_keeps_its_letters(resource: Resource, shop: Shop) -> None:
    """As text that an object was made with."""
    made = resource.make(shop)
    texts = [k for k, v in (resource.update or {}).items() if isinstance(v, str)]
    sent: dict[str, Any] = dict.fromkeys(texts, MIXED)
    sent["metadata"] = {"MiXed Key": MIXED, "lower": "lower", "UPPER": "UPPER"}

    changed = shop.update(resource.name, made["id"], sent)

    for seen in (changed, *views(shop, resource, made["id"])):
        assert {member: seen.get(member) for member in sent} == sent


def as_sent(value: Any) -> str:
    """Return JSON, in which 1, true and text differ."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.clause("data.metadata-values")
@each(CREATABLE)
def test_values_of_metadata_keep_their_type(resource: Resource, shop: Shop) -> None:
    """A number is no text, true is neither; when made and after an update."""
    body = {**ARRANGE[resource.create_operation](shop).body, "metadata": TYPED}

    made = shop.ok(resource.create_operation, body)
    seen = [made, *views(shop, resource, made["id"])]
    if resource.name in UPDATABLE:
        other = resource.make(shop)
        seen.append(shop.update(resource.name, other["id"], {"metadata": TYPED}))
        seen += views(shop, resource, other["id"])

    assert {as_sent(one["metadata"]) for one in seen} == {as_sent(TYPED)}
