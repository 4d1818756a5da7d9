"""Where a webhook may go: this machine, or anywhere when that was allowed.

A host is looked up once per attempt and the address that was judged is the one that
is connected to, so a name cannot change its meaning in between (DNS rebinding).
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import quote, urlsplit

from smartpay_mock.kernel.clock import MINUTE_MS, wall_ms

DEFAULT_PORTS = {"http": 80, "https": 443}

# Source: RFC 6761, 6.3: these names mean this machine, whatever a resolver says.
LOOPBACK_NAME = "localhost"
LOOPBACK_ADDRESSES = ("127.0.0.1", "::1")

# Source: RFC 2606. Kept for examples, so never worth a query to a name server.
EXAMPLE_NAMES = ("example.com", "example.net", "example.org", "example", "invalid")

REMEDY = (
    "To deliver there, start with --webhooks-anywhere "
    "(SMARTPAY_SANDBOX_WEBHOOKS_ANYWHERE=1) and replay."
)

# Names are remembered so long: a burst of events must not become a burst of queries.
MEMORY_MS = MINUTE_MS
_MEMORY_NAMES = 1_000
_SAFE = "/%:@!$&'()*+,;=~-._?"

Lookup = Callable[[str], list[str]]


class UndeliverableError(Exception):
    """Nothing may be sent to a URL; the text is the reason and ends in the remedy."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where one attempt goes.

    Attributes:
        scheme: ``http`` or ``https``.
        host: As the URL names it, in ASCII; for TLS and the Host header.
        port: Of the URL, or the scheme's own.
        target: Path and query.
        addresses: To try in this order; nothing else is connected to.
        is_loopback: Whether every address is this machine.
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
    """Return the addresses of a name, as the system's resolver gives them.

    Raises:
        OSError: The name has none.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]


class Destinations:
    """Judges URLs.

    Args:
        anywhere: Whether addresses beyond this machine are allowed.
        lookup: Returns the addresses of a name, or raises ``OSError``.
        wall: The wall clock in milliseconds; names are remembered for a minute.
    """

    def __init__(
        self,
        *,
        anywhere: bool = False,
        lookup: Lookup = look_up,
        wall: Callable[[], int] = wall_ms,
    ) -> None:
        self._anywhere = anywhere
        self._lookup = lookup
        self._wall = wall
        self._known: dict[str, tuple[int, tuple[str, ...]]] = {}

    def find(self, url: str) -> Destination:
        """Return where ``url`` leads.

        Raises:
            UndeliverableError: It is no http(s) URL, or leads away from this machine
                while that is not allowed.
            OSError: It may go anywhere, but the name has no address.
        """
        scheme, host, port, target = _split(url)
        addresses = self._addresses(host)
        near = tuple(address for address in addresses if is_loopback(address))
        if not near and not self._anywhere:
            raise UndeliverableError(
                f"{host} is not this machine, so nothing was sent. {REMEDY}"
            )
        chosen = addresses if self._anywhere else near
        return Destination(scheme, host, port, target, chosen, chosen == near)

    def _addresses(self, host: str) -> tuple[str, ...]:
        if _as_address(host) is not None:
            return (host,)
        if _is_below(host, LOOPBACK_NAME):
            return LOOPBACK_ADDRESSES
        if self._anywhere:
            return tuple(self._lookup(host))
        if any(_is_below(host, name) for name in EXAMPLE_NAMES):
            return ()
        return self._remembered(host)

    def _remembered(self, host: str) -> tuple[str, ...]:
        now = self._wall()
        until, addresses = self._known.get(host, (0, ()))
        if until > now:
            return addresses
        try:
            addresses = tuple(self._lookup(host))
        except OSError:
            addresses = ()
        if len(self._known) >= _MEMORY_NAMES:
            self._known.clear()
        self._known[host] = (now + MEMORY_MS, addresses)
        return addresses


def is_loopback(address: str) -> bool:
    """Return whether an IP address is this machine's own, in either notation."""
    parsed = _as_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed is not None and parsed.is_loopback


def _as_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_below(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")


def _split(url: str) -> tuple[str, str, int, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host.rstrip(".") if host.isascii() else host.encode("idna").decode()
    except ValueError as error:
        raise UndeliverableError(_unusable(url, str(error))) from None
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise UndeliverableError(_unusable(url, "it is not http:// or https://"))
    target = quote(parts.path or "/", safe=_SAFE)
    if parts.query:
        target = f"{target}?{quote(parts.query, safe=_SAFE)}"
    return parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], target


def _unusable(url: str, why: str) -> str:
    return (
        f"{url!r} cannot be used, so nothing was sent: {why}. "
        "Change the url of the webhook endpoint and replay."
    )
