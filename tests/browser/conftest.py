"""One emulator and one Chromium for the session; each test has its own account."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import pytest
import requests
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait
from tests.cli.conftest import Served, state_of
from tests.external.installing import install_from_npm

from smartpay_fixtures import load
from smartpay_mock.kernel.ids import account_id, new_secret_key

WIDE, PHONE = (1280, 900), (390, 844)
_ARGUMENTS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--hide-scrollbars"
)
_DEADLINE_S = 10


class Person:
    """Somebody at a browser, on the pages of one account.

    Attributes:
        driver: The browser.
        root_url: Scheme and authority of the emulator.
        key: The secret key of the account.
    """

    def __init__(self, driver: Chrome, root_url: str, key: str) -> None:
        self.driver = driver
        self.root_url = root_url
        self.key = key

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the emulator with the account's key and return the JSON value."""
        answer = requests.request(
            method,
            self.root_url + path,
            json=body,
            headers={"Authorization": f"Basic {self.key}"},
            timeout=_DEADLINE_S,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def order(self, **changes: Any) -> Any:
        """Create an order and return it."""
        body = {**load("requests/order-create"), "token": "paytok_test_approved"}
        return self.call("POST", "/v1/orders", {**body, **changes})

    def look(self, size: tuple[int, int], language: str, scheme: str) -> None:
        """Choose the size of the window, the language, and light or dark."""
        command = self.driver.execute_cdp_cmd
        metrics = {"deviceScaleFactor": 1, "mobile": size == PHONE}
        metrics |= {"width": size[0], "height": size[1]}
        command("Emulation.setDeviceMetricsOverride", metrics)
        command("Network.enable", {})
        headers = {"headers": {"Accept-Language": language}}
        command("Network.setExtraHTTPHeaders", headers)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        command("Emulation.setEmulatedMedia", {"features": [feature]})

    def open(self, path: str) -> None:
        """Open a page of the account, or a path of the emulator."""
        if not path.startswith("/"):
            path = f"/__admin/ui/{account_id(self.key)}/{path}"
        self.driver.get(self.root_url + path)

    def find(self, selector: str) -> WebElement:
        """Return the first element, once it is there."""
        return WebDriverWait(self.driver, _DEADLINE_S).until(
            lambda driver: driver.find_element(By.CSS_SELECTOR, selector), selector
        )

    def fill(self, form: str, **inputs: str) -> None:
        """Fill in the form with this action and heading."""
        for name, text in inputs.items():
            field = self.find(f"{form} [name={name}]")
            if field.tag_name == "select":
                Select(field).select_by_value(text)
            elif field.get_attribute("type") == "checkbox":
                field.click()
            else:
                # A date field takes keys by its own layout.
                script = "arguments[0].value = arguments[1]"
                is_file = field.get_attribute("type") == "file"
                if is_file:
                    field.send_keys(text)
                else:
                    self.driver.execute_script(script, field, text)

    def press(self, selector: str) -> None:
        """Click a button, and wait for the page that it leads to."""
        old = self.find("html")
        self.find(selector).click()
        wait = WebDriverWait(self.driver, _DEADLINE_S)
        wait.until(lambda _: is_gone(old), selector)
        self.find("main")

    def text(self, selector: str = "main") -> str:
        """Return what an element shows."""
        return self.find(selector).text

    def wait_for(self, text: str, selector: str = "main") -> None:
        """Wait until an element shows a text."""
        wait = WebDriverWait(self.driver, _DEADLINE_S)
        wait.until(lambda _: text in self.text(selector), text)


def is_gone(element: WebElement) -> bool:
    """Return whether the page of an element was left."""
    try:
        element.is_enabled()
    except Exception:
        return True
    return False


def program(name: str) -> str:
    """Return the path of a program; where it is missing, skip, or fail in CI."""
    path = shutil.which(name)
    if path is None:
        message = f"{name} is missing; apt-get install chromium chromium-driver."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return an emulator in a process of its own."""
    folder = tmp_path_factory.mktemp("serve")
    served = Served(folder / "port", (), DEVNULL, state_of(folder)).ready()
    yield served
    served.stop()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Return a browser with nothing of a user."""
    driver = Service(program("chromedriver"))
    options = ChromeOptions()
    options.binary_location = program("chromium")
    profile = tmp_path_factory.mktemp("profile")
    for argument in (*_ARGUMENTS.split(), f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options=options, service=driver)
    yield chrome
    chrome.quit()


@pytest.fixture
def person(chromium: Chrome, emulator: Served) -> Iterator[Person]:
    """Return somebody with an account of its own; the console shows no error."""
    someone = Person(chromium, emulator.root_url, new_secret_key())
    someone.look(WIDE, "en", "light")
    someone.call("GET", "/v1/orders")
    yield someone
    entries = chromium.execute("getLog", {"type": "browser"})["value"]
    chromium.get("about:blank")
    assert not entries, entries


@pytest.fixture(scope="session")
def axe() -> Callable[[Chrome], list[str]]:
    """Return what finds violations of accessibility rules on the current page."""
    install_from_npm(Path(__file__).parent)
    path = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
    script = path.read_text(encoding="utf-8")

    def check(driver: Chrome) -> list[str]:
        driver.execute_script(script)
        found: Any = driver.execute_async_script(
            "const done = arguments[0];"
            "axe.run().then(found => done(found.violations.map(it => it.id + ': '"
            " + it.nodes.map(node => node.html).slice(0, 3).join(' | '))))"
        )
        return list(found)

    return check
