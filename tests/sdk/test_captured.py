"""The recordings that were captured are what their clients send, call by call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any, NamedTuple

import pytest
from flask import Flask

from smartpay_fixtures import sandbox_values
from smartpay_fixtures.recordings import recordings, run_recording
from smartpay_mock.app import create_app
from smartpay_mock.cli.sdks import SDKS, variables
from smartpay_mock.server import Sandbox

HEADERS = ("HTTP_ACCEPT", "HTTP_AUTHORIZATION", "HTTP_IDEMPOTENCY_KEY", "CONTENT_TYPE")
VARYING = (
    (r"_test_[0-9A-Za-z]{20,}", "_test_ID"),
    (r"pageToken=\w+", "pageToken=TOKEN"),
)
"""What differs from run to run."""

CLIENTS = {
    "node": ("node", ("live.mjs",)),
    "python-0.6": ("python", ("drive",)),
}
"""Recording -> fixture that runs the SDK, and its arguments."""


class Call(NamedTuple):
    """One request, without what differs from run to run."""

    line: str
    query: frozenset[str]
    headers: Mapping[str, str]
    body: str


@contextmanager
def watched(app: Flask) -> Iterator[list[Call]]:
    """Collect the requests that reach an application."""
    calls: list[Call] = []
    answer = app.wsgi_app

    def collect(environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        calls.append(call_of(environ, body))
        return answer(environ, start_response)

    app.wsgi_app = collect  # type: ignore[method-assign]  # Flask documents this
    yield calls


def call_of(environ: Mapping[str, Any], body: bytes) -> Call:
    """Return a request in the form that is compared."""
    path = environ["SCRIPT_NAME"] + environ["PATH_INFO"]
    headers = {name: environ.get(name, "") for name in HEADERS}
    key = headers["HTTP_IDEMPOTENCY_KEY"]
    headers["HTTP_IDEMPOTENCY_KEY"] = f"{len(key)} characters"
    # The order of members counts, white space and escapes do not.
    text = json.dumps(json.loads(body)) if body else ""
    return Call(
        constant(f"{environ['REQUEST_METHOD']} {path}"),
        frozenset(constant(environ["QUERY_STRING"]).split("&")),
        {name: constant(value) for name, value in headers.items()},
        constant(text),
    )


def constant(text: str) -> str:
    """Return a text without what differs from run to run."""
    for pattern, instead in VARYING:
        text = re.sub(pattern, instead, text)
    return text


def sent_by_the_recording(name: str) -> list[Call]:
    """Return the requests of a recording, played in this process."""
    app = create_app()
    client = app.test_client()

    def send(method: str, url: str, headers: Any, body: bytes | None) -> Any:
        response = client.open(url, method=method, headers=headers, data=body)
        return response.status_code, dict(response.headers), response.data

    with watched(app) as calls:
        run_recording(recordings()[name], send, secret_key=sandbox_values().secret_key)
    return calls


@pytest.mark.parametrize("name", CLIENTS)
def test_a_captured_recording_is_what_the_client_sends(
    request: pytest.FixtureRequest, sandbox: Sandbox, name: str
) -> None:
    """Methods, paths, queries, headers and bodies, in order."""
    fixture, arguments = CLIENTS[name]
    run: Callable[..., str] = request.getfixturevalue(fixture)
    settings = variables(
        SDKS[fixture],
        sandbox.root_url,
        sandbox_values().secret_key,
        tls_root_url=sandbox.tls_root_url,
    )

    with watched(sandbox.app) as calls:
        run(*arguments, **settings, **sandbox.certificates.environment)

    recorded = sent_by_the_recording(name)
    assert calls[: len(recorded)] == recorded
    assert len(recorded) == len(recordings()[name].steps)


def test_every_captured_recording_is_compared() -> None:
    """Nothing written by hand is called captured."""
    captured = {name for name, one in recordings().items() if one.captured}

    assert captured == set(CLIENTS)
