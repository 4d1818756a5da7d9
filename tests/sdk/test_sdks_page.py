"""The emulator serves the settings of docs/sdks.md."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
import requests

from smartpay_fixtures import sandbox_values
from smartpay_mock.cli.exec_ import command as exec_
from smartpay_mock.cli.serve import command as serve
from smartpay_mock.server import Certificates, Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "sdks.md"
BASES = ("/v1", "/api.smartpay/v1", "/api.smartpay.co/v1")


@pytest.fixture(scope="module")
def page() -> str:
    """Return the text of the page."""
    return PAGE.read_text(encoding="utf-8")


def test_every_base_url_of_the_page_is_served(sandbox: Sandbox, page: str) -> None:
    """A base that is printed answers; the bare root is Go's, which adds /v1."""
    printed = re.findall(r"https?://127\.0\.0\.1:\d+[^\s`'\",)|]*", page)
    paths = {urlsplit(url).path for url in printed}

    statuses = {
        path: requests.get(
            f"{sandbox.root_url}{path or '/v1'}/orders",
            headers={"Authorization": f"Basic {sandbox_values().secret_key}"},
            timeout=10,
        ).status_code
        for path in paths
    }

    assert statuses == dict.fromkeys(("", *BASES), 200)


def test_keys_and_consumer_of_the_page_are_test_values(page: str) -> None:
    """What is printed can be pasted."""
    consumer = sandbox_values().consumers["active"]

    assert set(re.findall(r"\bsk_test_\w+", page)) == {sandbox_values().secret_key}
    assert set(re.findall(r"\bpk_test_\w+", page)) == {sandbox_values().public_key}
    assert f"| `TEST_USERNAME` | `{consumer.email_address}`" in page
    assert f"| `TEST_PASSWORD` | `{consumer.password}`" in page


def test_the_page_names_every_variable_that_makes_clients_trust_the_ca(
    certificates: Certificates, page: str
) -> None:
    """One per kind of client."""
    missing = [name for name in certificates.environment if name not in page]

    assert not missing


def test_every_flag_of_the_page_exists(page: str) -> None:
    """The flags of ``serve`` and ``exec`` are spelled as the program has them."""
    flags = {
        name
        for command in (serve, exec_)
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
    }

    printed = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page))

    assert printed <= flags


def test_the_page_names_the_versions_that_are_run(page: str) -> None:
    """An SDK that is upgraded here is upgraded on the page."""
    folder = Path(__file__).parent
    node = re.search(
        r'sdk-node": "([\d.]+)"', (folder / "node/package.json").read_text("utf-8")
    )
    python = re.search(
        r"smartpay==([\d.]+)", (folder / "python/requirements.txt").read_text("utf-8")
    )
    assert node is not None
    assert python is not None

    assert f"| Node {node[1]} |" in page
    assert f"| Python {python[1]} |" in page
