"""The shop under test, pointed at the test's own payment provider."""

from __future__ import annotations

import pytest
from shop import Shop, create_app
from shop_with_bug import ShopWithBug


def pytest_addoption(parser):
    parser.addoption("--with-bug", action="store_true", help="Test the shop of before.")


@pytest.fixture
def shop(smartpay, request):
    kind = ShopWithBug if request.config.getoption("with_bug") else Shop
    return kind(smartpay.url, smartpay.secret_key, pause=lambda seconds: None)


@pytest.fixture
def browser(shop):
    return create_app(shop).test_client()


@pytest.fixture
def cart(smartpay):
    return smartpay.payload(amount=2_400, token=smartpay.tokens.approved)
