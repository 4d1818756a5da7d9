"""URLs: one rule for what payloads may name and for where webhooks are sent."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import NamedTuple

DEFAULT_PORTS = {"http": 80, "https": 443}

_LONGEST_NAME = 253
_LAST_PORT = 65_535
# Source: RFC 1035, 2.3.4: a label has 1 to 63 characters. Docker uses underscores.
_NAME = re.compile(r"[0-9a-z_-]{1,63}(?:\.[0-9a-z_-]{1,63})*", re.ASCII)
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#]*)"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:\#.*)?",
    re.IGNORECASE | re.ASCII,
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
# Written out: languages differ on which characters are spaces.
_SPACE_OR_CONTROL = re.compile(
    "[\x00-\x20\x7f-\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
)


class Url(NamedTuple):
    """The parts of a URL.

    Attributes:
        scheme: ``http`` or ``https``.
        host: In lower case; an IPv6 address without its brackets.
        port: The port, or the default of the scheme.
        path: The path, ``/`` if there is none.
        query: What follows the question mark; empty if there is none.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str


def is_host_name(name: str) -> bool:
    """Return whether a name in lower case is one of DNS, without a dot at its end."""
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


def split_url(text: str) -> Url:
    """Return the parts of an http or https URL.

    Raises:
        ValueError: It is none; the text says why.
    """
    if _SPACE_OR_CONTROL.search(text):
        raise ValueError("it has a space or a control character")
    url = _URL.fullmatch(text)
    if url is None:
        raise ValueError("it does not start with http:// or https://")
    if "@" in url["authority"]:
        raise ValueError("it has a user name or a password, which are not sent")
    authority = _AUTHORITY.fullmatch(url["authority"].lower())
    scheme = url["scheme"].lower()
    port = int((authority and authority["port"]) or DEFAULT_PORTS[scheme])
    if authority is None or not 1 <= port <= _LAST_PORT:
        raise ValueError(f"its port is not a number from 1 to {_LAST_PORT}")
    host = _read_host(authority["host"])
    return Url(scheme, host, port, url["path"] or "/", url["query"] or "")


def is_url(value: object) -> bool:
    """Return whether a value is an http or https URL, or no string."""
    return not isinstance(value, str) or _is_url_text(value)


@lru_cache(maxsize=256)
def _is_url_text(text: str) -> bool:
    """Return whether a text is a URL; cached, because carts repeat their images."""
    try:
        return bool(split_url(text))
    except ValueError:
        return False


def _read_host(text: str) -> str:
    """Return a host without brackets and without a dot at its end.

    Raises:
        ValueError: It is neither a name nor an address.
    """
    if text.startswith("["):
        address = text[1:-1]
        if "%" in address or not _is_ipv6(address):
            raise ValueError(f"its host {text} is no IPv6 address")
        return address
    name = text.removesuffix(".")
    if not is_host_name(name):
        raise ValueError(
            "its host is no name of letters, digits, - and _, with 1 to 63 of them "
            "between two dots"
        )
    return name


def _is_ipv6(text: str) -> bool:
    try:
        return bool(IPv6Address(text).exploded)
    except ValueError:
        return False
