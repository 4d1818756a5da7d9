"""What the plugin costs those who have it installed and do not use it: nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    "faker",
    "flask",
    "httpx",
    "jinja2",
    "jsonschema",
    "jsonschema_rs",
    "orjson",
    "referencing",
    "requests",
    "responses",
    "sqlite3",
    "urllib3",
    "werkzeug",
)

IMPORT = """
import json, sys, time
import pytest
before = set(sys.modules)
started = time.perf_counter()
import {module}
took = time.perf_counter() - started
print(json.dumps([took, sorted(set(sys.modules) - before)]))
"""


def imported(module: str) -> tuple[float, list[str]]:
    """Return how long a fresh process takes to import a module, and what comes along.

    The time is the shortest of three, in seconds.
    """
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", IMPORT.format(module=module)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for _ in range(3)
    ]
    return min(took for took, _ in runs), runs[0][1]


def test_the_plugins_bring_nothing_along() -> None:
    """The fixture and the kit: a few modules beside pytest, in well under 20 ms."""
    took, modules = imported("smartpay_mock.pytest_plugin, smartpay_contracts.entry")

    assert modules == [
        "smartpay_contracts",
        "smartpay_contracts.entry",
        "smartpay_contracts.options",
        "smartpay_mock",
        "smartpay_mock.pytest_plugin",
    ]
    assert took < 0.02


@pytest.mark.parametrize(
    "module", ["smartpay_mock.testing", "smartpay_mock.testing.smartpay"]
)
def test_names_for_annotations_are_light(module: str) -> None:
    """A test file may import them at its top; no server and no Faker comes along."""
    modules = imported(module)[1]

    loaded = {name.partition(".")[0] for name in modules} & set(HEAVY)

    assert loaded <= {"orjson"}


def test_a_run_that_does_not_use_it_loads_nothing(pytester: pytest.Pytester) -> None:
    """All plugins of this machine loaded, one test run, and none of ours is there."""
    pytester.makepyfile(
        """
        import sys

        def test_unused(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin("smartpay_sandbox")
            ours = [name for name in sys.modules if name.startswith("smartpay_mock")]
            assert ours == ["smartpay_mock", "smartpay_mock.pytest_plugin"]
            assert "smartpay_fixtures" not in sys.modules
            assert "smartpay_schemas" not in sys.modules
        """
    )

    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    outcome.assert_outcomes(passed=1)


def test_in_process_calls_need_no_server(pytester: pytest.Pytester) -> None:
    """Interception alone starts no thread and opens no port."""
    pytester.makepyfile(
        """
        import threading, requests

        def test_pay(smartpay):
            before = threading.active_count()
            headers = {"Authorization": f"Basic {smartpay.secret_key}"}
            with smartpay.intercept():
                requests.post(
                    "https://api.smartpay.co/v1/orders",
                    json=smartpay.payload(),
                    headers=headers,
                )
            assert [order["status"] for order in smartpay.orders] == ["succeeded"]
            assert len(smartpay.journal) == 1
            assert threading.active_count() == before
        """
    )

    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    outcome.assert_outcomes(passed=1)
