"""Calls of the API that the emulator makes itself: scenarios, checkout, dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.api.pipeline import perform
from smartpay_mock.api.wsgi import MOUNT
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.json import encode


def call_operation(
    application: Application,
    operation_id: str,
    *,
    account: str,
    params: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    base_url: str = "http://127.0.0.1:8585",
) -> Answer:
    """Return the answer to a call, as if a client had sent it.

    Args:
        application: The emulator's components.
        operation_id: Such as ``create_order``.
        account: Id of the account that the call acts on.
        params: Path parameters.
        body: JSON body; ``None`` sends none.
        headers: Names in lower case.
        base_url: Scheme and authority in the answer's URLs.
    """
    operation = application.rules.operations[operation_id]
    mount = MOUNT if operation.side == "merchant" else ""
    call = Call(
        method=operation.method,
        path=mount + operation.path.format(**(params or {})),
        headers={"content-type": "application/json", **(headers or {})},
        body=b"" if body is None else encode(body),
        base_url=base_url,
        account=account,
    )
    return perform(application, operation, params or {}, call)
