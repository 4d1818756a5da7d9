"""Texts of the pages, in English and Japanese.

Templates have the English texts; ``ja.json`` has the Japanese one of each.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from smartpay_mock.kernel.json import decode

LANGUAGES = ("en", "ja")


def translate(text: str, language: str) -> str:
    """Return an English text in ``language``, or as it is if it has no translation."""
    return _japanese().get(text, text) if language == "ja" else text


@cache
def _japanese() -> dict[str, str]:
    texts: dict[str, str] = decode((files(__package__) / "ja.json").read_bytes())
    return texts
