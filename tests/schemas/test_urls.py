"""URLs: one rule for payloads and for deliveries, the same in both validators."""

from __future__ import annotations

import pytest

import smartpay_schemas as s
from smartpay_schemas.urls import split_url

VALID = [
    "https://mystore.jp/my-product/",
    "http://localhost:5000/hook",
    "HTTP://LOCALHOST:1/",
    "hTTps://shop_web:65535?order=1#top",
    "http://shop.localhost.:80/",
    f"http://{'a' * 63}.jp/",
    "http://127.0.0.1/",
    "http://[::1]:5000/hook",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::FFFF:7f00:1]/",
    "https://mystore.jp/注文?q=値",
]
SPACES = " \t\r\n\0\x1c\x1d\x1e\x1f\x7f\x85\xa0\u2028\u3000"
INVALID = [
    "",
    "mystore.jp",
    "ftp://mystore.jp/",
    "javascript:alert(1)",
    "http:/mystore.jp/",
    "http:///hook",
    "http://:80/",
    "http://mystore.jp:0/",
    "http://mystore.jp:99999/",
    "http://mystore.jp:65536/",
    "http://mystore.jp:/",
    "http://mystore.jp:80:80/",
    "http://mystore.jp:-1/",
    "http://user@mystore.jp/",
    "http://user:password@mystore.jp/",
    "http://127.0.0.1\\@mystore.jp/",
    f"http://{'a' * 64}.jp/",
    "http://a..jp/",
    "http://.mystore.jp/",
    "http://mystore.jp../",
    "http://例え.jp/",
    "http://[::1/",
    "http://[]/",
    "http://[1.2.3.4]/",
    "http://[::1%25eth0]/",
    "http://[::ffff:127.0.0.256]/",
    *(f"http://mystore.jp/a{space}b" for space in SPACES),
    "http://mystore.jp/\n",
    " http://mystore.jp/",
]


@pytest.mark.parametrize("url", VALID)
def test_a_url_is_accepted_by_every_check(url: str) -> None:
    """The quick validator, the reference and the delivery agree."""
    assert s.accepts("common/url", url)
    assert s.problems("common/url", url) == []
    assert split_url(url)


@pytest.mark.parametrize("url", INVALID)
def test_anything_else_is_refused_by_every_check(url: str) -> None:
    """The message says what to send."""
    assert not s.accepts("common/url", url)
    (problem,) = s.problems("common/url", url)
    assert "http:// or https:// URL" in problem.message
    with pytest.raises(ValueError, match=r"^its? "):
        split_url(url)


@pytest.mark.parametrize("member", ["successUrl", "cancelUrl"])
@pytest.mark.parametrize("url", ["http://mystore.jp:0/", "http://a..jp/"])
def test_urls_of_a_checkout_keep_the_same_rule(member: str, url: str) -> None:
    """They are refused like the URL of a webhook endpoint."""
    (example, *_) = s.schema("requests/checkout-session-create")["examples"]

    assert not s.accepts("requests/checkout-session-create", {**example, member: url})
