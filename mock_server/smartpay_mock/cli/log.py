"""Lines about calls and webhooks, as text or JSON, for several commands."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass, replace
from typing import Any

import click

from smartpay_mock.cli.output import moment
from smartpay_mock.kernel.exchange import (
    ADVICE_HEADER,
    ADVICE_SEPARATOR,
    REASON_HEADER,
)
from smartpay_mock.kernel.json import decode
from smartpay_mock.kernel.text import printable

FORMATS = ("text", "json")
_WIDTH = 80
_INDENT = " " * 13  # below the method or type
_ABOUT = {"request": ("method", "path"), "webhook": ("type", "url")}
_MOST_NOTES = 20
_LONGEST_NOTE = 1_000
_COLOURS = {"2": "green", "3": "green", "4": "yellow", "5": "red", "-": "red"}
_DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Line:
    """What is printed of one call, or of one attempt to deliver a webhook.

    Attributes:
        at: When it ended, in milliseconds since the epoch.
        status: The HTTP status; 0 if the client or sender got none.
        about: Method and path, or type and URL.
        duration_ms: How long it took; ``None`` if that is not known.
        found: Status or error code of the result, ids, and ``replayed``.
        notes: Reasons of a refusal or decline, and advice.
        failed: What a fault did, or why a webhook did not arrive; empty otherwise.
        kind: ``request`` or ``webhook``.
    """

    at: int
    status: int
    about: tuple[str, ...]
    duration_ms: float | None = None
    found: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failed: str = ""
    kind: str = "request"

    def show(self, format_: str) -> str:
        """Return it in one of ``FORMATS``."""
        return self.to_json() if format_ == "json" else self.to_text()

    def to_json(self) -> str:
        """Return one line of JSON."""
        took = self.duration_ms
        members = {
            "kind": self.kind,
            "at": moment(self.at).isoformat("T", "milliseconds"),
            "status": self.status or None,
            **dict(zip(_ABOUT[self.kind], self.about, strict=False)),
            "durationMs": None if took is None else round(took, 1),
            "result": self.found,
            "notes": self.notes,
            "failure": self.failed,
        }
        return json.dumps(members, ensure_ascii=False)

    def to_text(self) -> str:
        """Return lines of at most 80 columns, unless a word is longer."""
        took = "" if self.duration_ms is None else f"{self.duration_ms:.0f} ms"
        status = f"{self.status or '---'}"
        words = (f"{moment(self.at):%H:%M:%S}", status, *self.about, took, *self.found)
        line = " ".join(printable(word) for word in words if word)
        shown, *more = _wrapped(f"{line} {printable(self.failed)}".rstrip(), "")
        colour = "red" if self.failed else _COLOURS.get(status[0], "")
        end = len(shown) if self.failed else 12
        first = shown[:9] + click.style(shown[9:end], fg=colour or None) + shown[end:]
        notes = self.notes[:_MOST_NOTES]
        if len(self.notes) > len(notes):
            notes += (f"and {len(self.notes) - len(notes)} more",)
        parts = [part for note in notes for part in _wrapped(note, _INDENT)]
        return "\n".join([first, *more, *parts])


def line_of_answer(
    head: Line, headers: dict[str, str], body: bytes, *, result: str, declined: str
) -> Line:
    """Return the line of a call with what its answer contains.

    Args:
        head: Time, status, method, path and duration.
        headers: The answer's headers, names in lower case.
        body: The answer's body.
        result: What a fault made of the call; empty without one.
        declined: Why a charge was declined; empty otherwise.
    """
    if result:
        return replace(head, failed=result)
    document = _document(body)
    ids = [document.get("id"), document.get("order")]
    found = [
        document.get("errorCode"),
        document.get("status"),
        *(id_ for id_ in ids if isinstance(id_, str) and id_ not in head.about[1]),
        "replayed" if "idempotency-replayed" in headers else "",
    ]
    notes = [declined, headers.get(REASON_HEADER.lower(), "")]
    if "errorCode" in document:
        details = document.get("details")  # a fault may send any body
        listed = details if isinstance(details, list) else []
        notes += listed or [document.get("message", "")]
    notes += headers.get(ADVICE_HEADER.lower(), "").split(ADVICE_SEPARATOR)
    return replace(
        head,
        found=tuple(str(word) for word in found if word),
        notes=tuple(dict.fromkeys(str(note) for note in notes if note)),
    )


def line_of_entry(entry: dict[str, Any]) -> Line:
    """Return the line of an entry of the journal."""
    headers = {
        ADVICE_HEADER.lower(): ADVICE_SEPARATOR.join(
            item["message"] for item in entry["advice"]
        )
    }
    if entry["replayed"]:
        headers["idempotency-replayed"] = "true"
    reasons = [step["found"] for step in entry["trace"] if "authoriz" in step["rule"]]
    declined = [reason for reason in reasons if reason.startswith("declined")]
    return line_of_answer(
        Line(entry["at"], entry["status"], (entry["method"], entry["path"])),
        headers,
        entry["answer"].encode(),
        result=entry["result"],
        declined=declined[0] if declined else "",
    )


def lines_of_delivery(
    delivery: dict[str, Any], attempts: list[Any], *, at: int
) -> list[Line]:
    """Return a line for each attempt to deliver a webhook, or for its end.

    Args:
        delivery: The delivery as it is now.
        attempts: Its new attempts.
        at: The time to print, in milliseconds since the epoch.
    """
    is_delivered = delivery["state"] == _DELIVERED
    reason = delivery["reason"] or "the next attempt follows"
    return [
        Line(
            at,
            one.get("status", 0),
            (delivery["type"], delivery["url"]),
            one.get("ms"),
            found=(delivery["event"],),
            failed="" if is_delivered else one.get("error", "not delivered"),
            notes=() if is_delivered else (f"{delivery['state']}: {reason}",),
            kind="webhook",
        )
        for one in attempts or [{}]
    ]


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        printable(text, _LONGEST_NOTE),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=_INDENT + "  " * bool(indent),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def _document(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body; ``{}`` if there is none."""
    try:
        document = decode(body) if body else {}
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
