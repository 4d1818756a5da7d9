"""The pytest plugin: a payment provider of its own for each test.

Imported by every run of pytest on a machine that has the package installed, so it
imports nothing heavy: what a fixture needs is imported when the fixture is used.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from smartpay_mock.testing import Clock, Faults, Smartpay, SmartpayServer, Webhooks
    from smartpay_mock.testing.runs import Run

MARKER = (
    "smartpay(fail_on=..., scenario=..., seed=..., frozen=...): how the smartpay "
    "fixture behaves in this test. fail_on: none, or some of double-charge, "
    "unmatched-fault, advice; scenario: the world it begins with; seed: makes ids "
    "repeatable; frozen: True, or the time the clock stands at"
)
VERDICTS = ("double-charge", "unmatched-fault", "advice")
FAIL_ON_HELP = (
    f"what fails a test that uses smartpay is none, or some of {', '.join(VERDICTS)}."
)
COVERAGE = ("smartpay_cov", "smartpay_cov_report", "smartpay_cov_fail_under")
RUN: pytest.StashKey[Run] = pytest.StashKey()
USED: pytest.StashKey[Smartpay] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and settings of the fixture."""
    group = parser.getgroup("smartpay", "smartpay (a payment provider for each test)")
    group.addoption(
        "--smartpay-shared",
        action="store_true",
        help="With pytest-xdist: one emulator for all workers, not one for each.",
    )
    group.addoption(
        "--smartpay-seed",
        type=int,
        metavar="N",
        help="Make the ids of every test's account repeatable.",
    )
    group.addoption(
        "--smartpay-cov",
        action="store_true",
        help="Count which payment paths the tests take, and report it.",
    )
    group.addoption(
        "--smartpay-cov-report",
        action="append",
        default=[],
        metavar="FORM[:FILE]",
        help="term (the default), html or json; may be given several times.",
    )
    group.addoption(
        "--smartpay-cov-fail-under",
        type=float,
        metavar="PERCENT",
        help="Fail the run if a smaller share of the paths was taken.",
    )
    group.addoption(
        "--smartpay-cov-operations",
        default="",
        metavar="NAMES",
        help="Operations or families that count, with commas; else those called.",
    )
    parser.addini(
        "smartpay_cov_operations",
        "Operations or families whose payment paths count; else those called.",
        "args",
        [],
    )
    parser.addini("smartpay_fail_on", FAIL_ON_HELP, "args", ["unmatched-fault"])
    parser.addini(
        "smartpay_warn_advice",
        "Whether advice on a test's requests becomes a SmartpayAdviceWarning.",
        "bool",
        True,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and refuse settings that cannot be used.

    Raises:
        UsageError: ``smartpay_fail_on`` names something else than a verdict.
    """
    config.addinivalue_line("markers", MARKER)
    asked = config.getini("smartpay_fail_on")
    unknown = sorted(set(asked) - {"none", *VERDICTS})
    if unknown:
        raise pytest.UsageError(
            f"smartpay_fail_on: {', '.join(unknown)} is unknown; {FAIL_ON_HELP}"
        )
    if any(map(config.getoption, COVERAGE)):
        run_of(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers of this process."""
    if RUN in config.stash:
        config.stash[RUN].stop()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for what no test was there to show; send a worker's counts."""
    if RUN not in session.config.stash:
        return
    run = session.config.stash[RUN]
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        run.send_to(output)
    elif run.has_failed():
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show what was covered, and errors that no test was there to show."""
    if RUN in config.stash:
        config.stash[RUN].summarize(terminalreporter)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker where the emulator is that all workers share."""
    if node.config.getoption("smartpay_shared"):
        node.workerinput["smartpay_url"] = run_of(node.config).shared_url()
    if node.config.getoption("dist") == "each":
        # Every worker runs every test: the same names at the same time.
        node.workerinput["smartpay_salt"] = node.gateway.id


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what an xdist worker counted."""
    if RUN in node.config.stash:
        node.config.stash[RUN].receive(getattr(node, "workeroutput", {}))


@pytest.fixture(scope="session")
def smartpay_config() -> Mapping[str, Any]:
    """Settings of the emulator by name; override it to change them.

    For example ``return {"strict": True}``; ``smartpay-sandbox serve --help`` lists
    them. Every distinct configuration gets an emulator of its own.
    """
    return {}


@pytest.fixture(scope="session")
def smartpay_server(
    pytestconfig: pytest.Config, smartpay_config: Mapping[str, Any]
) -> SmartpayServer:
    """The emulator of this process; ``account(name)`` for what outlives a test."""
    return run_of(pytestconfig).server(smartpay_config)


@pytest.fixture(scope="session")
def smartpay_url(smartpay_server: SmartpayServer) -> str:
    """The URL to use in place of ``https://api.smartpay.co/v1``."""
    return smartpay_server.url


@pytest.fixture
def smartpay(
    request: pytest.FixtureRequest, smartpay_config: Mapping[str, Any]
) -> Iterator[Smartpay]:
    """A payment provider of this test's own: ``smartpay.url``, ``.secret_key``.

    Nothing in it is shared with another test. ``help(smartpay)`` shows what it can do.
    """
    run = run_of(request.config)
    with run.account(request.node, smartpay_config) as account:
        request.node.stash[USED] = account
        yield account


@pytest.fixture
def smartpay_clock(smartpay: Smartpay) -> Clock:
    """The account's clock, ``smartpay.clock``."""
    return smartpay.clock


@pytest.fixture
def smartpay_faults(smartpay: Smartpay) -> Faults:
    """What goes wrong on purpose, ``smartpay.faults``."""
    return smartpay.faults


@pytest.fixture
def smartpay_webhooks(smartpay: Smartpay) -> Webhooks:
    """The account's webhooks, ``smartpay.webhooks``."""
    return smartpay.webhooks


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Judge what the test's account went through, once the test has passed."""
    try:
        result = yield
    except BaseException:
        if USED in item.stash:
            run_of(item.config).show(item, item.stash[USED])
        raise
    if USED in item.stash:
        run_of(item.config).judge(item, item.stash[USED])
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Let the traceback of a wrong use end where the test's author wrote it."""
    if call.excinfo is not None and RUN in item.config.stash:
        run_of(item.config).shorten(call.excinfo.value)


def run_of(config: pytest.Config) -> Run:
    """Return what this run of pytest keeps, made when it is first needed."""
    if RUN not in config.stash:
        from smartpay_mock.testing.runs import Run  # noqa: PLC0415 - first use only

        config.stash[RUN] = Run(config)
    return config.stash[RUN]
