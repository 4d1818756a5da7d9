"""The four tables agree with each other and with the schemas."""

from __future__ import annotations

import pytest

import smartpay_schemas as s
from smartpay_schemas.event_types import event_version, events

ANYWHERE = {
    "request.unsupported-media-type",
    "request.too-large",
    "request.not-found",
    "request.header-repeated",
    "request.host-unknown",
    "request.method-not-allowed",
    "idempotency.key-invalid",
    "idempotency.key-reused",
    "server.error",
    "server.unavailable",
}
"""Codes that any call can get, so that no operation lists them."""

OPERATIONS = list(s.OPERATIONS.values())
for_every_operation = pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.id)
for_every_lifecycle = pytest.mark.parametrize(
    "row", s.LIFECYCLES.values(), ids=lambda row: row.resource
)


@for_every_operation
def test_an_operation_points_at_schemas_that_exist(row: s.Operation) -> None:
    """Request and response are names of this package, each in its folder."""
    names = s.names()

    assert row.request is None or row.request in names
    assert row.response is None or row.response in names
    assert (row.request or "requests/").startswith("requests/")
    assert (row.response or "resources/").startswith("resources/")


@for_every_operation
def test_an_operation_is_well_formed(row: s.Operation) -> None:
    """Each column has one of the values that its readers know."""
    assert row.side in {"merchant", "consumer", "consumer-login"}
    assert row.method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert row.expand in {"always", "query", "never"}
    assert row.status == (204 if row.method == "DELETE" else 200)
    assert row.path.startswith("/")
    assert row.summary.endswith(".")
    assert row.source


@for_every_operation
def test_an_operation_lists_errors_that_exist(row: s.Operation) -> None:
    """Every code has a row, once, and none of those that any call can get."""
    assert set(row.errors) <= set(s.ERRORS)
    assert len(set(row.errors)) == len(row.errors)
    assert not set(row.errors) & ANYWHERE


@for_every_operation
def test_an_operation_with_a_body_can_refuse_it(row: s.Operation) -> None:
    """Who reads a body says what happens to a bad one."""
    refusals = {"request.malformed", "request.invalid"}

    assert row.request is None or refusals <= set(row.errors)


def test_two_operations_never_share_a_route() -> None:
    """Method and path decide."""
    routes = {(row.side == "merchant", row.method, row.path) for row in OPERATIONS}

    assert len(routes) == len(OPERATIONS)


@pytest.mark.parametrize("code", s.ERRORS)
def test_an_error_row_is_used(code: str) -> None:
    """A code that nothing answers with is no part of the API."""
    used = {code for row in OPERATIONS for code in row.errors} | ANYWHERE

    assert code in used


@pytest.mark.parametrize("row", s.ERRORS.values(), ids=list(s.ERRORS))
def test_an_error_row_makes_a_valid_body(row: s.ErrorRow) -> None:
    """Status and code fit the schema of the body, and the words are sentences."""
    body = {
        "details": [],
        "errorCode": row.code,
        "message": row.message,
        "statusCode": row.status,
    }

    assert s.problems("common/error", body) == []
    assert row.condition.endswith(".")
    assert row.confidence in {"documented", "observed", "assumed"}


@for_every_lifecycle
def test_a_lifecycle_knows_its_states_errors_and_events(row: s.Lifecycle) -> None:
    """Every name in it is a state, an error code or the type of an event we send."""
    emitted = {event.type for event in s.EVENTS.values() if event.emitted}

    for step in row.transitions:
        assert step.from_state in {"new", *row.states}
        assert step.to_state in row.states
        assert set(step.events) <= emitted
        assert step.action in row.refusals
    assert {code for code in row.refusals.values() if code} <= set(s.ERRORS)
    assert set(row.final) <= set(row.states)


@for_every_lifecycle
def test_no_step_leaves_a_final_state(row: s.Lifecycle) -> None:
    """A final state may be confirmed, never left."""
    left = [t for t in row.transitions if t.from_state in row.final]

    assert all(step.to_state == step.from_state for step in left)


@for_every_lifecycle
def test_a_lifecycle_has_one_step_per_state_and_action(row: s.Lifecycle) -> None:
    """The table is a function, and find() reads it."""
    keys = [(step.from_state, step.action) for step in row.transitions]

    assert len(set(keys)) == len(keys)
    for step in row.transitions:
        assert row.find(step.from_state, step.action) is step
    assert row.find("nowhere", keys[0][1]) is None


@pytest.mark.parametrize("resource", s.LIFECYCLES)
def test_every_state_can_be_reached(resource: str) -> None:
    """From the start, by the steps of the table."""
    lifecycle = s.LIFECYCLES[resource]
    reached = {"new"}
    for _ in lifecycle.states:
        reached |= {
            m.to_state for m in lifecycle.transitions if m.from_state in reached
        }

    unreached = set(lifecycle.states) - reached

    assert unreached == set()


@pytest.mark.parametrize("resource", s.LIFECYCLES)
def test_the_states_are_those_of_the_resource(resource: str) -> None:
    """The schema of the answer and the lifecycle agree."""
    shape = s.schema(f"resources/{resource}" + ("" if resource == "token" else "-core"))

    states = set(shape["properties"]["status"]["enum"])

    assert states == set(s.LIFECYCLES[resource].states)


def test_an_endpoint_can_subscribe_to_every_event_type() -> None:
    """The schema and the table list the SDKs' 20 types, in the same order."""
    assert s.schema("common/event-type")["enum"] == list(events())
    assert (len(events()), event_version()) == (20, "2022-02-18")


def test_an_unknown_name_of_the_package_is_refused() -> None:
    """Lazy names are still names."""
    with pytest.raises(AttributeError, match="no attribute 'NOPE'"):
        _ = s.NOPE  # type: ignore[attr-defined] # the point of the test
