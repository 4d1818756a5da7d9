"""Webhook endpoints at a name, at an IPv6 address, and with HTTPS."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from smartpay_contracts.control import Control
from smartpay_contracts.receiver import Delivery, Receiver
from smartpay_contracts.shop import Shop

Listen = Callable[..., Receiver]


def delivery_to(url: str, shop: Shop, receiver: Receiver) -> Delivery:
    """Return the delivery of an event to an endpoint with this url."""
    shop.endpoint(url)
    shop.coupon()
    return receiver.wait_for("coupon.created")[0]


@pytest.mark.clause("events.post")
def test_events_are_posted_to_a_host_name(shop: Shop, receiver: Receiver) -> None:
    """The host of an endpoint's URL is looked up."""
    delivery = delivery_to(receiver.url(host="localhost"), shop, receiver)

    assert delivery.method == "POST"


@pytest.mark.clause("events.host")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_delivery_names_its_host(host: str, shop: Shop, receiver: Receiver) -> None:
    """With the port, as the url has it."""
    url = receiver.url(host=host)

    delivery = delivery_to(url, shop, receiver)

    assert delivery.headers["host"] == urlsplit(url).netloc


@pytest.mark.clause("events.host")
def test_a_delivery_names_an_ipv6_address_in_brackets(
    shop: Shop, listen: Listen, control: Control
) -> None:
    """Its colons would otherwise be mistaken for that of the port."""
    del control  # other servers may refuse such a url
    try:
        receiver = listen(host="::1")
    except OSError:
        pytest.skip("needs IPv6 on this machine")
    url = receiver.url(host="[::1]")

    delivery = delivery_to(url, shop, receiver)

    assert delivery.headers["host"] == urlsplit(url).netloc


@pytest.mark.clause("events.https")
def test_events_are_posted_over_https(
    shop: Shop, listen: Listen, control: Control
) -> None:
    """To this machine with any certificate, also one for another name."""
    del control  # other servers may check the certificate
    trustme = pytest.importorskip(
        "trustme", reason="needs trustme: pip install 'smartpay-sandbox[tls]'"
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("example.com").configure_cert(tls)

    receiver = listen(tls=tls)

    delivery = delivery_to(receiver.url(host="localhost"), shop, receiver)

    assert delivery.method == "POST"
