"""Mutants of calls and their answers that no table describes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.mutants.bodies import proof
from tests.mutants.patches import (
    change_calls,
    replace_listings,
    use_callers,
    wrap_validation,
)

from smartpay_mock.api import envelope
from smartpay_mock.api.application import Application, Params, Perform
from smartpay_mock.api.auth import Callers, Credential, Refusal
from smartpay_mock.api.pagination import Page
from smartpay_mock.api.validation import Validate
from smartpay_mock.app import Patch
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.ids import SUFFIX_LENGTH, Ids
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.mutants.catalogue.responses import QUERIED, UNAUTHORIZED, Query
from smartpay_mock.mutants.patches import (
    Document,
    Read,
    change_rules,
    edit_answers,
    middleware,
    replace_parts,
    with_body,
    wrap_pages,
)
from smartpay_mock.mutants.responses import (
    change_member,
    edit_refusals,
    edit_successes,
    find_objects,
)
from smartpay_mock.resources import Context, Listing
from smartpay_mock.resources.context import invalid
from smartpay_schemas import OPERATIONS, Operation

Found = Credential | Refusal
_NOTHING = "nothing-more"


def changed_ids(kind: str, change: Callable[[str], str]) -> type[Ids]:
    """Return a type of ids that changes those of one kind."""

    class Changed(Ids):
        def new(self, of: str) -> str:
            made = super().new(of)
            return change(made) if of == kind else made

    return Changed


Foreign = changed_ids("payment", lambda made: made.replace("_test_", "_live_"))
Constant = changed_ids("price", lambda _made: f"price_test_{'0' * SUFFIX_LENGTH}")
OneRequest = changed_ids("request", lambda _made: "req_test_one")


def with_ids(source: type[Ids]) -> type[Context]:
    """Return a context type that takes its ids from ``source``."""

    class WithIds(Context):
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            original = self.ids
            self.ids = object.__new__(source)
            for name in Ids.__slots__:
                setattr(self.ids, name, getattr(original, name))

    return WithIds


class _Base64Only(Callers):
    """Refuses raw keys in calls about coupons."""

    def merchant(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Found:
        sent = call.headers.get("authorization", "")
        if operation.tag == "coupons" and sent.startswith("Basic sk_"):
            return Refusal("send base64 of the key and a colon")
        return super().merchant(operation, params, call)


class _CrossAccount(Callers):
    """Finds objects of every account."""

    def merchant(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Found:
        found = super().merchant(operation, params, call)
        if isinstance(found, Refusal) or "id" not in params:
            return found
        kind = operation.id.partition("_")[2]
        holders = self.store.locate(kind, params["id"])
        return replace(found, account=holders[0]) if holders else found


def _in_both_modes(
    perform: Perform, operation: Operation, params: Params, call: Call
) -> Answer:
    test = {name: value.replace("_live_", "_test_") for name, value in params.items()}
    body = call.body.replace(b"_live_", b"_test_")
    return perform(operation, test, with_body(call, body))


def _unauthorized_as_error(operation: Operation, _call: Call, answer: Answer) -> Answer:
    if answer.status != UNAUTHORIZED or operation.side != "merchant":
        return answer
    body: Document = {
        "details": [],
        "errorCode": "unauthorized",
        "message": "There is no valid credential.",
        "statusCode": UNAUTHORIZED,
    }
    return replace(answer, body=encode(body))


def _lower_refused(
    original: Validate, operation: Operation, document: Any, ctx: Context
) -> Document:
    """Refuse codes in lower case."""
    if '"jp' in str(document).replace("'", '"'):
        raise invalid("currency: write it in upper case")
    return original(operation, document, ctx)


def _empty_last_page(read: Read, query: Query) -> Page:
    """End every list with an empty page."""
    if query.get("pageToken") == _NOTHING:
        first = read({**query, "pageToken": ""})
        return Page([], first.limit, _NOTHING, None)
    page = read(query)
    return replace(page, next_token=page.next_token or _NOTHING)


def _is_order(document: Document) -> bool:
    return document.get("object") == "order" and "payments" in document


def _reordered(document: Document) -> None:
    for order in [found for found in find_objects(document) if _is_order(found)]:
        if all(isinstance(line, dict) for line in order["lineItems"]):
            order["lineItems"] = order["lineItems"][::-1]


def _with_order(document: Document) -> None:
    """Replace the id of the parent in a payment or refund by an object."""
    for found in find_objects(document):
        for name, kind in (("order", "payment"), ("payment", "refund")):
            is_expanded = found.get("object") == kind and _has_lines(found)
            if is_expanded and isinstance(found[name], str):
                found[name] = {"id": found[name], "object": name}


def _has_lines(document: Document) -> bool:
    return any(isinstance(line, dict) for line in document.get("lineItems", []))


def _parts(edit: Callable[[Document], None]) -> Any:
    return edit_successes(edit, *QUERIED)


def refusing(refuses: Any, error: ApiError) -> Patch:
    """Refuse the calls to which ``refuses(operation, call)`` is true."""

    def layer(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        if refuses(operation, call):
            return envelope.refusal(error)
        return perform(operation, params, call)

    return middleware(layer)


def _with_content_type(content_type: str) -> Patch:
    def edit(_operation: Operation, _call: Call, answer: Answer) -> Answer:
        if not answer.body:
            return answer
        return replace(answer, content_type=content_type)

    return edit_answers(edit)


def _with_format(**options: Any) -> Patch:
    def edit(_operation: Operation, _call: Call, answer: Answer) -> Answer:
        if not answer.body:
            return answer
        return replace(answer, body=json.dumps(decode(answer.body), **options).encode())

    return edit_answers(edit)


def _ascii(value: Any) -> Any:
    """Return a document with what is not ASCII replaced, as old encodings do."""
    if isinstance(value, str):
        return value.encode("ascii", "replace").decode("ascii")
    if isinstance(value, dict):
        return {name: _ascii(member) for name, member in value.items()}
    return [_ascii(entry) for entry in value] if isinstance(value, list) else value


def _in_ascii(document: Document) -> None:
    document.update(_ascii(dict(document)))


def _mislabelled_as_gzip(_operation: Operation, call: Call, answer: Answer) -> Answer:
    if "gzip" in call.headers.get("accept-encoding", "") and "orders" in call.path:
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _delete_coupon(ctx: Context, params: dict[str, str], _body: Document) -> None:
    ctx.find("coupon", params["id"])
    ctx.unit.delete("coupon", params["id"])


def _deletable(app: Application) -> Application:
    row = replace(
        OPERATIONS["delete_webhook_endpoint"], id="delete_coupon", path="/coupons/{id}"
    )
    app.handlers = {**app.handlers, row.id: _delete_coupon}
    return change_rules(operations={**app.rules.operations, row.id: row})(app)


def _underscore_is_hyphen(call: Call) -> Call:
    """Read a key whatever its header is called, as some web servers do."""
    if "idempotency_key" not in (call.header_names or ()):
        return call
    return replace(call, headers={**call.headers, "idempotency-key": "the key"})


def _strictly(app: Application) -> Application:
    app.settings = replace(app.settings, strict=True)
    return app


MUTANTS = (
    proof(
        "one-request-id-for-refusals",
        replace_parts(fresh_ids=OneRequest()),
        "service.request-id",
    ),
    proof(
        "one-of-two-headers",
        change_calls(lambda call: replace(call, header_names=())),
        "errors.header-repeated",
    ),
    proof(
        "underscore-is-hyphen",
        change_calls(_underscore_is_hyphen),
        "idempotency.underscore",
    ),
    proof(
        "json-labelled-as-text",
        _with_content_type("text/plain; charset=utf-8"),
        "service.json-content-type",
    ),
    proof("json-in-many-lines", _with_format(indent=2), "service.compact-json"),
    proof(
        "text-in-ascii",
        edit_successes(_in_ascii),
        "service.utf-8",
        "data.metadata-echo",
        "orders.create.echo",
    ),
    proof("gzip-that-is-none", edit_answers(_mislabelled_as_gzip), "service.gzip"),
    proof(
        "orders-moved-to-v2",
        refusing(
            lambda operation, call: (
                operation.id == "list_orders" and call.path.startswith("/v1/")
            ),
            ApiError("request.not-found", method="GET", path="/v1/orders"),
        ),
        "service.path-version",
        "service.lower-case-prefix",
    ),
    proof("coupons-can-be-deleted", _deletable, "service.no-delete-coupons"),
    proof(
        "raw-key-refused",
        use_callers(_Base64Only),
        "auth.raw-key",
        "auth.one-key",
        "coupons.create.amount",
        "coupons.get",
    ),
    proof("401-in-the-common-shape", edit_answers(_unauthorized_as_error), "auth.body"),
    proof("ids-of-others-open", use_callers(_CrossAccount), "auth.account-isolation"),
    proof("live-ids-found-in-test", middleware(_in_both_modes), "auth.mode-isolation"),
    proof(
        "status-code-as-text",
        edit_refusals(change_member("statusCode", str)),
        "errors.status-code",
    ),
    proof(
        "list-ends-with-nothing",
        wrap_pages(_empty_last_page),
        "pagination.last-page",
        "pagination.next-not-empty",
    ),
    proof(
        "refunds-among-payments",
        replace_listings(list_payments=Listing("refund")),
        "pagination.entry-type",
        "payments.list",
    ),
    proof("expanded-in-another-order", _parts(_reordered), "expand.same-object"),
    proof(
        "payment-expanded-upwards",
        _parts(_with_order),
        "expand.payment-all",
        "expand.refund-all",
    ),
    proof(
        "payment-ids-of-live-mode",
        replace_parts(context_type=with_ids(Foreign)),
        "data.id-format",
        "data.id-prefix",
    ),
    proof(
        "one-id-for-all-prices",
        replace_parts(context_type=with_ids(Constant)),
        "data.unique-ids",
    ),
    proof(
        "lower-case-codes-refused",
        wrap_validation(_lower_refused),
        "data.currency-case",
        "data.country-case",
    ),
    proof(
        "unknown-members-refused",
        _strictly,
        "tolerance.unknown-members",
        "tolerance.address-type-inside",
        "tolerance.misspelt-automatic",
    ),
)
