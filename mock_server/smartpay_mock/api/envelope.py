"""The shapes of answers: the only place that makes one."""

from __future__ import annotations

from typing import Any

from smartpay_mock.api.auth import Refusal
from smartpay_mock.api.pagination import Page
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import REASON_HEADER, Answer
from smartpay_mock.kernel.json import encode

REALM = "smartpay"


def success(status: int, document: Any) -> Answer:
    """Return the answer of an operation that went well.

    Without a document there is no body, and no content type either: two SDKs parse
    every body that is labelled JSON. Source: py:docs/Reference.md, node:base.ts.
    """
    if document is None:
        return Answer(status, content_type=None)
    return Answer(status, encode(document))


def refusal(error: ApiError) -> Answer:
    """Return the answer for an error of the API.

    Source: docs:/reference/create-payment and others (shape).
    """
    return Answer(
        error.status,
        encode(
            {
                "details": error.details,
                "errorCode": error.code,
                "message": error.message,
                "statusCode": error.status,
            }
        ),
    )


def unauthorized(refused: Refusal, side: str) -> Answer:
    """Return the 401 answer; a merchant's body has other members.

    The reason goes into a header of the emulator: that body has no member for it.

    Args:
        refused: Why the call was not let in.
        side: The operation's.

    Source: members go:types.go N401; their values, and the consumer side, are
    *assumed*.
    """
    if side == "merchant":
        scheme = "Basic"
        body = encode({"realm": REALM, "scheme": scheme, "statusCode": 401})
    else:
        scheme = "Bearer"
        body = refusal(ApiError("consumer.unauthorized", reason=refused.reason)).body
    return Answer(
        401,
        body,
        headers={
            "WWW-Authenticate": f'{scheme} realm="{REALM}"',
            REASON_HEADER: refused.reason,
        },
    )


def collection(documents: list[Any], page: Page) -> dict[str, Any]:
    """Return one page of a list.

    Source: go:types.go, node:types.ts; ``pageToken`` of the first page is *assumed*.
    """
    shown: dict[str, Any] = {"object": "collection", "pageToken": page.page_token}
    if page.next_token is not None:
        shown["nextPageToken"] = page.next_token
    shown.update(maxResults=page.limit, results=len(documents), data=documents)
    return shown
