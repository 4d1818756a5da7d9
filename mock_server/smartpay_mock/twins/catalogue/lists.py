"""Twins whose lists repeat, lose or mistell what there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from smartpay_mock.api.pagination import Page
from smartpay_mock.resources import Listing
from smartpay_mock.resources.context import invalid
from smartpay_mock.twins.catalogue.service import refusing
from smartpay_mock.twins.editing import changed, given, objects, rendered, without
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import Document, Read, listed, paged, ruled
from smartpay_schemas import OPERATIONS

LISTS = [row.id for row in OPERATIONS.values() if row.collection]
_PARAMETERS = {"pageToken", "maxResults", "expand"}
_MOST = 100
_NOTHING = "nothing-more"

Query = Mapping[str, str]


def _sized(query: Query, by: int) -> dict[str, str]:
    """Return the query for a page that is ``by`` entries longer."""
    size = int(query.get("maxResults") or 20)
    return {**query, "maxResults": str(max(1, min(_MOST, size + by)))}


def _repeating(read: Read, query: Query) -> Page:
    """Begin the next page with the last entry of this one."""
    page = read(query)
    earlier = read(_sized(query, -1)).next_token
    return replace(page, next_token=page.next_token and earlier)


def _losing(read: Read, query: Query) -> Page:
    """Begin the next page one entry too late."""
    page = read(query)
    later = read(_sized(query, 1)).next_token
    return replace(page, next_token=page.next_token and later)


def _endless(read: Read, query: Query) -> Page:
    """Promise another page always."""
    page = read(query)
    token = page.next_token or page.page_token or None
    return replace(page, next_token=token or read(_sized(query, -1)).next_token)


def _trailing(read: Read, query: Query) -> Page:
    """End with a page of nothing."""
    if query.get("pageToken") == _NOTHING:
        first = read({**query, "pageToken": ""})
        return Page([], first.limit, _NOTHING, None)
    page = read(query)
    return replace(page, next_token=page.next_token or _NOTHING)


def _single(read: Read, query: Query) -> Page:
    """Have one page only."""
    return replace(read(query), next_token=None)


def _sizeless(read: Read, query: Query) -> Page:
    """Give twenty entries whatever was asked."""
    asked = {name: value for name, value in query.items() if name != "maxResults"}
    return replace(read(asked), limit=read(query).limit)


def _backwards(read: Read, query: Query) -> Page:
    page = read(query)
    return replace(page, bodies=page.bodies[::-1])


def _forgetful(read: Read, query: Query) -> Page:
    return replace(read(query), page_token="")


def _trusting(read: Read, query: Query) -> Page:
    """Take a token that it never gave out for the first page."""
    try:
        return read(query)
    except Exception as error:
        if "pageToken" not in str(getattr(error, "details", "")):
            raise
        return read({**query, "pageToken": ""})


def _generous(read: Read, query: Query) -> Page:
    """Take a size out of range for the default one."""
    try:
        return read(query)
    except Exception as error:
        if "maxResults" not in str(getattr(error, "details", "")):
            raise
        return read({**query, "maxResults": ""})


def _by_offset() -> Callable[[Read, Query], Page]:
    """Count entries from the newest, so that a new one moves all others."""
    offsets: dict[str, int] = {}

    def turn(read: Read, query: Query) -> Page:
        first = {**query, "pageToken": "", "maxResults": str(_MOST)}
        everything = read(first).bodies
        limit = read({**query, "pageToken": ""}).limit
        start = offsets.get(query.get("pageToken", ""), 0)
        page = read(query)
        if page.next_token:
            offsets[page.next_token] = start + limit
        bodies = everything[start : start + limit]
        return replace(page, bodies=bodies or page.bodies)

    return turn


def _newest_missing(document: Document) -> None:
    document["data"] = document["data"][1:]
    document["results"] = len(document["data"])


def _shortened(document: Document) -> None:
    for entry in document["data"]:
        without("reference", "metadata")(entry)


def _whole_count(document: Document) -> None:
    if "nextPageToken" in document:
        document["results"] += 1


MUTANTS = in_area(
    "pagination",
    Row(
        "page-repeats-a-row",
        "Bookkeeping that walks the list counts an order twice.",
        ("pagination.walk",),
        paged(_repeating),
    ),
    Row(
        "page-loses-a-row",
        "Bookkeeping that walks the list misses an order per page.",
        ("pagination.walk",),
        paged(_losing),
    ),
    Row(
        "list-never-ends",
        "A walk that ends where there is no next page goes on for ever.",
        ("pagination.last-page",),
        paged(_endless),
    ),
    Row(
        "list-ends-with-nothing",
        "A client that reads the first entry of each page crashes on the last one.",
        ("pagination.last-page", "pagination.next-not-empty"),
        paged(_trailing),
    ),
    Row(
        "list-ends-after-a-page",
        "A shop with more than a page of orders never sees the older ones.",
        ("pagination.limit", "pagination.walk", "pagination.token-echo"),
        paged(_single),
    ),
    Row(
        "size-not-echoed",
        "A client that pages by the size it is told skips what lies between.",
        ("pagination.echo",),
        objects("collection", given(maxResults=20)),
    ),
    Row(
        "size-echoed-as-text",
        "A client that compares numbers believes every page is short, and stops.",
        ("pagination.echo", "pagination.collection"),
        objects("collection", changed("maxResults", str)),
    ),
    Row(
        "size-ignored",
        "A client that asks for the newest one gets twenty.",
        ("pagination.limit",),
        paged(_sizeless),
    ),
    Row(
        "fifty-by-default",
        "A client that shows a page of twenty cuts off what it was given.",
        ("pagination.default",),
        ruled(page_size=50),
    ),
    Row(
        "results-of-more",
        "A client that trusts the count reads past the end of the page.",
        ("pagination.results",),
        rendered(_whole_count, *LISTS),
    ),
    Row(
        "list-without-results",
        "A client that counts by results sees an empty list.",
        ("pagination.collection",),
        objects("collection", without("results")),
    ),
    Row(
        "list-called-list",
        "A typed client does not know what it was sent.",
        ("pagination.collection",),
        objects("collection", given(object="list")),
    ),
    Row(
        "refunds-among-payments",
        "A shop books its refunds as income.",
        ("pagination.entry-type", "payments.list"),
        listed(list_payments=Listing("refund")),
    ),
    Row(
        "page-token-not-echoed",
        "A client that keeps its place by the page's token starts again.",
        ("pagination.token-echo",),
        paged(_forgetful),
    ),
    Row(
        "empty-parameters-refused",
        "Two SDKs send every parameter, and can list nothing.",
        ("pagination.empty-parameters", "expand.default"),
        refusing(
            lambda _operation, call: any(
                call.query.get(name) == "" for name in _PARAMETERS
            ),
            invalid("a parameter is empty"),
        ),
    ),
    Row(
        "oldest-first",
        "A client that looks for its new order on the first page does not find it.",
        ("pagination.newest-first",),
        paged(_backwards),
    ),
    Row(
        "any-page-token",
        "A client with a broken token reads the first page for ever.",
        ("pagination.bad-token",),
        paged(_trusting),
    ),
    Row(
        "any-page-size",
        "A client that asks for a thousand believes that twenty are all.",
        ("pagination.range",),
        paged(_generous),
    ),
    Row(
        "first-page-without-token",
        "A typed client cannot read the first page.",
        ("pagination.first-token",),
        rendered(
            lambda page: page["pageToken"] or page.pop("pageToken"),
            *LISTS,
        ),
    ),
    Row(
        "pages-by-offset",
        "While orders come in, a walk over the list sees some of them twice.",
        ("pagination.stable",),
        paged(_by_offset()),
    ),
    Row(
        "newest-not-listed",
        "A shop that lists its orders does not see the one just made.",
        (
            "orders.list",
            "payments.list",
            "refunds.list",
            "sessions.list",
            "coupons.list",
            "promotions.list",
            "endpoints.list",
            "sessions.create.order",
        ),
        rendered(_newest_missing, *LISTS),
    ),
    Row(
        "lists-leave-members-out",
        "A client that lists sees other objects than one that retrieves.",
        ("orders.list", "payments.list", "refunds.list", "coupons.list"),
        rendered(_shortened, *LISTS),
    ),
)
