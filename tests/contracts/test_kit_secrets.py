"""No secret is ever seen: not in text, documents, command lines or reports."""

from __future__ import annotations

import base64
import json
import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smartpay_contracts.exchange import Exchange
from smartpay_contracts.redact import KEY_PLACEHOLDER, PLACEHOLDER, Redactor
from smartpay_contracts.validation import failure_record
from smartpay_schemas import CLAUSES

BASE62 = string.ascii_letters + string.digits
keys = st.text(BASE62, min_size=4, max_size=40).map(lambda tail: f"sk_test_{tail}")
secrets = st.text(st.characters(codec="utf-8"), min_size=8, max_size=60)
around = st.text(st.characters(codec="utf-8"), max_size=40)


def exchange(**changes: Any) -> Exchange:
    """Return a call as the kit records it."""
    plain: dict[str, Any] = {
        "operation": "create_order",
        "method": "POST",
        "url": "http://127.0.0.1:1/v1/orders",
        "sent_headers": {},
        "sent": b"",
        "status": 200,
        "headers": {},
        "body": b"{}",
    }
    return Exchange(**{**plain, **changes})


def spellings(secret: str) -> list[str]:
    """Return what a secret may look like on its way."""
    return [
        secret,
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"{secret}:".encode()).decode(),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    ]


@given(keys, around, around)
def test_a_key_that_was_not_registered_is_removed(
    key: str, before: str, after: str
) -> None:
    """It is known by its form."""
    text = Redactor().clean(f"{before} {key} {after}")

    assert key not in text
    assert KEY_PLACEHOLDER in text


@given(secrets, around, around)
def test_a_learnt_secret_is_blotted_out_in_every_spelling(
    secret: str, before: str, after: str
) -> None:
    """Raw, in base64, in JSON and as Python shows it."""
    redactor = Redactor()
    redactor.learn(secret)

    for spelling in spellings(secret):
        # Around it nothing may join up with what is left of it.
        text = redactor.clean(f"{before}\n{spelling}\n{after}")
        assert spelling not in text.split("\n")


@given(st.text(min_size=1, max_size=60))
def test_a_password_is_blotted_out_by_the_name_of_its_member(password: str) -> None:
    """However short it is, and whatever it is made of."""
    body = json.dumps({"emailAddress": "a@b", "password": password, "z": 1})

    text = Redactor().clean(body)

    assert json.loads(text) == {"emailAddress": "a@b", "password": PLACEHOLDER, "z": 1}


@given(secrets)
def test_what_an_answer_gives_out_is_learnt(secret: str) -> None:
    """A signing secret that appears later, elsewhere, is known by then."""
    redactor = Redactor()
    redactor.learn_from({"data": [{"signingSecret": secret}]})

    assert secret not in redactor.clean(f"(secret was: {secret})")


@given(secrets)
def test_a_document_keeps_its_form(secret: str) -> None:
    """Only the values change."""
    redactor = Redactor()
    redactor.learn(secret)
    document = {"accessToken": secret, "list": [secret, 1, None], "plain": "text"}

    clean = redactor.clean_document(document)

    assert clean["accessToken"] == PLACEHOLDER
    assert secret not in clean["list"]
    assert clean["list"][1:] == [1, None]
    assert clean["plain"] == "text"


@given(keys)
def test_a_curl_line_asks_the_shell_for_the_key(key: str) -> None:
    """It repeats the call when the variable is set, and gives nothing away."""
    call = exchange(sent_headers={"Authorization": f"Basic {key}"}, sent=b'{"a":1}')

    line = call.curl()

    assert key not in line
    assert f'-H "Authorization: Basic {KEY_PLACEHOLDER}"' in line
    assert """--data '{"a":1}'""" in line


@given(keys)
def test_a_failure_gives_no_key_away(key: str) -> None:
    """Neither in what was expected and found nor in the exchange."""
    call = exchange(
        url=f"http://127.0.0.1:1/v1/orders?key={key}",
        sent_headers={"Authorization": f"Basic {key}"},
        sent=json.dumps({"key": key}).encode(),
        body=json.dumps({"message": f"no such key {key}"}).encode(),
        headers={"X-Echo": key},
    )

    record = failure_record(
        [CLAUSES["auth.wrong-key"]], f"not {key}", f"this: {key}", call, where="here"
    )

    assert key not in json.dumps(record)
