"""The dashboard over HTTP: pages, filters, forms, live rows, access."""

from __future__ import annotations

import html
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from smartpay_mock.app import create_app
from smartpay_mock.dashboard.actions import ACTIONS
from smartpay_mock.dashboard.site import SECTIONS
from smartpay_mock.kernel.ids import account_id, new_secret_key
from smartpay_mock.kernel.settings import Settings

UI = "/__admin/ui"


@dataclass
class Browser:
    """A browser without script, on the pages of one account."""

    api: Any

    @property
    def root(self) -> str:
        """The path of the account's pages."""
        return f"{UI}/{account_id(self.api.key)}"

    def get(self, path: str, **headers: str) -> Any:
        """Open a page."""
        client = self.api.app.test_client()
        return client.get(f"{self.root}/{path}", headers=headers)

    def text(self, path: str) -> str:
        """Return a page that is shown."""
        reply = self.get(path)
        assert reply.status_code == 200, reply.text
        return str(reply.text)

    def press(self, path: str, action: str, **inputs: Any) -> Any:
        """Send a form of a page."""
        client = self.api.app.test_client()
        return client.post(f"{self.root}/{path}", data={"action": action, **inputs})

    def do(self, path: str, action: str, **inputs: Any) -> str:
        """Send a form of a page that is accepted; return the page it leads to."""
        names = ("action", *inputs)
        forms = re.findall(r"<form.*?</form>", self.text(path), re.DOTALL)
        assert any(
            f'value="{action}"' in form
            and all(f'name="{name}"' in form for name in names)
            for form in forms
        ), f"no form of {path} sends {action} with {names}"
        reply = self.press(path, action, **inputs)
        assert reply.status_code == 303, reply.text
        shown = self.api.app.test_client().get(reply.headers["Location"])
        assert shown.status_code == 200, shown.text
        return str(shown.text)


@pytest.fixture
def browser(api: Any) -> Browser:
    """Return a browser on the pages of an account that had one call."""
    api.ok("list_orders")
    return Browser(api)


def rows_of(text: str) -> list[str]:
    """Return the ids of the rows of a page."""
    return re.findall(r'<tr id="([^"]+)"', text)


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_has_a_page(browser: Browser, section: str) -> None:
    """With a heading and a link to each other section."""
    browser.api.order()

    text = browser.text(section)

    assert f"<h1>{SECTIONS[section][0]}" in text
    assert all(f'href="{browser.root}/{name}"' in text for name in SECTIONS)


def test_an_empty_list_shows_the_command_for_a_first_order(browser: Browser) -> None:
    """It can be pasted into a shell."""
    text = browser.text("orders")

    assert "No orders yet." in text
    assert "curl http://localhost/v1/orders" in text


def test_orders_are_paged_by_key(browser: Browser) -> None:
    """The page of older orders stays the same while new ones arrive."""
    orders = [browser.api.order()["id"] for _ in range(53)]
    first = browser.text("orders")
    older = re.search(r'href="([^"]+)">Older', first)
    assert older
    browser.api.order()

    second = browser.api.app.test_client().get(older[1].replace("&amp;", "&")).text

    assert rows_of(first) == orders[:2:-1]
    assert rows_of(second) == orders[2::-1]
    assert "Older" not in second


@pytest.mark.parametrize(
    "query", ["status=rejected", 'reference=a "b" 渋谷', "token=paytok_test_declined"]
)
def test_orders_are_filtered(browser: Browser, query: str) -> None:
    """Exactly; a part of a reference is another reference."""
    browser.api.order(reference="渋谷")
    wanted = browser.api.order(reference='a "b" 渋谷', token="paytok_test_declined")

    assert rows_of(browser.text(f"orders?{query}")) == [wanted["id"]]


def test_an_order_is_found_by_the_ids_of_its_parts(browser: Browser) -> None:
    """An order, a payment and a refund lead to one page; another id to a message."""
    order = browser.api.order()
    payment = order["payments"][0]["id"]
    refund = browser.api.ok(
        "create_refund",
        {"payment": payment, "currency": "JPY", "reason": "fraudulent"},
    )

    found = [
        browser.get(f"orders?id={id_}").headers["Location"]
        for id_ in (order["id"], payment, refund["id"])
    ]

    assert set(found) == {f"{browser.root}/orders/{order['id']}"}
    assert "no such order" in browser.text("orders?id=order_test_x")


def test_an_order_is_captured_refunded_and_shown(browser: Browser) -> None:
    """Its time line has each step, from the request to the delivery."""
    api = browser.api
    api.ok("create_webhook_endpoint", {"url": "http://127.0.0.1:9/hook"})
    order = api.manual(reference="order-7")
    page = f"orders/{order['id']}"

    captured = browser.do(
        page,
        "capture",
        order=order["id"],
        currency="JPY",
        amount="1000",
        cancelRemainder="manual",
    )
    payment = api.ok("get_order", id=order["id"])["payments"][0]
    text = browser.do(
        page,
        "refund",
        payment=payment,
        currency="JPY",
        amount="400",
        reason="fraudulent",
    )

    assert "Captured." in captured
    for shown in ("1,000 JPY", "POST /v1/refunds", "order.authorized", "/hook: "):
        assert shown in text
    steps = re.findall(r'<td class="word" data-head="Step">(\w+)<', text)
    assert {"Request", "Decision", "Capture", "Refund", "Event", "Delivery"} == {*steps}
    assert steps[0] == "Request"


def test_an_order_is_canceled(browser: Browser) -> None:
    """Then the button is gone."""
    order = browser.api.manual()

    text = browser.do(f"orders/{order['id']}", "cancel", id=order["id"])

    assert browser.api.ok("get_order", id=order["id"])["status"] == "canceled"
    assert 'value="cancel"' not in text


def test_a_refused_form_says_why_and_keeps_its_input(browser: Browser) -> None:
    """With the status and the message of the API; nothing changes."""
    order = browser.api.manual()
    before = browser.api.held()

    reply = browser.press(
        f"orders/{order['id']}",
        "capture",
        order=order["id"],
        currency="JPY",
        amount="999999",
    )

    assert reply.status_code == 409
    assert "999999" in re.findall(r'role="alert">([^<]+)<', reply.text)[0]
    assert 'value="999999"' in reply.text
    assert browser.api.held() == before


@pytest.mark.parametrize(
    ("state", "status"),
    [("active", "succeeded"), ("disabled", "rejected"), ("declining", "rejected")],
)
def test_a_token_is_changed_with_one_click(
    browser: Browser, state: str, status: str
) -> None:
    """The next order has the outcome."""
    token = browser.api.control("POST", "/tokens", {"decision": "declined_softly"})

    browser.do("customers", "set-token", id=token["id"], state=state)

    assert browser.api.order(token=token["id"])["status"] == status


def test_a_customer_is_added_changed_and_gets_a_token(browser: Browser) -> None:
    """The list shows whose token it is."""
    address = "mei+test@example.com"
    browser.do("customers", "add-consumer", emailAddress=address, decision="approved")
    consumer = browser.api.control("GET", "/consumers")[-1]

    browser.do("customers", "set-consumer", id=consumer["id"], decision="declined")
    browser.do("customers", "set-consumer", id=consumer["id"], active="false")
    text = browser.do("customers", "add-token", consumer=consumer["id"], decision="")

    changed = browser.api.control("GET", f"/consumers/{consumer['id']}")
    token = browser.api.control("GET", "/tokens")[-1]
    assert (changed["decision"], changed["active"]) == ("declined", False)
    assert token["consumer"] == consumer["id"]
    assert address in text.partition(token["id"])[2].partition("</tr>")[0]


def test_a_request_is_explained(browser: Browser) -> None:
    """With its rules, bodies, curl line, and a link to its order."""
    reply = browser.api.do("create_order", {"token": "paytok_test_declined"})
    id_ = reply.headers["Request-Id"]

    text = browser.text(f"requests/{id_}")

    assert id_ in text
    assert "refusal" in text
    assert "curl http://localhost/v1/orders" in text
    assert rows_of(browser.text("requests?status=4xx&operation=create_order")) == [id_]
    assert rows_of(browser.text("requests?text=paytok_test_declined")) == [id_]
    assert "No requests yet." in browser.do("requests", "clear-requests")


def test_a_request_is_repeated_by_its_command(browser: Browser) -> None:
    """With its idempotency key, its body and its query."""
    browser.api.do("create_order", {"name": "Taro's"}, idem="once")
    browser.api.do("list_orders", query={"maxResults": "2"})
    entries = browser.api.control("GET", "/requests")

    shown = [
        html.unescape(browser.text(f"requests/{entry['id']}")) for entry in entries[-2:]
    ]

    assert """--data-raw '{"name": "Taro'"'"'s"}'""" in shown[0]
    assert "-H 'idempotency-key: once'" in shown[0]
    assert "curl 'http://localhost/v1/orders?maxResults=2'" in shown[1]


def test_webhooks_are_added_sent_again_and_removed(browser: Browser) -> None:
    """A delivery has a page with every attempt."""
    url = "http://127.0.0.1:9/hook"
    browser.do("webhooks", "add-endpoint", url=url, eventSubscriptions="order.rejected")
    browser.api.order(token="paytok_test_declined")
    browser.do("webhooks", "deliver")
    delivery = browser.api.control("GET", "/webhooks/deliveries")[0]

    browser.do(f"webhooks/{delivery['id']}", "send-again", id=delivery["id"])
    text = browser.do(f"webhooks/{delivery['id']}", "deliver")
    endpoint = browser.api.ok("list_webhook_endpoints")["data"][0]["id"]
    browser.do("webhooks", "remove-endpoint", id=endpoint)

    assert text.count("connection refused") == 2
    assert "order.rejected" in text
    assert browser.api.ok("list_webhook_endpoints")["data"] == []


def test_a_fault_plan_is_added_and_removed(browser: Browser) -> None:
    """Inputs of other kinds are left out; the list counts the calls that met it."""
    inputs = {
        "operation": "create_order",
        "kind": "status",
        "when": "before_commit",
        "times": "2",
        "after": "0",
        "status": "502",
        "ms": "9",
        "reference": "slow",
    }
    browser.do("faults", "add-fault", **inputs)
    fault = browser.api.control("GET", "/faults")[0]
    text = browser.text("faults")

    browser.do("faults", "remove-fault", id=fault["id"])

    assert fault["options"]["status"] == 502
    assert fault["matching"] == {"reference": "slow"}
    assert "status=502" in text
    assert browser.api.control("GET", "/faults") == []
    browser.do("faults", "add-fault", **inputs)
    browser.do("faults", "remove-faults")
    assert browser.api.control("GET", "/faults") == []


def test_the_clock_is_frozen_advanced_set_and_reset(browser: Browser) -> None:
    """Times are in UTC."""
    read = browser.api.control
    browser.do("clock", "set-clock", change="set", at="2026-04-01T09:30")
    set_to = read("GET", "/clock")
    browser.do("clock", "set-clock", change="advance", amount="2", unit="hours")
    advanced = read("GET", "/clock")

    browser.do("clock", "set-clock", change="run")
    browser.do("clock", "set-clock", change="reset")

    assert (set_to["now"], set_to["frozen"]) == (1_775_035_800_000, True)
    assert advanced["now"] - set_to["now"] == 7_200_000
    assert abs(read("GET", "/clock")["offsetMs"]) < 60_000
    refused = browser.press("clock", "set-clock", change="set", at="noon")
    assert "2026-04-01T09:30" in refused.text


@pytest.mark.parametrize("amount", ["", "-1", "\u00b2", "\u0663", "1" * 19])
def test_a_span_that_is_no_number_is_refused(browser: Browser, amount: str) -> None:
    """Digits of other scripts and numbers that are too long as well."""
    refused = browser.press("clock", "set-clock", change="advance", amount=amount)

    assert refused.status_code == 400
    assert "Enter a number" in refused.text
    assert abs(browser.api.control("GET", "/clock")["offsetMs"]) < 60_000


def test_a_scenario_is_run_by_name_or_from_a_file(browser: Browser) -> None:
    """A file that is no scenario is refused with the reason."""
    browser.do("state", "run-scenario", id="approved-order")
    steps = {"steps": [{"operation": "list_orders", "save": {"n": "maxResults"}}]}
    good, bad = json.dumps(steps).encode(), b"[1"

    browser.do("state", "load-scenario", file=(io.BytesIO(good), "good.json"))
    refused = browser.press("state", "load-scenario", file=(io.BytesIO(bad), "x.json"))

    assert len(browser.api.control("GET", "/orders")) == 1
    assert refused.status_code == 400
    assert "not JSON" in refused.text


def test_a_snapshot_is_saved_and_restored_and_the_account_reset(
    browser: Browser,
) -> None:
    """A reset needs the box to be ticked."""
    order = browser.api.order()
    saved = browser.get("state/snapshot.json")

    unsure = browser.press("state", "reset")
    browser.do("state", "reset", sure="on")
    after_reset = browser.api.control("GET", "/orders")
    browser.do("state", "restore", file=(io.BytesIO(saved.data), "saved.json"))

    assert "attachment" in saved.headers["Content-Disposition"]
    assert unsure.status_code == 400
    assert after_reset == []
    assert browser.api.control("GET", "/orders")[0]["id"] == order["id"]


def test_live_rows_are_one_short_event(browser: Browser) -> None:
    """It has the rows of each table, and nothing if the browser has them already."""
    order = browser.api.order()
    events = {"Accept": "text/event-stream"}

    first = browser.get("orders", **events)
    id_ = re.search(r"^id: (\w+)$", first.text, re.MULTILINE)
    assert id_
    again = browser.get("orders", **events, **{"Last-Event-ID": id_[1]})
    browser.api.order()
    later = browser.get("orders", **events, **{"Last-Event-ID": id_[1]})

    data = json.loads(first.text.partition("data: ")[2])
    assert first.mimetype == "text/event-stream"
    assert rows_of(data["orders"]) == [order["id"]]
    assert re.fullmatch(r"retry: \d{4,}\n\n", again.text)
    assert "data: " in later.text


@pytest.mark.parametrize("accept", ["text/html,*/*;q=0.8", "*/*", "application/json"])
def test_the_root_leads_browsers_to_the_dashboard(
    browser: Browser, accept: str
) -> None:
    """Other clients get the answer of an unknown path."""
    client = browser.api.app.test_client()

    reply = client.get("/", headers={"Accept": accept})

    is_browser = "html" in accept
    assert reply.status_code == (302 if is_browser else 404)
    assert not is_browser or reply.headers["Location"] == UI
    assert is_browser or reply.json["errorCode"]


def test_an_account_is_opened_by_its_key(browser: Browser) -> None:
    """A new key makes an account; a wrong one shows no account and says why."""
    client, key = browser.api.app.test_client(), new_secret_key()

    opened = client.post(f"{UI}/accounts", data={"key": key})
    wrong = client.post(f"{UI}/accounts", data={"key": "pk_test_1"})
    unknown = client.get(f"{UI}/{account_id(new_secret_key())}/orders")

    assert opened.headers["Location"] == f"{UI}/{account_id(key)}/orders"
    assert wrong.status_code == 400
    assert "public key" in wrong.text
    assert unknown.status_code == 404
    assert "There is no account" in unknown.text
    assert account_id(key) in client.get(f"{UI}/accounts?text={account_id(key)}").text


@pytest.mark.parametrize(
    "path", ["nothing", "orders/order_test_x", "requests/x", "webhooks/x", "clock/x"]
)
def test_a_missing_page_is_404_with_the_reason(browser: Browser, path: str) -> None:
    """As a page, with a link that goes on."""
    reply = browser.get(path)

    assert reply.status_code == 404
    assert 'role="alert"' in reply.text
    assert f'href="{UI}/accounts"' in reply.text


def test_each_action_is_tried() -> None:
    """One that no test of this file sends is one that nobody tried."""
    source = Path(__file__).read_text(encoding="utf-8")

    assert [name for name in ACTIONS if f'"{name}"' not in source] == []


def test_an_unknown_action_is_refused(browser: Browser) -> None:
    """With the known ones; so is one on an object that is gone."""
    unknown = browser.press("orders", "explode")
    gone = browser.press("faults", "remove-fault", id="a/b")

    assert unknown.status_code == 400
    assert all(name in unknown.text for name in ACTIONS)
    assert gone.status_code == 404


def test_beyond_loopback_a_browser_logs_in_with_the_admin_token() -> None:
    """The cookie is not the token, and scripts and other sites cannot use it."""
    app = create_app(Settings(host="0.0.0.0", admin_token="s3same"))  # noqa: S104 - the point
    client = app.test_client()

    before = client.get(f"{UI}/accounts?text=x")
    (to,) = re.findall(r'method="post" action="([^"]+)"', before.text)
    (wanted,) = re.findall(r'name="next" value="([^"]+)"', before.text)
    wrong = client.post(to, data={"token": "guess", "next": wanted})
    right = client.post(to, data={"token": "s3same", "next": wanted})
    away = client.post(to, data={"token": "s3same", "next": "//example.com"})

    assert (before.status_code, wrong.status_code) == (401, 401)
    assert "admin token" in wrong.text
    assert right.headers["Location"] == f"{UI}/accounts?text=x"
    assert away.headers["Location"] == UI
    cookie = right.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "s3same" not in cookie
    assert client.get(f"{UI}/accounts").status_code == 200
    assert client.get("/__admin/state").status_code == 401


def test_style_and_script_are_served_and_cached(browser: Browser) -> None:
    """They need no token; nothing else of the folder is served."""
    client = browser.api.app.test_client()

    style = client.get(f"{UI}/static/dashboard.css")

    assert style.mimetype == "text/css"
    assert "max-age=86400" in style.headers["Cache-Control"]
    assert style.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(f"{UI}/static/../site.py").status_code == 404
