"""Small functions that make patches, one for each patch point of the application.

A patch takes an app and returns the one that serves in its place. Patches replace
what ``Application`` declares, and no code of another module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial, reduce
from typing import Any

from smartpay_mock.api.application import Application, Middleware, Params, Perform
from smartpay_mock.api.pagination import Page
from smartpay_mock.app import Patch
from smartpay_mock.events.sending import Post, Send
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.resources import Context, Handler
from smartpay_schemas import Operation, Transition

Document = dict[str, Any]


def combine(*patches: Patch) -> Patch:
    """Return a patch that applies several in turn."""
    return lambda app: reduce(lambda made, patch: patch(made), patches, app)


# -- calls and answers -----------------------------------------------------------------


def middleware(layer: Middleware) -> Patch:
    """Add ``layer`` around every call."""

    def patch(app: Application) -> Application:
        app.middleware.append(layer)
        return app

    return patch


def edit_answers(edit: Callable[[Operation, Call, Answer], Answer]) -> Patch:
    """Edit every answer."""

    def layer(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        return edit(operation, call, perform(operation, params, call))

    return middleware(layer)


def with_body(call: Call, body: bytes) -> Call:
    """Return a call with another body."""
    return replace(call, body=body, decoded=None)


# -- tables ----------------------------------------------------------------------------


def change_rules(**changes: Any) -> Patch:
    """Change numbers and tables of ``Rules``."""

    def patch(app: Application) -> Application:
        app.rules = replace(app.rules, **changes)
        return app

    return patch


def change_operations(ids: Iterable[str], **changes: Any) -> Patch:
    """Change members of some rows of ``operations.json``."""
    chosen = frozenset(ids)

    def patch(app: Application) -> Application:
        rows = {
            name: replace(row, **changes) if name in chosen else row
            for name, row in app.rules.operations.items()
        }
        return change_rules(operations=rows)(app)

    return patch


def change_transition(
    resource: str,
    action: str,
    source: str,
    *,
    to: str | None = None,
    events: tuple[str, ...] | None = None,
) -> Patch:
    """Change, or add, a row of ``lifecycles.json``.

    Args:
        resource: Such as ``order``.
        action: Of the row.
        source: The state it starts from.
        to: The state it leads to; unchanged if not given.
        events: The events it publishes; unchanged if not given.
    """

    def patch(app: Application) -> Application:
        row = app.rules.lifecycles[resource].find(source, action)
        row = row or Transition(action, source, source, (), "")
        row = replace(row, to_state=to or row.to_state)
        row = row if events is None else replace(row, events=events)
        return _with_rows(app, resource, action, source, (row,))

    return patch


def remove_transitions(resource: str, action: str, *sources: str) -> Patch:
    """Remove rows of ``lifecycles.json``."""

    def patch(app: Application) -> Application:
        for source in sources:
            _with_rows(app, resource, action, source, ())
        return app

    return patch


def _with_rows(
    app: Application,
    resource: str,
    action: str,
    source: str,
    rows: tuple[Transition, ...],
) -> Application:
    """Replace the row of an action and state by ``rows``."""
    lifecycle = app.rules.lifecycles[resource]
    others = tuple(
        row
        for row in lifecycle.transitions
        if (row.action, row.from_state) != (action, source)
    )
    changed = replace(lifecycle, transitions=(*others, *rows))
    return change_rules(lifecycles={**app.rules.lifecycles, resource: changed})(app)


# -- parts -----------------------------------------------------------------------------

Wrap = Callable[[Handler, Context, dict[str, str], Document], Document | None]


def wrap_handlers(wrap: Wrap, *operations: str) -> Patch:
    """Wrap the handlers of some operations."""

    def patch(app: Application) -> Application:
        wrapped = {name: partial(wrap, app.handlers[name]) for name in operations}
        app.handlers = {**app.handlers, **wrapped}
        return app

    return patch


Do = Callable[[Context, Document], Document | None]
"""Gets a document and may return another in its place."""


def before_handlers(do: Do, *operations: str) -> Patch:
    """Call ``do`` with the body before the handlers of some operations."""
    return wrap_handlers(
        lambda original, ctx, params, body: original(
            ctx, params, do(ctx, body) or body
        ),
        *operations,
    )


def after_handlers(do: Do, *operations: str) -> Patch:
    """Call ``do`` with what the handlers of some operations return."""

    def wrap(
        original: Handler, ctx: Context, params: dict[str, str], body: Document
    ) -> Document | None:
        document = original(ctx, params, body)
        return document and (do(ctx, document) or document)

    return wrap_handlers(wrap, *operations)


Read = Callable[[Mapping[str, str]], Page]


def wrap_pages(wrap: Callable[[Read, Mapping[str, str]], Page]) -> Patch:
    """Wrap the function that reads a page of a list."""

    def patch(app: Application) -> Application:
        original = app.read_page

        def read(unit: Any, listing: Any, query: Params, **more: Any) -> Page:
            return wrap(lambda asked: original(unit, listing, asked, **more), query)

        app.read_page = read
        return app

    return patch


def replace_parts(**parts: Any) -> Patch:
    """Replace components of the application, by the names of its attributes."""

    def patch(app: Application) -> Application:
        for name, part in parts.items():
            setattr(app, name, part)
        return app

    return patch


Deliver = Callable[[Application, Send, Post], int]


def wrap_delivery(deliver: Deliver) -> Patch:
    """Wrap the function that sends webhooks."""

    def patch(app: Application) -> Application:
        original = app.deliverer.attempts
        sender = partial(deliver, app, original.send)
        app.deliverer.attempts = replace(original, send=sender)
        return app

    return patch
