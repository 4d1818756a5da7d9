"""Faults before and after the commit, with a real client on a real socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.faults import KINDS, SOCKET_KINDS
from smartpay_mock.testing import Smartpay

Send = Callable[..., requests.Response]

TIMEOUT_S = {"timeout": 0.5}
"""The client's timeout by kind of fault, in seconds."""

LOSSES: dict[str, dict[str, Any]] = {
    "status": {"status": 503, "retry_after": 2},
    "reset": {},
    "empty": {},
    "half": {},
    "broken_json": {},
    "timeout": {"ms": 60_000},
}
"""Every kind of fault that loses the answer."""


class LostAnswer(Exception):  # noqa: N818 - not an error of the emulator
    """The client did not get a usable answer."""


def charge(
    account: Smartpay, cart: dict[str, Any], key: str, *, kind: str = ""
) -> requests.Response:
    """Charge a cart as a shop does, with the timeout for a ``kind`` of fault.

    Raises:
        LostAnswer: The client got no usable answer.
    """
    headers = {
        "Authorization": f"Basic {account.secret_key}",
        "Idempotency-Key": key,
        "Connection": "close",
    }
    try:
        answer = requests.post(
            f"{account.url}/orders",
            json=cart,
            headers=headers,
            timeout=TIMEOUT_S.get(kind, 20),
        )
        answer.raise_for_status()
        answer.json()
    except requests.RequestException as error:
        raise LostAnswer(type(error).__name__) from error
    return answer


def test_every_kind_of_fault_is_tested_here() -> None:
    """Latency loses no answer."""
    assert set(LOSSES) == set(KINDS) - {"latency"}


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize(
    ("when", "stored", "replayed"),
    [("after_commit", 1, "true"), ("before_commit", 0, None)],
    ids=["after-commit", "before-commit"],
)
def test_a_retry_with_the_same_key_makes_one_order(
    account: Smartpay, kind: Any, when: Any, stored: int, replayed: str | None
) -> None:
    """The retry returns the order of a lost answer, or makes the missing order."""
    fault = account.faults.add("create_order", kind, when=when, **LOSSES[kind])
    cart = account.payload()

    with pytest.raises(LostAnswer):
        charge(account, cart, "k1", kind=kind)
    before = account.orders
    again = charge(account, cart, "k1")

    assert (fault.met, fault.unmet) == (1, 0)
    assert [order["status"] for order in before] == ["succeeded"] * stored
    assert again.headers.get("Idempotency-Replayed") == replayed
    assert account.orders == [again.json()]


@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
def test_latency_loses_nothing(account: Smartpay, when: Any) -> None:
    """With a virtual clock, nothing waits for the answer."""
    fault = account.faults.add(
        "create_order", "latency", when=when, ms=90_000, virtual=True
    )
    account.clock.freeze()
    before = account.clock.now

    answer = charge(account, account.payload(), "k1")

    assert answer.json()["status"] == "succeeded"
    assert account.clock.now - before == 90_000
    assert fault.met == 1


def test_a_fault_is_for_one_of_two_parallel_flows(account: Smartpay) -> None:
    """The other flow goes on; the journal says what became of each."""
    fault = account.faults.add(
        "create_order", "reset", when="after_commit", matching={"reference": "cart-b"}
    )
    account.faults.add("create_order", "decline", matching={"/reference": "cart-c"})

    kept = charge(account, account.payload(reference="cart-a"), "a")
    with pytest.raises(LostAnswer):
        charge(account, account.payload(reference="cart-b"), "b", kind="reset")
    declined = charge(account, account.payload(reference="cart-c"), "c")

    assert (kept.json()["status"], declined.json()["status"]) == (
        "succeeded",
        "rejected",
    )
    assert fault.matching == {"reference": "cart-b"}
    lost = f"charged {account.orders[1]['id']}, answer lost (reset after commit)"
    assert [request.result for request in account.requests] == ["", lost, ""]
    assert lost in account.explain(account.requests[1])


@pytest.mark.parametrize("kind", SOCKET_KINDS)
def test_a_header_breaks_the_connection_of_its_call(
    account: Smartpay, pay: Send, kind: str
) -> None:
    """Without a plan; the next call is answered."""
    headers = {
        "Authorization": f"Basic {account.secret_key}",
        "Smartpay-Sandbox-Fault": f"{kind} after_commit",
    }

    with pytest.raises(requests.RequestException):
        requests.post(
            f"{account.url}/orders",
            json=account.payload(),
            headers=headers,
            timeout=TIMEOUT_S.get(kind, 20),
        )

    assert len(account.orders) == 1
    assert account.faults.planned() == []
    assert pay().status_code == 200


def test_a_status_fault_has_status_retry_after_and_body(
    account: Smartpay, pay: Send
) -> None:
    """The journal names the fault."""
    account.faults.add(
        "create_order", "status", status=429, retry_after=7, body={"slow": "down"}
    )

    answer = pay()

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "7"
    assert answer.json() == {"slow": "down"}
    assert "status on create_order before_commit" in account.requests[0].faults[0]


@pytest.mark.parametrize(
    ("plan", "statuses", "unmet"),
    [
        ({"times": 1}, [503, 200, 200, 200], 0),
        ({"times": 2, "after": 1}, [200, 503, 503, 200], 0),
        ({"times": 0}, [503, 503, 503, 503], 0),
        ({"times": 1, "after": 5}, [200, 200, 200, 200], 1),
    ],
    ids=["once", "twice-after-one", "always", "too-late"],
)
def test_a_fault_applies_to_a_number_of_calls(
    account: Smartpay, send: Send, plan: Any, statuses: list[int], unmet: int
) -> None:
    """Calls of other operations don't count; 0 times means every call."""
    fault = account.faults.add("create_order", "status", **plan)
    send("GET", "/orders")

    found = [send("POST", "/orders", account.payload()).status_code for _ in statuses]

    assert found == statuses
    assert (fault.met, fault.unmet) == (found.count(503), unmet)


def test_a_fault_of_another_operation_stays_unmet(account: Smartpay, pay: Send) -> None:
    """It can be removed."""
    fault = account.faults.add("create_refund", "reset")
    every = account.faults.add("create_refund", "reset", times=0)
    thrice = account.faults.add("create_order", "latency", virtual=True, times=3)
    pay()
    unmet = {plan.id: plan.unmet for plan in account.faults.unmet()}

    for plan in (fault, every, thrice):
        plan.remove()

    assert unmet == {fault.id: 1, every.id: 1, thrice.id: 2}
    assert account.faults.unmet() == account.faults.planned() == []
    assert "reset on create_refund" in repr(fault)


def test_all_faults_can_be_removed(account: Smartpay, pay: Send) -> None:
    """After clear() calls get normal answers."""
    account.faults.add("*", "reset", times=0)

    account.faults.clear()

    assert pay().status_code == 200


@pytest.mark.parametrize(
    ("plan", "remedy"),
    [
        ({"operation": "create_ordre"}, "Use \\* or one of: approve.*create_order"),
        ({"kind": "meteor"}, "kind: .meteor. is not one .*timeout"),
        ({"when": "later"}, "when: .*before_commit.*after_commit"),
        ({"times": -1}, "times: -1 is less .* number from 0"),
        ({"after": -1}, "after: -1 is less .* number from 0"),
        ({"ms": 5}, "A reset fault takes no ms; it takes no options"),
        ({"kind": "status", "ms": 1}, "it takes status, retry_after, body"),
        ({"kind": "status", "status": True}, "status: true is a boolean; send a whole"),
        ({"kind": "timeout", "ms": 0.5}, "ms: 0.5 is .*; send a whole number of milli"),
        ({"kind": "latency", "virtual": "no"}, "virtual: .* send true or false"),
    ],
    ids=str,
)
def test_an_invalid_fault_is_refused(
    account: Smartpay, plan: dict[str, Any], remedy: str
) -> None:
    """The text names the valid values."""
    with pytest.raises(SandboxUsageError, match=remedy):
        account.faults.add(**{"operation": "*", "kind": "reset", **plan})

    assert account.faults.planned() == []


@pytest.mark.parametrize(
    ("kind", "ms"), [("latency", 100), ("timeout", 60_000)], ids=["late", "never"]
)
@pytest.mark.parametrize("library", ["requests", "httpx"])
def test_a_clients_timeout_works_without_a_socket(
    account: Smartpay, library: str, kind: Any, ms: int
) -> None:
    """A client with a shorter timeout raises it."""
    account.faults.add("create_order", kind, when="after_commit", ms=ms)
    url = "https://api.smartpay.co/v1/orders"
    call: dict[str, Any] = {
        "json": account.payload(),
        "headers": {"Authorization": f"Basic {account.secret_key}"},
        "timeout": 0.05,
    }

    with (
        requests.Session() as session,
        httpx.Client(transport=account.transport()) as client,
    ):
        session.mount("https://api.smartpay.co", account.adapter())
        clients: dict[str, Any] = {"requests": session, "httpx": client}
        with pytest.raises((requests.ReadTimeout, httpx.ReadTimeout)):
            clients[library].post(url, **call)

    assert len(account.orders) == 1


def test_the_adapter_retries_as_often_as_given(account: Smartpay) -> None:
    """With ``max_retries``, as ``HTTPAdapter``; without, a fault reaches the caller."""
    account.faults.add("list_orders", "empty", times=2)
    headers = {"Authorization": f"Basic {account.secret_key}"}
    url = "https://api.smartpay.co/v1/orders"

    with requests.Session() as session:
        session.mount("https://", account.adapter())
        with pytest.raises(requests.ConnectionError):
            session.get(url, headers=headers)
        session.mount("https://", account.adapter(max_retries=1))
        answer = session.get(url, headers=headers)

    assert answer.status_code == 200
