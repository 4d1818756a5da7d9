"""The kit's own signatures agree with what was published."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartpay_contracts.receiver import BASE62, decode_base62, sign

SECRET = "gybcsjixKyBW2d4z6iNPlaYzHUMtawnodwZt3W0q"
KEY_HEX = "260d2907ea2fcd7a83ca52e8c1c98a012423eaddde8a8cf03fb3163d6d92"


def test_the_published_secret_stands_for_thirty_bytes() -> None:
    """As the SDKs decode it."""
    assert decode_base62(SECRET).hex() == KEY_HEX


def test_the_alphabet_is_upper_lower_digits() -> None:
    """A is 0, a is 26, 0 is 52."""
    assert [BASE62.index(character) for character in "Aa0"] == [0, 26, 52]


@given(st.binary(min_size=1, max_size=30))
def test_decoding_undoes_encoding(data: bytes) -> None:
    """But for zero bytes in front, which a number does not have."""
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 62)
        text = BASE62[digit] + text

    assert decode_base62(text) == data.lstrip(b"\0")


@given(st.binary(max_size=200), st.integers(min_value=0))
def test_a_signature_covers_time_and_body(body: bytes, at: int) -> None:
    """Any other time or body has another one; it is lower-case hexadecimal."""
    mine = sign(SECRET, str(at), body)

    assert len(mine) == 64
    assert set(mine) <= set(string.digits + "abcdef")
    assert sign(SECRET, str(at + 1), body) != mine
    assert sign(SECRET, str(at), body + b".") != mine


def test_other_characters_are_no_secret() -> None:
    """A typing error is reported, not hashed."""
    with pytest.raises(ValueError, match="substring not found"):
        decode_base62("not-base62")
