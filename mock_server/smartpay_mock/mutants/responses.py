"""Edit answers before they are sent: remove, add or change members."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from smartpay_mock.app import Patch
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.mutants.patches import Document, edit_answers
from smartpay_schemas import Operation

Edit = Callable[[Document], Any]
"""Changes a document in place; what it returns does not matter."""

REFUSED = 400


def edit_successes(edit: Edit, *operations: str) -> Patch:
    """Edit the documents of successful answers, of these operations or of all."""

    def apply(operation: Operation, _call: Call, answer: Answer) -> Answer:
        is_meant = not operations or operation.id in operations
        if answer.status >= REFUSED or not answer.body or not is_meant:
            return answer
        return with_document(answer, edit)

    return edit_answers(apply)


def edit_refusals(edit: Edit, *codes: str) -> Patch:
    """Edit the documents of refusals, of these codes or of all that have one."""

    def apply(_operation: Operation, _call: Call, answer: Answer) -> Answer:
        code = code_of(answer)
        if code is None or (codes and code not in codes):
            return answer
        return with_document(answer, edit)

    return edit_answers(apply)


def edit_every_object(edit: Edit, *operations: str) -> Patch:
    """Edit every object in successful answers."""

    def apply(document: Document) -> None:
        for found in find_objects(document):
            edit(found)

    return edit_successes(apply, *operations)


def find_objects(value: Any) -> Iterator[Document]:
    """Yield every JSON object that names its kind, outermost first."""
    if isinstance(value, dict):
        if isinstance(value.get("object"), str):
            yield value
        for member in list(value.values()):
            yield from find_objects(member)
    elif isinstance(value, list):
        for entry in value:
            yield from find_objects(entry)


def code_of(answer: Answer) -> str | None:
    """Return the errorCode of a refusal; ``None`` for anything else."""
    if answer.status < REFUSED or not answer.body:
        return None
    code = decode(answer.body).get("errorCode")
    return code if isinstance(code, str) else None


def with_document(answer: Answer, edit: Edit) -> Answer:
    """Return the answer with its document edited."""
    document = decode(answer.body)
    edit(document)
    return replace(answer, body=encode(document))


def remove(*members: str) -> Edit:
    """Return the edit that removes members."""

    def edit(document: Document) -> None:
        for member in members:
            document.pop(member, None)

    return edit


def set_members(**members: Any) -> Edit:
    """Return the edit that sets members."""
    return lambda document: document.update(members)


def change_member(member: str, change: Callable[[Any], Any]) -> Edit:
    """Return the edit that changes a member where there is one."""

    def edit(document: Document) -> None:
        if member in document:
            document[member] = change(document[member])

    return edit
