"""Tokens, checkout sessions and webhook endpoints: what is particular to each."""

from __future__ import annotations

from typing import Any

import pytest


class TestTokens:
    """The tokens of a merchant."""

    @pytest.mark.parametrize("action", ["enable_token", "disable_token"])
    def test_enabling_and_disabling_answer_with_nothing(
        self, api: Any, action: str
    ) -> None:
        """200, no body and no content type: two SDKs parse whatever says JSON."""
        reply = api.do(action, id="paytok_test_approved")

        assert (reply.status, reply.body) == (200, b"")
        assert "Content-Type" not in reply.headers

    def test_a_deleted_token_is_gone(self, api: Any) -> None:
        """404 for every call, and in no list."""
        token = api.active_token()

        reply = api.do("delete_token", id=token)

        assert (reply.status, reply.body) == (204, b"")
        assert api.do("get_token", id=token).refusal == (404, "token.not-found")
        assert b'"errorCode":"token.not-found"' in api.do("get_token", id=token).body
        assert token not in [row["id"] for row in api.ok("list_tokens")["data"]]

    def test_a_list_shows_what_may_be_charged_or_enabled(self, api: Any) -> None:
        """Active and disabled ones; a token comes and goes with its status."""
        token = api.token_session()["token"]["id"]
        seen = []
        for step in ("waiting", "approve", "disable_token", "enable_token"):
            if step == "approve":
                api.approve(token)
            elif step != "waiting":
                api.ok(step, id=token)
            seen.append(token in [row["id"] for row in api.ok("list_tokens")["data"]])

        assert seen == [False, True, True, True]

    def test_disabling_leaves_what_the_token_is(self, api: Any) -> None:
        """Reference and metadata stay."""
        session = api.token_session(reference="ref", metadata={"a": "b"})
        token = session["token"]["id"]
        api.approve(token)
        before = api.ok("get_token", id=token)

        api.ok("disable_token", id=token)
        api.ok("enable_token", id=token)

        after = api.ok("get_token", id=token)
        assert (after["reference"], after["metadata"]) == ("ref", {"a": "b"})
        assert {**after, "updatedAt": 0} == {**before, "updatedAt": 0}


class TestCheckoutSessions:
    """Sessions for an order, and for a token."""

    def test_a_session_makes_its_order_at_once(self, api: Any) -> None:
        """It waits, is listed, and has no token, payment or expiry."""
        session = api.session(
            captureMethod="manual", locale="ja", description="tea", metadata={"a": "b"}
        )

        order = session["order"]
        assert order["status"] == "requires_authorization"
        assert not {"tokenId", "expiresAt", "discountAmount"} & set(order)
        assert (order["payments"], order["description"]) == ([], "tea")
        assert api.ok("list_orders")["data"][0]["id"] == order["id"]
        assert session["locale"] == "ja"
        assert session["metadata"] == {"a": "b"}
        assert api.events() == []

    def test_its_url_is_a_page_without_a_query(self, api: Any) -> None:
        """Three SDKs append theirs textually."""
        url = api.session()["url"]

        assert "?" not in url
        page = api.send("GET", url.removeprefix("http://localhost"))
        assert page.status == 200
        assert page.headers["Content-Type"].startswith("text/html")

    def test_calls_to_the_real_host_get_the_real_form_of_url(
        self, api: Any, order_payload: Any
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

    def test_a_session_shows_its_order_as_it_is_now(self, api: Any) -> None:
        """By id, or expanded down to its payments."""
        session = api.session()
        api.authorize(session["order"]["id"])

        plain = api.ok("get_checkout_session", id=session["id"])
        full = api.ok("get_checkout_session", id=session["id"], query={"expand": "all"})

        assert plain["order"] == session["order"]["id"]
        assert full["order"]["status"] == "succeeded"
        assert full["order"]["payments"][0]["order"] == session["order"]["id"]
        assert full["order"]["lineItems"][0]["price"]["product"]["name"] == "teacup"

    def test_a_session_with_mode_token_makes_a_token(self, api: Any) -> None:
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

    def test_customer_info_is_echoed_without_what_an_sdk_fails_on(
        self, api: Any
    ) -> None:
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

    def test_items_without_a_product_are_refused(self, api: Any) -> None:
        """A session needs something to buy."""
        tax = {"name": "tax", "amount": 10, "currency": "JPY", "kind": "tax"}

        with pytest.raises(AssertionError, match=r"request\.invalid"):
            api.session(items=[tax])


class TestWebhookEndpoints:
    """Where events go."""

    def test_an_endpoint_is_made_from_a_url_alone(self, api: Any) -> None:
        """PHP sends null for everything else."""
        body = {
            "url": "https://example.com/hook",
            "description": None,
            "eventSubscriptions": None,
            "metadata": None,
        }

        endpoint = api.ok("create_webhook_endpoint", body)

        assert (endpoint["active"], endpoint["metadata"]) == (True, {})
        assert len(endpoint["signingSecret"]) == 40
        assert not endpoint["signingSecret"].startswith("A")

    def test_a_deleted_endpoint_is_gone(self, api: Any) -> None:
        """204, then 404 spelled as the page spells it."""
        endpoint = str(
            api.ok("create_webhook_endpoint", {"url": "https://example.com/hook"})["id"]
        )

        reply = api.do("delete_webhook_endpoint", {}, id=endpoint)
        again = api.do("delete_webhook_endpoint", id=endpoint)

        assert (reply.status, reply.body) == (204, b"")
        assert again.refusal == (404, "webhook-endpoint.notfound")
        assert api.ok("list_webhook_endpoints")["data"] == []
