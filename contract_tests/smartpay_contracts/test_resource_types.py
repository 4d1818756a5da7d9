"""What holds for objects of several resource types: reading, changing, making again.

The rows are in ``resource_types.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from smartpay_contracts.exchange import Doc
from smartpay_contracts.resources import RESOURCES, case
from smartpay_contracts.shop import Shop

ROWS = json.loads(
    Path(__file__).with_name("resource_types.json").read_text(encoding="utf-8")
)


def cases(test: str) -> list[Any]:
    """Return the cases of a test, named by resource type and the first value."""
    return [
        case(clauses, resource, *values, id="-".join([resource, *map(_first, values)]))
        for clauses, resource, *values in ROWS[test]
    ]


def _first(value: dict[str, Any]) -> str:
    return next(iter(value), "plain")


def make(shop: Shop, resource: str, **members: Any) -> Doc:
    """Return a new object with these members."""
    makers = {"checkout_session": shop.session, "webhook_endpoint": shop.endpoint}
    maker = makers.get(resource) or getattr(shop, resource)
    made: Doc = maker(**members)
    return made


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


@pytest.mark.parametrize(("resource", "members"), cases("echoed"))
def test_an_object_carries_what_it_was_made_with(
    resource: str, members: dict[str, Any], shop: Shop
) -> None:
    """In the creation's answer, and when it is retrieved."""
    made = make(shop, resource, **members)

    for seen in (made, shop.now(resource, made["id"])):
        assert {name: seen[name] for name in members} == members


@pytest.mark.parametrize(("resource", "members"), cases("created"))
def test_an_object_is_what_its_creation_answered(
    resource: str, members: dict[str, Any], shop: Shop
) -> None:
    """Retrieved and listed."""
    made = make(shop, resource, **members)

    expected = {**made, "updatedAt": 0}
    assert seen_again(shop, resource, made) == [expected] * 2
    now = shop.now(resource, made["id"])
    assert now.get("updatedAt") == made.get("updatedAt")


@pytest.mark.parametrize(("resource", "members", "changes"), cases("changed"))
def test_one_member_can_be_changed(
    resource: str, members: dict[str, Any], changes: dict[str, Any], shop: Shop
) -> None:
    """Everything else stays as it was."""
    made = make(shop, resource, **members, metadata={"a": "1"})

    changed = shop.update(resource, made["id"], changes)

    expected = {**made, **changes, "updatedAt": 0}
    assert {**made, **changed, "updatedAt": 0} == expected
    assert seen_again(shop, resource, made) == [expected] * 2


@pytest.mark.parametrize("resource", cases("inactive"))
def test_an_object_can_be_made_inactive_and_active_again(
    resource: str, shop: Shop
) -> None:
    """The answer and the object say false, then true, as booleans."""
    made = make(shop, resource)

    for active in (False, True):
        assert shop.update(resource, made["id"], {"active": active})["active"] is active
        assert shop.now(resource, made["id"])["active"] is active


@pytest.mark.parametrize(("resource", "members"), cases("nulls"))
def test_null_does_not_change_a_member(
    resource: str, members: dict[str, Any], shop: Shop
) -> None:
    """SDKs send null for each member that was not set."""
    made = make(shop, resource, **members)
    nulls = dict.fromkeys((*members, "metadata"))
    if "active" in made:
        nulls["active"] = None

    shop.update(resource, made["id"], nulls)

    assert seen_again(shop, resource, made) == [{**made, "updatedAt": 0}] * 2


@pytest.mark.parametrize(("resource", "changes"), cases("empty"))
def test_an_empty_update_changes_nothing(
    resource: str, changes: dict[str, Any], shop: Shop
) -> None:
    """It answers with the object, also after an earlier update."""
    made = make(shop, resource)
    times = {"updatedAt": 0}
    before = {**shop.update(resource, made["id"], changes), **times}

    seen = shop.update(resource, made["id"], {})

    assert {**seen, **times} == before
    assert {**before, **shop.now(resource, made["id"]), **times} == before


@pytest.mark.parametrize(("resource", "allowed", "ignored"), cases("ignored"))
def test_an_update_ignores_members_that_cannot_be_changed(
    resource: str, allowed: dict[str, Any], ignored: dict[str, Any], shop: Shop
) -> None:
    """The members of the same body that can be changed are changed."""
    made = make(shop, resource)

    changed = shop.update(resource, made["id"], {**allowed, **ignored})

    for seen in (changed, shop.now(resource, made["id"])):
        assert {name: seen[name] for name in ignored} == {n: made[n] for n in ignored}
        assert {name: seen[name] for name in allowed} == allowed


@pytest.mark.parametrize(("resource", "members"), cases("again"))
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
