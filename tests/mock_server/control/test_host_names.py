"""Host names: a web page that rebinds its name to loopback gets nothing."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.settings import load_settings

OWN = [
    "localhost",
    "LocalHost:8585",
    "localhost.:8585",
    "api.smartpay.localhost:8585",
    "127.0.0.1:8585",
    "127.8.9.1",
    "[::1]:8585",
    "[::ffff:127.0.0.1]",
    "api.smartpay.co",
    "CHECKOUT.smartpay.co:443",
]
MALFORMED = [
    "127.0.0.1@attacker.example.com",
    "[::1].attacker.example.com",
    "",
    f"{'a' * 64}.test",
    ".".join(["a" * 63] * 5),
    "shop..test",
    ".test",
    "sh\xf6p.test",
    "shop test",
    "shop.test:http",
    "shop.test/",
    "user@localhost",
    "[::1",
    "a,b",
]
OTHER = [
    "attacker.example.com:8585",
    "127.0.0.1.attacker.example.com",
    "127.1:8585",
    "localhost.attacker.example.com",
    "notlocalhost",
    "api.smartpay.co.attacker.example.com",
    "notsmartpay.co",
    "0.0.0.0:8585",
    "[::]",
    "192.168.1.5:8585",
    "[2001:db8::1]",
    "[fe80::1%25eth0]",
]
PATHS = [
    ("GET", "/v1/orders"),
    ("DELETE", "/v1/tokens/paytok_test_approved"),
    ("POST", "/api.smartpay.co/v1/orders"),
    ("GET", "/v1/nothing"),
    ("POST", "/consumers/auth/login"),
    ("GET", "/checkout/checkout_test_x"),
    ("POST", "/checkout_test_x"),
    ("GET", "/"),
]


@pytest.mark.parametrize("host", OWN)
def test_an_own_name_is_served(api: Any, host: str) -> None:
    """In any case, with any port, as name or address."""
    assert api.do("list_orders", headers={"Host": host}).status == 200
    assert api.admin("GET", "/state", headers={"Host": host}).status == 200


@pytest.mark.parametrize("host", [*OTHER, *MALFORMED])
def test_another_name_is_refused_on_every_path(api: Any, host: str) -> None:
    """The answer has the API's shape, and nothing was done."""
    before = api.do("list_tokens").json["results"]

    replies = [api.send(*path, headers={"Host": host}) for path in PATHS]

    assert {reply.refusal for reply in replies} == {(403, "request.host-unknown")}
    assert "--hosts" in replies[0].message
    assert api.do("list_tokens").json["results"] == before


@pytest.mark.parametrize("host", [*OTHER, *MALFORMED])
def test_another_name_is_a_problem_of_the_control_plane(api: Any, host: str) -> None:
    """A label that no name can have is refused like another name."""
    for path in ("/__admin", "/__admin/ui", "/__admin/health", "/health"):
        reply = api.send("GET", path, headers={"Host": host})

        assert reply.status == 403
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert "Host header" in reply.detail


def test_a_set_name_is_served_by_the_api_only(emulate: Any) -> None:
    """A tunnel to the emulator must not open the control plane to the internet."""
    api = emulate(hosts=("shop.test", "10.0.0.5"))

    for host in ("shop.test", "SHOP.test:80", "10.0.0.5"):
        assert api.do("list_orders", headers={"Host": host}).status == 200
        assert api.admin("GET", "/state", headers={"Host": host}).status == 403
    for host in ("below.shop.test", "other.test"):
        assert api.send("GET", "/v1/orders", headers={"Host": host}).status == 403


@pytest.mark.parametrize("bound_to", ["0.0.0.0", "::", "192.0.2.1", "sandbox"])  # noqa: S104 - the point
def test_beyond_loopback_the_api_has_any_name(emulate: Any, bound_to: str) -> None:
    """A container doesn't know its names; only a malformed one is refused."""
    api = emulate(host=bound_to)

    for host in (*OTHER, *OWN):
        assert api.do("list_orders", headers={"Host": host}).status == 200
    for host in MALFORMED:
        assert api.send("GET", "/checkout_test_x", headers={"Host": host}).status == 403


@pytest.mark.parametrize("text", ["http://shop.test", "shop.test:80", "a..b", "*"])
def test_a_setting_that_is_no_name_is_refused(text: str) -> None:
    """The message shows how to write one."""
    with pytest.raises(SandboxUsageError, match=r"such as shop\.test"):
        load_settings({"SMARTPAY_SANDBOX_HOSTS": text})


def test_names_are_read_from_the_environment() -> None:
    """Separated by commas, in any case."""
    settings = load_settings({"SMARTPAY_SANDBOX_HOSTS": "Shop.test, 10.0.0.5,"})

    assert settings.hosts == ("shop.test", "10.0.0.5")
