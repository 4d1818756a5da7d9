"""JSON to bytes and back."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartpay_mock.kernel.json import decode, decode_request, encode, encode_sorted

GOOD = {
    "object": b'{"a":1,"b":[true,false,null]}',
    "text": '{"名":"東京🗼"}'.encode(),
    "escapes": b'"\\u6771\\ud83d\\uddfc\\n\\""',
    "space": b' \n{ "a" :\t1 }\r\n',
    "twice": b'{"a":1,"a":2}',
    "zero": b"-0",
    "fraction": b"0.1",
    "exponent": b"1e3",
    "tiny": b"1e-999",
    "64 bits": b"18446744073709551615",
    "negative bits": b"-9223372036854775808",
    "17 digits": b"0.30000000000000004",
    "17 digits of a double": b"0.10000000000000001",
    "long but exact": b"1.50000000000000000000",
    "small": b"0.000000000000000000001",
    "a large float": b"1e300",
    "digits in text": b'"18446744073709551616.5"',
    "empty key": b'{"":1}',
    "levels": b"[" * 64 + b"]" * 64,
    "brackets in text": b'"' + b"[{" * 100 + b'"',
}


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD)
def test_a_body_is_read_as_the_standard_library_does(body: bytes) -> None:
    """In value and in type, and again after it was written."""
    expected = json.loads(body)

    value = decode_request(body)

    assert value == expected
    assert type(value) is type(expected)
    assert decode_request(encode(value)) == value


LONG = {
    "more bits": b"18446744073709551616",
    "the next": b"18446744073709551617",
    "more negative bits": b"-9223372036854775809",
    "many digits": b"1" + b"0" * 300,
    "a long decimal": b"0.1234567890123456789",
    "a long exponent": b"123456789012345678e2",
    "between two doubles": b"9007199254740993.0",
    "more bits with a fraction": b"18446744073709551617.0",
}


@pytest.mark.parametrize("number", LONG.values(), ids=LONG)
@pytest.mark.parametrize("body", [b"%s", b'{"a":[{"b":%s}]}', b'{"a":%s,"a":1}'])
def test_a_number_that_would_not_come_back_exactly_is_refused(
    number: bytes, body: bytes
) -> None:
    """Wherever it is; the text says which number and what to send."""
    said = f"{number[:40].decode()} has more digits than a number keeps"

    with pytest.raises(ValueError, match=re.escape(said)):
        decode_request(body % number)


BAD = {
    "empty": (b"", "."),
    "NaN": (b"[NaN]", "NaN is not a JSON number"),
    "Infinity": (b"[Infinity]", "Infinity is not a JSON number"),
    "-Infinity": (b"[-Infinity]", "-Infinity is not a JSON number"),
    "overflow": (b"[1e400]", "."),
    "overflow of digits": (b"1" + b"0" * 400, "."),
    "a flood of digits": (b"9" * 5_000, "."),
    "cut": (b'{"a":', "."),
    "more": (b"{} {}", "."),
    "trailing comma": (b"[1,]", "."),
    "comment": (b"{} // x", "."),
    "single quotes": (b"{'a':1}", "."),
    "control character": (b'"\x01"', "."),
    "half a pair": (b'"\\ud83d"', "."),
    "the other half": (b'"\\uddfc"', "."),
    "half in a key": (b'{"\\ud83d":1}', "."),
    "byte order mark": (b"\xef\xbb\xbf{}", "."),
    "not UTF-8": (b'"a\xff"', "byte 2 is not UTF-8"),
    "raw surrogate": (b'"\xed\xa0\xbd"', "byte 1 is not UTF-8"),
    "UTF-16": ("{}".encode("utf-16"), "byte 0 is not UTF-8"),
    "65 levels": (b"[" * 65 + b"]" * 65, "it nests deeper than 64 levels"),
    "65 objects": (b'{"a":' * 65 + b"1" + b"}" * 65, "it nests deeper than 64 levels"),
    "a thousand": (b"[" * 1_000 + b"]" * 1_000, "it nests deeper than 64 levels"),
    "endless": (b"[" * 100_000, "it nests deeper than 64 levels"),
    "endless objects": (b'{"a":' * 50_000, "it nests deeper than 64 levels"),
}


@pytest.mark.parametrize(("body", "said"), BAD.values(), ids=BAD)
def test_what_is_no_json_is_refused(body: bytes, said: str) -> None:
    """As a ValueError whose text says what is wrong."""
    with pytest.raises(ValueError, match=said) as refused:
        decode_request(body)

    assert type(refused.value) is ValueError
    assert str(refused.value)
    assert len(str(refused.value)) < 150


def test_json_is_written_as_compact_utf_8() -> None:
    """No space, no escapes that are not needed, members in their order."""
    written = encode({"b": "東京", "a": [1, 2.5, None, True], "c": {}})

    assert written == '{"b":"東京","a":[1,2.5,null,true],"c":{}}'.encode()
    assert type(written) is bytes


def test_members_can_be_sorted() -> None:
    """At every depth; what is a list keeps its order."""
    written = encode_sorted({"b": {"d": 1, "c": [3, 1]}, "a": "é"})

    assert written == '{"a":"é","b":{"c":[3,1],"d":1}}'.encode()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(JSON)
@settings(max_examples=150, derandomize=True, database=None, deadline=None)
def test_what_is_written_is_read_back(value: Any) -> None:
    """Here and by the standard library."""
    written = encode(value)

    assert decode(written) == value
    assert json.loads(written) == value
