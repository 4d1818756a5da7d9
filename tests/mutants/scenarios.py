"""Short sequences of calls in which mutants answer differently."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.mutants import event_scenarios as webhooks
from tests.mutants.shop import COUPON, SOFT_AND_HARD, id_of

Scenario = Callable[[Any], object]


def basics(shop: Any) -> None:
    """One of everything, retrieved and listed, plain and expanded."""
    order = id_of(shop.order(metadata={"Shop": "Shibuya"}))
    payment = shop.payment()
    refund = id_of(shop.refund(payment, 100, description="back"))
    session = id_of(shop.session(locale="ja"))
    coupon = shop.coupon(expiresAt=4_102_444_800_000)
    code = shop.code(coupon, "Spring-1", currency="JPY", minimumAmount=5)
    endpoint = shop.endpoint(eventSubscriptions=["order.authorized"])
    made = {
        "order": order,
        "payment": payment,
        "refund": refund,
        "checkout_session": session,
        "coupon": coupon,
        "promotion_code": code,
        "webhook_endpoint": endpoint,
    }
    read(shop, made)
    shop.call("get_token", id_="paytok_test_approved")
    shop.call("list_tokens")


def read(shop: Any, made: Mapping[str, str]) -> None:
    """Retrieve objects and list them, plain and expanded."""
    for kind, id_ in made.items():
        for query in ("", "expand=all"):
            shop.call(f"get_{kind}", id_=id_, query=query)
            shop.call(f"list_{kind}s", query=query)


def odd_calls(shop: Any) -> None:
    """What SDKs add, missing objects, and calls that are not allowed."""
    shop.call("list_coupons", query="dev-lang=php&sdk-version=1")
    shop.call("list_coupons", ContentType="application/json")
    shop.call("list_orders", Accept_Encoding="gzip")
    shop.call("list_orders", query="pageToken=&maxResults=&expand=")
    shop.call("list_orders", query="expand=yes")
    shop.call("get_coupon", id_="coupon_test_none", query="expand=all")
    coupon = shop.coupon()
    shop.call("get_coupon", id_=coupon, query="expand=no")
    shop.send("DELETE", f"/v1/coupons/{coupon}")
    order = id_of(shop.order())
    shop.send("PATCH", f"/v1/orders/{order}", {"reference": "other"})
    shop.call("disable_token", id_="paytok_test_approved")
    for kind in ("order", "payment", "refund", "token", "webhook_endpoint"):
        shop.call(f"get_{kind}", id_=f"{kind}_test_none")


def credentials(shop: Any) -> None:
    """Calls with a wrong key, the key of another account, or none."""
    theirs = id_of(shop.order())
    shop.coupon()
    for credential in (
        None,
        "Basic",
        "Basic word",
        "Basic pk_test_probe",
        "Basic sk_" + "live_probe",
        "Bearer sk_test_probe",
        "Basic sk_test_other",
    ):
        shop.call("get_order", id_=theirs, Authorization=credential)
        for name in ("list_orders", "list_refunds", "list_coupons"):
            shop.call(name, Authorization=credential)
        shop.call("create_order", {"amount": -1}, Authorization=credential)
    shop.call("list_coupons")
    shop.call("create_coupon", raw=b'{"name":"x"', Authorization=None)
    shop.call("create_coupon", COUPON, Authorization=None)
    shop.call("list_coupons")
    shop.call("get_order", id_=theirs.replace("_test_", "_live_"))


def refusals(shop: Any) -> None:
    """Bodies that are wrong, several ways at once."""
    shop.call("create_order", {})
    shop.call("create_order", raw=b'{"amount": 1')
    shop.call("create_order", raw=b"[1]")
    for changes in (
        {"amount": -1},
        {"amount": "1500"},
        {"amount": 1500.5},
        {"amount": 1250.0},
        {"currency": "USD"},
        {"currency": "jpy"},
        {"captureMethod": "later"},
        {"metadata": "none"},
        {"metadata": {str(n): "x" for n in range(21)}},
        {"customerInfo": {"dateOfBirth": "yesterday"}},
        {"customerInfo": {"firstName": "x" * 256}},
        {"customerInfo": {"emailAddress": "[email protected] of mine"}},
        {"shippingInfo": {"address": {"line1": "x"}}},
        {"items": [{"name": "x"}]},
    ):
        shop.order(**changes)
    shop.order("paytok_test_none")
    shop.call("list_orders")
    shop.capture("order_test_none", 0, cancelRemainder="never")
    shop.refund("payment_test_none", 5, reason="bored")
    shop.coupon(discountType="gift")
    shop.session(items=[{"name": "tax", "amount": 5, "currency": "JPY", "kind": "tax"}])
    for kind in ("payment", "refund", "promotion_code", "webhook_endpoint"):
        shop.call(f"create_{kind}", {})


def habits(shop: Any) -> None:
    """Bodies as real clients send them."""
    nulls = {"description": None, "reference": None, "metadata": None}
    address = {
        "line1": "",
        "locality": "",
        "postalCode": "123",
        "country": "jp",
        "addressType": "home",
    }
    shop.order(**nulls)
    shop.order(extra={"a": 1}, captureMethod="autommatic")
    shop.order(shippingInfo={"address": address, "feeCurrency": "jpy"})
    shop.order(items=[{**BASIC, "kind": "discount"}, {**BASIC, "kind": "tax"}, BASIC])
    shop.order(items=[{**BASIC, "quantity": 0, "kind": None}], customerInfo={})
    waiting = shop.authorized()
    shop.call("cancel_order", raw=b"[]", id_=waiting, query="idempotencyKey=x")
    shop.call("cancel_order", id_=waiting)
    shop.call("delete_token", raw=b"{}", id_="paytok_test_disabled")
    payment = shop.payment()
    shop.call("update_payment", {"description": "d", "reference": "r"}, id_=payment)
    for body in (nulls, {}, {"amount": 7, "status": "refunded"}):
        shop.call("update_payment", body, id_=payment)
        shop.call("get_payment", id_=payment)
    shop.call("create_coupon", {"name": None})
    shop.code(shop.coupon(), "x", active=None)


BASIC = {"name": "knit", "amount": 100, "currency": "JPY"}


def updates(shop: Any) -> None:
    """Updates, and what they leave unchanged."""
    payment = shop.payment()
    refund = id_of(shop.refund(payment, 10, reason="requested_by_customer"))
    coupon = shop.coupon()
    promotion = shop.code(coupon, "upd")
    endpoint = shop.endpoint()
    changes = {
        "payment": (payment, {"description": "d", "amount": 1}),
        "refund": (refund, {"reference": "r", "amount": 1}),
        "coupon": (coupon, {"name": "n", "discountAmount": 5}),
        "promotion_code": (promotion, {"active": False, "code": "other"}),
        "webhook_endpoint": (endpoint, {"url": "http://127.0.0.1:9/x"}),
    }
    shop.advance(minutes=1)
    for kind, (id_, body) in changes.items():
        nothing = {"metadata": None}
        for update in ({"metadata": {"a": "1"}}, body, {"metadata": {}}, {}, nothing):
            shop.call(f"update_{kind}", update, id_=id_)
        shop.call(f"update_{kind}", {"metadata": {"b": "2"}}, id_=id_)
        shop.call(f"get_{kind}", id_=id_)


def keys(shop: Any) -> None:
    """Calls repeated with their key."""
    shop.order(key="0f8b7c9a-0000-4000-8000-000000000001")
    shop.order(key="0f8b7c9a-0000-4000-8000-000000000001")
    shop.order(key="short", reference="another")
    shop.order(key="short", reference="changed")
    shop.order(key="k" * 256)
    for _ in range(2):
        shop.call("create_coupon", COUPON, names=("idempotency_key",))
        shop.call("create_coupon", {"name": "x"}, key="bad")
    order = shop.authorized()
    for _ in range(2):
        shop.call("cancel_order", id_=order, key="put")
        shop.call("get_order", id_=order, key="get")
    payment = shop.payment()
    shop.call("update_payment", {"reference": "one"}, id_=payment, key="patch")
    shop.call("update_payment", {"reference": "two"}, id_=payment)
    shop.call("update_payment", {"reference": "one"}, id_=payment, key="patch")
    for _ in range(2):
        body = {"payment": payment, "amount": 5, "currency": "JPY"}
        body = {**body, "reason": "fraudulent"}
        shop.call("create_refund", body, key="refund")
    shop.call("get_payment", id_=payment, key="put")
    shop.call("create_coupon", COUPON, key="mine")
    shop.call("create_coupon", COUPON, key="mine", Authorization="Basic sk_test_two")
    shop.call("delete_token", id_="paytok_test_approved", key="delete")
    shop.call("list_orders")


def keys_in_time(shop: Any) -> None:
    """Keys that expire, and calls that fail."""
    for hours in (0, 5.5, 0.4, 0.2, 5.0):
        shop.advance(hours=hours)
        shop.order(key="aging")
    fault = {"operation": "create_coupon", "kind": "status"}
    before = {**fault, "status": 503, "when": "before_commit"}
    shop.control("POST", "/faults", before)
    for _ in range(2):
        shop.call("create_coupon", COUPON, key="outage")
    shop.control("POST", "/faults", {**fault, "when": "after_commit"})
    for _ in range(2):
        shop.call("create_coupon", COUPON, key="lost")
    shop.call("list_coupons")


def races(shop: Any) -> None:
    """Two workers with the same job."""
    shop.at_once(*[lambda: shop.call("create_coupon", COUPON, key="job")] * 2)
    shop.call("list_coupons")


def walks(shop: Any) -> None:
    """Lists, page by page."""
    for _ in range(25):
        shop.coupon()
    shop.call("list_coupons")
    for size in (1, 3, 25):
        token = ""
        for _ in range(4):
            query = f"maxResults={size}&pageToken={token}"
            page = shop.call("list_coupons", query=query)
            token = page.get("nextPageToken", "")
            if size == 1:
                shop.coupon()
    shop.call("list_coupons", query="maxResults=1000")
    shop.call("list_coupons", query="pageToken=made-up")


def parts(shop: Any) -> None:
    """Objects in objects."""
    order = shop.order(captureMethod="manual")
    lines = [
        line["id"] if isinstance(line, dict) else line
        for line in order.get("lineItems", [])
    ]
    id_ = id_of(order)
    payments = [
        id_of(shop.capture(id_, 100, cancelRemainder="manual", lineItems=lines))
        for _ in range(2)
    ]
    refund = id_of(shop.refund(payments[0], 10, lineItems=lines[:1]))
    session = id_of(shop.session())
    token = id_of(shop.token_session())
    for query in ("", "expand=all"):
        shop.call("get_order", id_=id_, query=query)
        shop.call("get_payment", id_=payments[0], query=query)
        shop.call("get_refund", id_=refund, query=query)
        shop.call("get_checkout_session", id_=session, query=query)
        shop.call("get_checkout_session", id_=token, query=query)
        shop.call("list_orders", query=query)
    shop.call("update_payment", {"reference": "r"}, id_=payments[0], query="expand=all")
    shop.call("create_coupon", COUPON, query="expand=no")
    shop.session(reference="expand-no")
    shop.call("cancel_order", id_=id_)


def outcomes(shop: Any) -> None:
    """Every test token, with automatic and manual capture."""
    for token in ("approved", "declined", "disabled", "consumerInactive", "refused"):
        for method in ("automatic", "manual"):
            made = shop.order(
                token, captureMethod=method, reference=f"{token}-{method}"
            )
            shop.call("get_order", id_=id_of(made), query="expand=all")
        shop.call("get_token", id_=f"paytok_test_{token}")
    shop.order("paytok_test_none")
    shop.call("delete_token", id_="paytok_test_approved")
    shop.order("approved")
    shop.order(reference="cart-1")


def endings(shop: Any) -> None:
    """Cancellations, expiries, and captures that come too late."""
    canceled, partly, late, early = (shop.authorized() for _ in range(4))
    shop.capture(partly, 100, cancelRemainder="manual")
    paid = id_of(shop.order())
    rejected = id_of(shop.order("declined"))
    for id_ in (canceled, canceled, partly, paid, rejected):
        shop.call("cancel_order", id_=id_)
        shop.call("get_order", id_=id_)
        shop.capture(id_, 10)
    shop.capture(late, 100, cancelRemainder="manual")
    shop.advance(days=6, hours=23, minutes=30)
    shop.call("get_order", id_=early)
    shop.advance(minutes=35)
    for id_ in (late, early):
        shop.call("get_order", id_=id_)
        shop.capture(id_, 10)


def captures(shop: Any) -> None:
    """Captures of every size."""
    order = shop.authorized(1000)
    shop.capture(order, 1, cancelRemainder="never")
    shop.capture(order, 1001)
    shop.call("get_order", id_=order)
    shop.capture(order, 400, cancelRemainder="manual", description="d", reference="r")
    shop.call("get_order", id_=order)
    shop.capture(order, 600, cancelRemainder="manual")
    shop.capture(order, 1)
    shop.call("get_order", id_=order)
    other = shop.authorized(1000)
    shop.capture(other, 1)
    shop.call("get_order", id_=other)
    shop.capture(id_of(shop.order("declined")), 100)


def refunds(shop: Any) -> None:
    """Refunds of every size."""
    order = shop.authorized(1000)
    first, second = (
        id_of(shop.capture(order, 300, cancelRemainder="manual")) for _ in range(2)
    )
    shop.refund(first, 301)
    shop.call("get_payment", id_=first)
    for amount in (100, 200, 1):
        shop.refund(first, amount, description="d", reference="r")
        shop.call("get_payment", id_=first)
    shop.refund(second, 300)
    shop.call("get_order", id_=order)
    shop.capture(order, 401)
    shop.call("update_refund", {"reference": "s"}, id_="refund_test_none")


def token_life(shop: Any) -> None:
    """A token from its session until it is deleted."""
    token = id_of(shop.token_session(reference="t"), "token")
    shop.call("list_tokens")
    for step in ("enable_token", "disable_token"):
        shop.call(step, id_=token)
    shop.order(token)
    for step in ("approve_token", "approve_token"):
        shop.as_consumer(step, token)
    shop.order(token)
    for step in ("disable", "disable", "enable", "enable", "disable"):
        shop.call(f"{step}_token", id_=token)
        shop.call("get_token", id_=token)
    shop.call("list_tokens")
    for step in ("delete", "enable", "delete"):
        shop.call(f"{step}_token", id_=token)
    shop.call("list_tokens")
    shop.call("enable_token", id_="paytok_test_none")
    shop.as_consumer("approve_token", "paytok_test_refused")


def checkout(shop: Any) -> None:
    """Sessions, and consumers who authorize their orders."""
    for method in ("automatic", "manual"):
        made = shop.session(captureMethod=method, reference=f"s-{method}")
        order = id_of(made, "order")
        shop.call("list_orders")
        session = id_of(made)
        for card in ("pm_test_declinedSoftly", "pm_test_visaApproved"):
            shop.as_consumer("authorize_order", order, {"paymentMethod": card})
        shop.call("get_checkout_session", id_=session, query="expand=all")
    for card in SOFT_AND_HARD:
        made = shop.session(reference=card)
        order = id_of(made, "order")
        for plan in ("pay_in_six", "pay_in_three"):
            body = {"paymentMethod": card, "paymentPlan": plan}
            shop.as_consumer("authorize_order", order, body)
    shop.session(reference=None)
    shop.call("create_checkout_session", {"mode": "token", "customerInfo": {}})
    login = {"emailAddress": "consumer+test@example.com", "password": "password"}
    shop.call("consumer_login", login, Content_Type="text/plain")


APPROVED = {"paymentMethod": "pm_test_visaApproved"}


def campaigns(shop: Any) -> None:
    """Coupons and promotion codes."""
    coupon = shop.coupon(maxRedemptionCount=5, expiresAt=4_102_444_800_000)
    shop.coupon(description="for spring")
    shop.call("create_coupon", COUPON)
    limits: Any = {"maxRedemptionCount": 3, "onePerCustomer": False, "active": False}
    limits |= {"minimumAmount": 100, "currency": "JPY", "firstTimeTransaction": True}
    for code, more in (
        ("Summer-1", limits),
        ("SUMMER-1", {}),
        ("Summer-1", {}),
        ("new year_2.0", {}),
    ):
        shop.call("get_promotion_code", id_=shop.code(coupon, code, **more))
    shop.code("coupon_test_none", "x")
    order = id_of(shop.session(reference="with-code"), "order")
    body = {"paymentMethod": "pm_test_visaApproved", "promotionCode": "new year_2.0"}
    shop.as_consumer("authorize_order", order, body)


def endpoints(shop: Any) -> None:
    """Webhook endpoints created, changed and deleted."""
    first = shop.endpoint(eventSubscriptions=["order.authorized"], description="d")
    shop.endpoint(eventSubscriptions=["no.event"])
    second = shop.endpoint(url="https://example.com/hook")
    shop.endpoint(url="https://example.com/hook", eventSubscriptions=["payout.paid"])
    for id_ in (first, second):
        shop.call("get_webhook_endpoint", id_=id_)
    shop.call("delete_webhook_endpoint", id_=first)
    shop.call("get_webhook_endpoint", id_=first)
    shop.call("list_webhook_endpoints")


def views(shop: Any) -> None:
    """Objects that are read, changed and read again, with mixed letters and types."""
    metadata = {"Text": "MiXed", "number": 7, "yes": True}
    text = {"reference": "MiXed", "description": "MiXed", "metadata": metadata}
    order = id_of(shop.order(captureMethod="manual", **text))
    payment = shop.capture(order, 500, cancelRemainder="manual", **text)
    payment = id_of(payment)
    refund = id_of(shop.refund(payment, 100, **text))
    session = shop.session(successUrl="https://a.jp/MiXed")
    waiting = id_of(session, "order")
    session = id_of(session)
    coupon = shop.coupon(name="MiXed", metadata=metadata)
    endpoint = shop.endpoint(description="MiXed", url="http://127.0.0.1:9/MiXed")
    made = {
        "order": order,
        "payment": payment,
        "refund": refund,
        "checkout_session": session,
        "coupon": coupon,
        "webhook_endpoint": endpoint,
    }
    read(shop, made)
    shop.refund(payment, 100)
    shop.as_consumer("authorize_order", waiting, APPROVED)
    for kind in ("payment", "refund", "webhook_endpoint"):
        shop.call(f"update_{kind}", {"description": "new"}, id_=made[kind])
    shop.call("update_coupon", {"name": "new"}, id_=coupon)
    shop.call("cancel_order", id_=order)
    read(shop, made)


def failures(shop: Any) -> None:
    """A capture and a refund that fail, and their repetition."""
    order = shop.authorized()
    shop.control("POST", "/faults", {"operation": "create_payment", "kind": "fail"})
    for _ in range(2):
        payment = id_of(shop.capture(order, 1500))
        shop.call("get_order", id_=order)
    shop.control("POST", "/faults", {"operation": "create_refund", "kind": "fail"})
    for _ in range(2):
        shop.refund(payment, 1500)
        shop.call("get_payment", id_=payment)


def bounds(shop: Any) -> None:
    """Bodies that nest as deep as they may, and deeper; bodies with an encoding."""
    for coding in ("identity", "gzip"):
        shop.call("create_coupon", COUPON, Content_Encoding=coding)
    shop.call("create_coupon", COUPON, names=("idempotency-key", "idempotency-key"))
    for levels in (63, 64):
        deep = f'{{"deep": {"[" * levels}{"]" * levels}}}'
        shop.call("create_coupon", raw=deep.encode())


def declined_consumer(shop: Any) -> None:
    """A consumer or an address declines; another consumer uses a code once."""
    customer = {"emailAddress": "declined@smartpay.co"}
    order = id_of(shop.session(customerInfo=customer), "order")
    shop.as_consumer("authorize_order", order, APPROVED)
    shop.code(shop.coupon(), "ONCE", onePerCustomer=True)
    order = id_of(shop.session(), "order")
    shop.as_consumer("authorize_order", order, {**APPROVED, "promotionCode": "ONCE"})
    token = id_of(shop.token_session(), "token")
    declines = {"decision": "declined"}
    shop.control("PATCH", "/consumers/{id}", declines, id_="consumer_test_active")
    shop.as_consumer("approve_token", token)


SCENARIOS: Mapping[str, tuple[Scenario, ...]] = {
    "service": (basics, odd_calls, updates, endpoints),
    "auth": (credentials, basics),
    "errors": (refusals, bounds, odd_calls, credentials, basics),
    "idempotency": (keys, keys_in_time, races),
    "pagination": (walks, basics),
    "expand": (parts, odd_calls),
    "data": (views, basics, refusals, updates, parts),
    "tolerance": (habits, updates),
    "orders": (outcomes, endings, refusals, basics),
    "payments": (captures, failures, updates, parts),
    "refunds": (refunds, failures),
    "tokens": (token_life, outcomes),
    "checkout-sessions": (checkout, basics, token_life, refusals),
    "consumer": (checkout, token_life, declined_consumer),
    "coupons": (campaigns, updates, basics),
    "promotion-codes": (campaigns, updates, declined_consumer),
    "webhook-endpoints": (endpoints, basics, webhooks.events),
    "events": webhooks.SCENARIOS,
}
"""Area -> scenarios in which its mutants differ, the likeliest first."""
