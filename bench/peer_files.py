"""Configuration of the peers: one schema, in the format of each peer."""

from __future__ import annotations

import json
from typing import Any

from smartpay_fixtures import SAMPLES
from smartpay_schemas.openapi import openapi

# What only describes is of no use to a validator; these say what to refuse.
_RULES = {
    "$ref", "additionalProperties", "enum", "format", "items", "maxItems",
    "maxLength", "maxProperties", "maximum", "minItems", "minLength", "minimum",
    "pattern", "properties", "required", "type",
}  # fmt: skip


def files() -> dict[str, str]:
    """Return the files that servers read, by name."""
    payload = SAMPLES["guide/curl"].payload
    payload["customerInfo"]["emailAddress"] = "john@example.com"
    document = openapi()
    create = document["paths"]["/v1/orders"]["post"]
    shown = create["responses"]["200"]["content"]["application/json"]["examples"]
    answer = next(iter(shown.values()))["value"]
    document["paths"] = {"/v1/orders": {"post": create}}
    document.pop("webhooks")
    item = {"id": {"S": "order"}, "body": {"S": json.dumps(payload)}}
    rule = _request_schema(document)
    documents: dict[str, Any] = {
        "order.json": payload,
        "answer.json": answer,
        "openapi.json": document,
        "openapi-3.0.json": _openapi_30(rule, answer),
        "put-item.json": {"TableName": "orders", "Item": item},
        "mockoon-rule.json": _mockoon(_mockoon_rule(answer), data=rule),
        "mockoon-crud.json": _mockoon(_mockoon_crud()),
        "wiremock/mappings/orders.json": _wiremock(rule, answer),
    }
    written = {name: json.dumps(content) for name, content in documents.items()}
    return {**written, "customer.form": "name=John+Doe&email=john%40example.com"}


def _request_schema(document: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the request in one piece, only what older dialects know."""
    schemas = document["components"]["schemas"]

    def plain(schema: Any) -> Any:
        if "$ref" in schema:
            return plain(schemas[schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:  # or null, which the load never sends
            return plain(schema["anyOf"][0])
        kept = {name: rule for name, rule in schema.items() if _is_known(name, rule)}
        for name in {"items", "additionalProperties"} & set(kept):
            kept[name] = plain(kept[name])
        if "properties" in kept:
            kept["properties"] = {n: plain(s) for n, s in kept["properties"].items()}
        return kept

    whole: dict[str, Any] = plain(schemas["requests.order-create"])
    return whole


def _is_known(name: str, rule: Any) -> bool:
    """Return whether every dialect knows a rule of a schema."""
    if name == "format":
        return rule in {"date", "email"}
    if name == "type":
        return isinstance(rule, str)
    return name in _RULES


def _openapi_30(rule: dict[str, Any], answer: Any) -> dict[str, Any]:
    def media(**content: Any) -> dict[str, Any]:
        return {"application/json": content}

    create = {
        "operationId": "create_order",
        "requestBody": {"required": True, "content": media(schema=rule)},
        "responses": {
            "200": {
                "description": "An order.",
                "content": media(schema={"type": "object"}, example=answer),
            }
        },
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Orders", "version": "1"},
        "paths": {"/v1/orders": {"post": create}},
    }


def _wiremock(rule: dict[str, Any], answer: Any) -> dict[str, Any]:
    schema = {"matchesJsonSchema": json.dumps(rule), "schemaVersion": "V202012"}
    return {
        "request": {
            "method": "POST",
            "urlPath": "/v1/orders",
            "bodyPatterns": [schema],
        },
        "response": {"status": 200, "jsonBody": answer},
    }


def _mockoon(route: dict[str, Any], data: Any = ()) -> dict[str, Any]:
    bucket = {"uuid": "d", "id": "data", "name": "data", "value": json.dumps(data)}
    return {
        "uuid": "e",
        "lastMigration": 33,
        "name": "orders",
        "port": 0,
        "hostname": "127.0.0.1",
        "endpointPrefix": "",
        "latency": 0,
        "folders": [],
        "rootChildren": [{"type": "route", "uuid": "r"}],
        "data": [bucket],
        "routes": [{"uuid": "r", "documentation": "", "responseMode": None, **route}],
        "proxyMode": False,
        "headers": [],
        "cors": False,
        "callbacks": [],
    }


def _mockoon_response(**changes: Any) -> dict[str, Any]:
    return {
        "uuid": "a",
        "body": "",
        "latency": 0,
        "statusCode": 200,
        "label": "",
        "headers": [{"key": "Content-Type", "value": "application/json"}],
        "bodyType": "INLINE",
        "filePath": "",
        "databucketID": "",
        "sendFileAsBody": False,
        "rules": [],
        "rulesOperator": "OR",
        "disableTemplating": True,
        "fallbackTo404": False,
        "default": True,
        "crudKey": "id",
        "callbacks": [],
        **changes,
    }


def _mockoon_rule(answer: Any) -> dict[str, Any]:
    is_valid = {
        "target": "body",
        "modifier": "",
        "value": "data",
        "invert": False,
        "operator": "valid_json_schema",
    }
    accepted = _mockoon_response(
        body=json.dumps(answer), rules=[is_valid], default=False
    )
    refused = _mockoon_response(uuid="b", statusCode=400, body="{}")
    return {
        "type": "http",
        "method": "post",
        "endpoint": "v1/orders",
        "responses": [accepted, refused],
    }


def _mockoon_crud() -> dict[str, Any]:
    response = _mockoon_response(bodyType="DATABUCKET", databucketID="data")
    return {
        "type": "crud",
        "method": "",
        "endpoint": "v1/orders",
        "responses": [response],
    }
