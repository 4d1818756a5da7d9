"""Lists: pages, their counts, and how one gets from one to the next."""

from __future__ import annotations

import pytest

from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.resources import RESOURCES, Resource, case, each
from smartpay_contracts.shop import Shop

each_resource = each(RESOURCES)
NO_TOKENS = ["made-up", "AAAA", "%00", "é", "x" * 300]
NO_COUNTS = ["0", "-1", "101", "1.5", "many", "1e1", "99999999999999999999"]


@pytest.mark.clause("pagination.collection")
@each_resource
def test_a_list_is_a_collection(resource: Resource, shop: Shop) -> None:
    """It says so, and has two numbers."""
    resource.make(shop)

    page = shop.checks.page(shop.api.call(resource.list_operation))

    assert page["object"] == "collection"
    assert {type(page["results"]), type(page["maxResults"])} == {int}


@pytest.mark.clause("pagination.results")
@each_resource
def test_a_list_counts_its_entries(resource: Resource, shop: Shop) -> None:
    """Those of this page."""
    resource.make(shop)

    page = shop.checks.page(shop.api.call(resource.list_operation))

    assert page["results"] == len(page["data"]) >= 1


@pytest.mark.clause("pagination.entry-type")
@each_resource
def test_entries_are_of_the_kind_that_was_asked_for(
    resource: Resource, shop: Shop
) -> None:
    """Every one of them."""
    resource.make(shop)

    page = shop.checks.page(shop.api.call(resource.list_operation))

    assert {entry["object"] for entry in page["data"]} == {resource.object}


@each_resource
@pytest.mark.parametrize(
    "size",
    [
        *[case("pagination.echo", size) for size in (1, 3)],
        *[case("pagination.range", size) for size in (1, 100)],
    ],
)
def test_the_size_of_a_page_comes_back(
    resource: Resource, size: int, api: Client, checks: Checks
) -> None:
    """As a number, from 1 to 100."""
    page = checks.page(api.call(resource.list_operation, query={"maxResults": size}))

    assert page["maxResults"] == size
    assert type(page["maxResults"]) is int


@pytest.mark.clause(
    "pagination.limit", "pagination.next-not-empty", "pagination.token-echo"
)
@each_resource
def test_pages_of_one_follow_each_other(resource: Resource, shop: Shop) -> None:
    """One entry each; the second page repeats the token that led to it."""
    resource.make(shop)
    resource.make(shop)

    first = shop.checks.page(
        shop.api.call(resource.list_operation, query={"maxResults": 1})
    )
    query = {"maxResults": 1, "pageToken": first["nextPageToken"]}
    second = shop.checks.page(shop.api.call(resource.list_operation, query=query))

    assert (len(first["data"]), len(second["data"])) == (1, 1)
    assert second["pageToken"] == first["nextPageToken"]
    assert second["data"][0]["id"] != first["data"][0]["id"]


@pytest.mark.clause("pagination.default")
def test_a_page_has_twenty_entries_by_default(shop: Shop) -> None:
    """The twenty-first is on the next one."""
    for _ in range(21):
        shop.coupon()

    page = shop.checks.page(shop.api.call("list_coupons"))

    assert (page["maxResults"], len(page["data"])) == (20, 20)
    assert page["nextPageToken"]


@pytest.mark.clause("pagination.walk")
@each_resource
@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_walk_visits_every_object_once(
    resource: Resource, size: int, shop: Shop
) -> None:
    """For each page size."""
    made = {resource.make(shop)["id"] for _ in range(3)}
    whole = shop.checks.listed(shop.api, resource.list_operation)
    # An account that others use too may hold thousands; ten steps are a walk.
    size = max(size, len(whole) // 10)

    pages = list(shop.checks.pages(shop.api, resource.list_operation, maxResults=size))

    ids = [entry["id"] for page in pages for entry in page["data"]]
    assert sorted(ids) == sorted(entry["id"] for entry in whole)
    assert made <= set(ids)


@pytest.mark.clause("pagination.last-page")
@each_resource
def test_a_last_page_that_is_exactly_full_has_no_next(
    resource: Resource, shop: Shop
) -> None:
    """NextPageToken is missing when nothing follows."""
    resource.make(shop)
    entries = shop.checks.listed(shop.api, resource.list_operation)
    size = max(n for n in range(1, 21) if len(entries) % n == 0)

    *_, last = shop.checks.pages(shop.api, resource.list_operation, maxResults=size)

    assert len(last["data"]) == size
    assert not last.get("nextPageToken")


@pytest.mark.clause("pagination.empty-parameters")
@each_resource
@pytest.mark.parametrize(
    "query", ["pageToken&maxResults", "pageToken=&maxResults=&expand=", "expand="]
)
def test_parameters_without_a_value_count_as_not_given(
    resource: Resource, query: str, shop: Shop
) -> None:
    """Two SDKs send them for everything unset."""
    resource.make(shop)
    plain = shop.checks.page(shop.api.call(resource.list_operation))

    page = shop.checks.page(shop.api.call(resource.list_operation, query=query))

    assert page["data"] == plain["data"]
    assert page["maxResults"] == plain["maxResults"]


@pytest.mark.clause("pagination.empty-parameters")
def test_a_bare_token_leaves_the_size(shop: Shop) -> None:
    """As the Ruby SDK writes the first page of three."""
    answer = shop.api.call("list_orders", query="pageToken&maxResults=3&expand=")

    assert shop.checks.page(answer)["maxResults"] == 3


@pytest.mark.clause("pagination.newest-first")
@each_resource
def test_the_newest_comes_first(resource: Resource, shop: Shop) -> None:
    """In the order of making, backwards."""
    made = [resource.make(shop)["id"] for _ in range(3)]

    page = shop.checks.page(shop.api.call(resource.list_operation))

    seen = [entry["id"] for entry in page["data"] if entry["id"] in made]
    assert seen == list(reversed(made))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[case("pagination.range", "maxResults", size) for size in NO_COUNTS],
        *[case("pagination.bad-token", "pageToken", token) for token in NO_TOKENS],
    ],
)
@each_resource
def test_an_invalid_size_or_token_is_refused(
    *, resource: Resource, name: str, value: str, api: Client, checks: Checks
) -> None:
    """Only whole numbers from 1 to 100 are sizes; a token cannot be made up."""
    answer = api.call(resource.list_operation, query={name: value})

    checks.refused(answer, "request.invalid")


@pytest.mark.clause("pagination.first-token")
@each_resource
def test_the_first_page_has_a_token_too(
    resource: Resource, api: Client, checks: Checks
) -> None:
    """A text, so that typed clients can read it."""
    page = checks.page(api.call(resource.list_operation))

    assert isinstance(page["pageToken"], str)


@pytest.mark.clause("pagination.stable")
@each_resource
def test_what_is_made_meanwhile_does_not_disturb_a_walk(
    resource: Resource, shop: Shop
) -> None:
    """Each object that existed before is listed once."""
    old = {resource.make(shop)["id"] for _ in range(3)}
    seen: list[str] = []

    for page in shop.checks.pages(shop.api, resource.list_operation, maxResults=1):
        seen += [entry["id"] for entry in page["data"]]
        if len(seen) < 3:
            resource.make(shop)

    assert sorted(id_ for id_ in seen if id_ in old) == sorted(old)
