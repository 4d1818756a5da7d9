"""An emulator on real sockets, and programs that run official SDKs against it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from tests.external.installing import install_from_npm, install_from_pypi, run

from smartpay_fixtures import sandbox_values
from smartpay_mock.server import Certificates, Sandbox, make_certificates
from smartpay_schemas import OPERATIONS, problems, response_schema

NODE = Path(__file__).parent / "node"
"""Where the Node SDK is installed, and the scripts that drive it."""

PYTHON = Path(__file__).parent / "python"
"""The same for the Python SDK, in a virtual environment of its own."""

EXPECTED = json.loads(Path(__file__).with_name("expected.json").read_bytes())
"""By SDK: members and schemas of what each call returns."""

DRIVERS = {"node": "drive.mjs", "python": "drive"}

Start = Callable[[], AbstractContextManager[Sandbox]]


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    """Return a private CA and a certificate for loopback, made once."""
    made = make_certificates()

    yield made

    made.remove()


@pytest.fixture(scope="session")
def start(certificates: Certificates) -> Start:
    """Return a function that serves an emulator, HTTP and HTTPS, for a block."""

    @contextmanager
    def served() -> Iterator[Sandbox]:
        with Sandbox(tls=certificates) as sandbox:
            yield sandbox
        assert not sandbox.errors, f"the emulator had errors: {sandbox.errors}"

    return served


@pytest.fixture
def sandbox(start: Start) -> Iterator[Sandbox]:
    """Return an emulator of this test's own."""
    with start() as running:
        yield running


@pytest.fixture(scope="session")
def node() -> Callable[..., str]:
    """Return a function that runs a script beside the installed SDK."""
    install_from_npm(NODE)
    return lambda script, **env: run(["node", script], NODE, env).stdout


@pytest.fixture(scope="session")
def python() -> Callable[..., str]:
    """Return a function that runs ``drive.py`` in the SDK's environment."""
    program = str(install_from_pypi(PYTHON) / "python")
    return lambda *words, **env: run([program, "drive.py", *words], PYTHON, env).stdout


@pytest.fixture(scope="session")
def drive(
    request: pytest.FixtureRequest, start: Start
) -> Callable[..., dict[str, Any]]:
    """Return what calls all methods of an SDK, and returns what came back.

    Its arguments are the SDK, ``variable`` or ``option`` for its base URL, the URL's
    scheme, the URL's path, and more environment variables.
    """

    def run_(sdk: str, by: str, scheme: str, mount: str, **env: str) -> dict[str, Any]:
        program = request.getfixturevalue(sdk)
        consumer = sandbox_values().consumers["active"]
        with start() as sandbox:
            root = sandbox.root_url if scheme == "http" else sandbox.tls_root_url
            printed = program(
                DRIVERS[sdk],
                SMARTPAY_API_PREFIX=root + mount if by == "variable" else "",
                API_PREFIX_OPTION=root + mount if by == "option" else "",
                SECRET_KEY=sandbox_values().secret_key,
                SANDBOX=sandbox.root_url,
                API_BASE=sandbox.tls_root_url.partition("://")[2],
                TEST_USERNAME=consumer.email_address,
                TEST_PASSWORD=consumer.password,
                NODE_EXTRA_CA_CERTS=str(sandbox.certificates.ca_path),
                REQUESTS_CA_BUNDLE=str(sandbox.certificates.ca_path),
                **env,
            )
        document: dict[str, Any] = json.loads(printed)
        return document

    return run_


@pytest.fixture
def results(driven: Mapping[str, Any]) -> Any:
    """Return what each call came back with, by name."""
    return driven["results"]


def at(document: Any, path: str) -> Any:
    """Return what is at a path with dots."""
    return reduce(
        lambda value, name: value[int(name) if isinstance(value, list) else name],
        path.split("."),
        document,
    )


@pytest.fixture
def unexpected(request: pytest.FixtureRequest, results: Any) -> list[Any]:
    """Return what came back otherwise than ``expected.json`` says, for one SDK.

    It has what the live suite asserts and the documents promise.
    """
    expected = EXPECTED[request.module.SDK]
    found: list[Any] = []
    for name, path, value in expected["calls"]:
        member = at(results[name], path)
        if (type(member), member) != (type(value), value):
            found.append((name, path, value, member))
    for path, operation, is_expanded in expected["shapes"]:
        schema = response_schema(OPERATIONS[operation], expanded=is_expanded)
        assert schema is not None
        found += problems(schema, at(results, path))
    return found
