"""Checkout sessions: what the contract leaves open."""

from __future__ import annotations

from typing import Any


def test_calls_to_the_real_host_get_the_real_form_of_url(
    api: Any, order_payload: Any
) -> None:
    """As interception makes them."""
    body = order_payload(
        successUrl="https://mystore.jp/a", cancelUrl="https://mystore.jp/b"
    )
    reply = api.send(
        "POST",
        "/v1/checkout-sessions",
        body,
        headers={"Host": "api.smartpay.co"},
    )

    session = reply.json
    assert session["url"] == f"https://checkout.smartpay.co/{session['id']}"


def test_a_session_with_mode_token_makes_a_token(api: Any) -> None:
    """And no order; a deleted token is still shown by its session."""
    session = api.token_session(reference="ref")
    token = session["token"]
    api.approve(token["id"])
    api.ok("delete_token", id=token["id"])

    full = api.ok("get_checkout_session", id=session["id"], query={"expand": "all"})

    assert (token["status"], token["reference"]) == (
        "requires_authorization",
        "ref",
    )
    assert "order" not in session
    assert api.ok("list_orders")["data"] == []
    assert full["token"]["status"] == "deleted"


def test_customer_info_is_echoed_without_what_an_sdk_fails_on(api: Any) -> None:
    """Unknown members and the placeholder address are left out."""
    session = api.session(
        customerInfo={
            "email": "a@example.jp",
            "emailAddress": "[email\xa0protected]",
            "firstName": "美咲",
            "address": {
                "line1": "1",
                "locality": "渋谷区",
                "postalCode": "1",
                "country": "jp",
                "addressType": "home",
            },
        }
    )

    info = session["customerInfo"]
    assert info["firstName"] == "美咲"
    assert not {"email", "emailAddress"} & set(info)
    assert set(info["address"]) == {"line1", "locality", "postalCode", "country"}
