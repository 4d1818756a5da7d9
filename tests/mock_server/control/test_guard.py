"""Access to the control plane: open on loopback, by admin token elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_mock.app import create_app
from smartpay_mock.control.admin import ROUTES
from smartpay_mock.kernel.settings import Settings


def test_a_refused_call_changes_nothing(api: Any) -> None:
    """Its body is not read."""
    api.order()
    before = api.held()

    reply = api.admin(
        "POST", "/reset", raw=b"x" * 100_000, headers={"Host": "attacker.example.com"}
    )

    assert reply.status == 403
    assert api.held() == before


@pytest.fixture(scope="module")
def exposed(new_account: Any) -> Any:
    """Return an account of an emulator that listens on every address."""
    settings = Settings(host="0.0.0.0", admin_token="s3same")  # noqa: S104 - the point
    return new_account(create_app(settings))


GUARDED = [row for row in ROUTES if not row.is_open]


@pytest.mark.parametrize("row", GUARDED, ids=lambda row: f"{row.method} {row.path}")
@pytest.mark.parametrize("credential", [None, "key", "Bearer wrong", "Basic s3same"])
def test_beyond_loopback_the_admin_token_is_required(
    exposed: Any, row: Any, credential: str | None
) -> None:
    """A secret key is not enough; the message says where the token is."""
    header = f"Basic {exposed.key}" if credential == "key" else credential
    headers = {"Authorization": header, "Smartpay-Sandbox-Account": exposed.key}

    reply = exposed.admin(row.method, row.path.format(id="x"), headers=headers)

    assert reply.status == 401
    assert "SMARTPAY_SANDBOX_ADMIN_TOKEN" in reply.detail
    assert "s3same" not in reply.detail


@pytest.mark.parametrize("host", ["sandbox.internal:8585", "10.0.0.5", "localhost"])
def test_with_the_token_any_host_name_is_allowed(exposed: Any, host: str) -> None:
    """The secret key is in its own header."""
    headers = {
        "Authorization": "Bearer s3same",
        "Smartpay-Sandbox-Account": exposed.key,
        "Host": host,
    }

    assert exposed.admin("GET", "/state", headers=headers).status == 200


def test_the_token_does_not_replace_the_secret_key(exposed: Any) -> None:
    """The account is still unknown."""
    headers = {"Authorization": "Bearer s3same"}

    reply = exposed.admin("GET", "/state", headers=headers)

    assert reply.status == 401
    assert "Smartpay-Sandbox-Account" in reply.detail


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_health_checks_need_no_token(exposed: Any, path: str) -> None:
    """Orchestrators send none; the answer contains no account data."""
    headers = {"Authorization": None, "Host": "10.0.0.5:8585"}

    assert exposed.admin("GET", path, headers=headers).status == 200


def test_an_unset_token_is_random(emulate: Any) -> None:
    """An emulator beyond loopback is never open."""
    api = emulate(host="192.0.2.1")

    for token in ("", "None"):
        headers = {"Authorization": f"Bearer {token}", "Host": "192.0.2.1"}
        assert api.admin("GET", "/version", headers=headers).status == 401


@pytest.mark.parametrize("host", ["localhost", "127.255.0.3", "::1", "[::1]"])
def test_an_emulator_on_loopback_needs_no_token(emulate: Any, host: str) -> None:
    """Its secret key is enough."""
    assert emulate(host=host).admin("GET", "/state").status == 200
