"""Allowed destinations of webhooks: this machine, or any with ``--webhooks-anywhere``.

An emulator that listens beyond loopback doesn't deliver to this machine: anybody on the
network could make it call local services. ``--webhooks-loopback`` allows it.

A host is looked up once per attempt, and the attempt connects to the address that was
checked, so the name cannot resolve differently in between (DNS rebinding).
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from smartpay_mock.kernel.clock import MINUTE_MS, wall_ms
from smartpay_mock.kernel.hosts import as_address, is_below, is_loopback

DEFAULT_PORTS = {"http": 80, "https": 443}

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
        OSError: The name has no address.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]


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
            UndeliverableError: The URL is not http(s), or its host is another machine
                and that is not allowed.
            OSError: Any machine is allowed, but the name has no address.
        """
        scheme, host, port, target = _split(url)
        addresses = self._addresses(host)
        allowed = tuple(filter(self._allows, addresses))
        own = tuple(filter(is_loopback, addresses))
        if not allowed and own:
            raise UndeliverableError(
                f"{host} is this machine, but the emulator listens beyond it, so "
                f"nothing was sent. {LOOPBACK_REMEDY}"
            )
        if not allowed and not (self._anywhere and not addresses):
            raise UndeliverableError(
                f"{host} is not this machine, so nothing was sent. {REMEDY}"
            )
        return Destination(scheme, host, port, target, allowed, allowed == own)

    def _allows(self, address: str) -> bool:
        if is_loopback(address):
            return self._loopback
        parsed = as_address(address)
        # Connecting to 0.0.0.0 or :: reaches this machine, too.
        is_own = parsed is not None and parsed.is_unspecified
        return self._anywhere and (self._loopback or not is_own)

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


def _split(url: str) -> tuple[str, str, int, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host.rstrip(".") if host.isascii() else host.encode("idna").decode()
    except ValueError as error:
        raise UndeliverableError(_invalid(url, str(error))) from None
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise UndeliverableError(_invalid(url, "it is not an http:// or https:// URL"))
    target = quote(parts.path or "/", safe=_SAFE)
    if parts.query:
        target = f"{target}?{quote(parts.query, safe=_SAFE)}"
    return parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], target


def _invalid(url: str, why: str) -> str:
    return (
        f"Nothing was sent, because the URL {url!r} is invalid: {why}. "
        "Change the url of the webhook endpoint and replay."
    )
