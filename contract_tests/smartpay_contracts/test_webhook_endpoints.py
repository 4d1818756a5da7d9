"""Webhook endpoints: where events are sent, and the secret they are signed with."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts.exchange import Doc, Exchange
from smartpay_contracts.shop import Shop
from smartpay_contracts.signing import BASE62, decode_base62
from smartpay_schemas import EVENTS

URL = "https://example.com/hook"


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
def test_an_endpoint_needs_only_a_url(body: dict[str, Any], shop: Shop) -> None:
    """It is active at once."""
    endpoint = shop.checks.ok(shop.api.call("create_webhook_endpoint", body))

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


@pytest.mark.clause("endpoints.create.not-reached", "endpoints.create.http")
@pytest.mark.parametrize(
    "url", ["https://nobody.invalid/hook", "http://127.0.0.1:1/hook", "https://a.jp"]
)
def test_the_url_is_not_tried(url: str, shop: Shop) -> None:
    """A dead one is fine, and one without TLS for local development."""
    assert shop.endpoint(url)["url"] == url


@pytest.mark.clause("endpoints.get.secret")
def test_the_secret_can_be_read_again(shop: Shop) -> None:
    """It is the same, alone and in the list, and after an update."""
    made = shop.endpoint()
    secret = made["signingSecret"]

    changed = shop.checks.ok(update(shop, made, description="new"))

    entry = shop.checks.find(shop.api, "list_webhook_endpoints", made["id"])
    alone = shop.now("webhook_endpoint", made["id"])
    seen = [changed, entry, alone]
    assert [one["signingSecret"] for one in seen] == [secret] * 3


@pytest.mark.clause("endpoints.delete", "endpoints.delete.gone")
def test_a_deleted_endpoint_is_gone(shop: Shop) -> None:
    """204; then it is not found, and in no list; others stay."""
    kept, made = shop.endpoint(), shop.endpoint()

    answer = shop.api.call("delete_webhook_endpoint", id=made["id"])

    shop.checks.succeeded(answer)
    for operation in ("get_webhook_endpoint", "delete_webhook_endpoint"):
        gone = shop.api.call(operation, id=made["id"])
        shop.checks.refused(gone, "webhook-endpoint.notfound")
    listed = [e["id"] for e in shop.checks.listed(shop.api, "list_webhook_endpoints")]
    assert made["id"] not in listed
    assert kept["id"] in listed
