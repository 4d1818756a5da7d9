"""Bad input: a clear error, and nothing changed."""

from __future__ import annotations

import base64
import gc
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from smartpay_fixtures import (
    BrokenBody,
    BrokenPayload,
    broken_bodies,
    broken_payloads,
    operations_with_bodies,
    sandbox_values,
)
from smartpay_schemas import OPERATIONS, problems


@pytest.fixture
def unchanged(api: Any) -> Iterator[Any]:
    """Give an account, and see that the test changed nothing of it but the journal."""
    before = api.held()

    yield api

    assert api.held() == before


def one_of_each_kind(operation: str) -> list[BrokenPayload]:
    """Return a broken payload for each kind of problem; the kit sends all of them."""
    payloads = broken_payloads(operation)
    kinds = {tuple(rule for _, rule in each.problems): each for each in payloads}
    return [*kinds.values()]


@pytest.mark.parametrize("operation", operations_with_bodies())
def test_a_broken_payload_is_refused_with_exactly_its_problems(
    unchanged: Any, operation: str
) -> None:
    """All of them at once, each with its path and with what to send."""
    row = OPERATIONS[operation]
    for broken in one_of_each_kind(operation):
        headers = unchanged.bearer() if row.side == "consumer" else {}
        reply = unchanged.do(
            operation, broken.payload, id=f"{row.tag}_test_none", headers=headers
        )

        assert reply.refusal == (400, "request.invalid"), broken.name
        assert sorted(map(pointer_of, reply.details)) == [
            pointer for pointer, _ in broken.problems
        ]
        expected = problems(row.request or {}, without_nulls(broken.payload))
        assert reply.details == [problem.message for problem in expected]
        assert reply.message.startswith("Input parameter or payload is invalid: ")


def without_nulls(value: Any) -> Any:
    """Return a JSON value with nulls left out, as the API reads it."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def pointer_of(detail: str) -> str:
    """Return the JSON pointer of what a detail is about."""
    place = detail.partition(": ")[0]
    return "/" + re.sub(r"\[(\d+)\]", r".\1", place).lstrip(".").replace(".", "/")


@pytest.mark.parametrize("broken", broken_bodies(), ids=lambda each: each.name)
def test_a_body_that_is_no_payload_is_refused(
    unchanged: Any, broken: BrokenBody
) -> None:
    """Before any rule is looked at, and whatever the JSON library."""
    reply = unchanged.do("create_order", raw=broken.body)

    assert reply.refusal == (broken.status, broken.code)
    assert reply.details == []
    assert len(reply.message) < 200


MESSAGES = {
    b"": "The request body is not a JSON object: the body is empty",
    b"[]": (
        "The request body is not a JSON object: it is another JSON value; send {...}"
    ),
    b'{"a": "\xff"}': "The request body is not a JSON object: byte 7 is not UTF-8",
    b'{"a":' * 1000 + b"1" + b"}" * 1000: (
        "The request body is not a JSON object: it nests deeper than 64 levels"
    ),
    b"["
    * 100_000: "The request body is not a JSON object: it nests deeper than 64 levels",
    b" " * 1_048_577: (
        "The request body has more than 1048576 bytes; send a smaller one, or raise "
        "--body-limit."
    ),
    **{
        b'{"amount": %s, "a": 1}' % word: (
            f"The request body is not a JSON object: {word.decode()} is not a JSON "
            "number"
        )
        for word in (b"NaN", b"Infinity", b"-Infinity")
    },
}


@pytest.mark.parametrize("body", MESSAGES, ids=lambda body: repr(body[:12]))
def test_the_message_says_what_is_wrong_with_a_body(api: Any, body: bytes) -> None:
    """A person can act on it."""
    assert api.do("create_order", raw=body).message == MESSAGES[body]


def test_a_body_of_exactly_the_limit_is_read(api: Any, order_payload: Any) -> None:
    """A mebibyte, and not a byte more."""
    body = json.dumps(order_payload()).encode().ljust(1_048_576)

    assert api.do("create_order", raw=body).status == 200


def test_the_limit_can_be_set(emulate: Any, order_payload: Any) -> None:
    """The message names the one that is set."""
    reply = emulate(body_limit=1024).do(
        "create_order", order_payload(metadata={"a": "b" * 1024})
    )

    assert reply.refusal == (413, "request.too-large")
    assert "1024 bytes" in reply.message


def test_a_body_that_ends_too_early_is_refused(
    unchanged: Any, order_payload: Any
) -> None:
    """A message that was cut off is never carried out, even if it is valid JSON."""
    body = json.dumps(order_payload()).encode()

    reply = unchanged.app.test_client().post(
        "/v1/orders",
        data=body,
        headers={"Authorization": f"Basic {unchanged.key}"},
        content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": str(len(body) + 1)},
    )

    assert reply.status_code == 400
    assert reply.json["errorCode"] == "request.malformed"


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "json",
    ],
)
def test_a_body_labelled_as_something_else_is_refused(
    unchanged: Any, order_payload: Any, media_type: str
) -> None:
    """415, with what it was labelled as and what to send."""
    reply = unchanged.do(
        "create_order", order_payload(), headers={"Content-Type": media_type}
    )

    assert reply.refusal == (415, "request.unsupported-media-type")
    assert media_type.partition(";")[0] in reply.message
    assert "application/json" in reply.message


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json; charset=utf-8",
        "Application/JSON",
        "text/json",
        "application/vnd.api+json",
        "",
        None,
    ],
)
def test_a_body_labelled_as_json_is_read(
    api: Any, order_payload: Any, media_type: str | None
) -> None:
    """With parameters, in any case, or without a label at all."""
    reply = api.do(
        "create_order", order_payload(), headers={"Content-Type": media_type}
    )

    assert reply.status == 200


NO_HEADER = "there is no Authorization header; send Basic sk_test_..."
NO_SCHEME = "the Authorization header is not Basic or Bearer with a key"
NO_KEY = "the key is not a secret test key, such as sk_test_4eC39..."
CREDENTIALS = {
    None: NO_HEADER,
    "": NO_HEADER,
    "Basic": NO_SCHEME,
    "Basic ": NO_SCHEME,
    "Digest sk_test_abc": NO_SCHEME,
    "sk_test_abc": NO_SCHEME,
    "Basic pk_test_abc": "a public key cannot authenticate; send the secret key",
    "Basic pk_live_abc": "a public key cannot authenticate; send the secret key",
    "Basic sk_live_abc": "live keys are not accepted; send a test key",
    "Bearer sk_live_abc": "live keys are not accepted; send a test key",
    "Basic c2tfbGl2ZV9hYmM6": "live keys are not accepted; send a test key",
    "Basic sk_test_": NO_KEY,
    "Basic sk_test_a-b": NO_KEY,
    "Basic sk_test_abc x": NO_KEY,
    "Basic nonsense": NO_KEY,
    "Basic ////": NO_KEY,
}


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("operation", ["create_order", "list_orders", "get_token"])
def test_a_credential_that_is_none_is_401(
    api: Any, credential: str | None, operation: str
) -> None:
    """The documented body, and the reason in a header of the emulator's own."""
    accounts = set(api.application.store.accounts())

    reply = api.do(
        operation,
        id="paytok_test_approved",
        raw=b"{broken" if operation == "create_order" else None,
        headers={"Authorization": credential},
    )

    assert reply.status == 401
    assert reply.json == {"realm": "smartpay", "scheme": "Basic", "statusCode": 401}
    assert reply.headers["WWW-Authenticate"] == 'Basic realm="smartpay"'
    assert reply.headers["Smartpay-Sandbox-Reason"] == CREDENTIALS[credential]
    assert set(api.application.store.accounts()) == accounts


def test_too_large_a_body_without_a_key_is_401(api: Any) -> None:
    """The credential is looked at first."""
    body = b" " * 1_048_577

    reply = api.do("create_order", raw=body, headers={"Authorization": None})

    assert reply.status == 401


@pytest.mark.parametrize(
    "spelling", ["Basic {}", "Bearer {}", "Basic base64", "Smartpay-Sandbox-Account"]
)
def test_a_live_key_is_stored_and_logged_nowhere(
    emulate: Any, tmp_path: Any, caplog: Any, capfd: Any, spelling: str
) -> None:
    """Not in the state file, not in memory that a refusal keeps, not in any log."""
    file = tmp_path / "state.db"
    api = emulate(state=f"sqlite:///{file}")
    live = "sk_live_" + "n3verStoreMe"
    encoded = base64.b64encode(f"{live}:".encode()).decode()
    named = spelling.startswith("Smartpay")
    headers = {
        "Authorization": api.bearer()["Authorization"]
        if named
        else spelling.format(live).replace("base64", encoded),
        "Smartpay-Sandbox-Account": live if named else None,
    }
    del encoded

    reply = api.do(
        "approve_token" if named else "create_order",
        id="paytok_test_requiresAuthorization",
        headers=headers,
    )
    headers.clear()

    assert reply.status == 401
    api.application.store.close()
    for written in tmp_path.iterdir():
        assert b"n3verStoreMe" not in written.read_bytes()
    assert "n3verStoreMe" not in caplog.text
    assert "n3verStoreMe" not in "".join(capfd.readouterr())
    caches = [o for o in gc.get_objects() if type(o) is type(sandbox_values)]
    assert caches
    for cache in caches:
        assert not any("n3verStoreMe" in repr(r) for r in gc.get_referents(cache))


def test_a_secret_key_is_stored_nowhere_either(emulate: Any, tmp_path: Any) -> None:
    """A state file gives no key away, nor does the journal."""
    api = emulate(key="sk_test_findMeIfYouCan", state=f"sqlite:///{tmp_path}/s.db")
    token = api.token_session()["token"]["id"]
    named = {"Smartpay-Sandbox-Account": api.key, **api.bearer()}

    api.order()
    api.ok("approve_token", id=token, headers=named)

    journal = repr(api.control("GET", "/requests"))
    assert "findMeIfYouCan" not in journal
    api.application.store.close()
    for written in tmp_path.iterdir():
        assert b"findMeIfYouCan" not in written.read_bytes()


def test_only_listed_keys_may_call_if_so_set(emulate: Any) -> None:
    """``--accounts`` restricts to the keys named."""
    api = emulate(accounts=("sk_test_one", "sk_test_two"))

    refused = api.do("list_orders")
    allowed = api.do("list_orders", headers={"Authorization": "Basic sk_test_two"})

    assert refused.status == 401
    assert "not among those" in refused.headers["Smartpay-Sandbox-Reason"]
    assert allowed.status == 200


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\r\nSet-Cookie: b=c", "a\\r\\nSet-Cookie: b=c is unknown"),
        ("ニックネーム", "\\u30cb\\u30c3\\u30af"),
        ("x" * 4_000, "xxx"),
        ("\x7f", "\\x7f is unknown"),
    ],
    ids=["line break", "kana", "long", "control"],
)
def test_no_name_of_a_member_breaks_the_header_that_advises(
    api: Any, order_payload: Any, name: str, shown: str
) -> None:
    """The order is charged and answered; the header takes printable ASCII only."""
    reply = api.do("create_order", order_payload(**{name: 1}))

    assert reply.status == 200
    header = reply.headers["Smartpay-Sandbox-Advice"]
    assert shown in header
    assert len(header) <= 1_000
    assert re.fullmatch("[ -~]+", header)


def test_two_hundred_unknown_members_are_advice_for_a_hundred(
    api: Any, order_payload: Any
) -> None:
    """Work on advice is bounded."""
    extra = {f"member{number}": 1 for number in range(200)}

    reply = api.do("create_order", order_payload(**extra))

    assert len(api.explained(reply)["advice"]) == 100
