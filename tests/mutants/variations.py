"""Proof mutants in tables: answers that differ, calls and bodies refused or accepted.

A row is the name of the mutant, what is different, and the clauses that it breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.mutants.bodies import accept, proof, refuse_valid
from tests.mutants.patches import edit_objects

from smartpay_mock.api import envelope
from smartpay_mock.api.application import Params, Perform
from smartpay_mock.api.idempotency import HEADER
from smartpay_mock.app import Patch
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.mutants.patches import Document, middleware
from smartpay_mock.mutants.responses import change_member, remove
from smartpay_mock.resources.context import invalid
from smartpay_schemas import Operation

Clauses = tuple[str, ...]

# -- members of answers ----------------------------------------------------------------

LOST: tuple[tuple[str, str, Clauses], ...] = (
    ("order", "tokenId", ("orders.create.token-id",)),
    ("order", "discounts", ("orders.create.empty-lists",)),
    ("payment", "description", ("payments.create.description",)),
    ("refund", "description", ("refunds.create.echo",)),
    ("checkoutSession", "customerInfo", ("sessions.create.customer",)),
    ("checkoutSession", "metadata", ("data.metadata-default",)),
    ("coupon", "discountAmount", ("coupons.create.amount",)),
    ("coupon", "discountPercentage", ("coupons.create.percentage",)),
    ("coupon", "maxRedemptionCount", ("coupons.create.echo",)),
    ("promotionCode", "code", ("promotions.create",)),
    ("promotionCode", "minimumAmount", ("promotions.create.echo",)),
    ("webhookEndpoint", "url", ("endpoints.create",)),
    ("webhookEndpoint", "eventSubscriptions", ("endpoints.create.subscriptions",)),
    ("webhookEndpoint", "signingSecret", ("endpoints.create.secret",)),
    ("collection", "results", ("pagination.collection", "pagination.results")),
)
"""Kind of object, the member that answers lack, clauses."""

CHANGED: tuple[tuple[str, str, str, Callable[[Any], Any], Clauses], ...] = (
    (
        "session-url-with-query",
        *("checkoutSession", "url", lambda url: f"{url}?from=shop"),
        ("sessions.create.url",),
    ),
    (
        "secret-of-24-bytes",
        *("webhookEndpoint", "signingSecret", lambda secret: secret[:32]),
        ("endpoints.create.secret-length",),
    ),
    (
        "size-echoed-as-text",
        *("collection", "maxResults", str),
        ("pagination.echo", "pagination.collection"),
    ),
    (
        "results-of-more",
        *("collection", "results", lambda results: results + 1),
        ("pagination.results",),
    ),
    (
        "every-item-a-product",
        *("lineItem", "kind", lambda _kind: "product"),
        ("orders.create.line-items", "orders.create.adjustments"),
    ),
    (
        "line-items-called-items",
        *("lineItem", "object", lambda _object: "item"),
        ("data.object",),
    ),
    (
        "test-mode-called-live",
        *("order", "test", lambda _test: False),
        ("auth.test-flag",),
    ),
)
"""Name, kind of object, member, what it becomes, clauses."""

# -- calls that are refused ------------------------------------------------------------

Refuses = Callable[[Operation, Call], Any]
_IGNORING_EXPAND = {"tokens", "coupons", "promotion-codes", "webhook-endpoints"}

REFUSED_CALLS: tuple[tuple[str, Refuses, Clauses], ...] = (
    (
        "sdk-parameters-refused",
        lambda _row, call: "dev-lang" in call.query,
        ("service.tracking-parameters",),
    ),
    (
        "sdk-headers-refused",
        lambda _row, call: "contenttype" in call.headers,
        ("service.unknown-headers",),
    ),
    (
        "empty-parameters-refused",
        lambda _row, call: "" in call.query.values(),
        ("pagination.empty-parameters", "expand.default"),
    ),
    (
        "expand-refused",
        lambda row, call: row.tag in _IGNORING_EXPAND and "expand" in call.query,
        ("expand.ignored",),
    ),
    (
        "put-without-body-refused",
        lambda row, call: row.method == "PUT" and not call.body,
        ("tolerance.put-bodies",),
    ),
    (
        "delete-with-body-refused",
        lambda row, call: row.method == "DELETE" and call.body,
        ("tolerance.delete-bodies",),
    ),
    (
        "key-in-the-query-refused",
        lambda _row, call: "idempotencyKey" in call.query,
        ("tolerance.idempotency-in-query",),
    ),
    (
        "identity-refused",
        lambda _row, call: "content-encoding" in call.headers,
        ("errors.content-encoding",),
    ),
    (
        "key-on-a-delete-refused",
        lambda row, call: row.method == "DELETE" and HEADER in call.headers,
        ("idempotency.delete-ignored",),
    ),
    (
        "key-demanded",
        lambda row, call: row.id == "create_order" and HEADER not in call.headers,
        ("idempotency.optional", "orders.create.every-request-charges"),
    ),
    (
        "consumer-calls-need-json",
        lambda row, call: (
            row.side != "merchant"
            and "json" not in call.headers.get("content-type", "json")
        ),
        ("consumer.any-content-type",),
    ),
    (
        "consumer-login-refused",
        lambda row, _call: row.id == "consumer_login",
        ("consumer.login",),
    ),
)
"""Name, which calls are refused, clauses."""

# -- bodies that are refused -----------------------------------------------------------


def _address(body: Document) -> Document:
    found: Document = body.get("shippingInfo", {}).get("address", {})
    return found


def _has_odd_postal_code(body: Document) -> bool:
    digits = str(_address(body).get("postalCode", "1056415")).replace("-", "")
    return len(digits) != 7 or not digits.isdigit()


def _has_fee_currency_only(body: Document) -> bool:
    shipping = body.get("shippingInfo", {})
    return "feeCurrency" in shipping and "feeAmount" not in shipping


def _has_tax_without_quantity(body: Document) -> bool:
    return any(
        item.get("kind") == "tax" and "quantity" not in item
        for item in body.get("items", ())
    )


def _is_about_payouts(body: Document) -> bool:
    return any(
        name.startswith("payout.") for name in body.get("eventSubscriptions", ())
    )


def _customer(body: Document) -> Document:
    found: Document = body.get("customerInfo", {})
    return found


REFUSED_BODIES: tuple[tuple[str, Callable[[Document], Any], Clauses], ...] = (
    (
        "empty-lines-refused",
        lambda body: _address(body).get("line1") == "",
        ("tolerance.empty-address",),
    ),
    ("postal-codes-checked", _has_odd_postal_code, ("tolerance.postal-code",)),
    (
        "address-type-refused",
        lambda body: "addressType" in _address(body),
        ("tolerance.address-type-inside",),
    ),
    (
        "fee-currency-alone-refused",
        _has_fee_currency_only,
        ("tolerance.fee-currency-alone",),
    ),
    (
        "tax-needs-a-quantity",
        _has_tax_without_quantity,
        ("tolerance.item-order", "orders.create.adjustments"),
    ),
    (
        "customer-must-be-known",
        lambda body: body.get("customerInfo") == {},
        ("tolerance.customer-info-empty",),
    ),
    (
        "quantity-from-one",
        lambda body: any(item.get("quantity") == 0 for item in body.get("items", ())),
        ("tolerance.quantity-zero",),
    ),
    (
        "email-addresses-checked",
        lambda body: "@" not in _customer(body).get("emailAddress", "@"),
        ("orders.create.guide-samples",),
    ),
    (
        "session-needs-a-reference",
        lambda body: "successUrl" in body and "reference" not in body,
        ("sessions.create.minimal",),
    ),
    (
        "codes-of-letters-only",
        lambda body: not str(body.get("code", "x")).replace("-", "").isalnum(),
        ("promotions.create.characters",),
    ),
    ("payouts-not-offered", _is_about_payouts, ("endpoints.create.every-event",)),
    (
        "https-only",
        lambda body: str(body.get("url", "")).startswith("http:"),
        ("endpoints.create.http",),
    ),
)
"""Name, which valid bodies are refused, clauses."""

# -- bodies that are accepted ----------------------------------------------------------

_URL = "https://example.com"
ACCEPTED_BODIES: tuple[tuple[str, tuple[str, ...], Document, Clauses], ...] = (
    ("any-date-of-birth", ("dateOfBirth",), {}, ("data.date-of-birth",)),
    (
        "session-without-goods",
        ("no entry of the kind",),
        {},
        ("sessions.create.a-product",),
    ),
    (
        "token-session-needs-no-urls",
        ("successUrl", "cancelUrl"),
        {"successUrl": _URL, "cancelUrl": _URL},
        ("sessions.create.token-mandatory",),
    ),
)
"""Name, words of the problems overlooked, members set instead, clauses."""


def _refusing(refuses: Refuses) -> Patch:
    """Refuse some calls."""

    def layer(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        if refuses(operation, call):
            error: ApiError = invalid("the mutant refuses this call")
            return envelope.refusal(error)
        return perform(operation, params, call)

    return middleware(layer)


def _refusing_bodies(refuses: Callable[[Document], Any]) -> Patch:
    """Refuse some valid bodies."""
    return refuse_valid(lambda _operation, body: bool(refuses(body)))


MUTANTS = (
    *(
        proof(
            f"{kind}-lacks-{member}".lower(), edit_objects(kind, remove(member)), *ids
        )
        for kind, member, ids in LOST
    ),
    *(
        proof(name, edit_objects(kind, change_member(member, change)), *clauses)
        for name, kind, member, change, clauses in CHANGED
    ),
    *(proof(name, _refusing(refuses), *ids) for name, refuses, ids in REFUSED_CALLS),
    *(
        proof(name, _refusing_bodies(refuses), *clauses)
        for name, refuses, clauses in REFUSED_BODIES
    ),
    *(
        proof(name, accept(*words, **members), *clauses)
        for name, words, members, clauses in ACCEPTED_BODIES
    ),
)
