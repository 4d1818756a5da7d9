"""Webhook endpoints: where events are sent, and the secret they are signed with."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.exchange import Doc, Exchange
from smartpay_contracts.shop import Shop
from smartpay_contracts.signing import BASE62, decode_base62
from smartpay_schemas import EVENTS

NOBODY = "webhookendpoint_test_0000000000000000000000"
URL = "https://example.com/hook"
CHANGES = [
    {"url": "https://example.org/elsewhere"},
    {"active": False},
    {"description": "our hook"},
    {"eventSubscriptions": ["order.canceled", "payout.paid"]},
]


def update(shop: Shop, endpoint: Doc, **changes: Any) -> Exchange:
    """Return the answer to an update."""
    return shop.api.call("update_webhook_endpoint", changes, id=endpoint["id"])


@pytest.mark.clause("endpoints.create", "endpoints.create.active")
@pytest.mark.parametrize(
    "body",
    [
        {"url": URL},
        {"url": URL, "description": None, "eventSubscriptions": None, "metadata": None},
    ],
    ids=["alone", "nulls"],
)
def test_an_endpoint_needs_only_a_url(
    body: dict[str, Any], shop: Shop, checks: Checks
) -> None:
    """It is active at once."""
    endpoint = checks.ok(shop.api.call("create_webhook_endpoint", body))

    for seen in (endpoint, shop.now("webhook_endpoint", endpoint["id"])):
        assert (seen["url"], seen["active"]) == (URL, True)


@pytest.mark.clause("endpoints.create.subscriptions")
def test_an_endpoint_carries_its_subscriptions(shop: Shop) -> None:
    """In the order in which they were sent."""
    types = ["token.used", "token.created", "promotion_code.updated"]

    endpoint = shop.endpoint(eventSubscriptions=types, description="hook")

    for seen in (endpoint, shop.now("webhook_endpoint", endpoint["id"])):
        assert seen["eventSubscriptions"] == types
        assert seen["description"] == "hook"


@pytest.mark.clause("endpoints.create.every-event")
@pytest.mark.parametrize("type_", EVENTS)
def test_every_event_can_be_subscribed_to(type_: str, shop: Shop) -> None:
    """Also those that no call causes."""
    endpoint = shop.endpoint(eventSubscriptions=[type_])

    assert endpoint["eventSubscriptions"] == [type_]


@pytest.mark.clause("endpoints.create.url-free")
def test_a_url_can_be_used_again(shop: Shop) -> None:
    """Two endpoints that subscribe to other events may share it."""
    first, second = (shop.endpoint(URL) for _ in range(2))

    assert first["id"] != second["id"]
    assert first["url"] == second["url"] == URL


@pytest.mark.clause("endpoints.create.secret", "endpoints.create.secret-length")
def test_an_endpoint_has_a_signing_secret(shop: Shop) -> None:
    """40 characters of base62 that stand for 30 bytes."""
    secret = shop.endpoint()["signingSecret"]

    assert len(secret) == 40
    assert set(secret) <= set(BASE62)
    assert len(decode_base62(secret)) <= 30


@pytest.mark.clause("endpoints.create.secret-own")
def test_each_endpoint_has_a_secret_of_its_own(shop: Shop) -> None:
    """None begins with A, which would be a zero that decoders treat differently."""
    secrets = {shop.endpoint()["signingSecret"] for _ in range(8)}

    assert len(secrets) == 8
    assert not [secret for secret in secrets if secret.startswith("A")]
    assert {len(decode_base62(secret)) for secret in secrets} == {30}


@pytest.mark.clause("endpoints.create.mandatory-members")
@pytest.mark.parametrize("body", [{}, {"url": None}, {"description": "no url"}])
def test_an_endpoint_without_a_url_is_refused(
    body: dict[str, Any], shop: Shop, checks: Checks
) -> None:
    """There would be nowhere to send events to."""
    answer = shop.api.call("create_webhook_endpoint", body)

    checks.refused_with(answer, 400)


@pytest.mark.clause("endpoints.create.not-reached", "endpoints.create.http")
@pytest.mark.parametrize(
    "url", ["https://nobody.invalid/hook", "http://127.0.0.1:1/hook", "https://a.jp"]
)
def test_the_url_is_not_tried(url: str, shop: Shop) -> None:
    """A dead one is fine, and one without TLS for local development."""
    assert shop.endpoint(url)["url"] == url


@pytest.mark.clause("endpoints.create.event-names")
@pytest.mark.parametrize("name", ["order.succeeded", "", "everything", 1])
@pytest.mark.parametrize("operation", ["create", "update"])
def test_an_event_that_does_not_exist_is_refused(
    operation: str, name: Any, shop: Shop, checks: Checks
) -> None:
    """One would wait for it for ever."""
    types = ["token.used", name]

    if operation == "create":
        body = payloads.endpoint(eventSubscriptions=types)
        answer = shop.api.call("create_webhook_endpoint", body)
    else:
        answer = update(shop, shop.endpoint(), eventSubscriptions=types)

    checks.refused(answer, "request.invalid")


@pytest.mark.clause("endpoints.create.limits")
@pytest.mark.parametrize("member", ["url", "description"])
def test_a_text_of_an_endpoint_is_not_empty(
    member: str, shop: Shop, checks: Checks
) -> None:
    """Neither when it is made nor when it is changed."""
    made = shop.api.call("create_webhook_endpoint", payloads.endpoint() | {member: ""})
    changed = update(shop, shop.endpoint(), **{member: ""})

    checks.refused(made, "request.invalid")
    checks.refused(changed, "request.invalid")


@pytest.mark.clause("endpoints.get", "endpoints.list")
def test_an_endpoint_is_what_was_answered(shop: Shop, checks: Checks) -> None:
    """Retrieved and listed; the secret may be left out."""
    made = shop.endpoint(description="hook", metadata={"a": "1"})

    alone = shop.now("webhook_endpoint", made["id"])
    entry = checks.find(shop.api, "list_webhook_endpoints", made["id"])

    for seen in (alone, entry):
        assert {"signingSecret": made["signingSecret"], **seen} == made


@pytest.mark.clause("endpoints.get.secret")
def test_the_secret_can_be_read_again(shop: Shop, checks: Checks) -> None:
    """It is the same, alone and in the list, and after an update."""
    made = shop.endpoint()
    secret = made["signingSecret"]

    changed = checks.ok(update(shop, made, description="new"))

    entry = checks.find(shop.api, "list_webhook_endpoints", made["id"])
    alone = shop.now("webhook_endpoint", made["id"])
    seen = [changed, entry, alone]
    assert [one["signingSecret"] for one in seen] == [secret] * 3


@pytest.mark.clause("endpoints.not-found")
@pytest.mark.parametrize(
    "operation",
    ["get_webhook_endpoint", "update_webhook_endpoint", "delete_webhook_endpoint"],
)
def test_an_unknown_endpoint_is_not_found(
    operation: str, api: Client, checks: Checks
) -> None:
    """404, with the one code that has no second hyphen."""
    answer = api.call(operation, {"description": "x"}, id=NOBODY)

    checks.refused(answer, "webhook-endpoint.notfound")


@pytest.mark.clause("endpoints.update")
@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: next(iter(changes)))
def test_an_endpoint_can_be_changed(
    changes: dict[str, Any], shop: Shop, checks: Checks
) -> None:
    """One member at a time; everything else stays."""
    made = shop.endpoint(
        description="old", eventSubscriptions=["token.used"], metadata={"a": "1"}
    )

    changed = checks.ok(update(shop, made, **changes))

    expected = {**made, **changes, "updatedAt": 0}
    for seen in (changed, shop.now("webhook_endpoint", made["id"])):
        whole = {"signingSecret": made["signingSecret"], **seen}
        assert {**whole, "updatedAt": 0} == expected


@pytest.mark.clause("endpoints.update")
def test_an_endpoint_can_be_switched_on_again(shop: Shop, checks: Checks) -> None:
    """Strictly false, then strictly true."""
    made = shop.endpoint()

    for active in (False, True):
        assert checks.ok(update(shop, made, active=active))["active"] is active
        assert shop.now("webhook_endpoint", made["id"])["active"] is active


@pytest.mark.clause("endpoints.update.nulls")
def test_null_leaves_an_endpoints_member_alone(shop: Shop, checks: Checks) -> None:
    """Two SDKs send null for what was not set."""
    made = shop.endpoint(description="kept", eventSubscriptions=["token.used"])
    names = ("url", "active", "description", "eventSubscriptions", "metadata")

    checks.ok(update(shop, made, **dict.fromkeys(names)))

    seen = shop.now("webhook_endpoint", made["id"])
    assert {name: seen[name] for name in names} == {name: made[name] for name in names}


@pytest.mark.clause("endpoints.delete", "endpoints.delete.gone")
def test_a_deleted_endpoint_is_gone(shop: Shop, checks: Checks) -> None:
    """204; then it is not found, and in no list; others stay."""
    kept, made = shop.endpoint(), shop.endpoint()

    answer = shop.api.call("delete_webhook_endpoint", id=made["id"])

    checks.succeeded(answer)
    for operation in ("get_webhook_endpoint", "delete_webhook_endpoint"):
        gone = shop.api.call(operation, id=made["id"])
        checks.refused(gone, "webhook-endpoint.notfound")
    listed = [e["id"] for e in checks.listed(shop.api, "list_webhook_endpoints")]
    assert made["id"] not in listed
    assert kept["id"] in listed
