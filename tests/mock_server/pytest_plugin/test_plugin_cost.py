"""The plugin imports nothing heavy before a test uses the fixture."""

from __future__ import annotations

import pytest


def test_a_run_without_the_fixture_imports_only_the_plugins(
    pytester: pytest.Pytester,
) -> None:
    """The fixture and the contract tests: a few modules beside pytest."""
    pytester.makepyfile(
        """
        import sys

        def test_unused(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin("smartpay_sandbox")
            ours = sorted(name for name in sys.modules if "smartpay_" in name)
            assert [name for name in ours if not name.startswith("test_")] == [
                "smartpay_contracts",
                "smartpay_contracts.entry",
                "smartpay_contracts.options",
                "smartpay_mock",
                "smartpay_mock.pytest_plugin",
            ]
        """
    )

    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    outcome.assert_outcomes(passed=1)


def test_in_process_calls_need_no_server(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interception alone starts no thread and opens no port."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
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

    outcome = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-p", "smartpay_sandbox"
    )

    outcome.assert_outcomes(passed=1)
