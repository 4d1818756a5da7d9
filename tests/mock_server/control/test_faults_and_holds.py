"""Fault plans and holds: counted, applied, and listed when unmet."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from tests.mock_server.control.fault_plans import charge, orders, plan

from smartpay_mock.kernel.exchange import TransportFault

DEADLINE_S = 30


@pytest.fixture
def api(api: Any) -> Any:
    """Return an account that accepts the answers of faults."""
    api.strictly = False
    return api


def test_a_status_fault_replaces_the_operation(api: Any, order_payload: Any) -> None:
    """Before commit nothing happens; the journal names the fault plan."""
    plan(api, "status", status=503, retry_after=7)

    reply = api.do("create_order", order_payload())

    assert reply.refusal == (503, "fault.injected")
    assert reply.headers["Retry-After"] == "7"
    assert "injected fault" in reply.message
    assert orders(api) == 0
    entry = api.explained(reply)
    assert entry["status"] == 503
    assert entry["faults"] == [
        "status on create_order before_commit, status=503, retry_after=7"
    ]


def test_retry_after_may_be_a_date(api: Any, order_payload: Any) -> None:
    """HTTP has both forms."""
    date = "Wed, 01 Apr 2026 00:00:00 GMT"
    plan(api, "status", status=429, retry_after=date)

    reply = api.do("create_order", order_payload())

    assert reply.headers["Retry-After"] == date


def test_a_fault_after_commit_replaces_only_the_answer(
    api: Any, order_payload: Any
) -> None:
    """The journal has the lost answer, under the same Request-Id."""
    plan(api, "status", when="after_commit", status=500)

    reply = api.do("create_order", order_payload())

    assert reply.status == 500
    assert orders(api) == 1
    entry = api.explained(reply)
    assert entry["status"] == 200
    assert '"status":"succeeded"' in entry["answer"]


@pytest.mark.parametrize(
    ("times", "after", "expected"),
    [
        (1, 0, [503, 200, 200, 200]),
        (2, 0, [503, 503, 200, 200]),
        (1, 2, [200, 200, 503, 200]),
        (2, 1, [200, 503, 503, 200]),
        (0, 0, [503, 503, 503, 503]),
        (0, 3, [200, 200, 200, 503]),
    ],
)
def test_a_plan_skips_after_and_applies_times_requests(
    api: Any, order_payload: Any, times: int, after: int, expected: list[int]
) -> None:
    """0 times means every request."""
    plan(api, "status", times=times, after=after)

    assert charge(api, order_payload, 4) == expected
    (shown,) = api.control("GET", "/faults")
    assert shown["met"] == expected.count(503)


def test_refused_requests_count(api: Any, order_payload: Any) -> None:
    """A plan counts every request of its operation."""
    plan(api, "status", after=2)

    statuses = [
        api.do("create_order", order_payload(amount=amount)).status
        for amount in (0, 0, 2500)
    ]

    assert statuses == [400, 400, 503]


def test_replays_count(api: Any, order_payload: Any) -> None:
    """A retry with the same key is a request."""
    api.do("create_order", order_payload(), idem="k")
    plan(api, "status", after=1)

    replies = [api.do("create_order", order_payload(), idem="k") for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 503]


def test_a_plan_applies_to_its_operation_only(api: Any, order_payload: Any) -> None:
    """`*` applies to every operation."""
    plan(api, "status", operation="create_payment")
    order = api.manual()["id"]

    assert api.ok("get_order", id=order)
    assert api.capture(order, 1).status == 503
    plan(api, "status", operation="*")
    assert api.do("get_order", id=order).status == 503


def test_a_plan_applies_to_its_account_only(
    api: Any, other: Any, order_payload: Any
) -> None:
    """Requests of other accounts succeed."""
    plan(api, "status", operation="*", times=0)

    assert charge(other, order_payload, 1) == [200]


def test_several_plans_apply_to_one_request(api: Any, order_payload: Any) -> None:
    """Each at its own moment."""
    plan(api, "latency", virtual=True, ms=1000)
    plan(api, "status", when="after_commit", status=500)
    now = api.freeze()

    reply = api.do("create_order", order_payload())

    assert reply.status == 500
    assert orders(api) == 1
    assert api.control("GET", "/clock")["now"] == now + 1000
    assert len(api.explained(reply)["faults"]) == 2


def test_unmet_plans_are_listed(api: Any, order_payload: Any) -> None:
    """A test whose fault never occurred proves nothing."""
    met = plan(api, "status")
    half_met = plan(api, "status", times=3)
    never = plan(api, "status", operation="delete_token", times=0)
    charge(api, order_payload, 1)

    unmet = [row["id"] for row in api.control("GET", "/faults/unmet")]

    assert met["id"] not in unmet
    assert unmet == [half_met["id"], never["id"]]


def test_plans_can_be_removed_singly_or_all(api: Any, order_payload: Any) -> None:
    """Later requests succeed."""
    first = plan(api, "status")
    plan(api, "status", after=1)
    plan(api, "status", after=5)

    api.control("DELETE", f"/faults/{first['id']}")
    assert charge(api, order_payload, 2) == [200, 503]
    api.control("DELETE", "/faults")

    assert api.control("GET", "/faults") == []
    assert charge(api, order_payload, 5) == [200] * 5


BAD_PLANS = [
    ({"operation": None}, "operation"),
    ({"kind": None}, "kind"),
    ({"operation": "make_order"}, "create_order"),
    ({"kind": "explode"}, "kind"),
    ({"kind": "reset", "when": "later"}, "when"),
    ({"kind": "reset", "times": -1}, "times"),
    ({"kind": "reset", "times": 1.5}, "times"),
    ({"kind": "reset", "after": "1"}, "after"),
    ({"kind": "reset", "ms": 1}, "A reset fault takes no ms"),
    ({"status": "500"}, "number from 200 to 599"),
    ({"status": 99}, "number from 200 to 599"),
    ({"status": 600}, "number from 200 to 599"),
    ({"retry_after": "1\r\n"}, "seconds"),
    ({"retry_after": "Wed, 01 Apr 2026 00:00:00 GMT\r\nX: y"}, "a date such as"),
    ({"retry_after": "Wed, 41 Apr 2026 00:00:00 GMT"}, "a date such as"),
    ({"body": "x"}, "an object or null"),
    ({"kind": "latency", "ms": -1}, "milliseconds"),
    ({"kind": "latency", "ms": "9"}, "milliseconds"),
    ({"kind": "latency", "jitter_ms": -1}, "milliseconds"),
    ({"kind": "latency", "p95_ms": True}, "milliseconds"),
    ({"kind": "latency", "ms": 10**15}, "milliseconds"),
    ({"kind": "latency", "virtual": 1}, "true or false"),
    ({"engine": 1}, "takes no engine"),
    ({"matching": {"ref": 1}}, "JSON pointer"),
    ({"matching": {"": 1}}, "JSON pointer"),
    ({"matching": "x"}, "matching"),
    ({"kind": "decline", "when": "after_commit"}, "before_commit"),
    ({"kind": "decline", "ms": 1}, "no options"),
    ({"operation": "create_refund", "kind": "decline"}, "create_order or authorize"),
    ({"id_": "x"}, "takes no id_"),
]
"""Changes of a good plan, and what the refusal names."""


@pytest.mark.parametrize(
    ("changes", "named"), BAD_PLANS, ids=lambda value: str(value)[:60]
)
def test_an_invalid_plan_is_refused(api: Any, changes: Any, named: str) -> None:
    """When it is added, not when a request meets it."""
    before = api.held()
    body = {"operation": "*", "kind": "status", **changes}

    reply = api.admin(
        "POST", "/faults", {k: v for k, v in body.items() if v is not None}
    )

    assert reply.status == 400
    assert named in reply.detail
    assert api.held() == before


def test_broken_json_is_half_of_an_answer(api: Any, order_payload: Any) -> None:
    """With its content type; before commit the answer is invented."""
    plan(api, "broken_json", when="after_commit")
    reply = api.send("POST", "/v1/orders", order_payload())
    plan(api, "broken_json")
    made_up = api.send("POST", "/v1/orders", order_payload())

    for broken in (reply, made_up):
        assert broken.status == 200
        assert broken.headers["Content-Type"] == "application/json"
        with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
            json.loads(broken.body)
    whole = api.explained(reply)["answer"].encode()
    assert whole.startswith(reply.body)
    assert orders(api) == 1


def test_latency_delays_the_answer_only(
    api: Any, order_payload: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before or after commit."""
    waited: list[float] = []
    clock = SimpleNamespace(wait=waited.append)
    stub = SimpleNamespace(Event=lambda: clock)
    monkeypatch.setattr("smartpay_mock.api.faults.threading", stub)
    plan(api, "latency", ms=250)
    plan(api, "latency", ms=100, when="after_commit")

    reply = api.do("create_order", order_payload())

    assert reply.json["status"] == "succeeded"
    assert waited == [0.25, 0.1]


def test_virtual_latency_advances_the_clock(api: Any, order_payload: Any) -> None:
    """What falls due by then has happened when the call goes on."""
    now = api.freeze()
    order = api.manual()["id"]
    week = 7 * 86_400_000
    plan(api, "latency", operation="create_payment", virtual=True, ms=week)

    late = api.capture(order, 1)

    assert late.refusal == (409, "order.cannot-capture")
    assert api.control("GET", "/clock")["now"] == now + week


def test_virtual_latency_remains_if_the_call_is_refused(
    api: Any, order_payload: Any
) -> None:
    """The clock does not go back."""
    now = api.freeze()
    plan(api, "latency", virtual=True, ms=1000)

    assert api.do("create_order", order_payload(amount=0)).status == 400
    assert api.control("GET", "/clock")["now"] == now + 1000


TRANSPORTS: dict[str, tuple[str, dict[str, Any]]] = {
    "reset": ("reset", {}),
    "empty": ("empty", {}),
    "half": ("half", {}),
    "timeout": ("stall", {"ms": 1234}),
}


@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_connection_fault_is_passed_to_the_server(
    api: Any, order_payload: Any, kind: str, when: str
) -> None:
    """With the answer that it spoils."""
    name, options = TRANSPORTS[kind]
    seen: list[tuple[Any, ...]] = []

    def break_connection(*arguments: Any) -> list[bytes]:
        seen.append(arguments)
        return [b""]

    socket_plan = {"operation": "create_order", "kind": kind, "when": when, **options}
    for path, body in (
        ("/__admin/faults", socket_plan),
        ("/v1/orders", order_payload()),
    ):
        api.app.test_client().post(
            path,
            json=body,
            headers={"Authorization": f"Basic {api.key}"},
            environ_overrides={"smartpay.transport": break_connection},
        )

    ((fault, status, headers, body),) = seen
    assert isinstance(fault, TransportFault)
    assert fault.kind == name
    assert fault.stall_ms == options.get("ms", 60_000)
    assert status.startswith("200 ")
    assert dict(headers)["Request-Id"]
    assert (b'"status":"succeeded"' in body) is (when == "after_commit")
    assert orders(api) == (when == "after_commit")


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_server_without_connection_faults_refuses_their_plans(
    api: Any, order_payload: Any, kind: str
) -> None:
    """When they are added, and in the header of a call."""
    refused = api.admin("POST", "/faults", {"operation": "*", "kind": kind})
    reply = api.do(
        "create_order", order_payload(), headers={"Smartpay-Sandbox-Fault": kind}
    )

    assert refused.status == reply.status == 400
    assert "--server threads" in refused.detail
    assert "--server threads" in reply.message
    assert orders(api) == 0
    assert api.control("GET", "/faults") == []


def test_a_plan_waits_for_a_server_that_can_carry_it_out(
    api: Any, order_payload: Any
) -> None:
    """With several servers on one state, another one may have added the plan."""
    api.app.test_client().post(
        "/__admin/faults",
        json={"operation": "create_order", "kind": "reset"},
        headers={"Authorization": f"Basic {api.key}"},
        environ_overrides={"smartpay.transport": lambda *_: [b""]},
    )

    reply = api.do("create_order", order_payload())

    assert reply.status == 200
    assert [(row["seen"], row["met"]) for row in api.control("GET", "/faults")] == [
        (0, 0)
    ]
    assert "this server cannot break connections" in str(api.explained(reply)["trace"])


class TestHolds:
    """Calls wait at a hold until a test releases it."""

    def test_a_call_can_be_held_before_commit(
        self, api: Any, order_payload: Any
    ) -> None:
        """Nothing is charged until its release."""
        hold = api.control("POST", "/holds", {"operation": "create_order"})["id"]

        with ThreadPoolExecutor(2) as pool:
            held = [pool.submit(api.do, "create_order", order_payload()) for _ in "ab"]
            shown = api.control("GET", f"/holds/{hold}?calls=2&timeoutMs=20000")
            charged = orders(api)
            api.control("DELETE", f"/holds/{hold}")
            statuses = [call.result(DEADLINE_S).status for call in held]

        assert (shown["waiting"], charged) == (2, 0)
        assert statuses == [200, 200]
        assert orders(api) == 2
        assert api.admin("GET", f"/holds/{hold}").status == 404

    def test_a_reset_releases_held_calls(self, api: Any, order_payload: Any) -> None:
        """No thread waits at a deleted hold."""
        hold = api.control("POST", "/holds", {"operation": "*"})["id"]
        held = threading.Thread(target=api.send, args=("GET", "/v1/orders"))
        held.start()
        api.control("GET", f"/holds/{hold}?calls=1")

        api.control("POST", "/reset")

        held.join(DEADLINE_S)
        assert not held.is_alive()

    def test_holds_of_a_seeded_account_have_different_ids(self, api: Any) -> None:
        """Ids are derived from a count."""
        api.control("POST", "/seed", {"seed": 1})

        ids = {
            api.control("POST", "/holds", {"operation": "list_refunds"})["id"]
            for _ in range(3)
        }
        for hold in ids:
            api.control("DELETE", f"/holds/{hold}")

        assert len(ids) == 3
