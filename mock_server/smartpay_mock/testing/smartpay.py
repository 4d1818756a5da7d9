"""What a test gets as ``smartpay``: a payment provider of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from smartpay_mock.kernel.exchange import REASON_HEADER
from smartpay_mock.testing.beginnings import Beginning
from smartpay_mock.testing.clock import Clock
from smartpay_mock.testing.desk import Desk
from smartpay_mock.testing.explaining import explain, header_of, request_id_of
from smartpay_mock.testing.faults import Faults
from smartpay_mock.testing.journal import RecordedRequest, with_addresses
from smartpay_mock.testing.matching import Wanted, find_requests
from smartpay_mock.testing.oracle import WINDOW_MS, Violation, find_violations
from smartpay_mock.testing.steering import Steering
from smartpay_mock.testing.webhooks import Webhooks
from smartpay_mock.testing.worlds import (
    Consumers,
    Tokens,
    standard_consumers,
    standard_tokens,
)

_ALL = {"limit": "100000"}
_API_ADDRESS = "https://api.smartpay.co"


class Smartpay(Steering):
    """A payment provider of this test's own.

    Point the code under test at ``url`` with ``secret_key``; the emulator answers
    like Smartpay's API. Nothing is shared with any other test: objects, clock,
    faults, requests, webhooks belong to this account.

    Attributes:
        name: What the account is for, such as the test's node id.
        secret_key: The secret key, ``sk_test_...``.
        public_key: The public key beside it; no credential.
        clock: The account's time: ``freeze()``, ``advance(days=7)``, ``run()``.
        faults: What goes wrong on purpose: ``add("create_order", "reset")``.
        webhooks: ``receive()``, ``drain()``.
    """

    def __init__(self, desk: Desk, *, name: str, beginning: Beginning) -> None:
        super().__init__(desk, beginning)
        self.name = name
        self.clock = Clock(desk)
        self.faults = Faults(desk)
        self.webhooks = Webhooks(desk)
        self._faker: Any = None

    def __repr__(self) -> str:
        return f"<Smartpay {self.secret_key} of {self.name}>"

    # -- what is in it ----------------------------------------------------------------

    @property
    def tokens(self) -> Tokens:
        """Ids of the tokens it starts with: ``tokens.approved``, ``.declined`` ..."""
        return standard_tokens()

    @property
    def consumers(self) -> Consumers:
        """Ids of the consumers it starts with."""
        return standard_consumers()

    @property
    def orders(self) -> list[dict[str, Any]]:
        """Every order, oldest first, as the answer to creating it shows it."""
        return self._list("/orders")

    @property
    def payments(self) -> list[dict[str, Any]]:
        """Every payment, oldest first, as the answer to creating it shows it."""
        return self._list("/payments")

    @property
    def refunds(self) -> list[dict[str, Any]]:
        """Every refund, oldest first, as the answer to creating it shows it."""
        return self._list("/refunds")

    def payload(self, *, without: Iterable[str] = (), **changes: Any) -> dict[str, Any]:
        """Return a valid body for ``POST /v1/orders``: a Japanese consumer and cart.

        Every call gives another one; the same test gets the same ones in every run.
        Amounts add up, also after a change of ``amount`` or ``items``.

        Args:
            without: Paths of members to leave out, such as ``customerInfo.address``.
            **changes: Members to set; objects are merged:
                ``payload(amount=500, captureMethod="manual")``.
        """
        from smartpay_fixtures import order_payload  # noqa: PLC0415 - imports Faker

        if self._faker is None:
            from faker.generator import Generator  # noqa: PLC0415 - 0.1 s

            self._faker = Generator()
            self._faker.seed_instance(f"{self._beginning.seed}/{self.name}")
        return order_payload(faker=self._faker, without=without, **changes)

    # -- what happened ----------------------------------------------------------------

    @property
    def requests(self) -> list[RecordedRequest]:
        """What the code under test asked, and how it was answered; oldest first.

        Calls that the fixture made itself, for a scenario or a receiver, are not
        among them.
        """
        entries = (RecordedRequest.of(entry) for entry in self._entries())
        return [request for request in entries if not request.is_from_test]

    @property
    def journal(self) -> list[dict[str, Any]]:
        """Every journal entry as the emulator keeps it, set-up included; oldest first.

        Addresses that differ from run to run stand in it as ``https://api.smartpay.co``
        (the emulator) and ``https://receiver-1.example.com`` (webhook receivers), so
        that with a seed and a frozen clock two runs give the same bytes.
        """
        addresses = {
            receiver.url: f"https://receiver-{number}.example.com"
            for number, receiver in enumerate(self.webhooks.made, start=1)
        }
        if self._desk.address:
            addresses[self._desk.address] = _API_ADDRESS
        return with_addresses(self._entries(), addresses)

    def explain(self, response: object) -> str:
        """Return why a request was answered as it was, rule by rule.

        Args:
            response: A response of requests, httpx, aiohttp, urllib or Flask's test
                client; one of ``requests``; or a ``Request-Id``.

        Raises:
            NotFoundError: The journal has no such request.
            SandboxUsageError: The response is not this emulator's.
        """
        id_ = request_id_of(response)
        reason = header_of(response, REASON_HEADER)
        if reason is not None:
            # Whose call it was is not known, so no account's journal has it.
            return f"{id_}: 401, the credential was refused\n  {reason}"
        entry = self._desk.ask("GET", "/requests/{id}", id_=id_)
        return explain(RecordedRequest.of(entry))

    def assert_request_made(
        self,
        operation: str,
        *,
        times: int | None = None,
        matching: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        status: int | None = None,
    ) -> list[RecordedRequest]:
        """Check that the code under test made a request, and return those it made.

        Args:
            operation: An operation id, such as ``create_order``.
            times: How many there must be; at least one if not given.
            matching: Members of the body: ``{"amount": 500, "items.0.name": "茶"}``.
                Objects are compared member by member; a callable judges the value.
            headers: Likewise, headers.
            idempotency_key: The key it must carry.
            status: The HTTP status of its answer.

        Raises:
            AssertionError: There are none or not as many; the text lists the near
                misses and why each of them does not match.
            NotFoundError: There is no such operation.
        """
        __tracebackhide__ = True  # pytest shows the test's own line
        wanted = Wanted(
            operation=operation,
            times=times,
            matching=matching or {},
            headers=headers or {},
            idempotency_key=idempotency_key,
            status=status,
        )
        return find_requests(self.requests, wanted)

    def violations(self, *, window_ms: int = WINDOW_MS) -> list[Violation]:
        """Return double charges, and captures and refunds that exceed their bounds.

        Args:
            window_ms: How close in time two charges for one cart must be, in
                milliseconds of the account's clock.
        """
        return find_violations(
            requests=[RecordedRequest.of(entry) for entry in self._entries()],
            orders=self.orders,
            payments=self.payments,
            refunds=self.refunds,
            window_ms=window_ms,
        )

    def failures(self) -> list[BaseException]:
        """Return what went wrong in threads since the last time.

        That is: errors of the emulator itself and of handlers of webhooks.
        """
        raised = [
            error for inbox in self.webhooks.made for error in inbox.take_errors()
        ]
        return raised + self._desk.failures()

    def close(self) -> None:
        """Stop what was started, release what is held, forget the account."""
        self.webhooks.close()
        self._forget()
        self._desk.ask("POST", "/reset")

    def _list(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._desk.ask("GET", path)
        return found

    def _entries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._desk.ask("GET", "/requests", query=_ALL)
        return found
