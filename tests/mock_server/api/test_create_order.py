"""The main job: POST /v1/orders."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from smartpay_fixtures import SAMPLES, Sample, sandbox_values
from smartpay_mock.kernel.clock import DAY_MS


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_sample_of_the_guide_succeeds_and_leaves_its_advice(
    api: Any, sample: Sample
) -> None:
    """What the guide prints is accepted as printed, and its oddities are named."""
    reply = api.do("create_order", raw=sample.body)

    assert (reply.status, reply.json["status"]) == (200, "succeeded")
    advice = api.explained(reply)["advice"]
    assert sorted((row["code"], row["pointer"]) for row in advice) == list(
        sample.advice
    )
    assert all(row["message"] for row in advice)
    assert "Smartpay-Sandbox-Advice" in reply.headers


def test_a_clean_order_leaves_no_advice(api: Any, order_payload: Any) -> None:
    """Who does everything right hears nothing."""
    reply = api.do("create_order", order_payload())

    assert "Smartpay-Sandbox-Advice" not in reply.headers
    assert api.explained(reply)["advice"] == []


def test_automatic_capture_takes_all_at_once(api: Any) -> None:
    """One payment for the full amount, with the order's reference."""
    api.freeze()

    order = api.order()

    (payment,) = order["payments"]
    assert order["status"] == "succeeded"
    assert (payment["amount"], payment["status"]) == (2500, "processed")
    assert payment["reference"] == order["reference"]
    assert payment["order"] == order["id"]
    assert order["expiresAt"] == order["createdAt"] + 7 * DAY_MS


def test_manual_capture_waits_for_exactly_seven_days(api: Any) -> None:
    """No payment, and an expiry to the millisecond."""
    now = api.freeze()

    order = api.manual()

    assert (order["status"], order["payments"]) == ("requires_capture", [])
    assert order["expiresAt"] == now + 7 * DAY_MS


OUTCOMES = {
    "paytok_test_approved": ("succeeded", "requires_capture"),
    "paytok_test_zAo001ZRfyjz1F4rMyYPnL": ("succeeded", "requires_capture"),
    "paytok_test_declined": ("rejected", "rejected"),
    "paytok_test_disabled": ("rejected", "rejected"),
    "paytok_test_consumerInactive": ("rejected", "rejected"),
    "paytok_test_requiresAuthorization": (400, "token.invalid"),
    "paytok_test_refused": (400, "token.invalid"),
    "paytok_test_nobodyKnowsThisOne": (404, "token.not-found"),
    "paytok_live_zAo001ZRfyjz1F4rMyYPnL": (404, "token.not-found"),
}


def test_every_standard_token_has_its_outcome_tested() -> None:
    """The table above and the seed data agree."""
    assert {token.id for token in sandbox_values().tokens.values()} <= set(OUTCOMES)


@pytest.mark.parametrize("token", OUTCOMES)
@pytest.mark.parametrize("method", ["automatic", "manual"])
def test_a_token_decides_the_outcome(
    api: Any, order_payload: Any, token: str, method: str
) -> None:
    """As the table of design and test_values.json says, for both ways to capture."""
    reply = api.do("create_order", order_payload(token=token, captureMethod=method))

    automatic, manual = OUTCOMES[token]
    if isinstance(automatic, int):
        assert reply.refusal == (automatic, manual)
        assert token in reply.message
    else:
        assert reply.status == 200
        assert reply.json["status"] == (automatic if method == "automatic" else manual)


def test_a_rejected_order_is_an_answer_and_is_kept(api: Any) -> None:
    """No payment, no expiry; it can be read again and its rejection is told."""
    order = api.order(token="paytok_test_declined")

    assert "expiresAt" not in order
    assert order["payments"] == []
    assert order["tokenId"] == "paytok_test_declined"
    assert api.ok("get_order", id=order["id"])["status"] == "rejected"
    assert api.events() == [("order.rejected", order["id"])]


def test_the_journal_says_which_row_decided(api: Any, order_payload: Any) -> None:
    """Every answer is explained rule by rule."""
    reply = api.do("create_order", order_payload(token="paytok_test_declined"))

    trace = {step["rule"]: step["found"] for step in api.explained(reply)["trace"]}
    assert "accepts" in trace["schema"]
    assert trace["token"] == "paytok_test_declined is active"
    assert "consumer_test_declined is set to decline" in trace["authorization"]
    assert trace["lifecycle"] == "order new -decline-> rejected"


def test_a_refusal_is_explained_by_schema_and_keyword(
    api: Any, order_payload: Any
) -> None:
    """Each problem names the rule that speaks against it."""
    reply = api.do("create_order", order_payload(amount=0, currency="USD"))

    found = [step["found"] for step in api.explained(reply)["trace"]]
    assert [text.partition(":")[0] for text in found[:2]] == [
        "requests/order-create refuses by minimum",
        "requests/order-create refuses by enum",
    ]
    assert all(map(str.endswith, found[:2], reply.details))


def test_a_deleted_token_is_not_found(api: Any, order_payload: Any) -> None:
    """Deleting is final."""
    api.ok("delete_token", id="paytok_test_approved")

    reply = api.do("create_order", order_payload())

    assert reply.refusal == (404, "token.not-found")


def test_an_e_mail_address_declines(api: Any) -> None:
    """A declining customer can be made through the API itself."""
    order = api.order(customerInfo={"emailAddress": "Rejected@smartpay.co"})

    assert order["status"] == "rejected"


def test_a_disabled_token_is_an_error_if_so_set(
    emulate: Any, order_payload: Any
) -> None:
    """The reference's reading can be chosen over the guide's."""
    api = emulate(inactive_token="error")

    reply = api.do("create_order", order_payload(token="paytok_test_disabled"))

    assert reply.refusal == (400, "token.invalid")
    assert "disabled" in reply.message


def test_strict_mode_turns_advice_into_a_refusal(
    emulate: Any, order_payload: Any
) -> None:
    """Nothing is charged, and details say what the advice would have said."""
    api = emulate(strict=True)
    before = api.held()

    reply = api.do("create_order", order_payload(amount=99, locale="ja"))

    assert reply.refusal == (400, "request.invalid")
    assert reply.details == [
        "locale is unknown; leave it out",
        "amount is 99, items and fee add up to 2500",
    ]
    assert api.held() == before


def test_strict_mode_lets_a_clean_order_through(emulate: Any) -> None:
    """Strict is not closed."""
    assert emulate(strict=True).order()["status"] == "succeeded"


def test_nulls_count_as_absent_at_every_depth(api: Any, order_payload: Any) -> None:
    """As three SDKs send them for every unset member."""
    body = order_payload()
    body["metadata"] = body["captureMethod"] = None
    body["customerInfo"] = {"address": None, "firstName": None}
    body["items"][0].update(brand=None, kind=None, images=None, priceMetadata=None)
    body["shippingInfo"]["address"].update(line2=None, subLocality=None)

    reply = api.do("create_order", body)

    assert reply.json["status"] == "succeeded"
    assert b"null" not in reply.body
    assert api.explained(reply)["advice"] == []


def test_amounts_with_a_fraction_of_zero_come_back_as_integers(
    api: Any, order_payload: Any
) -> None:
    """Go sends floats; PHP compares integers strictly."""
    body = order_payload(amount=2500.0)
    body["items"][0].update(amount=1000.0, quantity=2.0)
    body["shippingInfo"]["feeAmount"] = 400.0

    reply = api.do("create_order", body)

    assert b".0" not in reply.body
    assert (reply.json["amount"], reply.json["shippingInfo"]["feeAmount"]) == (
        2500,
        400,
    )


def test_codes_are_answered_in_upper_case_however_sent(
    api: Any, order_payload: Any
) -> None:
    """Go's enumerations are upper case."""
    body = order_payload(currency="jpy")
    body["items"][0]["currency"] = "jpy"
    body["shippingInfo"]["feeCurrency"] = "jpy"
    body["shippingInfo"]["address"]["country"] = "jp"

    reply = api.do("create_order", body)

    order = reply.json
    assert order["currency"] == "JPY"
    assert order["lineItems"][0]["currency"] == "JPY"
    assert order["lineItems"][0]["price"]["currency"] == "JPY"
    assert order["shippingInfo"]["feeCurrency"] == "JPY"
    assert order["shippingInfo"]["address"]["country"] == "JP"
    codes = {row["code"] for row in api.explained(reply)["advice"]}
    assert codes == {"lower-case-code"}


@pytest.mark.parametrize("name", ["paytok_test_approved", "paytok_test_declined"])
def test_autommatic_counts_as_automatic(
    api: Any, order_payload: Any, name: str
) -> None:
    """The constant of three SDKs is misspelt; the real server's answer is unknown."""
    body = order_payload(token=name, captureMethod="autommatic")

    reply = api.do("create_order", body)

    assert reply.json["status"] in ("succeeded", "rejected")
    (advice,) = api.explained(reply)["advice"]
    assert (advice["code"], advice["pointer"]) == ("misspelt-value", "/captureMethod")


def test_an_item_becomes_line_item_price_and_product(
    api: Any, order_payload: Any
) -> None:
    """Each member lands where its name says; others are not made up."""
    item = {
        "name": "teacup",
        "amount": 1000,
        "currency": "JPY",
        "quantity": 0,
        "brand": "Kiln",
        "categories": ["kitchen"],
        "description": "of the line",
        "gtin": "682141169930",
        "images": ["https://mystore.jp/a.png"],
        "label": "small",
        "metadata": {"a": "line"},
        "priceDescription": "of the price",
        "priceMetadata": {"a": "price"},
        "productDescription": "of the product",
        "productMetadata": {"a": "product"},
        "reference": "sku-1",
        "url": "https://mystore.jp/a",
    }

    (line,) = api.ok("create_order", order_payload(items=[item]))["lineItems"]

    price = line["price"]
    product = price["product"]
    assert (line["kind"], line["quantity"]) == ("product", 0)
    assert (line["description"], line["metadata"]) == ("of the line", {"a": "line"})
    assert (price["label"], price["description"]) == ("small", "of the price")
    assert price["metadata"] == {"a": "price"}
    assert (product["description"], product["metadata"]) == (
        "of the product",
        {"a": "product"},
    )
    for name in ("name", "brand", "categories", "gtin", "images", "reference", "url"):
        assert product[name] == item[name]


def test_taxes_and_discounts_carry_their_own_amount(api: Any) -> None:
    """Go reads amount and currency on the line itself, both positive."""
    _, tax, sale = api.order()["lineItems"]

    assert (tax["kind"], tax["amount"], tax["currency"]) == ("tax", 200, "JPY")
    assert (sale["kind"], sale["amount"], sale["currency"]) == ("discount", 100, "JPY")
    assert "price" not in tax
    assert "quantity" not in sale


def test_what_nobody_knows_is_neither_kept_nor_answered(
    api: Any, order_payload: Any
) -> None:
    """Unknown members are ignored at every depth, and so is what is private."""
    body = order_payload(promotionCode="ZOO", locale="ja", test=False, id="order_x")
    body["items"][0]["colour"] = "blue"
    body["shippingInfo"]["address"]["addressType"] = "home"

    reply = api.do("create_order", body)

    order = reply.json
    assert order["test"] is True
    assert order["id"] != "order_x"
    text = reply.body.decode()
    assert "ZOO" not in text
    assert "colour" not in text
    assert not any(name.startswith("_") for name in order)


def test_every_call_charges_again_without_a_key(api: Any) -> None:
    """The same body and reference twice are two orders."""
    first, second = api.order(), api.order()

    assert first["id"] != second["id"]
    assert len(api.ok("list_orders")["data"]) == 2


@pytest.mark.parametrize("prefix", ["/api.smartpay.co/v1", "/api.smartpay/v1"])
def test_the_api_answers_where_two_sdks_look_for_it(
    api: Any, order_payload: Any, prefix: str
) -> None:
    """Their base URL must hold ``api.smartpay``."""
    reply = api.send("POST", f"{prefix}/orders", order_payload())

    assert reply.status == 200
    assert api.ok("get_order", id=reply.json["id"])["status"] == "succeeded"


@pytest.mark.parametrize(
    "authorization", ["Basic {key}", "basic {key}", "Bearer {key}", "Basic {base64}"]
)
def test_a_secret_key_may_be_spelled_in_four_ways(
    api: Any, order_payload: Any, authorization: str
) -> None:
    """Raw as every SDK does, as HTTP Basic means it, or as a bearer credential."""
    encoded = b64encode(f"{api.key}:".encode()).decode()
    header = authorization.format(key=api.key, base64=encoded)

    order = api.ok("create_order", order_payload(), headers={"Authorization": header})

    assert api.ok("get_order", id=order["id"])["id"] == order["id"]


def test_text_of_every_script_comes_back_as_sent(api: Any, order_payload: Any) -> None:
    """UTF-8 from end to end, beyond the basic plane too."""
    metadata = {"名": "東京🗼", "ü": '\u0000\u001f\\"', "n": 3, "yes": True, "f": 0.1}

    order = api.ok("create_order", order_payload(metadata=metadata))

    assert api.ok("get_order", id=order["id"])["metadata"] == metadata


@pytest.mark.parametrize(
    "number", [1e300, 2**63, 2**64, 2**70, -(2**63), -(2**70), 1e16, 2.0**53]
)
def test_numbers_of_any_size_in_metadata_are_kept(
    api: Any, order_payload: Any, number: float
) -> None:
    """What JSON can say is stored, as exactly as a double allows."""
    order = api.ok("create_order", order_payload(metadata={"n": number}))

    assert order["metadata"]["n"] == pytest.approx(number)
