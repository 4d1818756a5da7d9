"""Runs of the kit as a person starts it: reports, exit codes, and no secret in them."""

from __future__ import annotations

import html.parser
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import smartpay_contracts
from smartpay_contracts.emulator import running_emulator

LIVE = "sk_" + "live_0123456789abcdef"
KEY, OTHER = "sk_test_SecretKeyOfThisRun1", "sk_test_SecretKeyOfTheOther2"
SCHEMA = Path(smartpay_contracts.__file__).with_name("report.schema.json")
TESTS = "approved_order_succeeds or capture_over_the or newest_comes or endpoint_has_a"
DRIFT = [sys.executable, "-m", "smartpay_contracts.drift"]


@pytest.fixture(scope="module")
def finished_run(
    third_party_server: Any, run_kit: Any, options: Any, tmp_path_factory: Any
) -> Any:
    """Return a run that found something broken and something new."""
    summary = tmp_path_factory.mktemp("summary") / "summary.md"
    keys = ["--only-key", KEY, "--only-key", OTHER]
    with third_party_server(*keys, "--deviation", "capture-unbounded") as url:
        run = run_kit(
            url,
            *options(KEY, second_key=OTHER),
            "-k",
            TESTS,
            "--smartpay-parity-file=parity.json",
            GITHUB_STEP_SUMMARY=str(summary),
        )
    (run.folder / "summary.md").write_text(summary.read_text("utf-8"), "utf-8")
    return run


def test_a_broken_promise_ends_the_run_with_1(finished_run: Any) -> None:
    """And is named in what the run prints."""
    assert finished_run.code == 1
    assert "BROKEN: payments.create.excessive (documented)" in finished_run.output
    assert finished_run.broken() == {"payments.create.excessive"}


def test_another_choice_is_a_discovery_and_no_failure(finished_run: Any) -> None:
    """The server lists the oldest first, which nobody forbade."""
    found_clauses = {
        name for row in finished_run.report["discoveries"] for name in row["clauses"]
    }

    assert "pagination.newest-first" in found_clauses
    assert "discovery: pagination.newest-first (assumed)" in finished_run.output
    assert "discovered" in finished_run.output


def test_the_json_report_is_what_its_schema_says(finished_run: Any) -> None:
    """Which is published beside the code."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(finished_run.report, schema)
    assert finished_run.report["holds"] is False
    assert len(finished_run.report["clauses"]) > 300


def test_a_failure_can_be_repeated(finished_run: Any) -> None:
    """The exchange, what was expected, where, and a curl line."""
    failure = finished_run.report["failures"][0]

    assert failure["expected"] == "a refusal with 409"
    assert failure["found"].startswith("200 ")
    exchange = failure["exchange"]
    assert exchange["request"]["method"] == "POST"
    assert exchange["response"]["status"] == 200
    assert "$SMARTPAY_SECRET_KEY" in exchange["curl"]
    assert "--data" in exchange["curl"]


def test_lists_are_walked_before_the_account_is_full(tmp_path: Path) -> None:
    """A third-party server keeps what the other tests make."""
    command = [sys.executable, "-m", "smartpay_contracts", "--collect-only", "-q"]
    chosen = ["-k", "test_coupons.py or test_pagination.py or test_orders.py"]

    done = subprocess.run(
        [*command, *chosen], capture_output=True, check=False, cwd=tmp_path, text=True
    )

    files = [line.partition("::")[0] for line in done.stdout.splitlines()]
    assert files[0].endswith("test_pagination.py")
    assert "test_coupons.py" in done.stdout


class _Addresses(html.parser.HTMLParser):
    """Collects what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loaded += [str(v) for n, v in attrs if n in {"src", "href", "srcset"}]


def test_the_html_report_needs_nothing_but_itself(finished_run: Any) -> None:
    """No script, no picture, no font; light and dark."""
    page = (finished_run.folder / "report.html").read_text(encoding="utf-8")

    parser = _Addresses()
    parser.feed(page)

    assert parser.loaded == []
    assert not {"script", "link", "img", "iframe"} & parser.tags
    assert "@import" not in page
    assert "url(" not in page
    assert "prefers-color-scheme: dark" in page
    assert "3 not checkable" in page
    assert "1 promise is broken" in page


def test_markdown_is_written_and_added_to_the_ci_summary(finished_run: Any) -> None:
    """The same text."""
    written = (finished_run.folder / "report.md").read_text(encoding="utf-8")
    added = (finished_run.folder / "summary.md").read_text(encoding="utf-8")

    assert written == added
    assert "## Smartpay contract: 1 promise is broken" in written
    assert "`payments.create.excessive`" in written


def test_junit_says_which_clauses_a_test_is_about(finished_run: Any) -> None:
    """As properties of the test case."""
    cases = ET.parse(finished_run.folder / "junit.xml").iter("testcase")  # noqa: S314 - ours

    properties = {
        case.get("name"): [p.attrib["value"] for p in case.iter("property")]
        for case in cases
    }
    name = "test_a_capture_over_the_amount_is_refused[manual]"
    assert properties[name] == ["payments.create.excessive", "documented"]


def test_no_secret_is_in_anything_a_run_gives_out(finished_run: Any) -> None:
    """Keys, the consumer's password, signing secrets, access tokens."""
    everything = finished_run.everything()

    for secret in (KEY, OTHER, "third-party-password"):
        assert secret not in everything
    assert "signingSecret" in everything
    for line in everything.split('"signingSecret'):
        assert not line.startswith('":"') or line.startswith('":"<secret>')


def test_the_ledger_is_kept(finished_run: Any) -> None:
    """Of a run against a server that is not ours."""
    ledger = json.loads(
        (finished_run.folder / "parity.json").read_text(encoding="utf-8")
    )

    assert ledger["clauses"]["orders.create.succeeded"]["verdict"] == "holds"
    assert ledger["clauses"]["payments.create.excessive"]["verdict"] == "broken"


def test_an_old_ledger_ends_the_run_with_11(run_kit: Any, tmp_path: Path) -> None:
    """The emulator is as promised, but nobody looked at a real server lately."""
    ledger = tmp_path / "parity.json"
    entry = {"date": "2020-01-01T00:00:00+00:00", "target": "x", "fingerprint": "f"}
    old = {"tokens.get.active": {**entry, "verdict": "holds"}}
    ledger.write_text(json.dumps({"version": 1, "clauses": old}), encoding="utf-8")

    with running_emulator() as url:
        run = run_kit(
            url,
            "-k",
            "an_approved_token_is_active",
            f"--smartpay-parity-file={ledger}",
            "--smartpay-max-parity-age=30d",
        )

    assert run.code == 11, run.output
    assert "stale: tokens.get.active: last verified 2020-01-01" in run.output


@pytest.fixture(scope="module")
def with_one_key(third_party_server: Any) -> Iterator[str]:
    """Return the URL of a third-party server that knows one key."""
    with third_party_server("--only-key", KEY) as url:
        yield url


WRONG = {
    "token": ["--smartpay-token=paytok_test_Unknown00000000000001"],
    "consumer-password": ["--smartpay-consumer-password=not-this-one"],
}
"""What a person may get wrong beside the key, and the option that is to be named."""


@pytest.mark.parametrize("name", WRONG)
def test_what_a_person_got_wrong_is_no_broken_promise(
    name: str, with_one_key: str, run_kit: Any, options: Any
) -> None:
    """Nor is it skipped in silence: the run ends with 2 and names the option."""
    run = run_kit(with_one_key, *options(KEY), *WRONG[name])

    assert run.code == 2, run.output[-2_000:]
    assert f"--smartpay-{name}" in run.output
    assert "Traceback" not in run.output
    assert "not-this-one" not in run.output


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("--smartpay-report-html={file}/report.html", "cannot be written"),
        ("--smartpay-parity-file={file}", "is not a parity ledger"),
    ],
    ids=["report", "ledger"],
)
def test_a_file_that_cannot_be_used_is_reported_before_the_first_test(
    option: str, problem: str, run_kit: Any, tmp_path: Path
) -> None:
    """Not after minutes, and not as if the contract were broken."""
    file = tmp_path / "file"
    file.write_text("[]", encoding="utf-8")

    with running_emulator() as url:
        run = run_kit(url, "-k", "approved_order_succeeds", option.format(file=file))

    assert run.code == 2, run.output[-2_000:]
    assert f"{file}" in run.output
    assert problem in run.output
    assert "passed" not in run.output
    assert "Traceback" not in run.output


def test_the_emulator_needs_nothing_of_another_account(run_kit: Any) -> None:
    """Options for the real service do not apply to the emulator."""
    given = {
        "SMARTPAY_SECRET_KEY": KEY,
        "SMARTPAY_SANDBOX_TOKEN": "paytok_test_OfTheRealService1",
        "SMARTPAY_SANDBOX_CONSUMER_EMAIL": "shopper@example.com",
        "SMARTPAY_SANDBOX_CONSUMER_PASSWORD": "of-the-real-service",
    }

    with running_emulator() as url:
        run = run_kit(url, "-k", "approved_order_succeeds or a_consumer_logs", **given)

    assert run.code == 0, run.output[-2_000:]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [f"--smartpay-secret-key={LIVE}"],
        ["--smartpay-secret-key=sk_test_notThisOne"],
    ],
    ids=["no key", "live key", "refused key"],
)
def test_wrong_usage_ends_the_run_with_2(
    arguments: list[str], with_one_key: str, run_kit: Any
) -> None:
    """With one message that says what to do, and without the key."""
    run = run_kit(with_one_key, *arguments)

    assert run.code == 2
    assert "--smartpay-secret-key" in run.output
    assert "Traceback" not in run.output
    assert LIVE not in run.output
    assert "sk_test_notThisOne" not in run.output


def test_a_lost_server_ends_the_run_with_3_and_one_message(
    third_party_server: Any, tmp_path: Path, options: Any
) -> None:
    """Not with a traceback for each test that was left."""
    command = [sys.executable, "-m", "smartpay_contracts", "-v"]
    reports = ["--smartpay-report-json=r.json", "--smartpay-report-html=r.html"]
    with third_party_server("--only-key", KEY) as url:
        process = subprocess.Popen(
            [*command, "--smartpay-url", url, *options(KEY), *reports],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=tmp_path,
            text=True,
        )
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "PASSED" in line:
                break
    rest = process.stdout.read()
    process.stdout.close()

    assert process.wait(60) == 3
    assert rest.count("stopped answering") == 1
    assert "Start it again" in rest
    assert "Traceback" not in rest
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert not report["holds"]
    assert "stopped answering" in report["lost"]
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "The server was lost" in page


def test_a_server_compared_with_itself_does_not_drift(
    third_party_server: Any, tmp_path: Path
) -> None:
    """Though every id, time and trace is another one."""
    with third_party_server() as url:
        done = _drift(tmp_path, url, url)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "no difference in" in done.stdout


def test_drift_names_the_fields_that_differ(
    third_party_server: Any, tmp_path: Path
) -> None:
    """And no others; it exits with 10."""
    with (
        third_party_server() as left,
        third_party_server("--deviation", "refund-409") as right,
    ):
        done = _drift(tmp_path, left, right, "--output", "drift.json")

    assert done.returncode == 10, done.stdout + done.stderr
    found = json.loads((tmp_path / "drift.json").read_text(encoding="utf-8"))
    differences = {(row["step"], row["path"]) for row in found["differences"]}
    assert differences == {
        ("refund too much", "body.statusCode"),
        ("refund too much", "status"),
    }


def test_drift_folds_what_one_side_does_not_serve(
    third_party_server: Any, tmp_path: Path
) -> None:
    """One line names the operations; their calls are no differences."""
    with (
        third_party_server() as left,
        third_party_server("--only", "orders", "--only", "tokens") as right,
    ):
        done = _drift(tmp_path, left, right, "--output", "drift.json")

    assert done.returncode == 10, done.stdout + done.stderr
    (line,) = [row for row in done.stdout.splitlines() if "does not serve" in row]
    assert line.startswith("right does not serve: create_checkout_session, ")
    assert "get_coupon, get_payment" in line
    found = json.loads((tmp_path / "drift.json").read_text(encoding="utf-8"))
    assert found["notServed"]["left"] == []
    steps = {row["step"] for row in found["differences"]}
    assert "release the rest" in steps
    assert not steps & {"capture a part", "coupon", "get an unknown coupon"}


def test_drift_without_a_server_is_wrong_usage(
    third_party_server: Any, tmp_path: Path
) -> None:
    """It says which one is missing, in its own options' names."""
    with third_party_server() as url:
        done = _drift(tmp_path, url, "http://127.0.0.1:1")

    assert done.returncode == 2
    assert "Nothing answers at 127.0.0.1:1" in done.stderr
    assert "--smartpay-" not in done.stderr


def test_drift_names_the_side_that_lacks_something(
    third_party_server: Any, tmp_path: Path
) -> None:
    """In the words of its own options."""
    with third_party_server() as url:
        unknown = "--right-token=paytok_test_Unknown00000000000001"
        done = _drift(tmp_path, url, url, unknown)

    assert done.returncode == 2
    assert "give one that can be charged with --right-token" in done.stderr


def _drift(
    folder: Path, left: str, right: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    token = "paytok_test_ThirdParty000000000001"
    sides = [f"--{side}-token={token}" for side in ("left", "right")]
    sides += ["--left-secret-key=sk_test_left1", "--right-secret-key=sk_test_right2"]
    return subprocess.run(
        [*DRIFT, left, right, *sides, *arguments],
        capture_output=True,
        check=False,
        cwd=folder,
        text=True,
    )
