"""The dashboard in a real browser: buttons, live rows, languages, a phone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from tests.browser.conftest import PHONE, WIDE, Person

from smartpay_fixtures import load
from smartpay_mock.dashboard.site import SECTIONS

Axe = Callable[[Any], list[str]]

SIZE_LIMIT = 150_000
"""Bytes of a screenshot for the docs."""


@pytest.fixture
def busy(person: Person) -> Person:
    """Return somebody whose account has something of everything."""
    hook = {"url": "http://127.0.0.1:9/hook"}
    person.call("POST", "/v1/webhook-endpoints", hook)
    for name in ("rejected-order", "refunded", "partly-captured"):
        person.call("POST", f"/__admin/scenarios/{name}")
    fault = {"operation": "create_order", "kind": "status", "when": "after_commit"}
    person.call("POST", "/__admin/faults", {**fault, "times": 3})
    person.call("POST", "/__admin/webhooks/drain")
    return person


def pages(person: Person) -> Iterator[tuple[str, str]]:
    """Yield name and path of each page."""
    yield from ((name, name) for name in SECTIONS)
    for name, section, route in (
        ("order", "orders", "orders"),
        ("request", "requests", "requests"),
        ("delivery", "webhooks", "webhooks/deliveries"),
    ):
        newest = person.call("GET", f"/__admin/{route}")[-1]
        yield name, f"{section}/{newest['id']}"
    yield "accounts", "/__admin/ui/accounts"
    yield "log in", "/__admin/ui/login"
    checkout = load("requests/checkout-session-create")
    del checkout["locale"]
    session = person.call("POST", "/v1/checkout-sessions", checkout)
    yield "checkout", str(session["url"]).removeprefix(person.root_url)


LOOKS = [
    (WIDE, "en", "light"),
    (PHONE, "ja", "dark"),
]


@pytest.mark.parametrize(("size", "language", "scheme"), LOOKS)
def test_every_page_is_accessible_and_fits(
    busy: Person, axe: Axe, size: tuple[int, int], language: str, scheme: str
) -> None:
    """Axe finds nothing, and nothing is wider than the window."""
    busy.look(size, language, scheme)
    found: dict[str, Any] = {}

    for name, path in pages(busy):
        busy.open(path)
        width = busy.driver.execute_script(
            "return Math.max(document.documentElement.scrollWidth,"
            " ...[...document.querySelectorAll('.card')].map(it => it.scrollWidth))"
        )
        shown = busy.find("html").get_attribute("lang")
        found[name] = (axe(busy.driver), width <= size[0], shown)

    assert found == dict.fromkeys(found, ([], True, language))


def test_the_buttons_of_an_order_capture_refund_and_cancel(person: Person) -> None:
    """With an amount and a reason; the time line shows each step."""
    order = person.order(captureMethod="manual")
    person.open(f"orders/{order['id']}")

    person.fill("form", amount="1000", cancelRemainder="manual")
    person.press("[value=capture]")
    captured = person.text()
    person.fill("form:has([value=refund])", amount="400", reason="fraudulent")
    person.press("[value=refund]")
    person.press("[value=cancel]")

    assert "Captured." in captured
    person.wait_for("Canceled.")
    assert "succeeded" in person.text("h1")
    assert all(step in person.text("#story") for step in ("1,000", "400", "Decision"))


def test_the_buttons_of_faults_add_and_remove(busy: Person) -> None:
    """The table says how often each was met."""
    busy.open("faults")
    busy.fill("form", operation="create_refund", kind="latency", ms="5")
    busy.press("[value=add-fault]")

    assert "ms=5" in busy.text("#faults")
    busy.press("[value=remove-fault]")
    busy.press("[value=remove-faults]")
    busy.wait_for("No fault plans.")


def test_new_rows_come_without_a_reload(person: Person) -> None:
    """The other rows stay the same elements: focus and selection survive."""
    person.order()
    person.open("requests")
    link = person.find("tbody a")
    person.driver.execute_script(
        "const row = arguments[0].closest('tr'); arguments[0].focus();"
        "getSelection().selectAllChildren(row.cells[3]);",
        link,
    )
    before = person.driver.execute_script("return getSelection().toString()")

    person.order(reference="another")

    person.wait_for("POST /v1/orders", "tbody tr:nth-child(2)")
    rows = person.driver.find_elements(By.CSS_SELECTOR, "tbody tr")
    assert len(rows) == 3
    assert link.is_displayed()
    assert person.driver.switch_to.active_element == link
    assert person.driver.execute_script("return getSelection().toString()") == before
    person.press("[value=clear-requests]")
    person.wait_for("No requests yet.")


def test_an_open_order_page_shows_what_happens(person: Person) -> None:
    """Another client's capture appears on its time line."""
    order = person.order(captureMethod="manual")
    person.open(f"orders/{order['id']}")

    body = {"order": order["id"], "amount": 700, "currency": "JPY"}
    person.call("POST", "/v1/payments", body)

    person.wait_for("700 JPY", "#story")


def test_a_command_is_copied(person: Person) -> None:
    """The button says so, and the clipboard has the whole line."""
    permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    grant = {"permissions": permissions, "origin": person.root_url}
    person.driver.execute_cdp_cmd("Browser.grantPermissions", grant)
    person.open("orders")

    person.find(".copy").click()

    person.wait_for("Copied", ".copy")
    text = person.driver.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0])"
    )
    assert text == person.text("pre")
    assert person.key in text or "sk_test_" in text


def test_a_keyboard_is_enough(person: Person) -> None:
    """The first key skips the menu; Enter opens an order."""
    order = person.order()
    person.open("orders")

    person.driver.switch_to.active_element.send_keys(Keys.TAB)
    skip = person.driver.switch_to.active_element
    assert skip.text == "Skip to the content"
    link = person.find("tbody a")
    link.send_keys(Keys.ENTER)

    person.wait_for(order["id"], "h1")


SHOT = (1180, 720)
SHOTS = {
    "dashboard-orders": ("orders", SHOT, "en", "light"),
    "dashboard-order": ("order", SHOT, "en", "light"),
    "dashboard-requests": ("requests", SHOT, "en", "dark"),
    "dashboard-phone": ("customers", PHONE, "ja", "light"),
}


@pytest.mark.parametrize("name", SHOTS)
def test_screenshots_are_small(busy: Person, tmp_path: Path, name: str) -> None:
    """``make screenshots`` writes them to docs/images."""
    page, size, language, scheme = SHOTS[name]
    folder = Path(os.environ.get("SMARTPAY_SCREENSHOTS", tmp_path))
    busy.look(size, language, scheme)
    busy.open(dict(pages(busy))[page])
    busy.find("time[data-ago]")

    busy.driver.save_screenshot(str(folder / f"{name}.png"))

    assert 0 < (folder / f"{name}.png").stat().st_size <= SIZE_LIMIT
