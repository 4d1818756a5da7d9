"""Who may steer: anybody on loopback, by a name that is the emulator's own."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_mock.app import create_app
from smartpay_mock.control.admin import ROUTES
from smartpay_mock.control.guard import is_loopback
from smartpay_mock.kernel.settings import Settings

OWN = [
    "localhost",
    "localhost:8585",
    "LOCALHOST:8585",
    "127.0.0.1",
    "127.0.0.1:8585",
    "127.8.9.1:1",
    "[::1]:8585",
    "[::1]",
    "api.smartpay.co",
    "checkout.smartpay.co",
]
FOREIGN = [
    "evil.example.com",
    "evil.example.com:8585",
    "localhost.evil.example.com",
    "127.0.0.1.evil.example.com",
    "127.0.0.1@evil.example.com",
    "192.168.1.5:8585",
    "0.0.0.0:8585",
    "[2001:db8::1]:8585",
    "[::1",
    "[::1].evil.example.com",
    "api.smartpay.co.evil.example.com",
    "",
]


@pytest.mark.parametrize("host", OWN)
def test_a_name_of_the_emulators_own_may_steer(api: Any, host: str) -> None:
    """However it is spelled."""
    assert api.admin("GET", "/state", headers={"Host": host}).status == 200


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/state", "/health", "/nothing", "/ui"])
def test_a_foreign_name_is_refused(api: Any, host: str, path: str) -> None:
    """A web page can make its own name resolve to loopback; it steers nothing."""
    reply = api.admin("GET", path, headers={"Host": host})

    assert reply.status == 403
    assert "Host header" in reply.detail


def test_nothing_happens_under_a_foreign_name(api: Any) -> None:
    """And no body is read for it."""
    api.order()
    before = api.held()

    reply = api.admin(
        "POST", "/reset", raw=b"x" * 100_000, headers={"Host": "evil.example.com"}
    )

    assert reply.status == 403
    assert api.held() == before


def test_the_api_itself_answers_to_any_name(api: Any) -> None:
    """Its own key guards it; clients reach it by many names."""
    reply = api.do("list_orders", headers={"Host": "smartpay.example.com"})

    assert reply.status == 200


@pytest.fixture(scope="module")
def exposed(new_account: Any) -> Any:
    """Return an account of an emulator that listens on every address."""
    settings = Settings(host="0.0.0.0", admin_token="s3same")  # noqa: S104 - the point
    return new_account(create_app(settings))


GUARDED = [row for row in ROUTES if not row.is_open]


@pytest.mark.parametrize("row", GUARDED, ids=lambda row: f"{row.method} {row.path}")
@pytest.mark.parametrize("credential", [None, "key", "Bearer wrong", "Basic s3same"])
def test_off_loopback_steering_takes_the_admin_token(
    exposed: Any, row: Any, credential: str | None
) -> None:
    """A secret key alone steers nothing there; the message says where the token is."""
    header = f"Basic {exposed.key}" if credential == "key" else credential
    headers = {"Authorization": header, "Smartpay-Sandbox-Account": exposed.key}

    reply = exposed.admin(row.method, row.path.format(id="x"), headers=headers)

    assert reply.status == 401
    assert "SMARTPAY_SANDBOX_ADMIN_TOKEN" in reply.detail
    assert "s3same" not in reply.detail


@pytest.mark.parametrize("host", ["sandbox.internal:8585", "10.0.0.5", "localhost"])
def test_with_the_token_it_steers_by_any_name(exposed: Any, host: str) -> None:
    """The account is named in a header of its own."""
    headers = {
        "Authorization": "Bearer s3same",
        "Smartpay-Sandbox-Account": exposed.key,
        "Host": host,
    }

    assert exposed.admin("GET", "/state", headers=headers).status == 200


def test_without_an_account_the_token_alone_steers_nothing(exposed: Any) -> None:
    """It says who may, not which account."""
    headers = {"Authorization": "Bearer s3same"}

    reply = exposed.admin("GET", "/state", headers=headers)

    assert reply.status == 401
    assert "Smartpay-Sandbox-Account" in reply.detail


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_probes_need_no_token(exposed: Any, path: str) -> None:
    """Orchestrators send none, and learn nothing but that it lives."""
    headers = {"Authorization": None, "Host": "10.0.0.5:8585"}

    assert exposed.admin("GET", path, headers=headers).status == 200


def test_a_token_is_made_up_where_none_is_set(emulate: Any) -> None:
    """No emulator off loopback is open."""
    api = emulate(host="192.0.2.1")

    for token in ("", "None"):
        headers = {"Authorization": f"Bearer {token}", "Host": "192.0.2.1"}
        assert api.admin("GET", "/version", headers=headers).status == 401


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.255.0.3", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),  # noqa: S104 - judged, not bound
        ("::", False),
        ("192.168.0.1", False),
        ("example.com", False),
        ("", False),
        ("127.1", False),
    ],
)
def test_loopback_is_this_machine_only(host: str, expected: bool) -> None:
    """By address, or the one name that is sure."""
    assert is_loopback(host) is expected
