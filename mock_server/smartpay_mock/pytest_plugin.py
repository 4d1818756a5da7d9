"""The pytest plugin: a payment provider for each test.

Every pytest run imports this module if the package is installed. So it imports nothing
heavy: the fixtures import the rest when a test uses them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from smartpay_mock.testing import Clock, Faults, Smartpay, SmartpayServer, Webhooks
    from smartpay_mock.testing.run import Run

MARKER = (
    "smartpay(fail_on=..., scenario=..., seed=..., frozen=...): set up the smartpay "
    "fixture for this test. fail_on: none, or some of double-charge, unmatched-fault, "
    "advice; scenario: the scenario to run first; seed: makes ids repeatable; frozen: "
    "True, or the time to freeze the clock at"
)
CHECKS = ("double-charge", "unmatched-fault", "advice")
FAIL_ON_HELP = f"Checks that can fail a test: none, or some of {', '.join(CHECKS)}."
COVERAGE = ("smartpay_cov", "smartpay_cov_report", "smartpay_cov_fail_under")
OWN_KEYS = "smartpay_"
"""How the keys start that an xdist worker sends for this plugin."""
RUN: pytest.StashKey[Run] = pytest.StashKey()
ACCOUNT: pytest.StashKey[Smartpay] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and settings of the plugin."""
    group = parser.getgroup("smartpay", "smartpay (a payment provider for each test)")
    group.addoption(
        "--smartpay-shared",
        action="store_true",
        help="With pytest-xdist: share one emulator between all workers.",
    )
    group.addoption(
        "--smartpay-seed",
        type=int,
        metavar="N",
        help="Make the ids of every test's account repeatable.",
    )
    _add_coverage_options(group)
    _add_settings(parser)


def _add_coverage_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--smartpay-cov",
        action="store_true",
        help="Report which payment paths the tests take.",
    )
    group.addoption(
        "--smartpay-cov-report",
        action="append",
        default=[],
        metavar="FORM[:FILE]",
        help="Form of the coverage report: term (default), html or json; repeatable.",
    )
    group.addoption(
        "--smartpay-cov-fail-under",
        type=float,
        metavar="PERCENT",
        help="Fail the run if the tests take a smaller share of the payment paths.",
    )
    group.addoption(
        "--smartpay-cov-operations",
        default="",
        metavar="NAMES",
        help="Operations or families to cover, with commas [default: those called].",
    )


def _add_settings(parser: pytest.Parser) -> None:
    parser.addini(
        "smartpay_cov_operations",
        "Operations or families to cover (default: those called).",
        "args",
        [],
    )
    parser.addini("smartpay_fail_on", FAIL_ON_HELP, "args", ["unmatched-fault"])
    parser.addini(
        "smartpay_warn_advice",
        "Issue a SmartpayAdviceWarning for advice on a test's requests.",
        "bool",
        True,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and check the settings.

    Raises:
        UsageError: ``smartpay_fail_on`` names an unknown check.
    """
    config.addinivalue_line("markers", MARKER)
    names = config.getini("smartpay_fail_on")
    unknown = sorted(set(names) - {"none", *CHECKS})
    if unknown:
        raise pytest.UsageError(
            f"smartpay_fail_on: unknown check {', '.join(unknown)}. {FAIL_ON_HELP}"
        )
    if any(map(config.getoption, COVERAGE)):
        run_of(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers of this process."""
    if RUN in config.stash:
        config.stash[RUN].stop()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for low coverage or unreported errors; send a worker's counts."""
    if RUN not in session.config.stash:
        return
    run = session.config.stash[RUN]
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        run.send_counts(output)
    elif run.has_failed():
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Write the coverage, the double charges, and errors that no test reported."""
    if RUN in config.stash:
        config.stash[RUN].summarize(terminalreporter)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Send an xdist worker the URL of the shared emulator."""
    if node.config.getoption("smartpay_shared"):
        node.workerinput["smartpay_url"] = run_of(node.config).server({}).root_url
    if node.config.getoption("dist") == "each":
        # Every worker runs every test, so the same account names occur twice.
        node.workerinput["smartpay_salt"] = node.gateway.id


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what an xdist worker found."""
    output = getattr(node, "workeroutput", {})
    if RUN in node.config.stash or any(key.startswith(OWN_KEYS) for key in output):
        run_of(node.config).add_counts(output)


@pytest.fixture(scope="session")
def smartpay_config() -> Mapping[str, Any]:
    """Settings of the emulator by name; override this fixture to change them.

    For example ``return {"strict": True}``; ``smartpay-sandbox serve --help`` lists
    the settings. Each distinct configuration gets its own emulator.
    """
    return {}


@pytest.fixture(scope="session")
def smartpay_server(
    pytestconfig: pytest.Config, smartpay_config: Mapping[str, Any]
) -> SmartpayServer:
    """The emulator; ``account(name)`` returns an account that outlives a test."""
    return run_of(pytestconfig).server(smartpay_config)


@pytest.fixture(scope="session")
def smartpay_url(smartpay_server: SmartpayServer) -> str:
    """The URL to use in place of ``https://api.smartpay.co/v1``."""
    return smartpay_server.url


@pytest.fixture
def smartpay(
    request: pytest.FixtureRequest, smartpay_config: Mapping[str, Any]
) -> Iterator[Smartpay]:
    """A payment provider for this test alone: ``smartpay.url``, ``.secret_key``.

    No other test sees its data. ``help(smartpay)`` lists its members.
    """
    with run_of(request.config).account(request.node, smartpay_config) as account:
        request.node.stash[ACCOUNT] = account
        yield account


@pytest.fixture
def smartpay_clock(smartpay: Smartpay) -> Clock:
    """The account's clock, ``smartpay.clock``."""
    return smartpay.clock


@pytest.fixture
def smartpay_faults(smartpay: Smartpay) -> Faults:
    """The account's planned faults, ``smartpay.faults``."""
    return smartpay.faults


@pytest.fixture
def smartpay_webhooks(smartpay: Smartpay) -> Webhooks:
    """The account's webhooks, ``smartpay.webhooks``."""
    return smartpay.webhooks


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Check the test's account if the test passed; else report its requests."""
    try:
        result = yield
    except BaseException:
        if ACCOUNT in item.stash:
            run_of(item.config).report(item, item.stash[ACCOUNT])
        raise
    if ACCOUNT in item.stash:
        run_of(item.config).check(item, item.stash[ACCOUNT])
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """End the traceback of a usage error at the user's own line."""
    if call.excinfo is not None and RUN in item.config.stash:
        run_of(item.config).shorten(call.excinfo.value)


def run_of(config: pytest.Config) -> Run:
    """Return the state of this pytest process; create it at the first use."""
    if RUN not in config.stash:
        from smartpay_mock.testing.run import Run  # noqa: PLC0415 - first use only

        config.stash[RUN] = Run(config)
    return config.stash[RUN]
