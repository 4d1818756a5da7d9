"""Signatures: the published vectors and an independent verifier."""

from __future__ import annotations

import pytest

from smartpay_mock.events.outbox import record
from smartpay_mock.events.signing import (
    decode_secret,
    digest,
    new_secret,
    sign,
    verify,
)
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.json import encode
from smartpay_mock.storage import open_store

SECRET = "gybcsjixKyBW2d4z6iNPlaYzHUMtawnodwZt3W0q"
KEY_HEX = "260d2907ea2fcd7a83ca52e8c1c98a012423eaddde8a8cf03fb3163d6d92"


def test_a_secret_decodes_to_the_published_key() -> None:
    """Base62 with A=0, a=26, 0=52, most significant digit first."""
    key = decode_secret(SECRET)

    assert key.hex() == KEY_HEX


def test_the_published_digest_of_plain_data_is_reproduced() -> None:
    """The PHP SDK's vector: no timestamp, an unusual secret."""
    found = digest("MOCKSECRETKEY", b"test data")

    assert found == "ae82b27dd6dafd0dbfc65faff07160833776cf60915782ef991557e51e4d1782"


def test_an_event_has_the_published_signature() -> None:
    """Order of members, compact JSON, timestamp and key match the sample."""
    payment = {
        "id": "payment_test_35LxgmF5KM22XKG38BjpJg",
        "object": "payment",
        "test": True,
        "createdAt": 1653028523020,
        "updatedAt": 1653028523020,
        "amount": 200,
        "currency": "JPY",
        "order": "order_test_RiYq2rthzRHrkKVGeucSwn",
        "reference": "order_ref_1234567",
        "status": "processed",
        "metadata": {},
    }
    ids = {"event": "evt_test_dwPfFKu5iSEKyHR2LFj9Lx", "delivery": "delivery_test_1"}
    endpoint = {"id": "webhookendpoint_test_1", "url": "http://127.0.0.1/"}
    with open_store().write("acct_one") as unit:
        unit.put("webhook_endpoint", endpoint["id"], encode(endpoint))
        record(
            unit,
            [("payment.created", payment)],
            now=1653028523052,
            new_id=ids.__getitem__,
            render=dict,
        )
        row = unit.row("delivery", "delivery_test_1")
    assert row is not None
    assert row.attachment is not None

    signature = sign(SECRET, 1653028612220, row.attachment)

    assert signature == (
        "68007ada8485ea0ceca7c5e879ae860a50412b7af95ab8e81b32a3e13f3c0832"
    )


@pytest.mark.parametrize(
    ("timestamp_ms", "body", "secret", "is_right"),
    [
        (1, b"{}", SECRET, True),
        (2, b"{}", SECRET, False),
        (1, b"{} ", SECRET, False),
        (1, b"{}", SECRET[:-1] + "r", False),
    ],
    ids=["as signed", "another time", "another body", "another secret"],
)
def test_a_signature_depends_on_secret_time_and_body(
    timestamp_ms: int, body: bytes, secret: str, *, is_right: bool
) -> None:
    """Verification fails if one of them differs."""
    signature = sign(SECRET, 1, b"{}")

    assert verify(secret, timestamp_ms, body, signature=signature) is is_right


def test_a_non_ascii_signature_is_wrong() -> None:
    """It raises no exception."""
    assert not verify(SECRET, 1, b"{}", signature="é")


def test_a_secret_never_begins_with_a_leading_zero() -> None:
    """Even if the random characters are all A."""
    secret = new_secret(lambda length: "A" * length)

    assert secret == "B" + "A" * 39
    assert len(decode_secret(secret)) == 30


@pytest.mark.parametrize("secret", ["", "abc-def", "abc é"])
def test_a_secret_with_other_characters_is_refused(secret: str) -> None:
    """The message says what to use."""
    with pytest.raises(SandboxUsageError, match=r"\[A-Za-z0-9\].*webhook endpoint"):
        decode_secret(secret)
