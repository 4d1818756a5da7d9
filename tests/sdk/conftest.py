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


@pytest.fixture
def at() -> Callable[[Any, str], Any]:
    """Return a function for what is at a path with dots."""
    return lambda document, path: reduce(
        lambda value, name: value[int(name) if isinstance(value, list) else name],
        path.split("."),
        document,
    )


@pytest.fixture
def problems_of(results: Any, at: Callable[[Any, str], Any]) -> Callable[..., Any]:
    """Return a function for what is wrong with a result under its response schema."""

    def find(path: str, operation: str, *, expanded: bool) -> Any:
        schema = response_schema(OPERATIONS[operation], expanded=expanded)
        assert schema is not None
        return problems(schema, at(results, path))

    return find
