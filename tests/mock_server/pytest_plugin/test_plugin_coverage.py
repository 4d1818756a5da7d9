"""Payment-path coverage of a suite: counts, merged counts, reports and limits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

Suite = Callable[..., pytest.RunResult]

KNOWN = """
    import pytest, requests

    def send(smartpay, method, path, body=None):
        headers = {"Authorization": f"Basic {smartpay.secret_key}"}
        url = smartpay.url + path
        return requests.request(method, url, json=body, headers=headers, timeout=20)

    def test_pay(smartpay):
        cart = smartpay.payload()
        for _ in range(3):
            pay(smartpay, cart=cart, key="k1")

    @pytest.mark.parametrize("token", ["declined", "disabled", "refused"])
    def test_decline(smartpay, token):
        pay(smartpay, token=getattr(smartpay.tokens, token))

    def test_time(smartpay):
        pay(smartpay, captureMethod="manual")
        smartpay.clock.advance(days=7)

    def test_fault(smartpay):
        smartpay.faults.add("list_orders", "status")
        send(smartpay, "GET", "/orders")
        send(smartpay, "GET", "/orders")

    def test_restored(smartpay):
        pay(smartpay, token=smartpay.tokens.declined)
        pay(smartpay, captureMethod="manual")
        smartpay.clock.advance(days=7)
        kept = smartpay.snapshot()
        smartpay.reset()
        smartpay.restore(kept)

    def test_set_up(smartpay):
        smartpay.scenario("refunded")

    def test_without():
        pass
    """

SEEN = {
    "operation/create_order/succeeded": 1,
    "operation/create_order/requires_capture": 2,
    "operation/create_order/rejected": 3,
    "operation/create_order/token.invalid": 1,
    "operation/create_order/replayed": 2,
    "operation/list_orders/answered": 1,
    "lifecycle/order/new -charge-> succeeded": 1,
    "lifecycle/order/new -reserve-> requires_capture": 2,
    "lifecycle/order/new -decline-> rejected": 3,
    "lifecycle/order/requires_capture -expire-> canceled": 2,
    "lifecycle/payment/new -capture-> processed": 1,
    "fault/status/before_commit": 1,
}
"""The paths that ``KNOWN`` takes; time takes one of them."""


def read(pytester: pytest.Pytester, name: str = "smartpay-coverage.json") -> Any:
    """Return a JSON report."""
    return json.loads((pytester.path / name).read_text(encoding="utf-8"))


def test_a_known_suite_gives_exactly_the_expected_counts(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    """They include calls before a reset, and restored calls only once."""
    outcome = suite(KNOWN, "--smartpay-cov-report=json")

    report = read(pytester)
    seen = {
        f"{row['area']}/{row['subject']}/{row['name']}": row["times"]
        for row in report["seen"]
        if row["times"]
    }
    outcome.assert_outcomes(passed=9)
    assert seen == SEEN
    assert report["covered"] == len(SEEN)
    assert report["paths"] == len(report["seen"]) == 29
    assert report["percent"] == round(100 * len(SEEN) / 29, 2)
    assert "create_refund" in report["notCalled"]


@pytest.mark.parametrize("args", [(), ("--smartpay-shared",)], ids=["own", "shared"])
def test_the_merged_report_of_workers_is_that_of_one_process(
    suite: Suite, pytester: pytest.Pytester, args: tuple[str, ...]
) -> None:
    """The reports are the same, byte for byte."""
    suite(KNOWN, "--smartpay-cov-report=json:serial.json")
    suite(
        KNOWN,
        "-pxdist",
        "-n2",
        "--smartpay-cov-report=json:workers.json",
        *args,
        apart=True,
    )

    assert read(pytester, "serial.json") == read(pytester, "workers.json")


def test_the_table_is_the_default_report(suite: Suite) -> None:
    """It lists the paths taken, those never taken, and the share."""
    outcome = suite(KNOWN, "--smartpay-cov")

    outcome.stdout.fnmatch_lines(
        [
            "*= smartpay: payment-path coverage =*",
            "create_order *5 of 8",
            "  taken succeeded (1), requires_capture (2), rejected (3), *",
            "  never request.malformed, request.invalid, token.not-found",
            "12 of 29 payment paths were taken, 41.4 %.",
            "Not called: get_order, *",
        ]
    )


@pytest.mark.parametrize(
    ("lowest", "code"),
    [("41", pytest.ExitCode.OK), ("41.5", pytest.ExitCode.TESTS_FAILED)],
)
def test_too_low_coverage_fails_the_run(
    suite: Suite, lowest: str, code: pytest.ExitCode
) -> None:
    """The run fails although its tests passed."""
    outcome = suite(KNOWN, f"--smartpay-cov-fail-under={lowest}")

    outcome.assert_outcomes(passed=9)
    assert outcome.ret == code
    is_reported = "Coverage is 41.4 %, below the 41.5 %" in outcome.stdout.str()
    assert is_reported is (code != pytest.ExitCode.OK)


@pytest.mark.parametrize(
    ("ini", "args"),
    [
        ("", ("--smartpay-cov-operations=create_order,refunds",)),
        ("smartpay_cov_operations = create_order refunds", ()),
    ],
    ids=["option", "ini"],
)
def test_the_operations_to_cover_can_be_named(
    suite: Suite, ini: str, args: tuple[str, ...]
) -> None:
    """They count without a call; other operations do not count."""
    outcome = suite(KNOWN, "--smartpay-cov", *args, ini=ini)

    outcome.stdout.fnmatch_lines(["create_order *5 of 8", "create_refund *0 of 6"])
    outcome.stdout.no_fnmatch_line("list_orders *")


def test_the_html_report_loads_no_other_file(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    """It lists every path and has no link."""
    suite(KNOWN, "--smartpay-cov-report=html:reports/paths.html")

    page = (pytester.path / "reports" / "paths.html").read_text(encoding="utf-8")
    assert '<li class="seen">succeeded (1)</li>' in page
    assert '<li class="never">token.not-found</li>' in page
    assert "new -charge-&gt; succeeded" in page
    assert not re.search(r"(src|href)=|https?://", page)


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (("--smartpay-cov-report=xml",), "*unknown form. Use term, html, json;*"),
        (
            ("--smartpay-cov", "--smartpay-cov-operations=refnds"),
            "*unknown operation 'refnds'.*",
        ),
    ],
    ids=["form", "operation"],
)
def test_an_invalid_option_stops_the_run(
    suite: Suite, args: tuple[str, ...], complaint: str
) -> None:
    """It stops before any test, so a typo cannot pass for full coverage."""
    outcome = suite(KNOWN, *args)

    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([complaint])


def test_without_the_option_nothing_is_counted(suite: Suite) -> None:
    """The summary has no section for it."""
    outcome = suite(KNOWN)

    outcome.stdout.no_fnmatch_line("*payment-path coverage*")
