"""The server under test: where it is, and what it lets the kit do."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

import pytest

from smartpay_contracts.client import Client
from smartpay_contracts.connection import Connection, TargetLost
from smartpay_contracts.control import Control
from smartpay_contracts.exchange import ContractFailure
from smartpay_contracts.options import Options, read_options
from smartpay_contracts.redact import SECRETS
from smartpay_contracts.values import unique
from smartpay_fixtures import sandbox_values

OK, UNAUTHORIZED, NOT_FOUND = 200, 401, 404
LOGIN_REFUSED = {400, 401, 403}
"""A server without the consumer's calls answers 404 or 405 instead."""

SUCCESS = range(200, 300)
ABSENT = frozenset({404, 405, 501})
"""Statuses of a call to an operation that a server does not have."""

LACKS = {
    "control": "needs the control plane (/__admin), which only the emulator has",
    "own accounts": "needs an account per test, which only the emulator has",
    "token": "needs an active token; give one with --smartpay-token",
    "consumer": "needs a consumer who can log in; give --smartpay-consumer-email, "
    "--smartpay-consumer-password and, if need be, --smartpay-consumer-url",
    "receiver": "needs a server on this machine, which can reach a webhook receiver",
    "second account": "needs another account; give --smartpay-second-secret-key",
}
"""What a test may need of a server, and the text if the server lacks it."""


@dataclass(frozen=True, slots=True)
class Target:
    """One server and what can be done with it.

    Attributes:
        base_url: Of the merchant API, ending in /v1.
        root_url: Scheme and authority.
        consumer_url: Of the consumer calls.
        options: The options of the run.
        can: The keys of ``LACKS`` that it has.
        run_id: Begins the ``reference`` of every object of this run.
        consumer: E-mail address and password of a test consumer.
    """

    base_url: str
    root_url: str
    consumer_url: str
    options: Options
    can: frozenset[str] = frozenset()
    run_id: str = field(default_factory=lambda: f"kit-{unique(8)}")
    consumer: tuple[str, str] | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether this is a third-party server, which may differ in assumed clauses."""
        return "control" not in self.can

    def require(self, need: str) -> None:
        """Skip the test if the target lacks ``need``, a key of ``LACKS``."""
        if need not in self.can:
            pytest.skip(LACKS[need])

    def client(self, connection: Connection, key: str | None) -> Client:
        """Return a client for this target."""
        return Client(
            connection, base_url=self.base_url, root_url=self.consumer_url, key=key
        )

    def describe(self) -> dict[str, object]:
        """Return what a report says of the target."""
        return {
            "url": self.base_url,
            "kind": "foreign" if self.is_foreign else "emulator",
            "can": sorted(self.can),
            "lacks": sorted(set(LACKS) - self.can),
        }


def connect(options: Options) -> Connection:
    """Return a connection as the options ask for it."""
    SECRETS.learn(
        options.secret_key,
        options.second_secret_key,
        options.consumer_password,
        options.admin_token,
    )
    return Connection(
        timeout_s=options.call_timeout,
        per_second=options.rate_limit,
        operations=options.operations,
        proxies=not is_loopback(options.url or ""),
    )


def find_target(options: Options, connection: Connection) -> Target:
    """Find out what the server of the options can do.

    Raises:
        pytest.UsageError: It must not be called, does not answer, or refuses the key.
    """
    address = _address(options)
    root = urlunsplit((address.scheme, address.netloc, "", "", ""))
    target = Target(
        base_url=_base(address),
        root_url=root,
        consumer_url=(options.consumer_url or root).rstrip("/"),
        options=options,
    )
    try:
        return _probe(target, connection)
    except TargetLost:
        raise pytest.UsageError(
            f"Nothing answers at {address.netloc}. Start the server, or give another "
            "address with --smartpay-url."
        ) from None
    except ContractFailure as failure:
        raise pytest.UsageError(
            f"{address.netloc} does not answer as an HTTP server: {failure}."
        ) from None


def check_target(config: pytest.Config) -> None:
    """Refuse a run whose options cannot be used or whose server is not there.

    Raises:
        pytest.UsageError: What is wrong, and what to do.
    """
    options = read_options(config)
    if options.url is not None:
        connection = connect(options)
        try:
            find_target(options, connection)
        finally:
            connection.close()


def is_loopback(url: str) -> bool:
    """Return whether the host of ``url`` is this machine and no other."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(options: Options) -> SplitResult:
    address = urlsplit(options.url or "")
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise pytest.UsageError(
            "--smartpay-url needs a complete URL, such as http://127.0.0.1:8585/v1."
        )
    if address.username or address.password or address.query:
        raise pytest.UsageError(
            "--smartpay-url takes no credentials and no query; give the key with "
            "--smartpay-secret-key."
        )
    for url in (options.url, options.consumer_url):
        if url and not is_loopback(url) and not options.allow_remote:
            raise pytest.UsageError(
                f"{urlsplit(url).hostname} is not this machine, and the kit creates "
                "orders there. Add --smartpay-allow-remote if you want that."
            )
    return address


def _base(address: SplitResult) -> str:
    path = address.path.rstrip("/")
    if not path.lower().endswith("/v1"):
        path += "/v1"
    return urlunsplit((address.scheme, address.netloc, path, "", ""))


def _probe(target: Target, connection: Connection) -> Target:
    can: set[str] = set()
    if is_loopback(target.base_url):
        can.add("receiver")
    key = fresh_key()
    control = Control(connection, target.root_url, key, target.options.admin_token)
    if control.answers():
        can |= {"control", "token"}
        if _accepts(target, connection, key):
            can |= {"own accounts", "second account"}
    if "own accounts" not in can:
        _check_key(target, connection)
        if target.options.token:
            _check_token(target, connection, target.options.token)
            can.add("token")
    if target.options.second_secret_key:
        can.add("second account")
    consumer = _consumer(target.options, can)
    # The emulator always has the consumer's calls, so tests check them there.
    if consumer and ("control" in can or _logs_in(target, connection, consumer)):
        can |= {"consumer", "token"}
    known = consumer if "consumer" in can else None
    return replace(target, can=frozenset(can), consumer=known)


def fresh_key() -> str:
    """Return a new secret test key."""
    return f"sk_test_{unique(22)}"


def _accepts(target: Target, connection: Connection, key: str) -> bool:
    return _lists(target, connection, key, "tokens") == OK


def _lists(target: Target, connection: Connection, key: str, path: str) -> int:
    """Return the status of a list, whichever operations are to be checked."""
    client = target.client(connection, key)
    return client.request("GET", f"{target.base_url}/{path}").status


def _check_key(target: Target, connection: Connection) -> None:
    key = target.options.secret_key
    if key is None:
        raise pytest.UsageError(
            "This server needs a key: give a secret test key with "
            "--smartpay-secret-key or SMARTPAY_SECRET_KEY."
        )
    if _lists(target, connection, key, "orders") == UNAUTHORIZED:
        raise pytest.UsageError(
            f"{target.base_url} refuses the secret key with 401; give one of this "
            "server's with --smartpay-secret-key."
        )


def _check_token(target: Target, connection: Connection, token: str) -> None:
    key = str(target.options.secret_key)
    if _lists(target, connection, key, "tokens") == NOT_FOUND:
        return  # The server has no tokens to look at.
    url = f"{target.base_url}/tokens/{quote(token, safe='')}"
    answer = target.client(connection, key).request("GET", url)
    if answer.status == NOT_FOUND:
        problem = "does not belong to the account of this secret key"
    elif answer.status == OK and answer.doc.get("status") != "active":
        problem = f"is {answer.doc.get('status')}, not active"
    else:
        return
    raise pytest.UsageError(
        f"The token {token} {problem}; give one that can be charged with "
        "--smartpay-token."
    )


def _consumer(options: Options, can: set[str]) -> tuple[str, str] | None:
    # The emulator's own accounts do not have the consumer of the options.
    given = (options.consumer_email, options.consumer_password)
    if all(given) and "own accounts" not in can:
        return str(given[0]), str(given[1])
    if "control" not in can:
        return None
    consumer = sandbox_values().consumers["active"]
    return consumer.email_address, consumer.password


def _logs_in(target: Target, connection: Connection, consumer: tuple[str, str]) -> bool:
    email, password = consumer
    body = {"emailAddress": email, "password": password}
    answer = target.client(connection, None).call("consumer_login", body)
    if answer.status in LOGIN_REFUSED:
        raise pytest.UsageError(
            f"{email} cannot log in at {target.consumer_url} ({answer.status}); see "
            "--smartpay-consumer-email, --smartpay-consumer-password and "
            "--smartpay-consumer-url."
        )
    return answer.status in SUCCESS and "accessToken" in answer.text
