"""Commands that act on a running emulator: their output, at 80 columns."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
from click.testing import CliRunner, Result

from smartpay_fixtures import SAMPLES
from smartpay_mock.cli import main
from smartpay_mock.kernel.ids import new_secret_key
from smartpay_mock.server import Sandbox

NOON = 1_775_044_800_000
"""The time of the accounts: 2026-04-01 12:00 UTC."""

ID = re.compile(r"(?<=_test_)[0-9A-Za-z]{22}\b")
Command = Callable[..., Result]


class Shop(NamedTuple):
    """An account with orders, and how to run a command on it.

    Attributes:
        url: The emulator.
        key: Secret key of the account.
        orders: Ids of its orders: succeeded, rejected, requires_capture.
    """

    url: str
    key: str
    orders: list[str]

    def post(self, path: str, **body: Any) -> Any:
        """Call the API or the control plane."""
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = requests.post(self.url + path, json=body, headers=headers, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def run(self, *arguments: str) -> Result:
        """Run a command on this account."""
        return run(*arguments, "--url", self.url, "--secret-key", self.key)


def run(*arguments: str) -> Result:
    """Run a command at 80 columns."""
    environ = {"COLUMNS": "80", "SMARTPAY_URL": None, "SMARTPAY_SECRET_KEY": None}
    return CliRunner(env=environ).invoke(main, arguments, catch_exceptions=False)


def masked(text: str) -> str:
    """Return text with ``x`` in place of what is random in ids."""
    return ID.sub("x" * 22, text)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Print times in UTC, and find no emulator but the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Return the URL of an emulator."""
    with Sandbox(name="smartpay-shared") as sandbox:
        yield sandbox.root_url


@pytest.fixture
def shop(server: str) -> Shop:
    """Return an account with three orders, a payment and a refund, all at noon."""
    shop = Shop(server, new_secret_key(), [])
    shop.post("/__admin/clock", at=NOON)
    body = {**SAMPLES["guide/python"].payload, "captureMethod": "manual"}
    for token in ("approved", "declined", "approved"):
        order = shop.post("/v1/orders", **{**body, "token": f"paytok_test_{token}"})
        shop.orders.append(order["id"])
    capture = {"order": shop.orders[0], "amount": 1200, "currency": "JPY"}
    payment = shop.post("/v1/payments", **capture)
    refund = {"amount": 200, "currency": "JPY", "reason": "requested_by_customer"}
    shop.post("/v1/refunds", payment=payment["id"], **refund)
    return shop


X = "x" * 22
ORDERS = f"""\
Created      Order                              Status            Amount
04-01 12:00  order_test_{X}  succeeded         ¥1,500
04-01 12:00  order_test_{X}  rejected          ¥1,500
04-01 12:00  order_test_{X}  requires_capture  ¥1,500
"""
ORDER = f"""\
Order      order_test_{X}
Status     succeeded
Amount     ¥1,500, captured ¥1,200, refunded ¥200
Created    2026-04-01 12:00:00 +0000
Expires    2026-04-08 12:00:00 +0000
Reference  my_merchant_order_reference
Token      paytok_test_approved

Item      Quantity   Price
セーター         1  ¥1,000

04-01 12:00:00  POST /v1/orders 200
04-01 12:00:00  POST /v1/payments 200
04-01 12:00:00  POST /v1/refunds 200
04-01 12:00:00  event order.authorized
04-01 12:00:00  event payment.created
04-01 12:00:00  event refund.created
"""
TOKENS = f"""\
Token                               Status                  Decision  Consumer
paytok_test_refused                 rejected                approved  approved
paytok_test_requiresAuthorization   requires_authorization  approved  approved
paytok_test_consumerInactive        active                  approved  not active
paytok_test_disabled                disabled                approved  approved
paytok_test_declined                active                  approved  declined
paytok_test_approved                active                  approved  approved
paytok_test_{X}  active                  approved  approved
"""
APPROVED = "paytok_test_approved"
CLOCK = "2026-04-0{day} 12:00:00 +0000, {state}"

OUTPUTS = {
    ("orders",): ORDERS,
    ("orders", "-n", "1"): ORDERS.splitlines()[0]
    + "\n"
    + ORDERS.splitlines()[3]
    + "\n",
    ("order", "{order}"): ORDER,
    ("tokens",): TOKENS,
    ("token", "decline", APPROVED): f"{APPROVED}: active, charges are declined\n",
    ("token", "disable", APPROVED): f"{APPROVED}: disabled, charges are approved\n",
    ("token", "enable", "paytok_test_disabled"): (
        "paytok_test_disabled: active, charges are approved\n"
    ),
    ("clock",): "2026-04-01 12:00:00 +0000, frozen",
    ("clock", "+1d12h"): "2026-04-03 00:00:00 +0000, frozen",
    ("clock", "set", "2026-05-01T09:00+09:00"): "2026-05-01 00:00:00 +0000, frozen",
    ("clock", "run"): "2026-04-01 12:00:0",
    ("faults",): "No faults. Add one: smartpay-sandbox fault add create_order reset\n",
    ("fault", "add", "create_order", "reset", "--after-commit"): f"""\
Fault                              Plan                                Met
fault_test_{X}  reset on create_order after commit  0 of 1
""",
    ("fault", "add", "*", "status", "--status", "429", "--retry-after", "3"): f"""\
Fault                              Plan                                   Met
fault_test_{X}  status on * before commit,             0 of 1
                                   status=429, retry_after=3
""",
    (
        "fault",
        "add",
        "create_order",
        "latency",
        "--ms",
        "5",
        "--match",
        "amount=7",
    ): f"""\
Fault                              Plan                                   Met
fault_test_{X}  latency on create_order before         0 of 1
                                   commit, ms=5, amount=7
""",
    ("fault", "remove", "--all"): "Removed every fault.\n",
    ("logs", "-n", "3"): f"""\
12:00:00 200 POST /v1/orders requires_capture order_test_{X}
             customerInfo.email is unknown; did you mean emailAddress?
12:00:00 200 POST /v1/payments processed payment_test_{X}
             order_test_{X}
12:00:00 200 POST /v1/refunds succeeded refund_test_{X}
""",
    ("logs", "--operation", "create_refund", "--status", "2xx"): f"""\
12:00:00 200 POST /v1/refunds succeeded refund_test_{X}
""",
    ("logs", "--status", "404"): "No calls.\n",
    ("events", "-n", "1"): f"""\
Created         Type            Object
04-01 12:00:00  refund.created  refund_test_{X}
""",
    ("events", "--type", "coupon.created"): "No events.\n",
    ("webhooks",): (
        "No deliveries. Add an endpoint with: smartpay-sandbox listen --forward-to URL"
        "\n"
    ),
    ("scenario", "list"): """\
Scenario          Result
approved-order    One order, charged at once: succeeded, with its payment.
""",
    ("scenario", "run", "authorized-order"): f"order  order_test_{X}\n",
    ("snapshot", "save"): '{\n "version": 1,\n "documents": [',
    ("reset",): "The account is as new.\n",
    ("trigger", "--list"): """\
Type                          When
order.authorized              an order was authorized, at the checkout or from a
                              token
""",
    ("completion", "fish"): "function _smartpay_sandbox_completion;",
}
"""Arguments -> what they print, or how it begins."""


@pytest.mark.parametrize("arguments", OUTPUTS, ids=" ".join)
def test_a_command_prints_its_result(shop: Shop, arguments: tuple[str, ...]) -> None:
    """Whole tables, at most 80 columns wide; the exit code is 0."""
    given = [part.format(order=shop.orders[0]) for part in arguments]

    is_local = given[0] in {"completion", "scenario"} and "run" not in given
    done = run(*given) if is_local else shop.run(*given)

    assert (done.exit_code, done.stderr) == (0, "")
    expected = OUTPUTS[arguments]
    shown = masked(done.stdout)
    assert shown.startswith(expected)
    assert shown == expected or "list" in "".join(given) or expected[-1:] != "\n"
    if given[0] not in {"completion", "snapshot"}:
        assert max(map(len, shown.splitlines())) <= 80


JSON: dict[tuple[str, ...], tuple[str, object]] = {
    ("orders", "--status", "rejected"): ("0 status", "rejected"),
    ("order", "{order}"): ("payments 0 amount", 1200),
    ("tokens",): ("5 id", APPROVED),
    ("token", "disable", APPROVED): ("status", "disabled"),
    ("clock",): ("now", NOON),
    ("fault", "add", "create_order", "decline"): ("kind", "decline"),
    ("faults",): ("", []),
    ("logs", "--operation", "create_order"): ("2 status", 200),
    ("events",): ("0 type", "token.used"),
    ("webhooks",): ("", []),
    ("scenario", "list"): ("0 name", "approved-order"),
}
"""Arguments -> where a member is in the JSON they print, and its value."""


@pytest.mark.parametrize("arguments", JSON, ids=" ".join)
def test_json_is_a_flag_that_prints_all_data(
    shop: Shop, arguments: tuple[str, ...]
) -> None:
    """For programs; nothing else is on standard output."""
    given = [part.format(order=shop.orders[0]) for part in arguments]

    done = (
        run(*given, "--json") if given[0] == "scenario" else shop.run(*given, "--json")
    )

    path, expected = JSON[arguments]
    found = json.loads(done.stdout)
    for name in path.split():
        found = found[int(name) if name.isdigit() else name]
    assert found == expected


REFUSALS = {
    ("order", "order_test_none"): "There is no order 'order_test_none'. Known: none.",
    ("token", "decline", "x"): "There is no token 'x'. Known: paytok_test_approved,",
    ("token", "enble", "x"): "Did you mean 'enable'?",
    ("orders", "--status", "paid"): "Invalid value for '--status': 'paid' is not one",
    ("orders", "-n", "0"): "Invalid value for '--limit' / '-n': 0 is not in the range",
    ("clock", "7d"): "clock 7d: there is no such action. Use +SPAN, such as +7d",
    ("clock", "+7days"): "clock +7days: it is not a span of time.",
    ("clock", "+1d1d"): "clock +1d1d: it is not a span of time.",
    ("clock", "set"): "clock set: it needs a TIME.",
    ("clock", "set", "noon"): "clock set noon: it is not a time. Write it as in",
    ("clock", "run", "noon"): "clock run: it takes no 'noon'.",
    ("order", "a", "--url", "127.0.0.1:85"): "--url '127.0.0.1:85' is not the URL of",
    ("order", "a", "--url", "http://h:x"): "--url 'http://h:x' is not the URL of",
    ("order", "a", "--url", "http://127.0.0.1:1"): (
        "No emulator answers at http://127.0.0.1:1 (Connection refused). Start one "
        "with 'smartpay-sandbox serve', or name its address with --url."
    ),
    ("order", "a", "--url", "https://api.smartpay.co/v1"): "Smartpay's own service",
    ("order", "a", "--secret-key", "sk_live_a"): "--secret-key is not a test key",
    ("fault", "add", "create_order", "rest"): "Invalid value for 'KIND': 'rest' is not",
    ("fault", "add", "pay", "reset"): "Invalid value for 'OPERATION': 'pay' is not one",
    ("fault", "add", "create_order", "status", "--retry-after", "-1"): (
        "--retry-after: -1 is less than the minimum of 0; send a whole number"
    ),
    ("fault", "add", "create_order", "reset", "--ms", "5"): "reset fault takes no ms;",
    ("fault", "add", "create_order", "reset", "--match", "token"): (
        "--match token: it has no value. Write NAME=VALUE"
    ),
    ("fault", "remove"): "fault remove: name the ID of a fault plan, or --all.",
    ("fault", "remove", "x"): "There is no fault 'x'. Known: none.",
    ("logs", "--status", "4"): "--status 4: it is not a status. Write it as in 404 or",
    ("trigger", "payout.lost"): "'payout.lost' is not one of",
    ("trigger", "payout.paid", "--data", "{"): "--data is not JSON",
    ("trigger", "payout.paid", "--data", "[]"): "data: is an array; send an object.",
    ("webhook", "resend", "x"): "This account has no webhook delivery 'x'",
    ("listen",): "Missing option '--forward-to'",
    ("listen", "--forward-to", "http:/x"): "--forward-to 'http:/x' is not a URL.",
    ("scenario", "run", "refund"): "There is no scenario 'refund'. Known: approved-",
    ("snapshot", "load", "no.json"): "Invalid value for 'FILE': 'no.json': No such",
    ("snapshot", "load", __file__): "it is not JSON",
    ("snapshot", "save", "--output", "no/a.json"): "--output no/a.json: No such file",
}
"""Arguments -> what the message contains."""


@pytest.mark.parametrize("arguments", REFUSALS, ids=" ".join)
def test_a_command_says_what_is_wrong(shop: Shop, arguments: tuple[str, ...]) -> None:
    """On standard error, with code 2; options are named as they were typed."""
    named = [] if "--url" in arguments else ["--url", shop.url]

    done = run(*arguments, *named)

    assert (done.exit_code, done.stdout) == (2, "")
    assert REFUSALS[arguments] in done.stderr


def test_an_account_without_orders_says_how_to_make_one(server: str) -> None:
    """An empty table would not."""
    done = Shop(server, new_secret_key(), []).run("orders")

    assert done.stdout == "No orders. The curl line that serve prints creates one.\n"


def test_a_snapshot_is_saved_and_loaded(shop: Shop, tmp_path: Path) -> None:
    """Into a file; the account then has its orders again."""
    file = str(tmp_path / "shop.json")

    saved = shop.run("snapshot", "save", "--output", file)
    shop.run("reset")
    loaded = shop.run("snapshot", "load", file)

    assert (saved.exit_code, saved.output) == (0, "")
    assert re.fullmatch(r"Loaded \d\d documents\.\n", loaded.output)
    assert masked(shop.run("orders").stdout) == ORDERS


def test_a_delivery_is_listed_and_sent_again(shop: Shop) -> None:
    """With the answer to its last attempt."""
    url = f"{shop.url}/nobody"  # answers 404
    shop.post("/v1/webhook-endpoints", url=url)
    event = shop.run("trigger", "payout.paid", "--data", '{"amount": 7}')
    shop.post("/__admin/webhooks/drain")

    listed = shop.run("webhooks", "--state", "pending")
    [delivery] = json.loads(shop.run("webhooks", "--json").stdout)
    again = shop.run("webhook", "resend", delivery["id"])

    assert event.stderr == "Webhook deliveries: 1\n"
    assert json.loads(event.stdout)["eventData"]["data"]["amount"] == 7
    assert masked(listed.stdout) == (
        "Delivery                              Type         State    Answer\n"
        f"delivery_test_{X}  payout.paid  pending     404\n"
    )
    assert again.stdout == f"{delivery['id']}: pending, to {url}\n"


def test_colours_are_for_terminals_that_want_them(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_COLOR removes them; so does a pipe, in every other test here."""
    arguments = ["orders", "--url", shop.url, "--secret-key", shop.key]
    monkeypatch.setenv("FORCE_COLOR", "1")

    coloured = CliRunner().invoke(main, arguments, color=True)
    plain = CliRunner(env={"NO_COLOR": "1"}).invoke(main, arguments, color=True)

    assert "\x1b[32msucceeded" in coloured.stdout
    assert "\x1b[" not in plain.stdout


Serve = Callable[..., Any]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_the_emulator_that_was_started_last_is_found(serve: Serve, run: Run) -> None:
    """With a note if several run; one that was killed is named once and forgotten."""
    first = serve()
    alone = run("tokens")
    second = serve()
    two = run("tokens")
    second.process.kill()
    second.process.wait()
    ended, again = run("tokens"), run("tokens")
    first.stop()
    none = run("tokens")

    assert (alone.returncode, alone.stderr) == (0, "")
    assert two.stderr == (
        f"2 emulators run. This is about the one started last, {second.root_url}; "
        "name another one with --url.\n"
    )
    assert ended.stderr == f"The emulator at {second.root_url} has ended.\n"
    assert again.stderr == ""
    assert alone.stdout == two.stdout == ended.stdout == again.stdout
    assert none.returncode == 2
    assert "No emulator answers at http://127.0.0.1:8585" in none.stderr


def test_a_command_finds_the_admin_token_of_its_user(serve: Serve, run: Run) -> None:
    """It is in a file that only the user may read."""
    served = serve("--host", "127.1", "--json")
    folder = Path(served.environ["XDG_STATE_HOME"]) / "smartpay-sandbox"
    [path] = folder.iterdir()

    done = run("tokens")

    assert done.returncode == 0, done.stderr
    assert path.stat().st_mode & 0o077 == 0


def test_values_are_completed_with_what_the_emulator_has(
    serve: Serve, run: Run
) -> None:
    """Ids of its tokens."""
    serve()

    words = {"COMP_WORDS": "smartpay-sandbox token decline paytok_test_re"}
    ids = run(**words, COMP_CWORD="3", _SMARTPAY_SANDBOX_COMPLETE="bash_complete")

    assert ids.stdout.split() == [
        "plain,paytok_test_refused",
        "plain,paytok_test_requiresAuthorization",
    ]
