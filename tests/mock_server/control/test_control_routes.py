"""Routes of the control plane: validation, server, clock, consumers, journal, reset."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_fixtures import sandbox_values_document
from smartpay_mock.control.admin import FORMER_PATHS, ROUTES
from smartpay_mock.kernel.clock import LAST_MS

ROUTE_IDS = [f"{row.method} {row.path}" for row in ROUTES]
UNKNOWN = "nobody_test_1"


@pytest.mark.parametrize("row", ROUTES, ids=ROUTE_IDS)
def test_a_route_of_an_account_needs_a_secret_key(api: Any, row: Any) -> None:
    """Without a key it is 401 and says what to send; routes of the server need none."""
    path = row.path.format(id=UNKNOWN)

    reply = api.admin(row.method, path, headers={"Authorization": None})

    if row.needs_account:
        assert reply.status == 401
        assert "Smartpay-Sandbox-Account" in reply.detail
    else:
        assert reply.status == 200


@pytest.mark.parametrize("key", ["sk_live_abc", "pk_test_abc", "nonsense"])
def test_a_key_that_is_no_test_key_is_refused(api: Any, key: str) -> None:
    """In either header; the message does not repeat the key."""
    for headers in (
        {"Authorization": f"Basic {key}"},
        {"Smartpay-Sandbox-Account": key},
    ):
        reply = api.admin("GET", "/state", headers=headers)
        assert reply.status == 401
        assert key not in reply.detail


WITH_ID = [row for row in ROUTES if "{id}" in row.path]


def test_the_key_may_be_sent_in_its_own_header(api: Any) -> None:
    """Needed where Authorization contains the admin token."""
    api.order()
    headers = {"Authorization": None, "Smartpay-Sandbox-Account": api.key}

    reply = api.admin("GET", "/orders", headers=headers)

    assert len(reply.json) == 1


@pytest.mark.parametrize(
    "row", [row for row in ROUTES if "{id}" in row.path], ids=lambda row: row.path
)
def test_an_unknown_id_is_404(api: Any, row: Any) -> None:
    """The message contains the id; nothing changes."""
    before = api.held()
    body: Any = {} if row.body else None

    reply = api.admin(row.method, row.path.format(id=UNKNOWN), body)

    assert reply.status == 404
    assert UNKNOWN in reply.detail
    assert api.held() == before


WITH_BODY = [row for row in ROUTES if row.body]
JSON_VALUES = (b"[]", b"1", b'"x"')


@pytest.mark.parametrize("row", WITH_BODY, ids=lambda row: row.path)
@pytest.mark.parametrize(
    "body", [b"{broken", b"[]", b"1", b'"x"', b"\xff", b"[" * 5000, b"NaN"], ids=repr
)
def test_a_body_that_is_no_object_is_refused(api: Any, row: Any, body: bytes) -> None:
    """With 400; nothing changes."""
    path = row.path.format(id="paytok_test_approved")
    before = api.held()

    reply = api.admin(row.method, path, raw=body)

    assert reply.status == 400
    assert ("send an object" if body in JSON_VALUES else "not JSON") in reply.detail
    assert api.held() == before


BAD_BODIES = [
    ("POST", "/clock", {"freze": True}, "freze"),
    ("POST", "/clock", {"freeze": "yes"}, "freeze"),
    ("POST", "/clock", {"at": -1}, "at"),
    ("POST", "/clock", {"at": 2**63}, "at"),
    ("POST", "/clock", {"at": 1.5}, "at"),
    ("POST", "/clock", {"advance": 5}, 'send an object such as {"days": 7}'),
    ("POST", "/clock", {"advance": {"days": -1}}, "advance.days"),
    ("POST", "/clock", {"advance": {"weeks": 1}}, "advance.weeks"),
    ("POST", "/clock", {"advance": {"ms": 1}}, "known: days, hours, minutes"),
    ("POST", "/clock", {"advance": {"days": 1e18}}, "advance.days"),
    ("POST", "/clock", {"advance": {"days": 1e8}}, "after the year 9999"),
    ("POST", "/seed", {}, "seed"),
    ("POST", "/seed", {"seed": "1"}, "seed"),
    ("POST", "/seed", {"seed": 1e20}, "seed"),
    ("PATCH", "/tokens/paytok_test_approved", {"status": "gone"}, "status"),
    ("PATCH", "/tokens/paytok_test_approved", {"decision": "no"}, "decision"),
    ("PATCH", "/tokens/paytok_test_approved", {"id": "x"}, "id"),
    ("PATCH", "/consumers/consumer_test_active", {"active": "no"}, "active"),
    ("PATCH", "/consumers/consumer_test_active", {"active": None}, "active"),
    ("POST", "/tokens", {"status": "used"}, "status"),
    ("POST", "/tokens", {"decision": "maybe"}, "decision"),
    ("POST", "/tokens", {"consumer": "consumer_test_x"}, "consumer_test_active"),
    ("POST", "/tokens", {"consumer": 7}, "consumer"),
    ("POST", "/tokens", {"metadata": {"a": {}}}, "metadata.a"),
    ("POST", "/consumers", {"emailAddress": "mei@example.com"}, "+test"),
    ("POST", "/consumers", {"emailAddress": "CONSUMER+test@example.com"}, "PATCH"),
    ("POST", "/consumers", {"decision": None}, "decision"),
    ("PATCH", "/settings", {"strict": "yes"}, "strict"),
    ("PATCH", "/settings", {"refunds": "lost"}, "refunds"),
    ("PATCH", "/settings", {"webhook_schedule": "7"}, "7"),
    ("PATCH", "/settings", {"port": 1}, "port"),
    ("POST", "/events", {}, "type"),
    ("POST", "/events", {"type": "order.paid"}, "order.authorized"),
    ("POST", "/events", {"type": "order.rejected", "objectId": "o"}, "no order 'o'"),
    ("POST", "/events", {"type": "payout.paid", "objectId": "p"}, "no payout 'p'"),
    ("POST", "/events", {"type": "order.rejected", "data": {"amount": "x"}}, "amount"),
    ("POST", "/events", {"type": "payout.paid", "data": {"id": 1}}, "id"),
    ("POST", "/holds", {}, "operation"),
    ("POST", "/holds", {"operation": "make_order"}, "make_order"),
    ("POST", "/holds", {"operation": "*", "at": "never"}, "at"),
    ("POST", "/webhooks/drain", {"until": "now"}, "until"),
    ("PUT", "/webhooks/faults", {"engine": 1}, "engine"),
    ("PUT", "/snapshots", {"version": 1}, "documents"),
    ("PUT", "/snapshots", {"version": 99, "documents": []}, "version 99"),
]


@pytest.mark.parametrize(("method", "path", "body", "named"), BAD_BODIES)
def test_an_invalid_body_is_refused(
    api: Any, method: str, path: str, body: Any, named: str
) -> None:
    """The message names what is wrong; nothing changes."""
    before = api.held()

    reply = api.admin(method, path, body)

    assert reply.status in (400, 404)
    assert named in reply.detail
    assert api.held() == before


ACTS_ON_ACCOUNT = [row for row in ROUTES if row.needs_account]


@pytest.mark.parametrize(
    "row", ACTS_ON_ACCOUNT, ids=lambda row: f"{row.method} {row.path}"
)
def test_what_a_route_does_not_take_is_refused(api: Any, row: Any) -> None:
    """Otherwise a misspelt filter, or one sent as a body, would be ignored."""
    path, before = row.path.format(id="x"), api.held()

    refusals = [(api.admin(row.method, f"{path}?stat=x"), "no query parameter 'stat'")]
    if row.body is None:
        refusals.append((api.admin(row.method, path, {"state": "x"}), "takes no body"))

    for reply, message in refusals:
        assert reply.status == 400
        assert message in reply.detail
        assert all(name in reply.detail for name in row.query)
    assert api.held() == before


def test_an_empty_object_counts_as_no_body(api: Any) -> None:
    """Some clients send it with every POST."""
    assert api.control("POST", "/reset", {}) is None


def test_an_unknown_route_is_404_with_suggestions(api: Any) -> None:
    """The document lists all routes."""
    reply = api.admin("GET", "/token")

    assert reply.status == 404
    assert "Did you mean /__admin/tokens?" in reply.detail
    assert "POST /__admin/clock" in reply.json["routes"]


@pytest.mark.parametrize("path", ["/faults/", "/tokens/", "/magic/"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_path_with_an_empty_id_is_404(api: Any, method: str, path: str) -> None:
    """It is the path of no route."""
    assert api.admin(method, path).status == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/clock", "GET, POST"),
        ("POST", "/tokens/paytok_test_approved", "GET, PATCH"),
        ("PUT", "/health", "GET"),
        ("OPTIONS", "/state", "GET"),
    ],
)
def test_a_wrong_method_is_405_with_the_allowed_ones(
    api: Any, method: str, path: str, allowed: str
) -> None:
    """There is an Allow header and no CORS header."""
    reply = api.admin(method, path)

    assert reply.status == 405
    assert reply.headers["Allow"] == allowed
    assert allowed in reply.detail
    assert not [name for name, _ in reply.headers if name.startswith("Access-")]


def test_an_exception_is_answered_with_500_and_logged(
    emulate: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """As a problem document."""
    api = emulate()

    def explode(*_: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr("smartpay_mock.control.clock._shown", explode)
    reply = api.admin("GET", "/clock")

    assert reply.status == 500
    assert "RuntimeError: on purpose" in reply.detail
    assert "on purpose" in caplog.text


@pytest.mark.parametrize(
    "query",
    [
        "/requests?limit=-1",
        "/requests?limit=1.5",
        "/requests?limit=",
        "/requests?limit=%EF%BC%91",
        "/requests?limit=1&limit=2",
        "/requests?limit=99999999999999999999",
        "/orders?limit=2000000",
        "/orders?status=",
        "/webhooks/deliveries?state=",
        "/webhooks/deliveries?endpoint=",
        "/holds/none?timeoutMs=abc",
        "/holds/none?calls=x",
    ],
)
def test_a_query_parameter_that_does_not_fit_is_refused(api: Any, query: str) -> None:
    """Also one that the handler would not have used; the message names it."""
    reply = api.admin("GET", query)

    assert reply.status == 400
    assert reply.detail.startswith("Invalid query parameter: ")
    assert query.partition("?")[2].partition("=")[0] in reply.detail


def test_deliveries_of_an_unknown_endpoint_are_not_found(api: Any) -> None:
    """A misspelt filter would look like an endpoint without deliveries."""
    endpoint = api.endpoint()["id"]

    reply = api.admin("GET", "/webhooks/deliveries?endpoint=webhookendpoint_test_none")

    assert reply.status == 404
    assert "webhookendpoint_test_none" in reply.detail
    assert api.control("GET", f"/webhooks/deliveries?endpoint={endpoint}") == []


@pytest.mark.parametrize("id_", ["%00", "%0A", "%FF", "%F0%9F%98%80", "a" * 256])
@pytest.mark.parametrize("row", WITH_ID, ids=lambda row: f"{row.method} {row.path}")
def test_an_id_that_nothing_can_have_is_not_found(api: Any, row: Any, id_: str) -> None:
    """404 as a problem document, which repeats no long id."""
    reply = api.admin(row.method, row.path.format(id=id_))

    assert reply.status == 404
    assert len(reply.detail) < 2_000


class TestServer:
    """Routes about the server as a whole."""

    def test_health_checks_succeed(self, api: Any) -> None:
        """Also outside the control plane, and with any query of a load balancer."""
        health = api.control("GET", "/health")

        assert health["status"] == "healthy"
        assert health["uptimeInSeconds"] >= 0
        assert api.control("GET", "/ready") == {"status": "ready"}
        assert api.send("GET", "/health").json["status"] == "healthy"
        assert api.send("GET", "/healthz").json["status"] == "healthy"
        assert api.admin("GET", "/health?probe=1").status == 200

    def test_it_shows_name_and_version(self, api: Any) -> None:
        """The distribution's."""
        shown = api.control("GET", "/version")

        assert shown["name"] == "smartpay-sandbox"
        assert shown["version"][0].isdigit()

    def test_it_shows_settings_but_no_secrets(self, emulate: Any) -> None:
        """Neither keys, nor the admin token, nor the state's address."""
        api = emulate(
            key="sk_test_mine",
            accounts=("sk_test_mine",),
            admin_token="hush",
            journal=7,
        )

        reply = api.admin("GET", "/settings")

        assert reply.json["journal"] == 7
        assert b"hush" not in reply.body
        assert b"sk_test" not in reply.body
        assert not {"accounts", "admin_token", "state"} & set(reply.json)

    def test_it_shows_the_catalogue_of_test_values(self, api: Any) -> None:
        """The content of test_values.json."""
        assert api.control("GET", "/test-values") == sandbox_values_document()


@pytest.mark.parametrize(("former", "path"), FORMER_PATHS.items())
def test_a_former_path_answers_like_the_current_one(
    api: Any, former: str, path: str
) -> None:
    """With the same value, and the same 405."""
    assert api.control("GET", former) == api.control("GET", path)
    assert (
        api.admin("DELETE", former).headers["Allow"]
        == (api.admin("DELETE", path).headers["Allow"])
    )
    assert not any(row.path == former for row in ROUTES)


class TestClock:
    """The account's time."""

    def test_a_frozen_clock_does_not_advance(self, api: Any) -> None:
        """Two orders get the same time; an empty change leaves it."""
        now = api.freeze()

        first, second = api.order(), api.order()

        assert first["createdAt"] == second["createdAt"] == now
        assert api.control("GET", "/clock") == {
            "now": now,
            "frozen": True,
            "offsetMs": api.control("GET", "/clock")["offsetMs"],
        }
        assert api.control("POST", "/clock", {})["now"] == now

    def test_a_clock_can_be_frozen_at_any_time(self, api: Any) -> None:
        """In the past or future, so that a run can be repeated."""
        for at in (0, 1_700_000_000_000, LAST_MS):
            assert api.freeze(at) == at

    def test_a_clock_advances_by_the_sum_of_all_units(self, api: Any) -> None:
        """A frozen clock stays frozen."""
        now = api.freeze()

        later = api.advance(days=1, hours=2, minutes=3, seconds=4, milliseconds=5)

        assert later - now == 86_400_000 + 7_200_000 + 180_000 + 4_000 + 5
        assert api.control("GET", "/clock")["frozen"] is True

    def test_an_unfrozen_clock_runs_on_from_its_time(self, api: Any) -> None:
        """Or from a given time."""
        api.freeze(1_700_000_000_000)

        on = api.control("POST", "/clock", {"freeze": False})
        set_ = api.control("POST", "/clock", {"at": 1_800_000_000_000, "freeze": False})

        assert not on["frozen"]
        assert not set_["frozen"]
        assert 0 <= on["now"] - 1_700_000_000_000 < 10_000
        assert 0 <= set_["now"] - 1_800_000_000_000 < 10_000

    def test_each_account_has_its_own_clock(self, api: Any, other: Any) -> None:
        """One is frozen in 2023, the other runs."""
        api.freeze(1_700_000_000_000)

        assert other.order()["createdAt"] > api.order()["createdAt"]


class TestConsumers:
    """Tokens and consumers."""

    def test_tokens_in_any_status_are_listed(self, api: Any) -> None:
        """Oldest first; the list of the API omits some."""
        shown = {row["id"]: row["status"] for row in api.control("GET", "/tokens")}

        newest_first = [row["id"] for row in api.ok("list_tokens")["data"]]
        assert [id_ for id_ in shown if id_ in newest_first] == newest_first[::-1]
        assert shown["paytok_test_requiresAuthorization"] == "requires_authorization"
        assert shown["paytok_test_refused"] == "rejected"
        one = api.control("GET", "/tokens/paytok_test_refused")
        assert not any(name.startswith("_") for name in one)

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            ("active", "succeeded"),
            ("disabled", "rejected"),
            ("requires_authorization", "token.invalid"),
            ("rejected", "token.invalid"),
            ("deleted", "token.not-found"),
        ],
    )
    def test_a_token_status_can_be_set_regardless_of_its_lifecycle(
        self, api: Any, order_payload: Any, status: str, outcome: str
    ) -> None:
        """Orders and lists follow it."""
        path = "/tokens/paytok_test_approved"

        shown = api.control("PATCH", path, {"status": status})

        assert shown["status"] == status
        reply = api.do("create_order", order_payload())
        assert (reply.json.get("status") or reply.code) == outcome
        listed = [row["id"] for row in api.ok("list_tokens")["data"]]
        is_shown = status in ("active", "disabled")
        assert ("paytok_test_approved" in listed) is is_shown

    @pytest.mark.parametrize("decision", ["declined", "declined_softly", "approved"])
    def test_the_decision_of_a_token_decides_its_orders(
        self, api: Any, decision: str
    ) -> None:
        """A soft decline rejects an order with a token."""
        path = "/tokens/paytok_test_approved"
        api.control("PATCH", path, {"decision": decision})

        status = api.order()["status"]

        assert status == ("succeeded" if decision == "approved" else "rejected")

    @pytest.mark.parametrize(
        ("decision", "status"),
        [
            ("declined", "rejected"),
            ("declined_softly", "requires_authorization"),
            ("approved", "succeeded"),
        ],
    )
    def test_the_decision_of_a_consumer_decides_authorizations(
        self, api: Any, decision: str, status: str
    ) -> None:
        """A soft decline leaves the order open."""
        path = "/consumers/consumer_test_active"
        api.control("PATCH", path, {"decision": decision})

        reply = api.authorize(api.session()["order"]["id"])

        assert reply.json["status"] == status


def test_a_reset_deletes_everything_of_the_account(
    api: Any, order_payload: Any
) -> None:
    """Objects, idempotency keys, clock, faults, journal and seed."""
    before = api.held()
    api.freeze(1_700_000_000_000)
    api.control("POST", "/seed", {"seed": 1})
    api.control("POST", "/faults", {"operation": "*", "kind": "status", "after": 99})
    first = api.do("create_order", order_payload(), idem="k")

    reply = api.admin("POST", "/reset")

    assert (reply.status, reply.body) == (204, b"")
    assert api.control("GET", "/requests") == []
    again = api.do("create_order", order_payload(), idem="k")
    assert again.json["id"] != first.json["id"]
    api.control("POST", "/reset")
    assert [row for row in api.held() if row["kind"] != "account"] == [
        row for row in before if row["kind"] != "account"
    ]
    assert api.control("GET", "/faults") == []


def test_a_reset_does_not_change_other_accounts(api: Any, other: Any) -> None:
    """Every test has its own account."""
    other.order()
    before = other.held()

    api.control("POST", "/reset")

    assert other.held() == before


def test_the_state_counts_documents_by_kind(api: Any) -> None:
    """With the account's own document."""
    api.order()
    api.manual()

    state = api.control("GET", "/state")

    counts = state["counts"]
    assert (counts["order"], counts["payment"], counts["timer"]) == (2, 1, 1)
    assert state["account"]["seed"] is None


@pytest.mark.parametrize("kind", ["orders", "payments", "refunds"])
def test_objects_are_listed_oldest_first(api: Any, kind: str) -> None:
    """In the form in which their creation was answered."""
    order = api.manual()
    made = {"orders": [order, api.manual()]}
    payments = [api.capture(order["id"], 100).json for _ in range(2)]
    made["refunds"] = [api.refund(payment["id"]).json for payment in payments]
    made["payments"] = [api.ok("get_payment", id=p["id"]) for p in payments]
    made["orders"][0] = api.ok("get_order", id=order["id"], query={"expand": "all"})

    assert api.control("GET", f"/{kind}") == made[kind]


def test_a_server_wide_seed_repeats_the_ids_of_each_account(emulate: Any) -> None:
    """Accounts with other keys get other ids."""
    apis = [emulate(key="sk_test_a", seed=7), emulate(key="sk_test_a", seed=7)]
    other = emulate(key="sk_test_b", seed=7)

    ids = [api.order()["id"] for api in (*apis, other)]

    assert ids[0] == ids[1] != ids[2]


def test_setting_the_same_seed_again_repeats_no_id(api: Any) -> None:
    """Otherwise a new order would replace an old one."""
    ids = []
    for seed in (1, 2, 1, 1):
        api.control("POST", "/seed", {"seed": seed})
        ids += [api.order()["id"] for _ in range(2)]

    assert len(set(ids)) == len(ids)
    assert len(api.ok("list_orders")["data"]) == len(ids)
