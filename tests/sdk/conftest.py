"""An emulator on real sockets, and programs that run official SDKs against it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import reduce
from pathlib import Path
from typing import Any, NoReturn

import pytest

from smartpay_fixtures import sandbox_values
from smartpay_mock.server import Certificates, Sandbox, make_certificates
from smartpay_schemas import OPERATIONS, problems, response_schema

TIMEOUT_S = 100
"""How long a program may take, in seconds: an installation half a minute on a bad
day, all others one or two."""

NODE = Path(__file__).parent / "node"
"""Where the Node SDK is installed, and the scripts that drive it."""

PYTHON = Path(__file__).parent / "python"
"""The same for the Python SDK, in a virtual environment of its own."""

REQUIREMENTS = PYTHON / "requirements.txt"
DRIVERS = {"node": "drive.mjs", "python": "drive"}

PIP_ENVIRONMENT = {"PIP_CONSTRAINT": "", "PIP_BUILD_CONSTRAINT": ""}
"""What make asks of pip is meant for the emulator's environment, not for this one."""

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
def run() -> Callable[..., str]:
    """Return a function that runs a program to its end and returns what it printed."""

    def run_(
        *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None
    ) -> str:
        words = [str(part) for part in command]
        outcome = subprocess.run(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            check=False,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        assert outcome.returncode == 0, (
            f"{' '.join(words)} ended with {outcome.returncode}:\n"
            f"{outcome.stdout[-2_000:]}\n{outcome.stderr[-4_000:]}"
        )
        return outcome.stdout

    return run_


@pytest.fixture(scope="session")
def unavailable() -> Callable[[str], NoReturn]:
    """Return what to call when something is not to be had: it says what.

    Under CI, where everything has to be there, the tests fail; elsewhere they are
    skipped, so that nobody needs Node to work on the emulator.
    """

    def give_up(what: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(f"{what} With CI set, this test must run.", pytrace=False)
        pytest.skip(what)

    return give_up


@pytest.fixture(scope="session")
def alone() -> Callable[[Path], AbstractContextManager[None]]:
    """Return a lock on a file, for what parallel test processes must do only once."""

    @contextmanager
    def locked(path: Path) -> Iterator[None]:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    return locked


@pytest.fixture(scope="session")
def node(
    run: Callable[..., str],
    unavailable: Callable[[str], NoReturn],
    alone: Callable[[Path], AbstractContextManager[None]],
) -> Callable[..., str]:
    """Return a function that runs a script beside the installed SDK."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            unavailable(f"{program} is missing; install Node.js 20 with npm.")
    modules = NODE / "node_modules"
    stamp = modules / ".stamp"
    with alone(modules / ".lock"):
        wanted = (NODE / "package.json").read_text(encoding="utf-8")
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            options = ("--no-package-lock", "--no-audit", "--no-fund")
            try:
                run("npm", "install", *options, cwd=NODE)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                unavailable(f"The SDK cannot be installed. {error}")
            stamp.write_text(wanted, encoding="utf-8")
    return lambda script, **env: run("node", script, cwd=NODE, env=env)


@pytest.fixture(scope="session")
def python(
    run: Callable[..., str],
    unavailable: Callable[[str], NoReturn],
    alone: Callable[[Path], AbstractContextManager[None]],
) -> Callable[..., str]:
    """Return a function that runs ``drive.py`` in the SDK's environment."""
    home = PYTHON / ".venv" / "smartpay"
    program = home / "bin" / "python"
    stamp = home / "stamp"
    with alone(home.with_name("lock")):
        wanted = f"{sys.version}\n{REQUIREMENTS.read_text(encoding='utf-8')}"
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            pip = (program, "-m", "pip", "--disable-pip-version-check", "install", "-q")
            try:
                run(sys.executable, "-m", "venv", "--clear", home, cwd=PYTHON)
                run(*pip, "-r", REQUIREMENTS, cwd=PYTHON, env=PIP_ENVIRONMENT)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                unavailable(f"The SDK cannot be installed. {error}")
            stamp.write_text(wanted, encoding="utf-8")
    return lambda *words, **env: run(
        program, PYTHON / "drive.py", *words, cwd=PYTHON, env=env
    )


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
