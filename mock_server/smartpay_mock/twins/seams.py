"""The seams at which a twin differs from the honest emulator, as small functions.

Each returns a twist: a function from an engine to the engine that serves in its place.
What may be exchanged is what ``Works`` declares; nothing is patched into a module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial, reduce
from typing import Any

from smartpay_mock.api.application import Application, Middleware
from smartpay_mock.api.auth import Callers
from smartpay_mock.api.idempotency import Idempotency
from smartpay_mock.api.pagination import Page
from smartpay_mock.api.validation import Validate
from smartpay_mock.app import Patch
from smartpay_mock.events.attempt import Post, Send
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.resources import Context, Handler, Listing
from smartpay_schemas import Operation, Transition

Document = dict[str, Any]
Params = Mapping[str, str]
Perform = Callable[[Operation, Params, Call], Answer]


def together(*twists: Patch) -> Patch:
    """Return the twist that does one after the other."""
    return lambda engine: reduce(lambda made, twist: twist(made), twists, engine)


# -- calls and answers -----------------------------------------------------------------


def meddled(meddle: Middleware) -> Patch:
    """Let ``meddle`` stand between callers and engine."""

    def twist(engine: Application) -> Application:
        engine.middleware.append(meddle)
        return engine

    return twist


def answered(edit: Callable[[Operation, Call, Answer], Answer]) -> Patch:
    """Let ``edit`` make another answer of each."""

    def meddle(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        return edit(operation, call, perform(operation, params, call))

    return meddled(meddle)


def with_body(call: Call, body: bytes) -> Call:
    """Return a call with another body."""
    return replace(call, body=body, decoded=None)


# -- tables ----------------------------------------------------------------------------


def ruled(**changes: Any) -> Patch:
    """Change numbers and tables of ``Rules``."""

    def twist(engine: Application) -> Application:
        engine.rules = replace(engine.rules, **changes)
        return engine

    return twist


def operated(ids: Iterable[str], **changes: Any) -> Patch:
    """Change members of some rows of ``operations.json``."""
    chosen = frozenset(ids)

    def twist(engine: Application) -> Application:
        rows = {
            name: replace(row, **changes) if name in chosen else row
            for name, row in engine.rules.operations.items()
        }
        return ruled(operations=rows)(engine)

    return twist


def stepped(
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
        to: The state it leads to; as it was if not given.
        events: What it tells; as it was if not given.
    """

    def twist(engine: Application) -> Application:
        row = engine.rules.lifecycles[resource].find(source, action)
        row = row or Transition(action, source, source, (), "")
        row = replace(row, to_state=to or row.to_state)
        row = row if events is None else replace(row, events=events)
        return _with_rows(engine, resource, action, source, (row,))

    return twist


def unstepped(resource: str, action: str, *sources: str) -> Patch:
    """Remove rows of ``lifecycles.json``."""

    def twist(engine: Application) -> Application:
        for source in sources:
            _with_rows(engine, resource, action, source, ())
        return engine

    return twist


def _with_rows(
    engine: Application,
    resource: str,
    action: str,
    source: str,
    rows: tuple[Transition, ...],
) -> Application:
    """Put ``rows`` in the place of the one for this action and state."""
    lifecycle = engine.rules.lifecycles[resource]
    others = tuple(
        row
        for row in lifecycle.transitions
        if (row.action, row.from_state) != (action, source)
    )
    changed = replace(lifecycle, transitions=(*others, *rows))
    return ruled(lifecycles={**engine.rules.lifecycles, resource: changed})(engine)


# -- parts -----------------------------------------------------------------------------

Wrap = Callable[[Handler, Context, dict[str, str], Document], Document | None]


def handled(wrap: Wrap, *operations: str) -> Patch:
    """Put ``wrap`` around the handlers of some operations."""

    def twist(engine: Application) -> Application:
        wrapped = {name: partial(wrap, engine.handlers[name]) for name in operations}
        engine.handlers = {**engine.handlers, **wrapped}
        return engine

    return twist


def listed(**listings: Listing) -> Patch:
    """List something else, by operation."""

    def twist(engine: Application) -> Application:
        engine.listings = {**engine.listings, **listings}
        return engine

    return twist


Read = Callable[[Mapping[str, str]], Page]


def paged(wrap: Callable[[Read, Mapping[str, str]], Page]) -> Patch:
    """Put ``wrap`` between a list's query and its page."""

    def twist(engine: Application) -> Application:
        honest = engine.read_page

        def read(unit: Any, listing: Any, query: Params, **more: Any) -> Page:
            return wrap(lambda asked: honest(unit, listing, asked, **more), query)

        engine.read_page = read
        return engine

    return twist


Judge = Callable[[Validate, Operation, Any, Context], Document]


def judged(judge: Judge) -> Patch:
    """Let ``judge`` decide what is a good body."""

    def twist(engine: Application) -> Application:
        engine.validate = partial(judge, engine.validate)
        return engine

    return twist


def seen_as(context_type: type[Context]) -> Patch:
    """Give handlers a context of another type."""

    def twist(engine: Application) -> Application:
        engine.context_type = context_type
        return engine

    return twist


def keyed(policy: Callable[[], Idempotency]) -> Patch:
    """Treat idempotency keys by another policy."""

    def twist(engine: Application) -> Application:
        engine.idempotency = policy()
        return engine

    return twist


def identified(callers: type[Callers]) -> Patch:
    """Tell callers apart in another way."""

    def twist(engine: Application) -> Application:
        engine.callers = callers(engine.settings, engine.store)
        return engine

    return twist


Deliver = Callable[[Application, Send, Post], int]


def posted(deliver: Deliver) -> Patch:
    """Let ``deliver`` carry webhooks to their receivers."""

    def twist(engine: Application) -> Application:
        honest = engine.deliverer.attempts
        sender = partial(deliver, engine, honest.send)
        engine.deliverer.attempts = replace(honest, send=sender)
        return engine

    return twist
