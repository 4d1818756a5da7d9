"""Remove secrets from everything the kit prints and writes."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

KEY_PLACEHOLDER = "$SMARTPAY_SECRET_KEY"
PLACEHOLDER = "<secret>"

_KEYS = re.compile(r"sk_(?:test|live)_[0-9A-Za-z]+")
_SECRET_MEMBERS = {"password", "accessToken", "signingSecret", "secretKey"}
_QUOTED = re.compile(
    r"""(["'])(password|accessToken|signingSecret|secretKey)\1(\s*:\s*)"""
    r"""(["'])(?:\\.|(?!\4).)*\4"""
)
_SHORTEST = 5
"""A shorter secret may occur in other text by chance. It is replaced only as the value
of a member with a secret's name."""


_TOO_COMMON = frozenset({"password", "secret"})
"""Words of this API, not secrets."""


class Redactor:
    """Knows the secrets of this run and replaces them in text."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def learn(self, *secrets: str | None) -> None:
        """Remember secrets, in each form in which they are sent."""
        for secret in secrets:
            if secret and len(secret) >= _SHORTEST and secret not in _TOO_COMMON:
                self._known.update(_spellings(secret))

    def learn_from(self, document: Any) -> None:
        """Remember the secrets in an answer."""
        if isinstance(document, dict):
            for name, value in document.items():
                if name in _SECRET_MEMBERS and isinstance(value, str):
                    self.learn(value)
                else:
                    self.learn_from(value)
        elif isinstance(document, list):
            for value in document:
                self.learn_from(value)

    def clean(self, text: str) -> str:
        """Return ``text`` without any secret."""
        for secret in sorted(self._known, key=len, reverse=True):
            if secret in text:
                text = text.replace(secret, _placeholder_of(secret))
        text = _KEYS.sub(KEY_PLACEHOLDER, text)
        return _QUOTED.sub(rf"\1\2\1\3\4{PLACEHOLDER}\4", text)

    def clean_document(self, value: Any) -> Any:
        """Return a document of JSON values without any secret."""
        if isinstance(value, dict):
            return {name: self._clean_member(name, v) for name, v in value.items()}
        if isinstance(value, list):
            return [self.clean_document(entry) for entry in value]
        return self.clean(value) if isinstance(value, str) else value

    def _clean_member(self, name: str, value: Any) -> Any:
        if name in _SECRET_MEMBERS and isinstance(value, str):
            return PLACEHOLDER
        return self.clean_document(value)


def _placeholder_of(secret: str) -> str:
    return KEY_PLACEHOLDER if _KEYS.fullmatch(secret) else PLACEHOLDER


def _spellings(secret: str) -> set[str]:
    """Return a secret as raw text and as in JSON, in Python and in HTTP Basic."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        _base64(secret),
        _base64(f"{secret}:"),
    }


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


SECRETS = Redactor()
"""The redactor of the process."""
