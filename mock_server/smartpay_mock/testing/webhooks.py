"""The account's webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from smartpay_mock.testing.client import AccountClient, ApiCall

if TYPE_CHECKING:
    from smartpay_mock.testing.receiver import Handler, Receiver


class Webhooks:
    """Receives and delivers the account's webhooks, with faults if asked to.

    Webhooks are only sent when the test calls ``drain()``, waits for them at a
    receiver, or moves the clock past the time they are due.
    """

    def __init__(self, client: AccountClient) -> None:
        self._client = client
        self.made: list[Receiver] = []

    def receive(
        self,
        types: Sequence[str] = (),
        *,
        handler: Handler | None = None,
        answers: Sequence[int] = (),
        duplicate: int = 0,
        reorder: bool = False,
        delay_ms: int = 0,
        bad_signature: int | bool = 0,
        rotated_secret: str | None = None,
    ) -> Receiver:
        """Start a receiver and register it as a webhook endpoint.

        Use it as a context manager; otherwise it is closed at the end of the test::

            with smartpay.webhooks.receive() as inbox:
                shop.pay()
                inbox.assert_received(["token.used", "order.authorized", ...])

        Args:
            types: Event types to subscribe to; all of them if empty.
            handler: Gets each event, also one with a wrong signature, and returns the
                status to answer with. Its exceptions are raised in the test.
            answers: Statuses of the first answers, such as ``[500, 503]``; then 200.
            duplicate: Number of copies to send after each delivery.
            reorder: Send the newest due event first.
            delay_ms: Time between signing and arrival, on the account's clock.
            bad_signature: Number of attempts of each delivery to sign wrongly;
                ``True`` for all.
            rotated_secret: Secret to sign with, in place of the endpoint's.
        """
        # Imports the HTTP server.
        from smartpay_mock.testing.receiver import Receiver  # noqa: PLC0415 - see above

        self.misbehave(
            duplicate=duplicate,
            reorder=reorder,
            delay_ms=delay_ms,
            bad_signature=bad_signature,
            rotated_secret=rotated_secret,
        )
        receiver = Receiver(
            handler=handler, answers=answers, drain=self.drain, close=self._unregister
        )
        self.made.append(receiver)
        endpoint = self.register(receiver.url, types)
        receiver.secret = endpoint["signingSecret"]
        receiver.endpoint_id = endpoint["id"]
        return receiver

    def register(self, url: str, types: Sequence[str] = ()) -> dict[str, Any]:
        """Register a webhook endpoint and return it.

        Args:
            url: URL to deliver to, on this machine.
            types: Event types to subscribe to; all of them if empty.
        """
        body: dict[str, Any] = {"url": url}
        if types:
            body["eventSubscriptions"] = list(types)
        reply = self._client.call(ApiCall("create_webhook_endpoint", body=body))
        endpoint: dict[str, Any] = reply.expect("create_webhook_endpoint")
        return endpoint

    def drain(self) -> list[dict[str, Any]]:
        """Deliver everything that is due now; return the result of each attempt."""
        outcomes: list[dict[str, Any]] = self._client.admin("POST", "/webhooks/drain")
        return outcomes

    @property
    def deliveries(self) -> list[dict[str, Any]]:
        """Every delivery with its attempts, oldest first."""
        found: list[dict[str, Any]] = self._client.admin("GET", "/webhooks/deliveries")
        return found

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event, oldest first, sent or not: id, type, createdAt, objectId."""
        found: list[dict[str, Any]] = self._client.admin("GET", "/events")
        return found

    def misbehave(
        self,
        *,
        duplicate: int = 0,
        reorder: bool = False,
        delay_ms: int = 0,
        bad_signature: int | bool = 0,
        rotated_secret: str | None = None,
    ) -> None:
        """Set the webhook faults from now on; arguments as in ``receive``.

        Without arguments, remove all webhook faults.
        """
        options = {
            "duplicate": duplicate,
            "reorder": reorder,
            "delay_ms": delay_ms,
            "bad_signature": bad_signature,
            "rotated_secret": rotated_secret,
        }
        self._client.admin("PUT", "/webhooks/faults", body=options)

    def close(self) -> None:
        """Stop every receiver."""
        for receiver in self.made:
            receiver.close()

    def _unregister(self, receiver: Receiver) -> None:
        self.misbehave()
        self._client.call(
            ApiCall("delete_webhook_endpoint", {"id": receiver.endpoint_id})
        )
