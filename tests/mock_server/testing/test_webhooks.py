"""Webhooks received in the test, with and without webhook faults."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest
import requests

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing import Smartpay, WebhookEvent

Send = Callable[..., requests.Response]

PAID = ["token.used", "order.authorized", "payment.created"]


def test_the_webhooks_of_a_payment_arrive_in_order(
    account: Smartpay, pay: Send
) -> None:
    """They are signed and contain the object."""
    with account.webhooks.receive() as inbox:
        order = pay().json()
        events = inbox.assert_received(PAID)

    assert inbox.types == PAID
    assert events[1].data["id"] == order["id"]
    assert events[1].headers["Smartpay-Event-Id"] == events[1].id
    assert events[1].headers["Smartpay-Subscription-Id"] == inbox.endpoint_id
    assert all(event.is_signature_valid for event in events)
    assert repr(events[1]) == f"<order.authorized {events[1].id}>"


def test_webhooks_are_sent_when_the_test_drains_them(
    account: Smartpay, pay: Send
) -> None:
    """The result of each attempt is returned."""
    with account.webhooks.receive() as inbox:
        pay()
        before = inbox.types
        outcomes = account.webhooks.drain()

    assert before == []
    assert [outcome["type"] for outcome in outcomes] == PAID
    assert {outcome["state"] for outcome in outcomes} == {"delivered"}
    assert [delivery["type"] for delivery in account.webhooks.deliveries] == PAID
    assert [event["type"] for event in account.webhooks.events] == PAID


def test_only_subscribed_types_arrive(account: Smartpay, pay: Send) -> None:
    """Other events are not sent to the endpoint."""
    with account.webhooks.receive(["payment.created"]) as inbox:
        pay()
        events = inbox.wait_for(1)

    assert [event.type for event in events] == ["payment.created"]


def test_a_failed_assertion_shows_both_lists_side_by_side(
    account: Smartpay, pay: Send
) -> None:
    """The text names missing and unexpected events, or the order."""
    with account.webhooks.receive() as inbox:
        pay()
        with pytest.raises(AssertionError) as others:
            inbox.assert_received(["token.used", "order.rejected", "order.rejected"])
        with pytest.raises(AssertionError) as order:
            inbox.assert_received([*reversed(PAID)])
        inbox.assert_received([*reversed(PAID)], in_any_order=True)

    assert str(others.value) == dedent(
        """\
        The webhooks that arrived are not the expected ones.
          missing: order.rejected (x 2)
          not expected: order.authorized, payment.created
              expected                              arrived
          #1  token.used                            token.used
          #2  order.rejected                        order.authorized
          #3  order.rejected                        payment.created"""
    )
    assert "  the same events, in another order\n" in str(order.value)


def test_waiting_for_too_many_events_fails(account: Smartpay, pay: Send) -> None:
    """The text lists the events, and says how to deliver retries."""
    with account.webhooks.receive(bad_signature=1) as inbox:
        pay(token=account.tokens.declined)
        with pytest.raises(AssertionError) as failure:
            inbox.wait_for(1, timeout_s=0.01)

    assert str(failure.value) == (
        "0 of 1 webhooks arrived within 0.01 s: none, and 1 with a wrong signature. "
        "Call smartpay.clock.advance() to deliver retries."
    )


def test_a_failed_delivery_is_retried_on_the_accounts_clock(
    account: Smartpay, pay: Send
) -> None:
    """The retry arrives after two minutes."""
    with account.webhooks.receive(["order.rejected"], answers=[500]) as inbox:
        pay(token=account.tokens.declined)
        account.webhooks.drain()
        first = inbox.types
        account.clock.advance(minutes=2)

    assert first == ["order.rejected"]
    assert inbox.types == ["order.rejected"] * 2
    assert inbox.events[0].id == inbox.events[1].id


def test_a_duplicate_arrives_twice(account: Smartpay, pay: Send) -> None:
    """Handlers must accept an event more than once."""
    with account.webhooks.receive(["order.rejected"], duplicate=1) as inbox:
        pay(token=account.tokens.declined)

        events = inbox.wait_for(2)

    assert events[0].id == events[1].id


def test_reordered_events_arrive_newest_first(account: Smartpay, pay: Send) -> None:
    """Handlers must not depend on the order."""
    with account.webhooks.receive(reorder=True) as inbox:
        pay()

        inbox.assert_received([*reversed(PAID)])


def test_a_delayed_event_has_an_old_timestamp(account: Smartpay, pay: Send) -> None:
    """The timestamp is the time of the signature, an hour before the arrival."""
    account.clock.freeze()
    with account.webhooks.receive(["order.rejected"], delay_ms=3_600_000) as inbox:
        pay(token=account.tokens.declined)
        account.webhooks.drain()
        early = inbox.types
        now = account.clock.advance(hours=1)

    signed_at = int(inbox.events[0].headers["Smartpay-Signature-Timestamp"])
    assert early == []
    assert now - signed_at == 3_600_000


@pytest.mark.parametrize(
    "faults", [{"bad_signature": True}, {"rotated_secret": "Brotated9"}], ids=str
)
def test_a_wrong_signature_is_rejected(
    account: Smartpay, pay: Send, faults: dict[str, object]
) -> None:
    """The receiver stores it separately and answers 401, so it is retried."""
    with account.webhooks.receive(["order.rejected"], **faults) as inbox:  # type: ignore[arg-type] # options by name
        pay(token=account.tokens.declined)
        outcomes = account.webhooks.drain()

    assert inbox.events == []
    assert [event.type for event in inbox.rejected] == ["order.rejected"]
    assert "bad signature" in repr(inbox.rejected[0])
    assert outcomes[0]["attempts"][0]["status"] == 401


def test_a_handler_gets_every_event_and_sets_the_status(
    account: Smartpay, pay: Send
) -> None:
    """It gets events with wrong signatures too."""
    seen: list[WebhookEvent] = []

    def handle(event: WebhookEvent) -> int:
        seen.append(event)
        return 200 if event.is_signature_valid else 403

    with account.webhooks.receive(
        ["order.rejected"], handler=handle, bad_signature=1
    ) as inbox:
        pay(token=account.tokens.declined)
        outcomes = account.webhooks.drain()
        account.clock.advance(minutes=2)

    assert [event.is_signature_valid for event in seen] == [False, True]
    assert outcomes[0]["attempts"][0]["status"] == 403
    assert inbox.types == ["order.rejected"]


def test_an_exception_in_a_handler_is_raised_in_the_test(
    account: Smartpay, pay: Send
) -> None:
    """The sender gets a 500."""

    def handle(event: WebhookEvent) -> None:
        raise LookupError(f"no route for {event.type}")

    inbox = account.webhooks.receive(["order.rejected"], handler=handle)
    pay(token=account.tokens.declined)
    outcomes = account.webhooks.drain()
    with pytest.raises(LookupError, match=r"no route for order\.rejected"):
        inbox.__exit__(None, None, None)

    assert outcomes[0]["attempts"][0]["status"] == 500
    assert account.failures() == []


@pytest.mark.parametrize(
    "returned",
    ["ok", True, 99, object()],
    ids=["text", "truth", "no-status", "response"],
)
def test_a_handler_must_return_a_status(
    account: Smartpay, pay: Send, returned: object
) -> None:
    """A whole response instead of a status is refused."""
    inbox = account.webhooks.receive(handler=lambda _: returned)  # type: ignore[arg-type,return-value] # wrong on purpose
    pay()
    account.webhooks.drain()

    with pytest.raises(SandboxUsageError, match="Return the status to answer with"):
        inbox.raise_errors()


def test_closing_a_receiver_deletes_its_endpoint(
    account: Smartpay, pay: Send, send: Send
) -> None:
    """Its webhook faults end too; closing it again does nothing."""
    with account.webhooks.receive(duplicate=3) as inbox:
        pass
    inbox.close()

    with account.webhooks.receive(["order.rejected"]) as second:
        pay(token=account.tokens.declined)
        second.assert_received(["order.rejected"])

    assert send("GET", "/webhook-endpoints").json()["data"] == []


def test_webhook_faults_end_with_their_receiver(account: Smartpay, pay: Send) -> None:
    """Another receiver then gets each event once."""
    with account.webhooks.receive(["order.rejected"]) as lasting:
        with account.webhooks.receive(duplicate=3, bad_signature=True):
            pass
        pay(token=account.tokens.declined)

        lasting.assert_received(["order.rejected"])


def test_a_test_can_register_an_endpoint(account: Smartpay, pay: Send) -> None:
    """Deliveries are recorded even if nothing listens at its URL."""
    endpoint = account.webhooks.register("http://127.0.0.1:9/hooks", ["order.rejected"])
    pay(token=account.tokens.declined)

    outcomes = account.webhooks.drain()

    assert outcomes[0]["endpoint"] == endpoint["id"]
    assert "connection refused" in outcomes[0]["attempts"][0]["error"]
