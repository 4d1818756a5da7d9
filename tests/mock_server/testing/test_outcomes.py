"""What a test sets on its account: consumers, settings, scenarios, deliveries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from smartpay_fixtures import order_payload
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing import Smartpay


def test_a_consumer_is_created_with_a_decision(account: Smartpay, pay: Any) -> None:
    """Its token is declined; without arguments it gets an address of its own."""
    consumer = account.create_consumer(
        email_address="mei+test@example.com", decision="declined"
    )
    other = account.create_consumer()
    token = account.create_token(consumer=consumer["id"])

    order = pay(token=token["id"]).json()

    assert consumer["emailAddress"] == "mei+test@example.com"
    assert other["emailAddress"].endswith("+test@example.com")
    assert order["status"] == "rejected"
    with pytest.raises(SandboxUsageError, match="has this address"):
        account.create_consumer(email_address="mei+test@example.com")


def test_settings_change_for_one_account(account: Smartpay, pay: Any) -> None:
    """They are shown and apply at once; an invalid value changes nothing."""
    before = account.settings

    changed = account.set_settings(inactive_token="error", captures="failed")

    assert (
        changed
        == account.settings
        == {
            **before,
            "inactive_token": "error",
            "captures": "failed",
        }
    )
    assert pay(token="paytok_test_disabled").status_code == 400
    assert pay().json()["status"] == "requires_capture"
    with pytest.raises(SandboxUsageError, match="refunds"):
        account.set_settings(refunds="never")
    assert account.settings == changed


def test_a_scenario_is_read_from_a_file(account: Smartpay, tmp_path: Path) -> None:
    """Its ids are returned and kept; a failing step is named."""
    step = {
        "operation": "create_order",
        "body": order_payload(seed=1),
        "save": {"first": "id"},
    }
    file = tmp_path / "shop.json"
    file.write_text(json.dumps({"steps": [step]}))
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({"steps": [step, {**step, "body": {"amount": 0}}]}))

    made = account.scenario(str(file))

    assert account.ids["first"] == made["first"]
    assert [order["id"] for order in account.orders] == [made["first"]]
    with pytest.raises(SandboxUsageError, match="2"):
        account.scenario(str(broken))


def test_an_event_is_delivered_again(account: Smartpay, pay: Any) -> None:
    """Also to an endpoint that was created after it."""
    pay()
    event = account.webhooks.events[-1]
    with pytest.raises(SandboxUsageError, match="endpoint"):
        account.webhooks.deliver(event["id"])

    with account.webhooks.receive() as inbox:
        ids = account.webhooks.deliver(event["id"])
        account.webhooks.drain()
        received = [each.id for each in inbox.events]

    assert len(ids) == 1
    assert received == [event["id"]]
