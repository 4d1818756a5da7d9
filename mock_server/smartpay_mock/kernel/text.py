"""Text of others: made safe for a line of a terminal, or read as a number."""

from __future__ import annotations

_MOST = 300
_DIGITS = 18  # so that every number fits in 64 bits


def printable(text: object, most: int = _MOST) -> str:
    r"""Return text on one line, with every character that is not printable escaped.

    Line ends, other control characters and characters that change the direction of
    writing become escapes such as ``\x1b``: otherwise a request could forge lines or
    repaint the terminal.

    Args:
        text: Any value; its ``str`` is used.
        most: Longer text is cut and ends in ``...``.
    """
    line = str(text)
    if len(line) > most:
        line = line[:most] + "..."
    if line.isprintable():
        return line
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1]
        for character in line
    )


def whole_number(text: str) -> int | None:
    """Return the whole number from 0 that a text writes in ASCII digits, 18 at most.

    ``None`` means that it writes none.
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= _DIGITS
    return int(text) if is_number else None
