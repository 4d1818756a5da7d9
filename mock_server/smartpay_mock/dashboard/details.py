"""The pages about one object: an order, a request, a delivery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smartpay_mock.api import journal
from smartpay_mock.api.auth import SERVER_ACCOUNT
from smartpay_mock.dashboard.curl import get_order_curl, request_curl
from smartpay_mock.dashboard.lists import order_of, status_of, why
from smartpay_mock.dashboard.parts import (
    Block,
    Cell,
    Field,
    Form,
    Page,
    Table,
    money,
    pretty,
)
from smartpay_mock.dashboard.visit import Document, Visit, read
from smartpay_mock.dashboard.webhooks import DELIVER, send_again
from smartpay_mock.events.outbox import (
    DELIVERY_KIND,
    KEPT,
    KIND,
    read_events,
    summarize_event,
)
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.kernel.json import encode
from smartpay_mock.resources.payments import left_to_capture
from smartpay_mock.resources.refunds import left_to_refund
from smartpay_mock.resources.views import expanded
from smartpay_mock.storage.base import Row, Unit
from smartpay_schemas import LIFECYCLES

_REASONS = ("requested_by_customer", "fraudulent")
_REMAINDER = Field(
    *("cancelRemainder", "The rest (cancelRemainder)", "select"),
    options=("manual", "automatic"),
)
_CANCELING = {"cancel", "release"}
_DELIVERIES = 1_000


# -- orders ----------------------------------------------------------------------------


def order(visit: Visit) -> Page:
    """Return an order with its time line, and what can be done with it."""
    with visit.read() as (unit, _account):
        document = visit.find(unit, "order")
        payments = [_stored(unit, "payment", id_) for id_ in document["payments"]]
        refunds = [
            _stored(unit, "refund", id_) for one in payments for id_ in one["refunds"]
        ]
        view = expanded(document, lambda kind, id_: _stored(unit, kind, id_))
        story = [*_story(visit, unit, [document, *payments, *refunds])]
    return Page(
        document["id"],
        document["status"],
        facts=_order_facts(document),
        links=_checkout(document),
        forms=[
            *_order_forms(document),
            *map(_refund_form, filter(left_to_refund, payments)),
        ],
        tables=[_items(view), _time_line(story)],
        blocks=[
            Block("curl", get_order_curl(visit, document["id"])),
            Block("JSON", pretty(encode(view).decode())),
        ],
    )


def _stored(unit: Unit, kind: str, id_: str) -> Document:
    row = unit.row(kind, id_)
    if row is None:  # only a damaged store
        raise NotFoundError(f"The {kind} {id_!r} is missing. Reset the account.")
    return read(row)


def _order_facts(document: Document) -> list[tuple[str, Cell]]:
    currency = document["currency"]
    return [
        ("Amount", money(document["amount"], currency)),
        ("Authorized", money(document["_authorized"], currency)),
        ("Captured", money(document["_captured"], currency)),
        ("Reference", Cell(document.get("reference", ""))),
        ("Token", Cell(document.get("tokenId", ""), "code")),
        ("Created", Cell(document["createdAt"], "time")),
        ("Authorization expires", Cell(document.get("expiresAt", ""), "time")),
    ]


def _checkout(document: Document) -> list[tuple[str, str]]:
    if document["status"] != "requires_authorization":
        return []
    return [("Open the checkout page", f"/checkout/{document['_session']}")]


def _order_forms(document: Document) -> Iterator[Form]:
    if document["status"] == "requires_capture":
        yield Form(
            *("capture", "Capture"),
            [
                Field("amount", "Amount", "number", str(left_to_capture(document))),
                _REMAINDER,
            ],
            hidden={"order": document["id"], "currency": document["currency"]},
            title="Capture",
        )
    steps = LIFECYCLES["order"].transitions
    if any(
        step.from_state == document["status"] and step.action in _CANCELING
        for step in steps
        if step.to_state != document["status"]
    ):
        yield Form("cancel", "Cancel", hidden={"id": document["id"]}, is_danger=True)


def _refund_form(payment: Document) -> Form:
    return Form(
        *("refund", "Refund"),
        [
            Field("amount", "Amount", "number", str(left_to_refund(payment))),
            Field("reason", "Reason", "select", options=_REASONS),
        ],
        hidden={"payment": payment["id"], "currency": payment["currency"]},
        title="Refund",
        about=payment["id"],
    )


def _items(view: Document) -> Table:
    rows = [
        (
            line["id"],
            [
                Cell(_name(line)),
                Cell(line.get("quantity", ""), "number"),
                money(
                    line["amount"] * (-1 if line["kind"] == "discount" else 1),
                    line["currency"],
                ),
            ],
        )
        for line in view["lineItems"]
    ]
    fee = view["shippingInfo"].get("feeAmount")
    if fee:
        rows.append(("fee", [Cell("Shipping", "word"), Cell(), money(fee, "JPY")]))
    return Table("items", "Items", ("Item", "Quantity", "Amount"), rows, "")


def _name(line: Document) -> str:
    price = line.get("price") or {}
    product = price.get("product") or {}
    return str(product.get("name") or line.get("description") or line["kind"])


# time, step, text, link
_Line = tuple[int, str, str, str]


def _story(visit: Visit, unit: Unit, documents: Sequence[Document]) -> Iterator[_Line]:
    """Yield what happened to an order, its payments and refunds."""
    ids = [document["id"] for document in documents]
    kept = max(1, visit.application.settings.journal)
    for row in _about(unit, journal.KIND, ids, kept):
        entry = journal.read(row)
        if entry["method"] != "GET":
            url = visit.url("requests", entry["id"])
            yield entry["at"], "Request", f"{entry['method']} {entry['path']}", url
            yield entry["at"], "Decision", why(entry), ""
    for document in documents[1:]:
        step = "Capture" if document["object"] == "payment" else "Refund"
        text = f"{document['amount']:,} {document['currency']} {document['id']}"
        yield document["createdAt"], step, text, ""
    for row in _about(unit, KIND, ids, KEPT):
        for event in map(summarize_event, read_events(row.body)):
            if event["objectId"] in {*ids, documents[0].get("tokenId")}:
                yield event["createdAt"], "Event", event["type"], ""
    for row in _about(unit, DELIVERY_KIND, ids, _DELIVERIES):
        delivery = read(row)
        text = f"{delivery['type']} → {delivery['url']}: {delivery['state']}"
        url = visit.url("webhooks", delivery["id"])
        yield delivery["createdAt"], "Delivery", text, url


def _about(unit: Unit, kind: str, ids: Sequence[str], limit: int) -> list[Row]:
    """Return the newest documents that contain one of the ids, oldest first."""
    needles = [id_.encode() for id_ in ids]
    rows = unit.page(kind, limit=limit)
    return [
        row
        for row in reversed(rows)
        if any(text in row.body + (row.attachment or b"") for text in needles)
    ]


def _time_line(story: Sequence[_Line]) -> Table:
    steps = ("Request", "Decision", "Capture", "Refund", "Event", "Delivery")
    ordered = sorted(story, key=lambda line: (line[0], steps.index(line[1])))
    rows = [
        (f"step-{n}", [Cell(at, "time"), Cell(step, "word"), Cell(text, href=url)])
        for n, (at, step, text, url) in enumerate(ordered)
        if text
    ]
    return Table("story", "Time line", ("Time", "Step", "What happened"), rows, "")


# -- requests --------------------------------------------------------------------------


def request(visit: Visit) -> Page:
    """Return a call of the API with its answer and the rules that decided."""
    entry = _entry(visit)
    order_id = order_of(entry)
    headers = "\n".join(f"{name}: {text}" for name, text in entry["headers"].items())
    return Page(
        f"{entry['method']} {entry['path']}",
        str(status_of(entry).value),
        facts=_request_facts(entry),
        links=[("Open its order", visit.url("orders", order_id))] if order_id else [],
        tables=_reasons(entry),
        blocks=[
            Block("curl", request_curl(visit, entry)),
            Block("Headers", headers),
            Block("Request body", pretty(entry["body"])),
            Block("Answer", pretty(entry["answer"])),
        ],
    )


def _reasons(entry: Document) -> list[Table]:
    rules = [
        (f"rule-{n}", [Cell(step["rule"], "code"), Cell(step["found"])])
        for n, step in enumerate(entry["trace"])
    ]
    advice = [
        (f"advice-{n}", [Cell(item["pointer"], "code"), Cell(item["message"])])
        for n, item in enumerate(entry["advice"])
    ]
    return [
        Table("rules", "Rules", ("Rule", "Found"), rules, "No rule was applied."),
        Table("advice", "Advice", ("Where", "Advice"), advice, "No advice."),
    ]


def _entry(visit: Visit) -> Document:
    """Return the journal entry, also of a consumer's call without an account."""
    with visit.read() as (unit, _account):
        row = unit.row(journal.KIND, visit.id)
    if row is None:
        with visit.application.store.read(SERVER_ACCOUNT) as unit:
            row = unit.row(journal.KIND, visit.id)
    if row is None:
        raise NotFoundError(
            f"The journal has no request {visit.id!r}. It keeps the newest "
            f"{visit.application.settings.journal} of each account."
        )
    return journal.read(row)


def _request_facts(entry: Document) -> list[tuple[str, Cell]]:
    query = "&".join(f"{name}={text}" for name, text in entry["query"].items())
    return [
        ("Time", Cell(entry["at"], "time")),
        ("Request-Id", Cell(entry["id"], "code")),
        ("Operation", Cell(entry["operation"], "code")),
        ("Status of the answer", Cell(entry["status"])),
        ("Query", Cell(query, "code")),
        ("Idempotency key", Cell(entry["idempotencyKey"] or "", "code")),
        ("Secret key", Cell(entry["headers"].get("authorization", ""), "code")),
        ("What the client saw", Cell(entry["result"])),
        ("Faults", Cell("; ".join(entry["faults"]))),
    ]


# -- deliveries ------------------------------------------------------------------------


def delivery(visit: Visit) -> Page:
    """Return a delivery with every attempt."""
    with visit.read() as (unit, _account):
        row = unit.row(DELIVERY_KIND, visit.id)
        document = visit.find(unit, DELIVERY_KIND)
    body = (row.attachment or b"").decode() if row else ""
    attempts = [
        (f"attempt-{n}", _attempt(attempt))
        for n, attempt in enumerate(document["attempts"])
    ]
    heads = ("Time", "Status", "Milliseconds", "Answer", "Signature", "Faults")
    return Page(
        document["type"],
        document["state"],
        facts=[
            ("To", Cell(document["url"])),
            ("Event", Cell(document["event"], "code")),
            ("Endpoint", Cell(document["endpoint"], "code")),
            ("Reason", Cell(document["reason"] or "")),
            ("Next attempt", Cell(document["nextAttemptAt"] or "", "time")),
            ("Created", Cell(document["createdAt"], "time")),
        ],
        forms=[send_again(document["id"], ""), DELIVER],
        tables=[Table("attempts", "Attempts", heads, attempts, "No attempts yet.")],
        blocks=[Block("Body sent", pretty(body))],
    )


def _attempt(attempt: Document) -> list[Cell]:
    return [
        Cell(attempt["at"], "time"),
        Cell(attempt.get("status", "error"), "status"),
        Cell(attempt["ms"], "number"),
        Cell(attempt.get("error") or attempt.get("answer", "")),
        Cell(attempt.get("signature", ""), "code"),
        Cell(", ".join(attempt.get("faults", []))),
    ]
