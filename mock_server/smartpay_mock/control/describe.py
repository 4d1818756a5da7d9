"""The control plane as OpenAPI 3.1, made from its table of routes."""

from __future__ import annotations

import re
from typing import Any

from smartpay_mock.control.problems import MEDIA_TYPE
from smartpay_mock.control.routes import PREFIX, Request, Route
from smartpay_mock.control.service import version as own_version
from smartpay_schemas.openapi import DIALECT, openapi
from smartpay_schemas.openapi_parts import ACCESS_TOKEN, SECRET_KEY

Document = dict[str, Any]

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was wrong, what to do."},
    },
}


def show_api(request: Request) -> Document:
    """Return the OpenAPI document of the API, for the server that was called."""
    return openapi(server_url=request.call.base_url, version=own_version())


def show_admin(request: Request) -> Document:
    """Return the OpenAPI document of the control plane, likewise."""
    return describe_admin(server_url=request.call.base_url, version=own_version())


def describe_admin(
    *, server_url: str = "http://127.0.0.1:8585", version: str = "0"
) -> Document:
    """Return the OpenAPI 3.1 document of the control plane.

    Args:
        server_url: Scheme and authority of a server, no slash at the end.
        version: The emulator's version.
    """
    from smartpay_mock.control.table import ROUTES  # noqa: PLC0415 - the table lists this

    paths: Document = {}
    for route in ROUTES:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(
            route
        )
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {"title": "smartpay-sandbox control plane", "version": version},
        "servers": [{"url": server_url}],
        "paths": paths,
        "components": {
            "schemas": {"problem": _PROBLEM},
            "securitySchemes": {
                SECRET_KEY: {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Smartpay-Sandbox-Account",
                    "description": "The secret key of the account to steer.",
                },
                ACCESS_TOKEN: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The admin token; off loopback only.",
                },
            },
        },
    }


def _operation(route: Route) -> Document:
    described: Document = {
        "operationId": _id(route),
        "summary": route.summary,
        "security": [{SECRET_KEY: []}] if route.needs_account else [],
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        ]
        if "{id}" in route.path
        else [],
        "responses": {
            "200": {"description": route.summary, "content": {"application/json": {}}},
            "204": {"description": f"{route.summary} Nothing to say."},
            "default": {
                "description": "Refused.",
                "content": {
                    MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/problem"}}
                },
            },
        },
    }
    described["parameters"] += [
        {"name": name, "in": "query", "schema": {"type": "string"}}
        for name in route.query
    ]
    if route.body is not None:
        described["requestBody"] = {
            "content": {"application/json": {"schema": dict(route.body)}}
        }
    return described


def _id(route: Route) -> str:
    words = re.findall(r"[a-z]+", route.path)
    return "_".join([route.method.lower(), *words])
