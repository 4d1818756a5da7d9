"""Parts of the OpenAPI document that operations share: headers, parameters, keys."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

SECRET_KEY, ACCESS_TOKEN = "secretKey", "accessToken"  # names, not secrets


def _text(description: str) -> Document:
    return {"description": description, "schema": {"type": "string"}}


HEADERS: Document = {
    "Request-Id": _text("Names this exchange; different on every answer."),
    "Idempotency-Replayed": {
        "description": "Present, and true, when the answer is a replay.",
        "schema": {"const": "true"},
    },
    "WWW-Authenticate": _text(
        "Scheme and realm of the credential that is missing or wrong."
    ),
    "Retry-After": {
        "description": "When to try again, in seconds.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "Allow": _text("The methods that the path takes."),
    "Smartpay-Sandbox-Advice": _text(
        "Of the sandbox only: what was odd, and was tolerated."
    ),
    "Smartpay-Sandbox-Reason": _text(
        "Of the sandbox only: why the credential was refused."
    ),
}


def _query(name: str, description: str, described: Document) -> Document:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": described,
    }


def _signed(name: str, description: str) -> Document:
    return {"name": name, "in": "header", "required": True, **_text(description)}


PARAMETERS: Document = {
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The object's id.",
        "schema": {"type": "string", "minLength": 1},
    },
    "maxResults": _query(
        "maxResults",
        "How many results a page has at the most; empty is the default.",
        {
            "anyOf": [{"type": "integer", "minimum": 1, "maximum": 100}, {"const": ""}],
            "default": 20,
        },
    ),
    "pageToken": _query(
        "pageToken", "A nextPageToken of this list.", {"type": "string"}
    ),
    "expand": _query(
        "expand",
        "Whether references are answered as objects; empty is the default.",
        {"enum": ["all", "no", ""], "default": "no"},
    ),
    "idempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same request with the same key is carried out once.",
        "schema": {"type": "string", "pattern": "^[\\x20-\\x7E]{1,255}$"},
    },
    "Smartpay-Signature": _signed(
        "Smartpay-Signature", "HMAC-SHA256 over timestamp, a dot and the raw body."
    ),
    "Smartpay-Signature-Timestamp": _signed(
        "Smartpay-Signature-Timestamp", "Milliseconds since the epoch, per attempt."
    ),
    "Smartpay-Subscription-Id": _signed(
        "Smartpay-Subscription-Id", "The webhook endpoint's id."
    ),
    "Smartpay-Event-Id": _signed("Smartpay-Event-Id", "The event's id."),
}
SECURITY_SCHEMES: Document = {
    SECRET_KEY: {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "Basic, a space, and the secret key as it is: Basic sk_test_...",
    },
    ACCESS_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "description": "The accessToken that a consumer's login answers.",
    },
}
