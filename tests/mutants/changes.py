"""Mechanical changes of the emulator's code: random mutants for the contract kit.

Each change edits one expression or statement. Comparisons and conditions are flipped,
numbers are one larger, member names are swapped, and statements are removed.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import smartpay_mock

ROOT = Path(smartpay_mock.__file__).parent
PACKAGES = ("resources", "api", "events")

# Files in which no change can be seen in Smartpay's API, and why.
NOT_THE_API = {
    "api/faults.py": "planned faults are part of the control plane",
    "api/holds.py": "holds are part of the control plane",
    "api/journal.py": "the journal is part of the control plane",
    "events/faults.py": "webhook faults are part of the control plane",
    "events/schedule.py": "it reads the setting of the retry schedule",
    "resources/seed_data.py": "the kit makes accounts of its own",
}
# Explanations and advice are headers that only the emulator sends.
_REPORTING = re.compile(r"_?(explain|advise|advice|report)")
_MEMBER = re.compile(r"_?[a-z][A-Za-z]+")
_TAKE_MEMBERS = {"get", "pop", "setdefault", "copy_to", "copied"}
_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_REMOVABLE = (ast.Raise, ast.AugAssign, ast.Delete, ast.If, ast.Continue, ast.Break)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one file.

    Attributes:
        file: Path below the package ``smartpay_mock``.
        where: The function, and the code before and after. It is unique, and it stays
            the same if other code changes.
        source: The whole file after the change.
    """

    file: str
    where: str
    source: bytes

    @property
    def name(self) -> str:
        """File, function and code in one line."""
        return f"{self.file}: {self.where}"


def all_changes() -> list[Change]:
    """Return every change of the emulator's resources, API and events."""
    return [
        change
        for package in PACKAGES
        for path in sorted((ROOT / package).glob("*.py"))
        if path.relative_to(ROOT).as_posix() not in NOT_THE_API
        for change in changes_of(path.relative_to(ROOT).as_posix(), path.read_bytes())
    ]


def sample(changes: Sequence[Change], count: int, seed: int) -> list[Change]:
    """Return a random choice, which stays the same where the code does."""

    def rank(change: Change) -> bytes:
        return hashlib.sha256(f"{seed} {change.name}".encode()).digest()

    return sorted(changes, key=rank)[:count]


def changes_of(file: str, source: bytes) -> Iterator[Change]:
    """Return every change of one file."""
    tree = ast.parse(source)
    members = sorted({str(node.value) for node in _members(tree)})
    seen: Counter[str] = Counter()
    for function, node in _nodes(tree, ""):
        for after in _replacements(node, members):
            text = _describe(node, after)
            seen[function + text] += 1
            number = seen[function + text]
            where = f"{function}: {text}" + (f" #{number}" if number > 1 else "")
            yield Change(file, where, _edited(source, node, after))


def _nodes(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
    """Return the nodes that may be changed, each with the name of its function."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_left_alone(child):
                continue
            inner = function
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = f"{function}.{child.name}".lstrip(".")
            yield inner, child
            yield from _nodes(child, inner)


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr):
        return True  # Python 3.11 has no positions in there
    if isinstance(node, ast.FunctionDef):
        return bool(_REPORTING.match(node.name))
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or _is_report(node.value)
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _is_report(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    # The journal is part of the control plane.
    is_journal = ast.unparse(node.func).startswith("journal.")
    return is_journal or bool(_REPORTING.match(_called(node)))


def _called(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def _members(tree: ast.AST) -> Iterator[ast.Constant]:
    """Return the names of members: keys, and arguments of ``get`` and the like."""
    for node in ast.walk(tree):
        found: list[ast.expr | None] = []
        if isinstance(node, ast.Subscript):
            found = [node.slice]
        elif isinstance(node, ast.Dict):
            found = [*node.keys]
        elif isinstance(node, ast.Call) and _called(node) in _TAKE_MEMBERS:
            found = [*node.args]
        for part in found:
            if isinstance(part, ast.Constant) and _MEMBER.fullmatch(str(part.value)):
                yield part


def _replacements(node: ast.AST, members: Sequence[str]) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant):
        yield from _other_constants(node, members)
    elif isinstance(node, ast.stmt):
        if _is_removable(node):
            yield ast.Pass()
    else:
        yield from _flipped(node)


def _other_constants(node: ast.Constant, members: Sequence[str]) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and value in members and len(members) > 1:
        yield ast.Constant(members[(members.index(value) + 1) % len(members)])


def _is_removable(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Subscript | ast.Attribute)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    return isinstance(node, _REMOVABLE)


def _flipped(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                changed = copy.deepcopy(node)
                changed.ops[index] = _FLIPPED[type(operator)]()
                yield changed
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield ast.BoolOp(other, node.values)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)


def _describe(before: ast.AST, after: ast.AST) -> str:
    text = ast.unparse(before).partition("\n")[0]
    return f"{text}  ->  {ast.unparse(after)}"


def _edited(source: bytes, node: ast.AST, after: ast.AST) -> bytes:
    """Return a file with the text of a node replaced."""
    assert isinstance(node, ast.expr | ast.stmt)
    lines = source.splitlines(keepends=True)
    begin = len(b"".join(lines[: node.lineno - 1])) + node.col_offset
    end = len(b"".join(lines[: (node.end_lineno or 1) - 1])) + (
        node.end_col_offset or 0
    )
    text = ast.unparse(after)
    if isinstance(node, ast.expr):
        text = f"({text})"
    return source[:begin] + text.encode() + source[end:]
