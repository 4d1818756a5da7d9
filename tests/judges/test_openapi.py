"""The exported OpenAPI documents are valid and leave nothing out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from openapi_spec_validator import OpenAPIV31SpecValidator

from smartpay_mock.app import create_app
from smartpay_mock.cli.openapi import command
from smartpay_mock.control.describe import describe_admin
from smartpay_mock.control.table import ROUTES
from smartpay_schemas import ERRORS, EVENTS, OPERATIONS, names
from smartpay_schemas.openapi import openapi

DOCUMENTS = {"api": openapi, "admin": describe_admin}
# Codes of calls that reach no operation.
NO_OPERATION = {"request.not-found", "request.method-not-allowed"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_document_is_valid_openapi_3_1(name: str) -> None:
    """An independent validator finds nothing."""
    errors = OpenAPIV31SpecValidator(DOCUMENTS[name]()).iter_errors()

    assert [str(error) for error in errors] == []


def test_every_operation_error_event_and_schema_is_in_it() -> None:
    """What a table has, the document has."""
    document = openapi()

    described = {
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    }

    assert described == set(OPERATIONS)
    assert set(document["webhooks"]) == set(EVENTS)
    assert len(document["components"]["schemas"]) == len(names())
    assert _codes(document) == set(ERRORS) - NO_OPERATION


def test_every_operation_says_what_a_replay_and_a_request_id_look_like() -> None:
    """Headers are part of the promise."""
    order = openapi()["paths"]["/v1/orders"]

    assert set(order["post"]["responses"]["200"]["headers"]) == {
        "Request-Id",
        "Idempotency-Replayed",
    }
    assert set(order["get"]["responses"]["200"]["headers"]) == {"Request-Id"}


def test_null_is_allowed_exactly_where_it_means_absent() -> None:
    """Optional members of requests may be null, mandatory ones may not."""
    schemas = openapi()["components"]["schemas"]
    order = schemas["requests.order-create"]["properties"]

    assert {"type": "null"} in order["reference"]["anyOf"]
    assert "anyOf" not in order["token"]


def test_every_route_of_the_control_plane_is_described() -> None:
    """The table of routes and its description agree."""
    document = describe_admin()

    described = sum(len(methods) for methods in document["paths"].values())

    assert described == len(ROUTES)


@pytest.mark.parametrize("path", ["/openapi.json", "/__admin/openapi.json"])
def test_a_server_names_itself_in_its_document(path: str) -> None:
    """The document that a server gives points at that server."""
    answer = create_app().test_client().get(path, base_url="http://127.0.0.1:4711")

    assert answer.status_code == 200
    assert json.loads(answer.text)["servers"] == [{"url": "http://127.0.0.1:4711"}]


@pytest.mark.parametrize("arguments", [[], ["--admin"]])
def test_the_command_prints_the_document(arguments: list[str]) -> None:
    """It is JSON and names the server asked for."""
    done = CliRunner().invoke(command, [*arguments, "--url", "http://127.0.0.1:1/"])

    document: Any = json.loads(done.output)
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "http://127.0.0.1:1"}]


def _codes(document: dict[str, Any]) -> set[str]:
    return {
        code
        for methods in document["paths"].values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if status >= "400"
        for media in response["content"].values()
        for code in media.get("examples", ())
    }
