"""The object behind the ``smartpay`` fixture: one account of the emulator."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from smartpay_mock.kernel.exchange import REASON_HEADER
from smartpay_mock.kernel.proxies import without_proxy
from smartpay_mock.testing.client import API_ADDRESS, API_PATH, SDK_PATH, AccountClient
from smartpay_mock.testing.clock import Clock
from smartpay_mock.testing.faults import Faults, Hold, When
from smartpay_mock.testing.invariants import WINDOW_MS, Violation, find_violations
from smartpay_mock.testing.journal import (
    RecordedRequest,
    explain,
    header_of,
    request_id_of,
    with_addresses,
)
from smartpay_mock.testing.matching import Wanted, find_requests
from smartpay_mock.testing.seed_data import (
    Consumers,
    ScenarioSource,
    Tokens,
    run_scenario_on,
    standard_consumers,
    standard_tokens,
)
from smartpay_mock.testing.webhooks import Webhooks

if TYPE_CHECKING:
    import httpx
    from requests.adapters import BaseAdapter
    from urllib3 import Retry

    from smartpay_mock.intercept.interception import Interception

_ALL = {"limit": "100000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOptions:
    """How an account is set up.

    Attributes:
        seed: Makes ids repeatable, and the secret key the same in every run.
        frozen: ``True``, or the time to freeze the clock at, as
            :meth:`Clock.freeze` takes it.
        scenario: Scenario to run first, as :meth:`Smartpay.scenario` takes it; empty
            for none.
    """

    seed: int | None = None
    frozen: bool | float | date | str = False
    scenario: ScenarioSource = ""


class Smartpay:
    """A payment provider of this test's own.

    Point the code under test at ``url`` with ``secret_key``; the emulator answers
    like Smartpay's API. Objects, clock, faults, requests and webhooks belong to this
    account; no other test sees them.

    Attributes:
        name: Name of the account, such as the test's node id.
        secret_key: The secret key, ``sk_test_...``.
        public_key: The public key of the account; it authenticates nothing.
        ids: Ids of the objects that scenarios created, by the scenarios' names.
        clock: The account's clock: ``freeze()``, ``advance(days=7)``, ``run()``.
        faults: Planned failures: ``add("create_order", "reset")``.
        webhooks: ``receive()``, ``drain()``.
        before_forgetting: Callback before the account is reset, restored or closed.
    """

    def __init__(
        self, client: AccountClient, *, name: str, options: AccountOptions
    ) -> None:
        self.name = name
        self.secret_key = client.secret_key
        self.public_key = client.secret_key.replace("sk_", "pk_", 1)
        self.ids: dict[str, str] = {}
        self.clock = Clock(client)
        self.faults = Faults(client)
        self.webhooks = Webhooks(client)
        self.before_forgetting: Callable[[], object] | None = None
        self._client = client
        self._options = options
        self._faker: Any = None
        self._apply_options()
        if options.scenario:
            self.scenario(options.scenario)

    def __repr__(self) -> str:
        return f"<Smartpay {self.secret_key} of {self.name}>"

    # -- calling the emulator ---------------------------------------------------------

    @property
    def root_url(self) -> str:
        """Scheme and authority of the emulator, such as ``http://127.0.0.1:40123``."""
        return self._client.emulator.root_url

    @property
    def url(self) -> str:
        """The URL to use in place of ``https://api.smartpay.co/v1``."""
        return self.root_url + API_PATH

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables that point the official SDKs to this account.

        They are for the SDKs for Python, Node, PHP and Ruby. Go's SDK takes
        ``root_url`` as ``SMARTPAY_API_PREFIX``. ``NO_PROXY`` and ``no_proxy`` name
        the emulator beside what they exempt in this process.
        """
        return {
            **without_proxy(self.root_url, os.environ),
            "SMARTPAY_URL": self.url,
            "SMARTPAY_API_PREFIX": self.root_url + SDK_PATH,
            "SMARTPAY_SECRET_KEY": self.secret_key,
            "SMARTPAY_PUBLIC_KEY": self.public_key,
            "SECRET_KEY": self.secret_key,
            "PUBLIC_KEY": self.public_key,
        }

    def intercept(self) -> AbstractContextManager[Interception]:
        """Answer calls of ``requests``, ``urllib3``, ``httpx`` to Smartpay's hosts.

        They are answered in this process, without a socket. Calls of other clients to
        these hosts are refused::

            with smartpay.intercept():
                requests.post("https://api.smartpay.co/v1/orders", ...)
        """
        from smartpay_mock.intercept import intercept  # noqa: PLC0415 - responses

        return intercept(self._client.emulator.app)

    def adapter(self, *, max_retries: int | Retry = 0) -> BaseAdapter:
        """Return an adapter to mount on a ``requests.Session``; uses no socket.

        ``session.mount("https://api.smartpay.co", smartpay.adapter())``

        Args:
            max_retries: As for ``HTTPAdapter``: how often to send a call again after a
                connection error, or a ``urllib3.Retry``. No time passes between them.
        """
        from smartpay_mock.intercept import SmartpayAdapter  # noqa: PLC0415 - requests

        return SmartpayAdapter(self._client.emulator.app, max_retries=max_retries)

    def transport(self) -> httpx.BaseTransport:
        """Return a transport for ``httpx.Client``; uses no socket.

        ``httpx.Client(transport=smartpay.transport())``
        """
        from smartpay_mock.intercept import smartpay_transport  # noqa: PLC0415 - httpx

        return smartpay_transport(self._client.emulator.app)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport for ``httpx.AsyncClient``; uses no socket."""
        from smartpay_mock.intercept import (  # noqa: PLC0415 - imports httpx
            async_smartpay_transport,
        )

        return async_smartpay_transport(self._client.emulator.app)

    # -- set-up -----------------------------------------------------------------------

    @property
    def tokens(self) -> Tokens:
        """Ids of the standard tokens: ``tokens.approved``, ``.declined`` ..."""
        return standard_tokens()

    @property
    def consumers(self) -> Consumers:
        """Ids of the standard consumers."""
        return standard_consumers()

    def payload(self, *, without: Iterable[str] = (), **changes: Any) -> dict[str, Any]:
        """Return a valid body for ``POST /v1/orders``: a Japanese consumer and cart.

        Every call returns a new body; the same test gets the same bodies in every
        run. Amounts add up, also after a change of ``amount`` or ``items``.

        Args:
            without: Paths of members to leave out, such as ``customerInfo.address``.
            **changes: Members to set; objects are merged:
                ``payload(amount=500, captureMethod="manual")``.

        Raises:
            LookupError: A name is no member of the body, or a path leads nowhere.
        """
        from smartpay_fixtures import order_payload  # noqa: PLC0415 - imports Faker

        if self._faker is None:
            from faker.generator import Generator  # noqa: PLC0415 - 0.1 s

            self._faker = Generator()
            self._faker.seed_instance(f"{self._options.seed}/{self.name}")
        return order_payload(faker=self._faker, without=without, **changes)

    def scenario(self, scenario: ScenarioSource) -> dict[str, str]:
        """Create the objects of a scenario and return their ids.

        Every step is a call of the API, so a real client can reach the same state.

        Args:
            scenario: The name of a scenario of ``smartpay_fixtures.scenarios``, the
                path of a JSON file, or the content of such a file.

        Raises:
            NotFoundError: There is no such scenario; the text lists the known ones.
            SandboxUsageError: A step was refused, or had another result than the
                scenario expects; the text names the step.
        """
        made = run_scenario_on(self._client, scenario)
        self.ids |= made
        return made

    def hold(self, operation: str, *, at: When = "before_commit") -> Hold:
        """Hold calls of an operation until the hold is released.

        Args:
            operation: Operation id; ``*`` for every operation.
            at: Before or after the call's effect is stored.
        """
        body = {"operation": operation, "at": at}
        hold = self._client.admin("POST", "/holds", body=body)
        return Hold(self._client, hold["id"], operation)

    def create_token(
        self,
        *,
        consumer: str | None = None,
        status: str | None = None,
        decision: str | None = None,
        reference: str | None = None,
    ) -> dict[str, Any]:
        """Create a token that can be charged; return it with its consumer's id.

        Args:
            consumer: Consumer id; a new consumer if not given.
            status: ``active`` if not given.
            decision: ``approved`` if not given; as for ``set_token``.
            reference: The merchant's reference.
        """
        return self._create(
            "/tokens",
            consumer=consumer,
            status=status,
            decision=decision,
            reference=reference,
        )

    def create_consumer(
        self,
        *,
        email_address: str | None = None,
        active: bool | None = None,
        decision: str | None = None,
    ) -> dict[str, Any]:
        """Create a consumer who can log in and authorize; return it.

        Args:
            email_address: An address with ``+test`` before the ``@``; a new one if not
                given.
            active: Whether the consumer can be charged; true if not given.
            decision: ``approved`` if not given; as for ``set_consumer``.
        """
        return self._create(
            "/consumers", emailAddress=email_address, active=active, decision=decision
        )

    def set_token(
        self, id_: str, *, status: str | None = None, decision: str | None = None
    ) -> dict[str, Any]:
        """Set the status of a token or the result of charging it; return the token.

        Args:
            id_: Token id, such as ``smartpay.tokens.approved``.
            status: ``active``, ``disabled``, ``requires_authorization``, ``rejected``.
            decision: ``approved``, ``declined`` or ``declined_softly``.
        """
        return self._change("/tokens/{id}", id_, status=status, decision=decision)

    def set_consumer(
        self, id_: str, *, active: bool | None = None, decision: str | None = None
    ) -> dict[str, Any]:
        """Set whether a consumer is active, or the result of authorizing; return it.

        Args:
            id_: Consumer id, such as ``smartpay.consumers.active``.
            active: Whether the consumer can be charged.
            decision: ``approved``, ``declined`` or ``declined_softly``.
        """
        return self._change("/consumers/{id}", id_, active=active, decision=decision)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that apply to this account, by name."""
        shown: dict[str, Any] = self._client.admin("GET", "/settings")
        return shown

    def set_settings(
        self,
        *,
        strict: bool | None = None,
        inactive_token: str | None = None,
        captures: str | None = None,
        refunds: str | None = None,
        webhook_schedule: str | None = None,
    ) -> dict[str, Any]:
        """Change settings of this account alone; return all its settings.

        Args:
            strict: Whether requests that cause advice are refused.
            inactive_token: Result of an order from a disabled token: ``rejected`` or
                ``error``.
            captures: Result of each capture: ``processed`` or ``failed``.
            refunds: Result of each new refund: ``succeeded`` or ``failed``.
            webhook_schedule: Pauses between delivery attempts, such as ``90s,5m``.

        Raises:
            SandboxUsageError: A value is invalid.
        """
        body = {
            "strict": strict,
            "inactive_token": inactive_token,
            "captures": captures,
            "refunds": refunds,
            "webhook_schedule": webhook_schedule,
        }
        changed: dict[str, Any] = self._client.admin("PATCH", "/settings", body=body)
        return changed

    def seed(self, number: int) -> None:
        """Make the account's ids repeatable from now on."""
        self._client.admin("POST", "/seed", body={"seed": number})

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state of the account as one JSON document."""
        taken: dict[str, Any] = self._client.admin("GET", "/snapshots")
        return taken

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Replace the state of the account by a snapshot of this or another account."""
        self._forget()
        self._client.admin("PUT", "/snapshots", body=snapshot)

    def reset(self) -> None:
        """Reset the account to its state at the start of the test.

        The seed and the frozen time apply again; a scenario is not run again.
        """
        self._forget()
        self._client.admin("POST", "/reset")
        self._apply_options()

    # -- results ----------------------------------------------------------------------

    @property
    def orders(self) -> list[dict[str, Any]]:
        """Every order, oldest first, in the form in which it was created."""
        return self._list("/orders")

    @property
    def payments(self) -> list[dict[str, Any]]:
        """Every payment, oldest first, in the form in which it was created."""
        return self._list("/payments")

    @property
    def refunds(self) -> list[dict[str, Any]]:
        """Every refund, oldest first, in the form in which it was created."""
        return self._list("/refunds")

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests of the code under test, with their answers; oldest first.

        Calls that the fixture makes itself, for a scenario or a receiver, are left
        out.
        """
        entries = (RecordedRequest.of(entry) for entry in self._list("/requests"))
        return [request for request in entries if not request.is_from_test]

    @property
    def journal(self) -> list[dict[str, Any]]:
        """Every journal entry of the emulator, set-up included; oldest first.

        Addresses that differ from run to run are replaced by
        ``https://api.smartpay.co`` (the emulator) and
        ``https://receiver-1.example.com`` (webhook receivers), so that with a seed
        and a frozen clock two runs give the same bytes.
        """
        addresses = {
            receiver.url: f"https://receiver-{number}.example.com"
            for number, receiver in enumerate(self.webhooks.made, start=1)
        }
        if self._client.emulator.address:
            addresses[self._client.emulator.address] = API_ADDRESS
        return with_addresses(self._list("/requests"), addresses)

    def explain(self, response: object) -> str:
        """Return the reasons for an answer, rule by rule.

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
            # A refused credential belongs to no account, so no journal has the call.
            return f"{id_}: 401, the credential was refused\n  {reason}"
        entry = self._client.admin("GET", "/requests/{id}", id_=id_)
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
        """Check that the code under test made a request; return the matching ones.

        Args:
            operation: Operation id, such as ``create_order``.
            times: Exact number of matching requests; at least one if not given.
            matching: Members of the body: ``{"amount": 500, "items.0.name": "茶"}``.
                Objects are compared member by member; a callable checks the value.
            headers: Headers, compared in the same way.
            idempotency_key: The key of the request.
            status: The HTTP status of the answer.

        Raises:
            AssertionError: The number of matching requests is different; the text
                lists the near misses and why each of them does not match.
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
        """Return double charges, and captures and refunds over their limits.

        Args:
            window_ms: Two charges for one cart count if they are at most so many
                milliseconds apart, on the account's clock.
        """
        return find_violations(
            requests=[RecordedRequest.of(entry) for entry in self._list("/requests")],
            orders=self.orders,
            payments=self.payments,
            refunds=self.refunds,
            window_ms=window_ms,
        )

    def failures(self) -> list[BaseException]:
        """Return the errors in threads since the last call.

        These are errors of the emulator and of webhook handlers.
        """
        raised = [
            error for inbox in self.webhooks.made for error in inbox.take_errors()
        ]
        return raised + self._client.emulator.failures()

    def close(self) -> None:
        """Stop receivers, release held calls and delete the account's data."""
        self.webhooks.close()
        self._forget()
        self._client.admin("POST", "/reset")

    def _apply_options(self) -> None:
        if self._options.seed is not None:
            self.seed(self._options.seed)
        if self._options.frozen is not False:
            at = self._options.frozen
            self.clock.freeze(None if at is True else at)

    def _forget(self) -> None:
        if self.before_forgetting is not None:
            self.before_forgetting()

    def _list(self, path: str) -> list[dict[str, Any]]:
        query = _ALL if path == "/requests" else None
        found: list[dict[str, Any]] = self._client.admin("GET", path, query=query)
        return found

    def _create(self, path: str, **members: Any) -> dict[str, Any]:
        created: dict[str, Any] = self._client.admin("POST", path, members)
        return created

    def _change(self, path: str, id_: str, **changes: Any) -> dict[str, Any]:
        changed: dict[str, Any] = self._client.admin("PATCH", path, changes, id_=id_)
        return changed
