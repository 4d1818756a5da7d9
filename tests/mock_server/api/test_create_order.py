"""The main job: POST /v1/orders."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_fixtures import SAMPLES, Sample, sandbox_values


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
    """Who does everything right hears nothing; nor who sends null for no value."""
    body = order_payload() | {"description": None, "metadata": None}
    body["shippingInfo"]["address"]["line2"] = None

    reply = api.do("create_order", body)

    assert "Smartpay-Sandbox-Advice" not in reply.headers
    assert api.explained(reply)["advice"] == []


def test_members_that_a_client_may_not_set_are_ignored(
    api: Any, order_payload: Any
) -> None:
    """The emulator decides the id and the mode of an order."""
    reply = api.do("create_order", order_payload(id="order_x", test=False))

    assert reply.json["test"] is True
    assert reply.json["id"] != "order_x"
    assert not any(name.startswith("_") for name in reply.json)


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


def test_the_currency_of_a_price_is_answered_in_upper_case(
    api: Any, order_payload: Any
) -> None:
    """However it was sent."""
    item = {"name": "teacup", "amount": 1000, "currency": "jpy"}

    (line,) = api.ok("create_order", order_payload(items=[item]))["lineItems"]

    assert line["price"]["currency"] == "JPY"


def test_the_misspelt_automatic_leaves_advice(api: Any, order_payload: Any) -> None:
    """The constant of three SDKs is misspelt; the real server's answer is unknown."""
    reply = api.do("create_order", order_payload(captureMethod="autommatic"))

    (advice,) = api.explained(reply)["advice"]
    assert (advice["code"], advice["pointer"]) == ("misspelt-value", "/captureMethod")


@pytest.mark.parametrize("scheme", ["basic", "BEARER"])
def test_the_scheme_of_a_credential_may_have_any_case(api: Any, scheme: str) -> None:
    """HTTP compares schemes ignoring case."""
    id_ = api.order()["id"]
    headers = {"Authorization": f"{scheme} {api.key}"}

    assert api.ok("get_order", id=id_, headers=headers)["id"] == id_


def test_text_of_every_script_comes_back_as_sent(api: Any, order_payload: Any) -> None:
    """UTF-8 from end to end, beyond the basic plane too."""
    metadata = {"名": "東京🗼", "ü": '\u0000\u001f\\"', "n": 3, "yes": True, "f": 0.1}

    order = api.ok("create_order", order_payload(metadata=metadata))

    assert api.ok("get_order", id=order["id"])["metadata"] == metadata


@pytest.mark.parametrize(
    "number",
    [1e300, 2**53 + 1, 2**63, 2**64 - 1, -(2**63), 1e16, 2.0**53, 0.1 + 0.2],
)
def test_numbers_in_metadata_come_back_exactly(
    api: Any, order_payload: Any, number: float
) -> None:
    """Whole numbers of 64 bits and every double."""
    order = api.ok("create_order", order_payload(metadata={"n": number}))

    assert api.ok("get_order", id=order["id"])["metadata"] == {"n": number}
