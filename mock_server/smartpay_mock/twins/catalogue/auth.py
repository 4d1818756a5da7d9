"""Twins that let the wrong callers in, or keep the right ones out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from smartpay_mock.api.auth import Callers, Credential, Refusal
from smartpay_mock.app import Patch
from smartpay_mock.kernel.codec import encode
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.ids import account_id
from smartpay_mock.twins.editing import every_object, given, without
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import (
    Document,
    Params,
    Perform,
    answered,
    identified,
    meddled,
    with_body,
)
from smartpay_schemas import OPERATIONS, Operation

Found = Credential | Refusal
_ANYBODY = Credential(account_id("anybody"), "anybody")
_UNAUTHORIZED = 401


class _Merchants(Callers):
    """Tells merchants apart in a way of its own."""

    def identify(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Found:
        if operation.side == "merchant":
            return self.merchant(operation, params, call)
        return super().identify(operation, params, call)


class _OpenRoute(_Merchants):
    """Forgets the credential on one route."""

    def merchant(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Found:
        found = super().merchant(operation, params, call)
        if isinstance(found, Refusal) and operation.id == "list_refunds":
            return _ANYBODY
        return found


class _AnyWord(_Merchants):
    """Takes any word for a key, but none for none."""

    def merchant(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Found:
        found = super().merchant(operation, params, call)
        word = call.headers.get("authorization", "").partition(" ")[2]
        if isinstance(found, Refusal) and word and not word.startswith(("pk_", "sk_")):
            return _ANYBODY
        return found


def _accepting(prefix: str) -> type[Callers]:
    class Accepting(_Merchants):
        def merchant(
            self, operation: Operation, params: Mapping[str, str], call: Call
        ) -> Found:
            word = call.headers.get("authorization", "").partition(" ")[2]
            if word.startswith(prefix):
                return Credential(account_id(word), "accepted")
            return super().merchant(operation, params, call)

    return Accepting


class _Base64Only(_Merchants):
    """Reads the key only as HTTP Basic spells it, where coupons are concerned."""

    def merchant(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Found:
        sent = call.headers.get("authorization", "")
        if operation.tag == "coupons" and sent.startswith("Basic sk_"):
            return Refusal("send base64 of the key and a colon")
        return super().merchant(operation, params, call)


class _PublicKeyToo(_Merchants):
    """Wants the public key as well where webhook endpoints are made."""

    def merchant(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Found:
        if operation.id == "create_webhook_endpoint" and "publicKey" not in call.query:
            return Refusal("send the public key as well")
        return super().merchant(operation, params, call)


# What stands in the path of an operation -> the kind of document.
_KINDS = {
    "orders": "order",
    "payments": "payment",
    "refunds": "refund",
    "coupons": "coupon",
    "promotion-codes": "promotion_code",
    "checkout-sessions": "checkout_session",
    "webhook-endpoints": "webhook_endpoint",
}


class _AnyonesObjects(_Merchants):
    """Looks an id up in every account."""

    def merchant(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Found:
        found = super().merchant(operation, params, call)
        kind = _KINDS.get(operation.tag)
        if isinstance(found, Refusal) or kind is None or "id" not in params:
            return found
        holders = self.store.locate(kind, params["id"])
        return replace(found, account=holders[0]) if holders else found


class _SharedCoupons(_Merchants):
    """Keeps the coupons of all merchants in one place."""

    def merchant(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Found:
        found = super().merchant(operation, params, call)
        if isinstance(found, Refusal) or operation.tag != "coupons":
            return found
        return replace(found, account=_ANYBODY.account)


def _in_both_modes(
    perform: Perform, operation: Operation, params: Params, call: Call
) -> Answer:
    test = {name: value.replace("_live_", "_test_") for name, value in params.items()}
    body = call.body.replace(b"_live_", b"_test_")
    return perform(operation, test, with_body(call, body))


def _common_body(operation: Operation, _call: Call, answer: Answer) -> Answer:
    if answer.status != _UNAUTHORIZED or operation.side != "merchant":
        return answer
    body: Document = {
        "details": [],
        "errorCode": "unauthorized",
        "message": "There is no valid credential.",
        "statusCode": _UNAUTHORIZED,
    }
    return replace(answer, body=encode(body))


def _forbidden(_operation: Operation, _call: Call, answer: Answer) -> Answer:
    return replace(answer, status=403) if answer.status == _UNAUTHORIZED else answer


def _for_the_last_one() -> Patch:
    """Carry a refused call out for whoever called before."""
    known: list[str] = []

    def meddle(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        answer = perform(operation, params, call)
        if answer.status != _UNAUTHORIZED:
            known.append(call.headers.get("authorization", ""))
        elif known and operation.side == "merchant":
            headers = {**call.headers, "authorization": known[-1]}
            perform(operation, params, replace(call, headers=headers))
        return answer

    return meddled(meddle)


def _body_first(
    perform: Perform, operation: Operation, params: Params, call: Call
) -> Answer:
    """Look at the body before the credential."""
    answer = perform(operation, params, call)
    if answer.status != _UNAUTHORIZED or OPERATIONS[operation.id].request is None:
        return answer
    anybody = {**call.headers, "authorization": "Basic sk_test_anybody"}
    other = perform(operation, params, replace(call, headers=anybody))
    return other if other.status == 400 else answer  # noqa: PLR2004 - bad request


def _live(document: Document) -> None:
    given(test=False)(document) if "test" in document else None


def _never(document: dict[str, Any]) -> None:
    without("test")(document)


MUTANTS = in_area(
    "auth",
    Row(
        "no-key-needed-for-refunds",
        "Anybody on the network reads whom a shop gave money back to.",
        ("auth.missing-key", "auth.wrong-key"),
        identified(_OpenRoute),
    ),
    Row(
        "any-word-is-a-key",
        "A guess opens an account.",
        ("auth.wrong-key",),
        identified(_AnyWord),
    ),
    Row(
        "public-key-charges",
        "The key that stands in every shop's page charges consumers.",
        ("auth.public-key",),
        identified(_accepting("pk_test_")),
    ),
    Row(
        "live-key-accepted",
        "A test run with the wrong key charges real people.",
        ("auth.live-key",),
        identified(_accepting("sk_live_")),
    ),
    Row(
        "raw-key-refused",
        "Clients that send the key as the guide prints it are locked out of coupons.",
        ("auth.raw-key", "auth.one-key", "coupons.create.amount", "coupons.get"),
        identified(_Base64Only),
    ),
    Row(
        "public-key-needed-too",
        "A client that has the secret key alone cannot register its webhook.",
        ("auth.one-key", "endpoints.create"),
        identified(_PublicKeyToo),
    ),
    Row(
        "refused-with-403",
        "A client that asks for a new key on 401 never does.",
        ("auth.missing-key", "auth.wrong-key"),
        answered(_forbidden),
    ),
    Row(
        "401-in-the-common-shape",
        "A client that reads errorCode takes a wrong key for a business error.",
        ("auth.body",),
        answered(_common_body),
    ),
    Row(
        "refused-but-carried-out",
        "A call without a key is refused with 401, and charges nevertheless.",
        ("auth.refusal-changes-nothing",),
        _for_the_last_one(),
    ),
    Row(
        "body-before-credential",
        "A stranger learns the rules of the API from its 400s.",
        ("auth.before-everything",),
        meddled(_body_first),
    ),
    Row(
        "ids-of-others-open",
        "One merchant reads and cancels the orders of another whose ids leaked.",
        ("auth.account-isolation",),
        identified(_AnyonesObjects),
    ),
    Row(
        "coupons-of-others-listed",
        "One merchant sees, and hands out, the coupons of all.",
        ("auth.account-isolation",),
        identified(_SharedCoupons),
    ),
    Row(
        "live-ids-found-in-test",
        "A test run works on the objects of the live mode.",
        ("auth.mode-isolation",),
        meddled(_in_both_modes),
    ),
    Row(
        "test-mode-called-live",
        "Bookkeeping counts test orders as income.",
        ("auth.test-flag",),
        every_object(_live),
    ),
    Row(
        "test-mode-not-told",
        "Bookkeeping cannot tell test orders from income.",
        ("auth.test-flag", "data.shape"),
        every_object(_never),
    ),
)
