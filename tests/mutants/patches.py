"""Further functions that make patches, for mutants that prove the kit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.api.auth import Callers
from smartpay_mock.api.validation import Validate
from smartpay_mock.app import Patch
from smartpay_mock.kernel.exchange import Call
from smartpay_mock.mutants.patches import Document, middleware
from smartpay_mock.mutants.responses import Edit, edit_successes, find_objects
from smartpay_mock.resources import Context, Listing
from smartpay_schemas import Operation


def replace_listings(**listings: Listing) -> Patch:
    """Replace what operations list."""

    def patch(app: Application) -> Application:
        app.listings = {**app.listings, **listings}
        return app

    return patch


Check = Callable[[Validate, Operation, Any, Context], Document]


def wrap_validation(check: Check) -> Patch:
    """Wrap the validation of bodies."""

    def patch(app: Application) -> Application:
        app.validate = partial(check, app.validate)
        return app

    return patch


def use_callers(callers: type[Callers]) -> Patch:
    """Replace how callers are identified."""

    def patch(app: Application) -> Application:
        app.callers = callers(app.settings, app.store)
        return app

    return patch


def change_calls(change: Callable[[Call], Call]) -> Patch:
    """Change every call before it is answered."""
    return middleware(
        lambda perform, operation, params, call: perform(
            operation, params, change(call)
        )
    )


def edit_objects(kind: str, edit: Edit, *operations: str) -> Patch:
    """Edit every object whose member ``object`` is ``kind``, wherever it stands."""

    def apply(document: Document) -> None:
        for found in find_objects(document):
            if found.get("object") == kind:
                edit(found)

    return edit_successes(apply, *operations)
