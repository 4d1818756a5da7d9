"""Explain a refusal: every problem at once, where it is, and what to send instead."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from smartpay_schemas import _walk, _words
from smartpay_schemas._walk import Path, Place

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

# More complaints than anybody reads; it bounds the work a hostile body can cause.
MOST = 1000
_MOST_NAMES = 10
_LEAVE = "leave it out"


class Problem(NamedTuple):
    """One thing that is wrong with a document.

    Attributes:
        path: Keys and indexes from the document to the member, also to a missing one.
        pointer: The same as a JSON Pointer.
        keyword: The schema keyword that refused, such as `minimum` or `required`.
        expected: What to send.
        message: Where, what was wrong, what to send, in one line.
    """

    path: Path
    pointer: str
    keyword: str
    expected: str
    message: str


def explain(validator: Validator, here: Place, document: Any) -> list[Problem]:
    """Return every problem, sorted by path, each place and keyword once."""
    found: dict[tuple[Path, str], Problem] = {}
    errors = list(islice(validator.iter_errors(document), MOST))
    for error in errors:
        for problem in islice(_problems_of(error, here), MOST):
            found.setdefault((problem.path, problem.keyword), problem)
    if errors and not found:  # never let a refusal pass for want of words
        found[(), ""] = next(_ordinary(errors[0], (), here))
    for path in [path for path, keyword in found if keyword == "type"]:
        found.pop((path, "enum"), None)  # of another type is said already
    return sorted(found.values(), key=_order)[:MOST]


def _order(problem: Problem) -> tuple[list[tuple[bool, str | int]], str]:
    # Indexes and names never meet at the same place of one document.
    return [(isinstance(key, str), key) for key in problem.path], problem.keyword


def _problems_of(error: Any, here: Place) -> Iterator[Problem]:
    if error.context:
        for leaf in _useful(error.context):
            yield from _problems_of(leaf, here)
        return
    path: Path = tuple(error.absolute_path)
    keyword = str(error.validator)
    special = _SPECIAL.get(keyword, _ordinary)
    yield from special(error, path, here.at(path))


def _useful(context: list[ValidationError]) -> list[ValidationError]:
    """Return the errors of the branch that was probably meant.

    That is the one which got the kind of the value right and has the fewest errors.
    """
    branches: dict[Any, list[ValidationError]] = {}
    for error in context:
        branches.setdefault(error.schema_path[0], []).append(error)
    return min(branches.values(), key=_distance)


def _distance(branch: list[ValidationError]) -> tuple[int, int]:
    astray = [e for e in branch if not e.path and e.validator in _ASTRAY]
    return len(astray), len(branch)


def _ordinary(error: Any, path: Path, here: Place) -> Iterator[Problem]:
    keyword = str(error.validator)
    schema = error.schema if isinstance(error.schema, dict) else {}
    if keyword == "contains":
        want = _words.expected(schema["contains"])
    else:
        want = _words.expected(here.keywords or schema)
    wrong = _words.WRONG.get(keyword, _vague)(error.instance, schema)
    yield _problem(path, keyword, wrong=wrong, expected=want)


def _vague(value: Any, schema: dict[str, Any]) -> str:
    return f"{_words.echo(value, schema)} does not fit"


def _missing(error: Any, path: Path, here: Place) -> Iterator[Problem]:
    for name in error.validator_value:
        if name not in error.instance:
            want = _words.expected(here.below(name).keywords)
            place = (*path, name)
            yield _problem(place, "required", wrong="is missing", expected=want)


def _unknown(error: Any, path: Path, here: Place) -> Iterator[Problem]:
    free = [name for name in here.members if name not in error.instance]
    leave = f"known: {', '.join(free)}" if 0 < len(free) <= _MOST_NAMES else _LEAVE
    for name, meant in here.unknown_members(error.instance):
        want = "nothing of this name"
        place = (*path, name)
        remedy = f"did you mean {meant}?" if meant else leave
        text = f"{_words.place(place)}: is not known here; {remedy}"
        keyword = str(error.validator)
        yield Problem(place, _walk.pointer(place), keyword, want, text)


def _forbidden(error: Any, path: Path, here: Place) -> Iterator[Problem]:
    text = f"{_words.place(path)}: is not allowed here; {_LEAVE}"
    yield Problem(path, _walk.pointer(path), "not", "nothing", text)


def _problem(path: Path, keyword: str, *, wrong: str, expected: str) -> Problem:
    text = f"{_words.place(path)}: {wrong}; send {expected}"
    return Problem(path, _walk.pointer(path), keyword, expected, text)


_ASTRAY = ("type", "const", "enum", "required")

# Keywords whose error is about members rather than about the value itself. `not` only
# occurs as {"not": {}}: jsonschema loses the path of a member whose schema is `false`.
_SPECIAL = {
    "required": _missing,
    "unevaluatedProperties": _unknown,
    "additionalProperties": _unknown,
    "not": _forbidden,
}
