"""Environment variables that keep calls of an emulator away from proxies."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

VARIABLES = ("NO_PROXY", "no_proxy")
"""Both spellings, since clients differ in which one they read first."""


def without_proxy(url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``NO_PROXY`` and ``no_proxy`` with the host of a URL.

    Args:
        url: The URL of the emulator.
        environ: The environment so far; what its variables exempt stays exempt.
    """
    listed = ",".join(environ.get(name, "") for name in VARIABLES).split(",")
    host = urlsplit(url).hostname or ""
    # Python's urllib compares an IPv6 address with its brackets, others without.
    added = [host, f"[{host}]"] if ":" in host else [host]
    names = dict.fromkeys(name.strip() for name in [*listed, *added])
    names.pop("", None)
    return dict.fromkeys(VARIABLES, ",".join(names))
