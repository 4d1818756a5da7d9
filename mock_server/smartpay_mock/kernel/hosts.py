"""Host names: how a Host header is read, and which names mean this machine."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from smartpay_schemas.urls import is_host_name

SMARTPAY = "smartpay.co"
"""The domain of the real service."""

# A name or address, or an IPv6 address in brackets; then optionally a port.
_HOST = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::[0-9]*)?")


@lru_cache(maxsize=256)
def host_of(header: str) -> str:
    """Return the host in a Host header, in lower case and without its port.

    Cached, because most clients use one name.

    Args:
        header: A name, an IPv4 address or an IPv6 address in brackets; then optionally
            a port. One dot at the end of a name is left out.

    Returns:
        The host; empty if the header is malformed.
    """
    named = _HOST.fullmatch(header.lower())
    host = named[1].removesuffix(".") if named else ""
    is_address = host.startswith("[") and as_address(host) is not None
    return host if is_host_name(host) or is_address else ""


def as_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return an IP address, which may have brackets; ``None`` if it is none.

    An IPv4-mapped IPv6 address is returned as the IPv4 address.
    """
    is_bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ip_address(host[1:-1] if is_bracketed else host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Return whether a name or address means this machine only.

    Source: RFC 6761, 6.3: ``localhost`` and every name below it.
    """
    address = as_address(host)
    if address is None:
        return is_below(host, "localhost")
    return address.is_loopback


def is_below(host: str, name: str) -> bool:
    """Return whether a host is ``name`` or a name below it."""
    return host == name or host.endswith(f".{name}")
