"""Small suites of a user, run with the installed plugin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

import smartpay_fixtures.provider
import smartpay_mock.testing.local
import smartpay_mock.testing.run

# A run in-process forgets what it imported, and so imports it again in the next one;
# what is imported here stays.
PRELOADED = (requests, smartpay_fixtures.provider, smartpay_mock.testing)

Suite = Callable[..., pytest.RunResult]

SHOP = '''
"""The code under test: charges with requests."""

import requests

def pay(smartpay, *, key=None, cart=None, **changes):
    headers = {"Authorization": f"Basic {smartpay.secret_key}"}
    if key:
        headers["Idempotency-Key"] = key
    return requests.post(
        f"{smartpay.url}/orders",
        json=cart or smartpay.payload(**changes),
        headers=headers,
        timeout=20,
    )
'''


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Return what runs a suite: its source, and pytest's arguments.

    It has ``shop.pay(smartpay, key=..., cart=..., **changes)`` to call. Only this
    plugin is loaded, and those that ``-p`` names: the others take seconds.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(shop=SHOP)
    pytester.syspathinsert()

    def run(
        source: str, *args: str, ini: str = "", apart: bool = False, **modules: str
    ) -> pytest.RunResult:
        pytester.makepyfile(f"from shop import pay\n{_dedented(source)}")
        for name, text in modules.items():
            pytester.makepyfile(**{name: _dedented(text)})
        pytester.makeini(f"[pytest]\n{ini}")
        every = ("-p", "no:cacheprovider", "-p", "smartpay_sandbox", *args)
        if apart:
            return pytester.runpytest_subprocess(*every)
        return pytester.runpytest_inprocess(*every)

    return run


def _dedented(source: str) -> str:
    lines = source.splitlines()
    depth = min(
        (len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0
    )
    return "\n".join(line[depth:] for line in lines)
