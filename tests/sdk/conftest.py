"""An emulator on real sockets, and programs that run official SDKs against it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from smartpay_mock.server import Certificates, Sandbox, make_certificates

TIMEOUT_S = 100
"""How long a program may take, in seconds: an installation half a minute on a bad
day, all others one or two."""

NODE = Path(__file__).parent / "node"
"""Where the Node SDK is installed, and the scripts that drive it."""

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
