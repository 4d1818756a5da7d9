"""The control plane: what steers an account, and what it shows of it."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_fixtures import sandbox_values_document
from smartpay_mock.control.admin import ROUTES
from smartpay_mock.kernel.clock import LAST_MS

ROUTE_IDS = [f"{row.method} {row.path}" for row in ROUTES]
UNKNOWN = "nobody_test_1"


@pytest.mark.parametrize("row", ROUTES, ids=ROUTE_IDS)
def test_a_route_that_steers_an_account_needs_to_know_which(api: Any, row: Any) -> None:
    """401 with what to send; routes about the server need none."""
    path = row.path.format(id=UNKNOWN)

    reply = api.admin(row.method, path, headers={"Authorization": None})

    if row.needs_account:
        assert reply.status == 401
        assert "Smartpay-Sandbox-Account" in reply.detail
    else:
        assert reply.status == 200


@pytest.mark.parametrize("key", ["sk_live_abc", "pk_test_abc", "nonsense"])
def test_an_account_is_named_by_a_test_key(api: Any, key: str) -> None:
    """The same rule as for the API, in either header."""
    for headers in (
        {"Authorization": f"Basic {key}"},
        {"Smartpay-Sandbox-Account": key},
    ):
        reply = api.admin("GET", "/state", headers=headers)
        assert reply.status == 401
        assert key not in reply.detail


def test_the_account_may_be_named_in_a_header_of_its_own(api: Any) -> None:
    """As it must be where Authorization carries the admin token."""
    api.order()
    headers = {"Authorization": None, "Smartpay-Sandbox-Account": api.key}

    reply = api.admin("GET", "/orders", headers=headers)

    assert len(reply.json) == 1


@pytest.mark.parametrize(
    "row", [row for row in ROUTES if "{id}" in row.path], ids=lambda row: row.path
)
def test_an_unknown_id_is_404_with_what_there_is(api: Any, row: Any) -> None:
    """The message names what was looked for; nothing changes."""
    before = api.held()
    body: Any = {} if row.body else None

    reply = api.admin(row.method, row.path.format(id=UNKNOWN), body)

    assert reply.status == 404
    assert UNKNOWN in reply.detail
    assert api.held() == before


WITH_BODY = [row for row in ROUTES if row.body]


@pytest.mark.parametrize("row", WITH_BODY, ids=lambda row: row.path)
@pytest.mark.parametrize(
    "body", [b"{broken", b"[]", b"1", b'"x"', b"\xff", b"[" * 5000, b"NaN"], ids=repr
)
def test_a_body_that_is_no_object_is_refused(api: Any, row: Any, body: bytes) -> None:
    """400 in words, and nothing changes."""
    path = row.path.format(id="paytok_test_approved")
    before = api.held()

    reply = api.admin(row.method, path, raw=body)

    assert reply.status == 400
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
    ("POST", "/seed", {"seed": 2**64}, "seed"),
    ("PATCH", "/tokens/paytok_test_approved", {"status": "gone"}, "status"),
    ("PATCH", "/tokens/paytok_test_approved", {"decision": "no"}, "decision"),
    ("PATCH", "/tokens/paytok_test_approved", {"id": "x"}, "id"),
    ("PATCH", "/consumers/consumer_test_active", {"active": "no"}, "active"),
    ("PATCH", "/consumers/consumer_test_active", {"active": None}, "active"),
    ("POST", "/holds", {}, "operation"),
    ("POST", "/holds", {"operation": "make_order"}, "make_order"),
    ("POST", "/holds", {"operation": "*", "at": "never"}, "at"),
    ("POST", "/webhooks/drain", {"until": "now"}, "until"),
    ("PUT", "/webhooks/faults", {"engine": 1}, "engine"),
    ("PUT", "/snapshots", {"version": 1}, "documents"),
    ("PUT", "/snapshots", {"version": 99, "documents": []}, "version 99"),
]


@pytest.mark.parametrize(("method", "path", "body", "named"), BAD_BODIES)
def test_a_body_that_makes_no_sense_is_refused(
    api: Any, method: str, path: str, body: Any, named: str
) -> None:
    """The message names what is wrong; nothing changes."""
    before = api.held()

    reply = api.admin(method, path, body)

    assert reply.status in (400, 404)
    assert named in reply.detail
    assert api.held() == before


BODYLESS = [row for row in ROUTES if row.needs_account and row.body is None]
QUERIED = [row for row in ROUTES if row.needs_account]


@pytest.mark.parametrize("row", BODYLESS, ids=lambda row: f"{row.method} {row.path}")
def test_a_body_that_a_route_would_not_read_is_refused(api: Any, row: Any) -> None:
    """A filter in the wrong place must not mean everything."""
    before = api.held()

    reply = api.admin(row.method, row.path.format(id="x"), {"state": "failed"})

    assert reply.status == 400
    assert "takes no body" in reply.detail
    assert all(name in reply.detail for name in row.query)
    assert api.held() == before


@pytest.mark.parametrize("row", QUERIED, ids=lambda row: f"{row.method} {row.path}")
def test_a_query_parameter_that_is_none_is_refused(api: Any, row: Any) -> None:
    """Misspelt, a filter would let everything through."""
    before = api.held()

    reply = api.admin(row.method, f"{row.path.format(id='x')}?stat=failed")

    assert reply.status == 400
    assert "no query parameter 'stat'" in reply.detail
    assert all(name in reply.detail for name in row.query)
    assert api.held() == before


def test_an_empty_body_is_no_body(api: Any) -> None:
    """As some clients send it with every POST."""
    assert api.steer("POST", "/reset", {}) is None


def test_those_who_ask_for_life_may_ask_as_they_like(api: Any) -> None:
    """A load balancer adds what it likes to its probe."""
    assert api.admin("GET", "/health?probe=1").status == 200


def test_an_unknown_route_names_those_that_are_near(api: Any) -> None:
    """And lists them all."""
    reply = api.admin("GET", "/token")

    assert reply.status == 404
    assert "Did you mean /__admin/tokens?" in reply.detail
    assert "POST /__admin/clock" in reply.json["routes"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/clock", "GET, POST"),
        ("POST", "/tokens/paytok_test_approved", "GET, PATCH"),
        ("PUT", "/health", "GET"),
        ("OPTIONS", "/state", "GET"),
    ],
)
def test_a_wrong_method_names_the_right_ones(
    api: Any, method: str, path: str, allowed: str
) -> None:
    """405 with an Allow header; there is no CORS."""
    reply = api.admin(method, path)

    assert reply.status == 405
    assert reply.headers["Allow"] == allowed
    assert allowed in reply.detail
    assert not [name for name, _ in reply.headers if name.startswith("Access-")]


def test_a_failure_of_the_control_plane_says_so(
    emulate: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """500 as problem+json, logged."""
    api = emulate()

    def explode(*_: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr("smartpay_mock.control.clock.read_clock", explode)
    reply = api.admin("GET", "/clock")

    assert reply.status == 500
    assert "RuntimeError: on purpose" in reply.detail
    assert "on purpose" in caplog.text


class TestServer:
    """Routes about the server as a whole."""

    def test_it_lives_and_is_ready(self, api: Any) -> None:
        """Also where probes look."""
        alive = api.steer("GET", "/health")

        assert alive["status"] == "healthy"
        assert alive["uptimeInSeconds"] >= 0
        assert api.steer("GET", "/ready") == {"status": "ready"}
        assert api.send("GET", "/health").json["status"] == "healthy"
        assert api.send("GET", "/healthz").json["status"] == "healthy"

    def test_it_says_what_it_is(self, api: Any) -> None:
        """Name and version."""
        told = api.steer("GET", "/version")

        assert told["name"] == "smartpay-sandbox"
        assert told["version"][0].isdigit()

    def test_it_shows_its_settings_but_no_secret(self, emulate: Any) -> None:
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

    def test_it_shows_the_catalogue_of_magic_values(self, api: Any) -> None:
        """test_values.json, as it is."""
        assert api.steer("GET", "/magic") == sandbox_values_document()


class TestClock:
    """The account's time."""

    def test_a_frozen_clock_stands_still(self, api: Any) -> None:
        """Until it is let go."""
        now = api.freeze()

        first, second = api.order(), api.order()

        assert first["createdAt"] == second["createdAt"] == now
        assert api.steer("GET", "/clock") == {
            "now": now,
            "frozen": True,
            "offsetMs": api.steer("GET", "/clock")["offsetMs"],
        }

    def test_it_freezes_at_any_time_of_the_past_or_future(self, api: Any) -> None:
        """Runs that are to repeat start at a fixed time."""
        for at in (0, 1_700_000_000_000, LAST_MS):
            assert api.freeze(at) == at

    def test_it_advances_by_all_units_at_once(self, api: Any) -> None:
        """Frozen, it stays frozen."""
        now = api.freeze()

        later = api.advance(days=1, hours=2, minutes=3, seconds=4, milliseconds=5)

        assert later - now == 86_400_000 + 7_200_000 + 180_000 + 4_000 + 5
        assert api.steer("GET", "/clock")["frozen"] is True

    def test_let_go_it_runs_on_from_where_it_stood(self, api: Any) -> None:
        """Or from a time that is given."""
        api.freeze(1_700_000_000_000)

        on = api.steer("POST", "/clock", {"freeze": False})
        set_ = api.steer("POST", "/clock", {"at": 1_800_000_000_000, "freeze": False})

        assert not on["frozen"]
        assert not set_["frozen"]
        assert 0 <= on["now"] - 1_700_000_000_000 < 10_000
        assert 0 <= set_["now"] - 1_800_000_000_000 < 10_000

    def test_nothing_asked_changes_nothing(self, api: Any) -> None:
        """An empty body is a look."""
        now = api.freeze()

        assert api.steer("POST", "/clock", {})["now"] == now

    def test_accounts_have_clocks_of_their_own(self, api: Any, other: Any) -> None:
        """One frozen in 2023, one not."""
        api.freeze(1_700_000_000_000)

        assert other.order()["createdAt"] > api.order()["createdAt"]


class TestPersons:
    """Tokens and consumers."""

    def test_every_token_is_shown_whatever_its_status(self, api: Any) -> None:
        """The API's own list hides some."""
        shown = {row["id"]: row["status"] for row in api.steer("GET", "/tokens")}

        assert shown["paytok_test_requiresAuthorization"] == "requires_authorization"
        assert shown["paytok_test_refused"] == "rejected"
        one = api.steer("GET", "/tokens/paytok_test_refused")
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
    def test_a_status_is_set_outright(
        self, api: Any, order_payload: Any, status: str, outcome: str
    ) -> None:
        """Whatever it was; lists agree."""
        path = "/tokens/paytok_test_approved"

        shown = api.steer("PATCH", path, {"status": status})

        assert shown["status"] == status
        reply = api.do("create_order", order_payload())
        assert (reply.json.get("status") or reply.code) == outcome
        listed = [row["id"] for row in api.ok("list_tokens")["data"]]
        is_shown = status in ("active", "disabled")
        assert ("paytok_test_approved" in listed) is is_shown

    @pytest.mark.parametrize("decision", ["declined", "declined_softly", "approved"])
    def test_a_tokens_decision_decides_its_orders(
        self, api: Any, decision: str
    ) -> None:
        """A soft decline of a token's order is a rejection, too."""
        path = "/tokens/paytok_test_approved"
        api.steer("PATCH", path, {"decision": decision})

        status = api.order()["status"]

        assert status == ("succeeded" if decision == "approved" else "rejected")

    def test_a_consumer_is_set_inactive_and_active_again(self, api: Any) -> None:
        """All tokens of the consumer follow."""
        path = "/consumers/consumer_test_active"
        seen = []

        for active in (False, True):
            shown = api.steer("PATCH", path, {"active": active})
            assert shown["active"] is active
            seen.append(api.order()["status"])

        assert seen == ["rejected", "succeeded"]
        assert api.steer("GET", path) == shown

    @pytest.mark.parametrize(
        ("decision", "status"),
        [
            ("declined", "rejected"),
            ("declined_softly", "requires_authorization"),
            ("approved", "succeeded"),
        ],
    )
    def test_a_consumers_decision_decides_authorizations(
        self, api: Any, decision: str, status: str
    ) -> None:
        """Of orders that wait for it."""
        path = "/consumers/consumer_test_active"
        api.steer("PATCH", path, {"decision": decision})

        reply = api.authorize(api.session()["order"]["id"])

        assert reply.json["status"] == status


class TestJournal:
    """What was asked and answered, and why."""

    def test_it_shows_calls_oldest_first(self, api: Any, order_payload: Any) -> None:
        """With bodies, statuses, and the key left out."""
        api.do("create_order", order_payload(), idem="k", query={"x": "1"})
        api.do("get_order", id="order_test_none")

        first, second = api.steer("GET", "/requests")

        assert (first["operation"], first["status"]) == ("create_order", 200)
        assert (first["idempotencyKey"], first["query"]) == ("k", {"x": "1"})
        assert (second["operation"], second["status"]) == ("get_order", 404)
        assert second["path"] == "/v1/orders/order_test_none"
        assert first["headers"]["authorization"] == f"sk_test_...{api.key[-4:]}"
        assert api.key not in repr([first, second])

    def test_it_is_filtered_before_it_is_cut(self, api: Any) -> None:
        """The newest two of an operation, not those among the newest two."""
        orders = [api.order()["id"] for _ in range(3)]
        for _ in range(3):
            api.ok("list_orders")

        shown = api.steer("GET", "/requests?operation=create_order&limit=2")

        assert [entry["answer"].split('"')[3] for entry in shown] == orders[1:]

    @pytest.mark.parametrize("limit", ["-1", "x", "1.5", "²", "9" * 5000])
    def test_a_limit_is_a_count(self, api: Any, limit: str) -> None:
        """Anything else is refused in words."""
        reply = api.admin("GET", f"/requests?limit={limit}")

        assert reply.status == 400
        assert "whole number" in reply.detail

    @pytest.mark.parametrize("limit", ["0", ""])
    def test_a_limit_of_zero_or_none_is_taken_as_said(
        self, api: Any, limit: str
    ) -> None:
        """Nothing, or the default."""
        api.order()

        assert len(api.steer("GET", f"/requests?limit={limit}")) == (limit == "")

    def test_an_operation_that_is_none_is_404_with_those_there_are(
        self, api: Any
    ) -> None:
        """A slip of the pen is no empty journal."""
        reply = api.admin("GET", "/requests?operation=make_order")

        assert reply.status == 404
        assert "create_order" in reply.detail

    def test_it_forgets_when_told(self, api: Any) -> None:
        """And goes on with the next call."""
        api.order()
        api.steer("DELETE", "/requests")
        api.ok("list_orders")

        (entry,) = api.steer("GET", "/requests")
        assert entry["operation"] == "list_orders"

    def test_it_keeps_the_newest_of_every_account(self, emulate: Any) -> None:
        """Also when accounts take turns; a few more may be stored, none are shown."""
        api = emulate(journal=5)
        other = type(api)(api.app)
        for _ in range(50):
            api.ok("get_token", id="paytok_test_approved")
            other.ok("get_token", id="paytok_test_disabled")

        for account in (api, other):
            assert len(account.steer("GET", "/requests")) == 5
            assert account.steer("GET", "/state")["counts"]["request"] <= 5 + 32

    def test_none_is_kept_if_so_set(self, emulate: Any) -> None:
        """For load tests."""
        api = emulate(journal=0)
        reply = api.do("list_orders")

        missing = api.admin("GET", f"/requests/{reply.headers['Request-Id']}")

        assert api.steer("GET", "/requests") == []
        assert missing.status == 404

    def test_a_request_that_is_unknown_says_why_that_may_be(self, api: Any) -> None:
        """401s are in no journal: whose would it be?"""
        reply = api.do("list_orders", headers={"Authorization": None})
        api.ok("list_orders")

        missing = api.admin("GET", f"/requests/{reply.headers['Request-Id']}")

        assert missing.status == 404
        assert "Smartpay-Sandbox-Reason" in missing.detail
        assert "req_test_" in missing.detail

    def test_a_call_of_a_consumer_is_explained(self, api: Any) -> None:
        """Also one to an order that no account has."""
        known = api.authorize(api.session()["order"]["id"])
        unknown = api.authorize("order_test_nobodyHasThisOne")

        assert api.explained(known)["operation"] == "authorize_order"
        assert "order.not-found" in repr(api.explained(unknown)["trace"])
        assert "access_test" not in repr(api.explained(known)["headers"])


def test_a_reset_leaves_a_new_account(api: Any, order_payload: Any) -> None:
    """Objects, keys, clock, faults, journal, seed: all gone."""
    before = api.held()
    api.freeze(1_700_000_000_000)
    api.steer("POST", "/seed", {"seed": 1})
    api.steer("POST", "/faults", {"operation": "*", "kind": "reset", "after": 99})
    first = api.do("create_order", order_payload(), idem="k")

    reply = api.admin("POST", "/reset")

    assert (reply.status, reply.body) == (204, b"")
    assert api.steer("GET", "/requests") == []
    again = api.do("create_order", order_payload(), idem="k")
    assert again.json["id"] != first.json["id"]
    api.steer("POST", "/reset")
    assert [row for row in api.held() if row["kind"] != "account"] == [
        row for row in before if row["kind"] != "account"
    ]
    assert api.steer("GET", "/faults") == []


def test_a_reset_leaves_other_accounts_alone(api: Any, other: Any) -> None:
    """Every test has its own."""
    other.order()
    before = other.held()

    api.steer("POST", "/reset")

    assert other.held() == before


def test_the_state_counts_what_there_is(api: Any) -> None:
    """By kind, with the account's own document."""
    api.order()
    api.manual()

    state = api.steer("GET", "/state")

    counts = state["counts"]
    assert (counts["order"], counts["payment"], counts["timer"]) == (2, 1, 1)
    assert state["account"]["seed"] is None


@pytest.mark.parametrize("kind", ["orders", "payments", "refunds"])
def test_what_an_account_holds_is_listed_oldest_first(api: Any, kind: str) -> None:
    """As creating it answered."""
    order = api.manual()
    made = {"orders": [order, api.manual()]}
    payments = [api.capture(order["id"], 100).json for _ in range(2)]
    made["refunds"] = [api.refund(payment["id"]).json for payment in payments]
    made["payments"] = [api.ok("get_payment", id=p["id"]) for p in payments]
    made["orders"][0] = api.ok("get_order", id=order["id"], query={"expand": "all"})

    assert api.steer("GET", f"/{kind}") == made[kind]


def script(api: Any, order_payload: Any) -> bytes:
    """Live a short life with a seed and a frozen clock, and return its journal."""
    api.steer("POST", "/seed", {"seed": 42})
    api.freeze(1_700_000_000_000)
    api.ok("create_webhook_endpoint", {"url": "http://127.0.0.1:9/hook"})
    order = api.manual()["id"]
    payment = api.capture(order, 1000).json["id"]
    api.do("create_order", order_payload(amount=1, locale="ja"), idem="k")
    api.do("create_order", order_payload(amount=1, locale="ja"), idem="k")
    api.do("create_order", order_payload(amount=0))
    api.advance(days=7)
    api.refund(payment, 1)
    api.ok("list_orders", query={"expand": "all", "maxResults": 1})
    api.ok("list_tokens")
    session = api.session()
    api.ok("get_checkout_session", id=session["id"], query={"expand": "all"})
    journal = api.admin("GET", "/requests")
    events = api.admin("GET", "/events")
    return bytes(journal.body + events.body)


def test_a_seed_and_a_frozen_clock_repeat_a_run_byte_for_byte(
    emulate: Any, order_payload: Any, tmp_path: Any
) -> None:
    """Twice in memory, once in a file: the same journal and events."""
    runs = [
        script(emulate(key="sk_test_again", state=state), order_payload)
        for state in ("memory:", "memory:", f"sqlite:///{tmp_path}/state.db")
    ]

    assert len(runs[0]) > 10_000
    assert runs[0] == runs[1]
    assert runs[0] == runs[2]


def test_a_server_can_be_seeded_as_a_whole(emulate: Any) -> None:
    """Then every account repeats, and no two are alike."""
    apis = [emulate(key="sk_test_a", seed=7), emulate(key="sk_test_a", seed=7)]
    stranger = emulate(key="sk_test_b", seed=7)

    ids = [api.order()["id"] for api in (*apis, stranger)]

    assert ids[0] == ids[1] != ids[2]


def test_the_same_seed_set_again_gives_no_id_twice(api: Any) -> None:
    """Else a new order would replace an old one."""
    ids = []
    for seed in (1, 2, 1, 1):
        api.steer("POST", "/seed", {"seed": seed})
        ids += [api.order()["id"] for _ in range(2)]

    assert len(set(ids)) == len(ids)
    assert len(api.ok("list_orders")["data"]) == len(ids)
