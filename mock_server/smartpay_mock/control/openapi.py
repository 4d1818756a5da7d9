"""The control plane as OpenAPI 3.1, made from its routes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from smartpay_mock.control.routes import PREFIX, PROBLEM_TYPE, Route
from smartpay_schemas.openapi import DIALECT
from smartpay_schemas.openapi_parts import ACCESS_TOKEN, SECRET_KEY

Document = dict[str, Any]

_TEXT = {"type": "string"}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
    },
}
_SECURITY = {
    SECRET_KEY: {
        "type": "apiKey",
        "in": "header",
        "name": "Smartpay-Sandbox-Account",
        "description": "The secret key of the account to control.",
    },
    ACCESS_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "description": "The admin token; needed beyond loopback only.",
    },
}


def describe(routes: Iterable[Route], *, server_url: str, version: str) -> Document:
    """Return the OpenAPI 3.1 document of routes of the control plane.

    Args:
        routes: The routes.
        server_url: Scheme and authority of a server, without a slash at the end.
        version: The emulator's version.
    """
    paths: Document = {}
    for route in routes:
        operations = paths.setdefault(PREFIX + route.path, {})
        operations[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {"title": "smartpay-sandbox control plane", "version": version},
        "servers": [{"url": server_url}],
        "paths": paths,
        "components": {"schemas": {"problem": _PROBLEM}, "securitySchemes": _SECURITY},
    }


def _operation(route: Route) -> Document:
    described: Document = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "security": [{SECRET_KEY: []}] if route.needs_account else [],
        "parameters": _parameters(route),
        "responses": {
            "200": {"description": route.summary, "content": {"application/json": {}}},
            "204": {"description": "Done; there is no body."},
            "default": {
                "description": "The request was refused.",
                "content": {
                    PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/problem"}}
                },
            },
        },
    }
    if route.body is not None:
        described["requestBody"] = {
            "content": {"application/json": {"schema": dict(route.body)}}
        }
    return described


def _parameters(route: Route) -> list[Document]:
    in_path = ["id"] if "{id}" in route.path else []
    return [
        {"name": name, "in": "path", "required": True, "schema": _TEXT}
        for name in in_path
    ] + [
        {"name": name, "in": "query", "schema": dict(row)}
        for name, row in route.query.items()
    ]


def _operation_id(route: Route) -> str:
    words = re.findall(r"[a-z]+", route.path)
    return "_".join([route.method.lower(), *words])
