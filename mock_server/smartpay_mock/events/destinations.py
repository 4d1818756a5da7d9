"""Allowed destinations of webhooks: this machine, or any with ``--webhooks-anywhere``.

An emulator that listens beyond loopback doesn't deliver to this machine: anybody on the
network could make it call local services. ``--webhooks-loopback`` allows it.

A name must be looked up to find out whether it is this machine; only names reserved for
examples are not. The look-up takes its time from that of the attempt. The attempt
connects to the address that was checked, so the name cannot resolve differently in
between (DNS rebinding).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from urllib.parse import quote

from smartpay_mock.events.schedule import TIMEOUT_MS
from smartpay_mock.kernel.clock import MINUTE_MS, SECOND_MS, wall_ms
from smartpay_mock.kernel.hosts import as_address, is_below, is_loopback
from smartpay_schemas.urls import DEFAULT_PORTS, split_url

# Source: RFC 6761, 6.3: these names always mean this machine.
LOOPBACK_NAME = "localhost"
LOOPBACK_ADDRESSES = ("127.0.0.1", "::1")

# Source: RFC 2606: reserved for examples, so they are not looked up.
EXAMPLE_NAMES = ("example.com", "example.net", "example.org", "example", "invalid")

REMEDY = (
    "To deliver there, start with --webhooks-anywhere "
    "(SMARTPAY_SANDBOX_WEBHOOKS_ANYWHERE=1) and replay."
)

LOOPBACK_REMEDY = (
    "To deliver there, start with --webhooks-loopback "
    "(SMARTPAY_SANDBOX_WEBHOOKS_LOOPBACK=1) and replay."
)

# A burst of events must not become a burst of queries to the name server.
CACHE_MS = MINUTE_MS
_CACHED_NAMES = 1_000
_SAFE = "/%:@!$&'()*+,;=~-._?"

Lookup = Callable[[str], list[str]]


class UndeliverableError(Exception):
    """A URL is not allowed; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Destination:
    """The destination of one attempt.

    Attributes:
        scheme: ``http`` or ``https``.
        host: The URL's host in ASCII, for TLS and the Host header.
        port: The URL's port, or the default of its scheme.
        target: Path and query.
        addresses: IP addresses to try in this order.
        is_loopback: Whether every address is of this machine.
    """

    scheme: str
    host: str
    port: int
    target: str
    addresses: tuple[str, ...]
    is_loopback: bool

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_default = DEFAULT_PORTS[self.scheme] == self.port
        return host if is_default else f"{host}:{self.port}"


def look_up(host: str) -> list[str]:
    """Return the addresses of a name from the system's resolver.

    Raises:
        OSError: The name has no address, or the resolver does not answer in time.
    """
    found: Future[list[str]] = Future()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found.set_result([str(row[4][0]) for row in rows])
        except (OSError, UnicodeError) as error:
            found.set_exception(OSError(str(error)))

    # The system's resolver has no limit of its own that a program can set.
    threading.Thread(target=ask, name="smartpay-look-up", daemon=True).start()
    try:
        return found.result(TIMEOUT_MS / SECOND_MS)
    except TimeoutError:
        raise OSError(f"the look-up of {host} took over {TIMEOUT_MS} ms") from None


def _is_unspecified(address: str) -> bool:
    parsed = as_address(address)
    return parsed is not None and parsed.is_unspecified


class Destinations:
    """Decides which URLs webhooks may be sent to.

    Args:
        anywhere: Whether addresses beyond this machine are allowed.
        loopback: Whether addresses of this machine are allowed.
        lookup: Returns the addresses of a name, or raises ``OSError``.
        wall: The wall clock in milliseconds; names are cached for a minute.
    """

    def __init__(
        self,
        *,
        anywhere: bool = False,
        loopback: bool = True,
        lookup: Lookup = look_up,
        wall: Callable[[], int] = wall_ms,
    ) -> None:
        self._anywhere = anywhere
        self._loopback = loopback
        self._lookup = lookup
        self._wall = wall
        self._cache: dict[str, tuple[int, tuple[str, ...]]] = {}

    def find(self, url: str) -> Destination:
        """Return the destination of ``url``.

        Raises:
            UndeliverableError: The URL is not valid, or its host is not allowed.
            OSError: Any machine is allowed, but the name has no address.
        """
        try:
            scheme, host, port, path, query = split_url(url)
        except ValueError as error:
            raise UndeliverableError(
                f"Nothing was sent, because the URL {url!r} is invalid: {error}. "
                "Change the url of the webhook endpoint and replay."
            ) from None
        target = quote(f"{path}?{query}" if query else path, safe=_SAFE)
        addresses = self._addresses(host)
        allowed = tuple(filter(self._allows, addresses))
        if not allowed and (addresses or not self._anywhere):
            raise UndeliverableError(_why_not(host, addresses))
        own = tuple(filter(is_loopback, addresses))
        return Destination(scheme, host, port, target, allowed, allowed == own)

    def _allows(self, address: str) -> bool:
        if is_loopback(address):
            return self._loopback
        return self._anywhere and not _is_unspecified(address)

    def _addresses(self, host: str) -> tuple[str, ...]:
        if as_address(host) is not None:
            return (host,)
        if is_below(host, LOOPBACK_NAME):
            return LOOPBACK_ADDRESSES
        if self._anywhere:
            return tuple(self._lookup(host))
        if any(is_below(host, name) for name in EXAMPLE_NAMES):
            return ()
        return self._cached(host)

    def _cached(self, host: str) -> tuple[str, ...]:
        now = self._wall()
        until, addresses = self._cache.get(host, (0, ()))
        if until > now:
            return addresses
        try:
            addresses = tuple(self._lookup(host))
        except OSError:
            addresses = ()
        if len(self._cache) >= _CACHED_NAMES:
            self._cache.clear()
        self._cache[host] = (now + CACHE_MS, addresses)
        return addresses


def _why_not(host: str, addresses: tuple[str, ...]) -> str:
    """Return why none of the addresses is allowed, and what to do."""
    if any(map(_is_unspecified, addresses)):
        return (
            f"{host} stands for every address of a machine, so nothing was sent. "
            "Programs listen on it; to call one on this machine, use 127.0.0.1."
        )
    if any(map(is_loopback, addresses)):
        return (
            f"{host} is this machine, but the emulator listens beyond it, so nothing "
            f"was sent. {LOOPBACK_REMEDY}"
        )
    return f"{host} is not this machine, so nothing was sent. {REMEDY}"
