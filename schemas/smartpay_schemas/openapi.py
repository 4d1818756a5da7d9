"""The API as one OpenAPI 3.1 document, made from the tables and the schemas.

Nothing is written here that a table or a schema does not say already.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from smartpay_schemas._load import BASE, collection_of, names, schema
from smartpay_schemas._rows import Operation
from smartpay_schemas._tables import errors, lifecycles, operations, response_schema
from smartpay_schemas.event_types import EventType, event_version, events
from smartpay_schemas.openapi_parts import (
    ACCESS_TOKEN,
    HEADERS,
    PARAMETERS,
    SECRET_KEY,
    SECURITY_SCHEMES,
)

Document = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_JSON = "application/json"
# Answers that any call with a body, or any call at all, can get.
_WITH_BODY = ("request.too-large", "request.unsupported-media-type")
_WITH_KEY = ("idempotency.key-invalid", "idempotency.key-reused")
_ANY_TIME = (
    "request.header-repeated",
    "request.host-unknown",
    "server.error",
    "server.unavailable",
)
_NO_OPERATION = ("request.not-found", "request.method-not-allowed")
# Headers of refusals beside Request-Id, by status.
_REFUSED_WITH: dict[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate", "Smartpay-Sandbox-Reason"),
    405: ("Allow",),
    503: ("Retry-After",),
}
_SECURITY: dict[str, list[Document]] = {
    "merchant": [{SECRET_KEY: []}],
    "consumer": [{ACCESS_TOKEN: []}],
    "consumer-login": [],
}


def openapi(
    *, server_url: str = "http://127.0.0.1:8585", version: str = "0"
) -> Document:
    """Return the OpenAPI 3.1 document of the whole API.

    Args:
        server_url: Scheme and authority of a server, no slash at the end.
        version: The version of what describes itself.
    """
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "Smartpay API (unofficial description)",
            "version": version,
            "description": "What is known of the API from outside. Made from the "
            "tables and schemas of smartpay-sandbox.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server_url}],
        "tags": [{"name": tag} for tag in _tags()],
        "paths": _paths(),
        "webhooks": {name: _webhook(name) for name in events()},
        "components": {
            "schemas": _schemas(),
            "headers": HEADERS,
            # Calls that reach no operation; no path can name them.
            "responses": {code: _refusal([code]) for code in _NO_OPERATION},
            "parameters": PARAMETERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _tags() -> list[str]:
    return list(dict.fromkeys(row.tag for row in operations().values()))


def _paths() -> Document:
    paths: Document = {}
    for row in operations().values():
        path = f"/v1{row.path}" if row.side == "merchant" else row.path
        paths.setdefault(path, {})[row.method.lower()] = _operation(row)
    return paths


def _operation(row: Operation) -> Document:
    described: Document = {
        "operationId": row.id,
        "tags": [row.tag],
        "summary": row.summary,
        "description": f"Source: {row.source}.",
        "security": _SECURITY[row.side],
        "parameters": [_part("parameters", name) for name in _parameters(row)],
        "responses": _responses(row),
    }
    if row.request:
        described["requestBody"] = {
            "required": True,
            "content": {
                _JSON: {
                    "schema": _ref(row.request),
                    "examples": _examples(schema(row.request)["examples"]),
                }
            },
        }
    return described


def _parameters(row: Operation) -> list[str]:
    named = {
        "id": "{id}" in row.path,
        "maxResults": row.collection,
        "pageToken": row.collection,
        "expand": row.expand == "query",
        "idempotencyKey": row.idempotent,
    }
    return [name for name, takes in named.items() if takes]


def _responses(row: Operation) -> Document:
    answers = {str(row.status): _success(row)}
    by_status: dict[int, list[str]] = {}
    for code in _codes(row):
        by_status.setdefault(errors()[code].status, []).append(code)
    for status, codes in sorted(by_status.items()):
        answers[str(status)] = _refusal(codes)
    if row.side == "merchant":
        answers["401"] = _content(
            "common/unauthorized", 401, "No credential, or one that is not accepted."
        )
    return answers


def _codes(row: Operation) -> list[str]:
    codes = list(row.errors)
    codes += _WITH_BODY if row.request else ()
    codes += _WITH_KEY if row.idempotent else ()
    codes += _ANY_TIME
    return [*dict.fromkeys(codes)]


def _success(row: Operation) -> Document:
    answer: Document = {"description": row.summary, "headers": _headers("Request-Id")}
    if row.side == "merchant":
        answer["headers"] |= _headers("Smartpay-Sandbox-Advice")
    if row.idempotent:
        answer["headers"] |= _headers("Idempotency-Replayed")
    described = response_schema(row)
    if described is None:
        return {**answer, "description": f"{row.summary} The body is empty."}
    if isinstance(described, str):
        links = _links(row)
        if links:
            answer["links"] = links
        return {**answer, "content": {_JSON: _object_content(row, described)}}
    return {**answer, "content": {_JSON: _page_content(row, described)}}


def _object_content(row: Operation, name: str) -> Document:
    content: Document = {
        "schema": _ref(name),
        "examples": _examples(schema(name)["examples"]),
    }
    if row.expand == "query":
        # The expanded one comes first: generated clients try one after the other, and
        # some accept an object where the plain one has an id.
        content["schema"] = {"anyOf": [_ref(_grown(name)), _ref(name)]}
    return content


def _page_content(row: Operation, described: Document) -> Document:
    page = rewritten(described, "collection")
    entry = schema(str(row.response))["examples"][0]
    if row.expand == "query":
        more = collection_of(_grown(str(row.response)))
        page = {"anyOf": [rewritten(more, "collection"), page]}
    return {"schema": page, "examples": _examples([_page_of(entry)])}


def _links(row: Operation) -> Document:
    """Return which calls take the id that a creation answers, as a member of theirs."""
    made = row.id.removeprefix("create_").replace("_", "-")
    takers = {
        other.id: name
        for other in operations().values()
        if other.request and row.id.startswith("create_")
        for name, member in schema(other.request).get("properties", {}).items()
        if member.get("$ref") == f"../common/id-{made}.json"
    }
    return {
        operation: {
            "operationId": operation,
            "requestBody": {name: "$response.body#/id"},
        }
        for operation, name in takers.items()
    }


def _page_of(entry: Document) -> Document:
    page: Document = schema("common/collection")["examples"][0]
    return {**page, "results": 1, "data": [entry]}


def _grown(name: str) -> str:
    return f"{name}-expanded" if f"{name}-expanded" in names() else name


def _refusal(codes: list[str]) -> Document:
    rows = [errors()[code] for code in codes]
    text = " ".join(f"`{r.code}`: {r.condition}" for r in rows)
    answer = _content("common/error", rows[0].status, text)
    answer["content"][_JSON]["examples"] = {
        row.code: {
            "value": {
                "details": [],
                "errorCode": row.code,
                "message": row.message,
                "statusCode": row.status,
            }
        }
        for row in rows
    }
    return answer


def _content(name: str, status: int, description: str) -> Document:
    shown = {"schema": _ref(name), "examples": _examples(schema(name)["examples"])}
    return {
        "description": description,
        "headers": _headers("Request-Id", *_REFUSED_WITH.get(status, ())),
        "content": {_JSON: shown},
    }


def _webhook(name: str) -> Document:
    row = events()[name]
    return {
        "post": {
            "operationId": f"on_{row.type.replace('.', '_')}",
            "summary": f"{name}: sent when {row.when}",
            "security": [],
            "tags": ["webhook-endpoints"],
            "parameters": [
                _part("parameters", header)
                for header in PARAMETERS
                if header.startswith("Smartpay-")
            ],
            "requestBody": {
                "content": {
                    _JSON: {
                        "schema": _ref("resources/event"),
                        "examples": _examples([_event(row)]),
                    }
                }
            },
            "responses": {"200": {"description": "Received; nothing else counts."}},
        }
    }


def _event(row: EventType) -> Document:
    """Return an example of an event; of what has no schema, only id and kind."""
    event: Document = schema("resources/event")["examples"][0]
    data = {"type": row.type, "version": event_version(), "data": _data_of(row)}
    return {**event, "eventData": data}


def _data_of(row: EventType) -> Document:
    words = (f"-{c.lower()}" if c.isupper() else c for c in row.object)
    name = f"resources/{''.join(words)}"
    if name not in names():
        return {"id": f"{row.object}_test_0aBcDeFgHiJkLmNoPqRsTu", "object": row.object}
    examples: list[Document] = schema(name)["examples"]
    lifecycle = lifecycles().get(row.object)
    steps = lifecycle.transitions if lifecycle else ()
    left = [step.to_state for step in steps if row.type in step.events]
    fitting = [example for example in examples if example.get("status") in left]
    if fitting or not left:
        return (fitting or examples)[0]
    return {**examples[0], "status": left[0]}


def _headers(*header_names: str) -> Document:
    return {name: _part("headers", name) for name in header_names}


def _part(section: str, name: str) -> Document:
    return {"$ref": f"#/components/{section}/{name}"}


def _examples(values: list[Any]) -> Document:
    return {f"example{n}": {"value": value} for n, value in enumerate(values, start=1)}


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{_key(name)}"}


def _key(name: str) -> str:
    return name.replace("/", ".")


def _schemas() -> Document:
    described = {name: rewritten(schema(name), name) for name in names()}
    shapes = {
        _key(name): _tolerant(shape) if _is_sent(name) else shape
        for name, shape in described.items()
    }
    return {**shapes, _key(_SENT_METADATA): _sent_metadata()}


def _is_sent(name: str) -> bool:
    """Return whether clients send what the schema describes, or a part of it."""
    return name.startswith("requests/") or name in _SENT_PARTS


def rewritten(node: Any, name: str) -> Any:
    """Return a schema with references inside the document and no ids of its own.

    Args:
        node: The schema, or a part of it.
        name: The schema's name, against which its references are relative.
    """
    if isinstance(node, list):
        return [rewritten(item, name) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: rewritten(value, name) if key not in _LITERAL else value
        for key, value in node.items()
        if key not in {"$id", "$schema"}
    }
    if isinstance(kept.get("$ref"), str):
        target = urljoin(f"{BASE}{name}.json", kept.pop("$ref"))
        kept = _with_reference(target.removeprefix(BASE).removesuffix(".json"), kept)
    return _for_generators(kept)


def _with_reference(name: str, beside: Document) -> Document:
    """Return a reference to a schema, with what stands beside it.

    openapi-typescript ignores members beside ``$ref``, and openapi-python-client those
    beside an ``allOf`` with one entry; neither reads a member in two branches.
    """
    own: Document = {
        key: beside[key] for key in ("required", "properties") if key in beside
    }
    others = {key: value for key, value in beside.items() if key not in own}
    if not set(others) - _ANNOTATIONS and not own:
        return {**_ref(name), **beside}
    base = schema(name)
    if own.get("properties", {}).keys() & base.get("properties", {}).keys():
        whole = rewritten(base, name)
        required = [*whole.get("required", ()), *own.get("required", ())]
        members = whole["properties"] | {
            member: {**_plain(whole["properties"].get(member)), **narrower}
            for member, narrower in own["properties"].items()
        }
        return {**whole, **others, "required": required, "properties": members}
    branches: list[Document] = [_ref(name)]
    if own:
        branches.append({"type": "object", **own})
    return {**others, "allOf": branches}


def _plain(member: Document | None) -> Document:
    """Return what a member says itself; nothing if it refers to another schema."""
    return {} if member is None or "$ref" in member else member


def _for_generators(node: Document) -> Document:
    """Return a schema that means the same, in a form that client generators read.

    openapi-python-client refuses ``true`` as a member, two values that differ in case
    only, and an array without ``items``.
    """
    shown = dict(node)
    if isinstance(node.get("properties"), dict):
        members = node["properties"].items()
        shown["properties"] = {
            name: {} if member is True else member for name, member in members
        }
    if node.get("type") == "array":
        shown.setdefault("items", {})
    values = node.get("enum", ())
    if len({str(value).lower() for value in values}) < len(values):
        del shown["enum"]
        shown["anyOf"] = [{"const": value} for value in values]
    return shown


_SENT_PARTS = {
    "common/address",
    "common/customer-info",
    "common/item",
    "common/shipping-info",
}
# Keywords that say nothing of what is valid.
_ANNOTATIONS = {"title", "description", "examples", "default"}
# Keywords whose value is data, not a schema.
_LITERAL = {"const", "enum", "examples", "default"}


_NULL: Document = {"type": "null"}
_METADATA = "common/metadata"
_SENT_METADATA = "requests/metadata"
_CONDITIONS = ("if", "then", "else")


def _tolerant(request: Document) -> Document:
    """Say of a request's optional members that null means absent."""
    required = set(request.get("required", ()))
    properties = {
        name: _sent(member, is_optional=name not in required)
        for name, member in request.get("properties", {}).items()
    }
    return _with_conditions(request, properties)


def _sent(member: Document, *, is_optional: bool) -> Document:
    """Return a member of a request; in metadata each value is optional too."""
    if member.get("$ref") == _ref(_METADATA)["$ref"]:
        member = {**member, **_ref(_SENT_METADATA)}
    return {"anyOf": [member, _NULL]} if is_optional else member


def _sent_metadata() -> Document:
    """Return the metadata of a request: a value may be null, which removes it."""
    metadata: Document = rewritten(schema(_METADATA), _METADATA)
    values = {"anyOf": [metadata["additionalProperties"], _NULL]}
    title = "Metadata of a request"  # generators name a class after it
    return {**metadata, "title": title, "additionalProperties": values}


def _with_conditions(part: Document, properties: Document) -> Document:
    shown = {**part, "properties": properties} if properties else part
    shown |= {key: _condition(part[key]) for key in _CONDITIONS if key in part}
    if "allOf" in part:
        shown = {**shown, "allOf": [_condition(branch) for branch in part["allOf"]]}
    return shown


def _condition(branch: Document) -> Document:
    """Say of a condition that what it requires is not null, what it forbids may be."""
    properties = {
        name: _NULL if member == {"not": {}} else member
        for name, member in branch.get("properties", {}).items()
    }
    for name in branch.get("required", ()):
        properties[name] = {"allOf": [properties.get(name, {}), {"not": _NULL}]}
    return _with_conditions(branch, properties)
