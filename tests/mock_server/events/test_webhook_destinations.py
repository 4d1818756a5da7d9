"""Allowed destinations of webhooks."""

from __future__ import annotations

import socket
import threading

import pytest

from smartpay_mock.events import destinations as destinations_module
from smartpay_mock.events.destinations import Destinations, UndeliverableError

ANY = "0.0.0.0"  # noqa: S104 - not bound
ADDRESSES = {
    "receiver.test": ["127.0.0.1"],
    "both.test": ["192.0.2.7", "127.0.0.5"],
    "mystore.jp": ["192.0.2.7"],
    "127.1": ["127.0.0.1"],
}


def look_up(host: str) -> list[str]:
    """Return the addresses of the known names only."""
    if host not in ADDRESSES:
        raise OSError(f"{host} is unknown")
    return ADDRESSES[host]


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("http://127.0.0.1:5000/hook", ("127.0.0.1",)),
        ("http://127.8.9.1/", ("127.8.9.1",)),
        ("http://[::1]:5000/", ("::1",)),
        ("http://[::ffff:127.0.0.1]/", ("::ffff:127.0.0.1",)),
        ("https://localhost/hook", ("127.0.0.1", "::1")),
        ("http://LOCALHOST./", ("127.0.0.1", "::1")),
        ("http://shop.localhost/", ("127.0.0.1", "::1")),
        ("http://receiver.test/", ("127.0.0.1",)),
        ("http://127.1/", ("127.0.0.1",)),
        ("http://both.test/", ("127.0.0.5",)),
    ],
)
def test_any_name_of_this_machine_is_allowed(
    url: str, addresses: tuple[str, ...]
) -> None:
    """Of several addresses only those of this machine are used."""
    destination = Destinations(lookup=look_up).find(url)

    assert destination.addresses == addresses
    assert destination.is_loopback


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.7/",
        "http://[2001:db8::1]/",
        "http://[::ffff:192.0.2.7]/",
        "https://mystore.jp/hook",
        "https://unknown.test/",
        "http://localhost.mystore.jp/",
    ],
)
def test_other_machines_are_refused(url: str) -> None:
    """The message says how to allow them."""
    with pytest.raises(
        UndeliverableError, match=r"nothing was sent.*webhooks-anywhere"
    ):
        Destinations(lookup=look_up).find(url)


@pytest.mark.parametrize("url", ["https://example.com/", "https://shop.example.com/x"])
def test_example_names_are_refused_without_a_lookup(url: str) -> None:
    """A test without a network does not wait for a name server."""

    def ask(host: str) -> list[str]:
        pytest.fail(f"{host} was looked up")

    with pytest.raises(UndeliverableError):
        Destinations(lookup=ask).find(url)


def test_anywhere_allows_other_machines() -> None:
    """The address that was looked up is used."""
    destination = Destinations(anywhere=True, lookup=look_up).find(
        "https://mystore.jp/hook?shop=1#top"
    )

    assert destination.addresses == ("192.0.2.7",)
    assert not destination.is_loopback
    assert (destination.port, destination.target) == (443, "/hook?shop=1")
    assert destination.authority == "mystore.jp"


def test_addresses_are_cached_for_a_minute() -> None:
    """A burst of events makes one query."""
    asked: list[str] = []
    now = [0]

    def ask(host: str) -> list[str]:
        asked.append(host)
        return look_up(host)

    destinations = Destinations(lookup=ask, wall=lambda: now[0])
    for now[0] in (1, 2, 59_999, 60_002):
        destinations.find("http://receiver.test/")

    assert asked == ["receiver.test", "receiver.test"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "127.0.0.1/hook",
        "http:///hook",
        "http://[/",
        "http://127.0.0.1:70000/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1@mystore.jp/",
        "http://user:pass@127.0.0.1/",
        "http://a..localhost/",
        "http://例え.jp/",
        "",
    ],
)
def test_an_invalid_url_is_refused(url: str) -> None:
    """The message says what to change."""
    with pytest.raises(UndeliverableError, match=r"is invalid: .*Change the url"):
        Destinations(anywhere=True, lookup=look_up).find(url)


@pytest.mark.parametrize("anywhere", [False, True])
@pytest.mark.parametrize("host", [ANY, "[::]", f"[::ffff:{ANY}]", "any.test"])
def test_an_unspecified_address_is_explained(host: str, anywhere: bool) -> None:
    """Programs listen on it; the message says what to use in its place."""
    destinations = Destinations(anywhere=anywhere, lookup=lambda _host: [ANY])

    with pytest.raises(UndeliverableError, match=r"every address.*use 127\.0\.0\.1"):
        destinations.find(f"http://{host}:5000/")


def test_a_name_is_looked_up_by_the_system() -> None:
    """Its addresses are returned."""
    assert {"127.0.0.1", "::1"}.issuperset(destinations_module.look_up("localhost"))


def test_a_look_up_that_hangs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes no longer than an attempt may."""
    answers = threading.Event()
    monkeypatch.setattr(destinations_module, "TIMEOUT_MS", 20)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.wait(10) and [])

    with pytest.raises(OSError, match=r"look-up of mystore\.jp took over 20 ms"):
        Destinations(anywhere=True).find("http://mystore.jp/")

    answers.set()


def test_non_ascii_paths_are_encoded() -> None:
    """Existing percent signs are kept."""
    destinations = Destinations(anywhere=True, lookup=lambda _host: ["127.0.0.1"])

    destination = destinations.find("http://xn--r8jz45g.jp:8080/注文%20a?q=値")

    assert destination.authority == "xn--r8jz45g.jp:8080"
    assert destination.target == "/%E6%B3%A8%E6%96%87%20a?q=%E5%80%A4"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:5000/hook",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://shop.localhost/",
        "http://receiver.test/",
    ],
)
@pytest.mark.parametrize("anywhere", [False, True])
def test_an_emulator_beyond_loopback_reaches_no_local_service(
    url: str, anywhere: bool
) -> None:
    """Anybody on the network could make it post there; a setting allows it."""
    destinations = Destinations(anywhere=anywhere, loopback=False, lookup=look_up)

    with pytest.raises(UndeliverableError, match=r"nothing was sent.*--webhooks-"):
        destinations.find(url)


def test_of_several_addresses_only_the_allowed_ones_are_used() -> None:
    """A name can have addresses of this machine and of others."""
    destinations = Destinations(anywhere=True, loopback=False, lookup=look_up)

    assert destinations.find("http://both.test/").addresses == ("192.0.2.7",)
