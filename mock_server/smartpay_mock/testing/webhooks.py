"""Webhooks of the account, as a test receives and steers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from smartpay_mock.testing.desk import Desk, Errand

if TYPE_CHECKING:
    from smartpay_mock.testing.receiver import Handler, Receiver


class Webhooks:
    """Receives, delivers and spoils the account's webhooks.

    Nothing is sent behind the test's back: webhooks go out when the test drains them,
    waits for them, or turns the clock past the moment they are due.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
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

        Use it as a context manager; otherwise it ends with the test::

            with smartpay.webhooks.receive() as inbox:
                shop.pay()
                inbox.assert_received(["token.used", "order.authorized", ...])

        Args:
            types: Event types to subscribe to; all of them if empty.
            handler: Gets each event that arrives, whatever its signature; returns
                the status to answer with. What it raises is raised in the test.
            answers: Statuses of the first answers, such as ``[500, 503]``; then 200.
            duplicate: Send so many copies after each delivery.
            reorder: Send the youngest of what is due first.
            delay_ms: Arrive so long after signing, on the account's clock.
            bad_signature: Sign so many attempts of each delivery wrongly; ``True``:
                every one.
            rotated_secret: Sign with this secret in place of the endpoint's.
        """
        # Brings a server along, and its imports.
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
        """Register a webhook endpoint of the test's own and return it.

        Args:
            url: Where to deliver, on this machine.
            types: Event types to subscribe to; all of them if empty.
        """
        body: dict[str, Any] = {"url": url}
        if types:
            body["eventSubscriptions"] = list(types)
        reply = self._desk.run(Errand("create_webhook_endpoint", body=body))
        endpoint: dict[str, Any] = reply.expect("create_webhook_endpoint")
        return endpoint

    def drain(self) -> list[dict[str, Any]]:
        """Deliver all that is due now; return what came of each attempt."""
        outcomes: list[dict[str, Any]] = self._desk.ask("POST", "/webhooks/drain")
        return outcomes

    @property
    def deliveries(self) -> list[dict[str, Any]]:
        """Every delivery with its attempts, oldest first."""
        found: list[dict[str, Any]] = self._desk.ask("GET", "/webhooks/deliveries")
        return found

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event, oldest first, sent or not: id, type, createdAt, objectId."""
        found: list[dict[str, Any]] = self._desk.ask("GET", "/events")
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
        """Set what goes wrong with webhooks from now on; the arguments of ``receive``.

        Without arguments they behave again.
        """
        options = {
            "duplicate": duplicate,
            "reorder": reorder,
            "delay_ms": delay_ms,
            "bad_signature": bad_signature,
            "rotated_secret": rotated_secret,
        }
        self._desk.ask("PUT", "/webhooks/adversary", body=options)

    def close(self) -> None:
        """Stop every receiver."""
        for receiver in self.made:
            receiver.close()

    def _unregister(self, receiver: Receiver) -> None:
        self.misbehave()
        self._desk.run(Errand("delete_webhook_endpoint", {"id": receiver.endpoint_id}))
