"""Webhook endpoints: where an account's events are sent.

Source: go:types.go; docs-ja:/reference/update-webhook-endpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smartpay_mock.events.signing import new_secret
from smartpay_mock.kernel.ids import Ids
from smartpay_mock.kernel.json import encode
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.resources.context import Context, copied, created
from smartpay_mock.resources.seed_data import BORN_MS
from smartpay_mock.storage.base import Unit

Document = dict[str, Any]


def create_webhook_endpoint(
    ctx: Context, _params: dict[str, str], body: Document
) -> Document:
    """Create a webhook endpoint, active at once; without subscriptions it gets all.

    Whether the URL can be reached is not checked.

    Source: SDK go:api.go; docs:/reference/webhooks-overview.
    """
    endpoint = {
        **created(ctx, "webhook_endpoint", "webhookEndpoint"),
        "active": True,
        **copied(body, "description", "url"),
        "eventSubscriptions": body.get("eventSubscriptions", []),
        "metadata": body.get("metadata", {}),
        "signingSecret": new_secret(ctx.ids.characters),
    }
    ctx.save(endpoint)
    return endpoint


def delete_webhook_endpoint(
    ctx: Context, params: dict[str, str], _body: Document
) -> None:
    """Delete a webhook endpoint; it gets nothing any more.

    Raises:
        ApiError: ``webhook-endpoint.notfound``.

    Source: SDK go:api.go.
    """
    endpoint = ctx.find("webhook_endpoint", params["id"])
    ctx.unit.delete("webhook_endpoint", endpoint["id"])


def start_secret(settings: Settings) -> str:
    """Return the signing secret of the webhook endpoint that the settings name.

    It follows from the URL, so it stays the same when the emulator starts again.
    """
    ids = Ids(0, settings.webhook)
    return settings.webhook_secret or new_secret(ids.characters)


def start_endpoint_id(account_id: str) -> str:
    """Return the id of the webhook endpoint that an account has from the start."""
    return Ids(0, f"{account_id}/webhook").new("webhook_endpoint")


def keep_start_endpoint(
    unit: Unit, *, url: str, types: Sequence[str], secret: str
) -> None:
    """Store the webhook endpoint that an account has from the start.

    Args:
        unit: Of the account.
        url: Where events are sent.
        types: Event types it subscribes to; all of them if empty.
        secret: Its signing secret.
    """
    id_ = start_endpoint_id(unit.account)
    document = {
        "id": id_,
        "object": "webhookEndpoint",
        "createdAt": BORN_MS,
        "updatedAt": BORN_MS,
        "test": True,
        "active": True,
        "url": url,
        "eventSubscriptions": list(types),
        "metadata": {},
        "signingSecret": secret,
    }
    unit.put("webhook_endpoint", id_, encode(document))
