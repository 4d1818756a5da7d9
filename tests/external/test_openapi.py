"""The exported OpenAPI documents are valid and leave nothing out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from smartpay_mock.app import create_app
from smartpay_mock.cli.openapi import openapi as command
from smartpay_mock.control.admin import ROUTES, describe_admin
from smartpay_schemas import ERRORS, EVENTS, OPERATIONS, names
from smartpay_schemas.openapi import openapi

DOCUMENTS = {"api": openapi, "admin": describe_admin}


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
    # One more: the metadata of requests, in which a value may be null.
    assert len(document["components"]["schemas"]) == len(names()) + 1
    assert _codes(document) == set(ERRORS)


def test_every_operation_says_what_a_replay_and_a_request_id_look_like() -> None:
    """Headers are part of the promise."""
    order = openapi()["paths"]["/v1/orders"]

    assert _headers(order["post"], "200") == {
        "Request-Id",
        "Idempotency-Replayed",
        "Smartpay-Sandbox-Advice",
    }
    assert _headers(order["get"], "401") == {
        "Request-Id",
        "WWW-Authenticate",
        "Smartpay-Sandbox-Reason",
    }
    assert _headers(order["get"], "503") == {"Request-Id", "Retry-After"}


@pytest.mark.parametrize("section", ["paths", "webhooks"])
def test_every_body_has_an_example_that_is_valid(section: str) -> None:
    """Requests, responses, errors and events."""
    document = openapi()
    parts = {"components": document["components"]}

    for media in _media(document[section]):
        validator = Draft202012Validator({**parts, **media["schema"]})
        assert media["examples"], media
        for example in media["examples"].values():
            validator.validate(example["value"])


def test_an_example_of_an_event_shows_what_the_event_leaves() -> None:
    """A canceled order is canceled, a disabled token is disabled."""
    webhooks = openapi()["webhooks"]

    shown = {
        name: next(iter(_media(webhooks[name])))["examples"]["example1"]["value"]
        for name in ("order.canceled", "order.rejected", "token.disabled")
    }

    statuses = [event["eventData"]["data"]["status"] for event in shown.values()]
    assert statuses == ["canceled", "rejected", "disabled"]
    assert [event["eventData"]["type"] for event in shown.values()] == list(shown)


def test_a_creation_says_who_takes_its_id() -> None:
    """So that tools can go from an order to its capture and from there to a refund."""
    paths = openapi()["paths"]

    order = paths["/v1/orders"]["post"]["responses"]["200"]["links"]
    payment = paths["/v1/payments"]["post"]["responses"]["200"]["links"]

    taken = {"order": "$response.body#/id"}
    assert order["create_payment"]["requestBody"] == taken
    assert list(payment) == ["create_refund"]


def test_null_is_allowed_exactly_where_it_means_absent() -> None:
    """Optional members of requests may be null, mandatory ones may not."""
    schemas = openapi()["components"]["schemas"]
    order = schemas["requests.order-create"]["properties"]

    assert {"type": "null"} in order["reference"]["anyOf"]
    assert "anyOf" not in order["token"]


def test_what_means_unset_is_in_it() -> None:
    """Empty query parameters, and null as a value of metadata that is sent."""
    components = openapi()["components"]
    order = components["schemas"]["requests.order-create"]["properties"]
    metadata = {"components": components, **order["metadata"]["anyOf"][0]}

    for name in ("maxResults", "expand"):
        assert Draft202012Validator(components["parameters"][name]["schema"]).is_valid(
            ""
        )
    assert Draft202012Validator(metadata).is_valid({"campaign": None})
    assert not Draft202012Validator(components["schemas"]["common.metadata"]).is_valid(
        {"campaign": None}
    )


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


def test_the_command_and_the_server_give_one_document_in_json_and_yaml() -> None:
    """The control plane's document is the same at every place and in both notations."""
    answer = create_app().test_client().get("/__admin/openapi.json")

    printed = [
        CliRunner().invoke(
            command, ["--admin", "--url", "http://localhost", "--format", notation]
        )
        for notation in ("json", "yaml")
    ]

    assert json.loads(printed[0].output) == json.loads(answer.text)
    assert yaml.safe_load(printed[1].output) == json.loads(answer.text)


def _codes(document: dict[str, Any]) -> set[str]:
    examples = [
        example["value"]
        for part in (document["paths"], document["components"]["responses"])
        for media in _media(part)
        for example in media["examples"].values()
    ]
    return {value["errorCode"] for value in examples if "errorCode" in value}


def _headers(operation: dict[str, Any], status: str) -> set[str]:
    return set(operation["responses"][status]["headers"])


def _media(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every described body in a part of the document."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "content":
                yield from value.values()
            else:
                yield from _media(value)
    elif isinstance(part, list):
        for entry in part:
            yield from _media(entry)
