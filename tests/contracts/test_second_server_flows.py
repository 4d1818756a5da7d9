"""The second server keeps to the published facts, and to nothing else."""

import ast
import base64
import contextlib
import hmac
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

FOLDER = Path(__file__).parent / "second_server"
TOKEN = "paytok_test_Second0000000000000001"
EMAIL, PASSWORD = "second+test@example.com", "second-password"
KEY = "sk_test_flows"
DEADLINE_S = 10
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

ITEM = {"name": "sweater", "amount": 250, "currency": "JPY", "quantity": 1}
TAX = {"name": "tax", "amount": 150, "currency": "JPY", "kind": "tax"}
ADDRESS = {"line1": "", "locality": "Minato", "postalCode": "123", "country": "jp"}
ORDER: dict[str, Any] = {
    "amount": 400,
    "currency": "JPY",
    "customerInfo": {"firstName": None, "email": "x"},
    "items": [TAX, ITEM | {"brand": None}],
    "shippingInfo": {"address": ADDRESS | {"line2": None}, "feeCurrency": "jpy"},
    "reference": "order_ref_1234567",
}
URLS = {"successUrl": "https://example.com", "cancelUrl": "https://example.com"}
MONEY = {"currency": "JPY", "cancelRemainder": "manual"}
REASON = {"currency": "JPY", "reason": "requested_by_customer"}


@dataclass
class Api:
    """A client of one running server, on one kept-open connection."""

    root: str
    http: requests.Session
    authorization: str = f"Basic {KEY}"

    def __call__(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> requests.Response:
        """Call the merchant API; underscores in header names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(
            method,
            self.root + path,
            json=body,
            headers={"Authorization": self.authorization} | named,
            timeout=DEADLINE_S,
        )

    def make(self, path: str, body: Any) -> Any:
        """Create something that must succeed."""
        answer = self("POST", "/v1" + path, body)
        assert answer.ok, answer.text
        return answer.json()

    def read(self, path: str, query: str = "") -> Any:
        """Read something that must be there."""
        answer = self("GET", f"/v1{path}{query}")
        assert answer.ok, answer.text
        return answer.json()

    def consumer(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Log in and act as the consumer."""
        who = {"emailAddress": EMAIL, "password": PASSWORD}
        login = self("POST", "/consumers/auth/login", who)
        access = login.json()["accessToken"]
        return self(method, path, body, Authorization=f"Bearer {access}")

    def authorized(self, amount: int = 400, way: str = "manual") -> str:
        """The id of a fresh order that the consumer authorized."""
        body = ORDER | URLS | {"amount": amount, "captureMethod": way}
        order: str = self.make("/checkout-sessions", body)["order"]["id"]
        card = {"paymentMethod": "pm_test_visaApproved", "paymentPlan": "pay_in_three"}
        assert self.consumer("POST", f"/orders/{order}/authorizations", card).ok
        return order


@contextlib.contextmanager
def running(folder: Path, *flags: str) -> Iterator[tuple[Api, subprocess.Popen[str]]]:
    """Start a server, wait for its line, and end it."""
    port_file = folder / "port"
    command = [sys.executable, str(FOLDER), "--port-file", str(port_file), *flags]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        requests.Session() as http,
    ):
        assert process.stdout
        try:
            process.stdout.readline()
            port = port_file.read_text(encoding="ascii").strip()
            yield Api(f"http://127.0.0.1:{port}", http), process
        finally:
            process.terminate()
            process.wait(DEADLINE_S)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The honest server."""
    with running(tmp_path_factory.mktemp("honest")) as (client, _):
        yield client


Events = queue.SimpleQueue[tuple[dict[str, str], bytes]]


@pytest.fixture
def receiver() -> Iterator[tuple[str, Events]]:
    """A webhook endpoint that fails the first delivery and takes the others."""
    taken: Events = queue.SimpleQueue()
    answers = iter([500])

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.put(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(next(answers, 200))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", taken
        server.shutdown()
        thread.join()


def signed(secret: str, headers: dict[str, str], body: bytes) -> str:
    """What the signature should be, reckoned independently."""
    number = 0
    for character in secret:
        number = number * 62 + ALPHABET.index(character)
    message = headers["smartpay-signature-timestamp"].encode() + b"." + body
    return hmac.new(number.to_bytes(30, "big"), message, "sha256").hexdigest()


def codes(answer: requests.Response) -> tuple[int, str]:
    """Status and error code."""
    return answer.status_code, answer.json()["errorCode"]


# --- it keeps its word ----------------------------------------------------------


def test_a_stored_token_pays_at_once(api: Api) -> None:
    """An automatic order succeeds with one payment, expanded, with tokenId."""
    order = api.make("/orders", ORDER | {"token": TOKEN, "captureMethod": None})

    assert (order["status"], order["tokenId"]) == ("succeeded", TOKEN)
    assert [p["amount"] for p in order["payments"]] == [400]
    assert {line["kind"] for line in order["lineItems"]} == {"tax", "product"}
    assert order["lineItems"][0]["price"]["product"]["name"] == "sweater"
    assert order["expiresAt"] - order["createdAt"] < 7 * 86_400_000 + 60_000


def test_an_order_is_captured_in_parts_refunded_and_closed(api: Api) -> None:
    """The life of an order as the PHP suite lives it."""
    order = api.authorized()

    first = api.make("/payments", MONEY | {"order": order, "amount": 50})
    second = api.make("/payments", MONEY | {"order": order, "amount": 51.0})
    api("PATCH", f"/v1/payments/{second['id']}", {"reference": "5", "metadata": None})
    refund = api.make("/refunds", REASON | {"payment": first["id"], "amount": 2})
    closed = api("PUT", f"/v1/orders/{order}/cancellation", []).json()

    assert (first["order"], second["amount"]) == (order, 51)
    assert api.read(f"/payments/{second['id']}")["reference"] == "5"
    assert (refund["amount"], refund["payment"]) == (2, first["id"])
    assert closed["status"] == "succeeded"
    assert closed["payments"] == [first["id"], second["id"]]
    assert api.read(f"/payments/{first['id']}")["refunds"] == [refund["id"]]


def test_an_untouched_order_is_canceled_as_often_as_asked(api: Api) -> None:
    """Cancelling an authorized order cancels it, and again."""
    order = api.authorized()

    answers = [api("PUT", f"/v1/orders/{order}/cancellation") for _ in range(2)]

    assert [a.json()["status"] for a in answers] == ["canceled", "canceled"]


def test_an_automatic_session_is_charged_when_authorized(api: Api) -> None:
    """An automatic order of a session succeeds with its authorization."""
    order = api.authorized(way="automatic")

    assert api.read(f"/orders/{order}")["status"] == "succeeded"


def test_a_declined_consumer_leaves_a_rejected_order(api: Api) -> None:
    """Another payment method than the approved one rejects the order."""
    order = api.make("/checkout-sessions", ORDER | URLS)["order"]["id"]

    api.consumer("POST", f"/orders/{order}/authorizations", {"paymentMethod": "x"})

    assert api.read(f"/orders/{order}")["status"] == "rejected"


def test_a_session_shows_its_order_as_asked(api: Api) -> None:
    """References are ids unless expanded; payments keep their order as an id."""
    session = api.make("/checkout-sessions", ORDER | URLS)

    plain = api.read(f"/checkout-sessions/{session['id']}", "?expand=")
    expanded = api.read(f"/checkout-sessions/{session['id']}", "?expand=all")

    assert plain["order"] == session["order"]["id"]
    assert expanded["order"] == session["order"]
    assert "?" not in session["url"]


def test_a_token_lives_from_approval_to_deletion(api: Api) -> None:
    """The token flow of the SDK suites, down to the text Python looks for."""
    body = URLS | {"mode": "token", "customerInfo": {}}
    token = api.make("/checkout-sessions", body)["token"]["id"]
    path = f"/v1/tokens/{token}"

    early = api("PUT", f"{path}/enable")
    approved = api.consumer("PUT", f"/tokens/{token}/approve")
    order = api.make("/orders", ORDER | {"token": token})
    disabled = api("PUT", f"{path}/disable")
    refused = api("POST", "/v1/orders", ORDER | {"token": token})
    status = api.read(f"/tokens/{token}")["status"]
    enabled = api("PUT", f"{path}/enable", {})
    deleted = api("DELETE", path)

    assert codes(early) == (404, "token.not-found")
    assert (approved.status_code // 100, order["tokenId"]) == (2, token)
    assert (disabled.status_code, disabled.content, status) == (200, b"", "disabled")
    assert "Content-Type" not in disabled.headers
    assert codes(refused) == (400, "token.invalid")
    assert (enabled.status_code, deleted.status_code) == (200, 204)
    assert '"errorCode":"token.not-found"' in api("GET", path).text
    assert token not in [t["id"] for t in api.read("/tokens")["data"]]


def test_coupons_and_promotion_codes_can_be_changed(api: Api) -> None:
    """Coupons and codes are made, changed, and unchanged by an empty PATCH."""
    coupon = api.make(
        "/coupons",
        {"name": "c", "discountType": "percentage", "discountPercentage": 50},
    )
    body = {"code": "The code", "coupon": coupon["id"], "active": None}
    code = api.make("/promotion-codes", body)

    api("PATCH", f"/v1/coupons/{coupon['id']}", {"name": "updated"})
    read_back = api("PATCH", f"/v1/coupons/{coupon['id']}", {}).json()
    stopped = api("PATCH", f"/v1/promotion-codes/{code['id']}", {"active": False})
    again = api("POST", "/v1/promotion-codes", body | {"code": "THE CODE"})

    assert (coupon["active"], read_back["name"]) == (True, "updated")
    assert (code["active"], stopped.json()["active"]) == (True, False)
    assert codes(again) == (409, "promotion-code.exists")
    assert "THE CODE" in again.json()["message"]


def test_events_are_signed_and_sent_again_until_taken(
    api: Api, receiver: tuple[str, Events]
) -> None:
    """A delivery answered 500 comes again with the same event id."""
    url, taken = receiver
    body = {"url": url, "eventSubscriptions": ["coupon.created"]}
    hook = api.make("/webhook-endpoints", body)

    coupon = api.make(
        "/coupons",
        {"name": "c", "discountType": "amount", "discountAmount": 1, "currency": "JPY"},
    )
    deliveries = [taken.get(timeout=DEADLINE_S) for _ in range(2)]
    gone = api("DELETE", f"/v1/webhook-endpoints/{hook['id']}")

    for headers, raw in deliveries:
        expected = signed(hook["signingSecret"], headers, raw)
        assert headers["smartpay-signature"] == expected
        assert headers["smartpay-subscription-id"] == hook["id"]
        assert coupon["id"].encode() in raw
    assert len({headers["smartpay-event-id"] for headers, _ in deliveries}) == 1
    assert gone.status_code == 204
    assert codes(api("GET", f"/v1/webhook-endpoints/{hook['id']}")) == (
        404,
        "webhook-endpoint.notfound",
    )


def test_lists_can_be_walked_page_by_page(api: Api) -> None:
    """Each page but the last offers the next; no row is repeated or lost."""
    reader = Api(api.root, api.http, "Bearer sk_test_pages")
    made = [reader.make("/orders", ORDER | {"token": TOKEN})["id"] for _ in range(3)]

    first = reader.read("/orders", "?pageToken&maxResults=2&expand=")
    query = {"pageToken": first["nextPageToken"], "maxResults": "2"}
    prepared = requests.Request("GET", reader.root, params=query).prepare()
    second = reader.read("/orders", (prepared.path_url).removeprefix("/"))

    assert (first["maxResults"], first["results"]) == (2, 2)
    assert second["pageToken"] == first["nextPageToken"]
    assert "nextPageToken" not in second
    assert [o["id"] for o in first["data"] + second["data"]] == made
    assert reader.read("/orders")["maxResults"] == 20


def test_a_repeated_key_is_answered_from_memory(api: Api) -> None:
    """The same key gives the same order and says so; without it, another order."""
    body = ORDER | {"token": TOKEN}

    first, again = (
        api("POST", "/v1/orders", body, Idempotency_Key="once") for _ in range(2)
    )
    other = api("POST", "/v1/orders", body)

    assert first.json() == again.json()
    assert other.json()["id"] != first.json()["id"]
    replay = [h for h in again.headers if h.lower().startswith("idempotency-r")]
    assert replay
    assert not set(replay) & set(first.headers)


def test_a_repeated_key_at_the_same_moment_charges_once(api: Api) -> None:
    """Two calls with one key in flight make one order."""
    body, found = ORDER | {"token": TOKEN}, queue.SimpleQueue[str]()

    def charge() -> None:
        with requests.Session() as http:
            answer = Api(api.root, http)(
                "POST", "/v1/orders", body, Idempotency_Key="twin"
            )
            found.put(answer.json()["id"])

    threads = [threading.Thread(target=charge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({found.get() for _ in threads}) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/orders", {}, (400, "request.invalid")),
        ("POST", "/orders", ORDER | {"token": "x"}, (404, "token.not-found")),
        ("POST", "/checkout-sessions", ORDER, (400, "request.invalid")),
        (
            "POST",
            "/checkout-sessions",
            ORDER | URLS | {"items": [TAX]},
            (400, "request.invalid"),
        ),
        ("GET", "/orders/order_test_1", None, (404, "order.not-found")),
        (
            "POST",
            "/payments",
            MONEY | {"order": "x", "amount": 1},
            (404, "order.not-found"),
        ),
        (
            "POST",
            "/refunds",
            REASON | {"payment": "x", "amount": 1},
            (404, "payment.not-found"),
        ),
        ("PATCH", "/refunds/refund_test_1", {}, (404, "refund.not-found")),
        ("PATCH", "/coupons/coupon_test_1", {}, (404, "coupon.not-found")),
        (
            "POST",
            "/promotion-codes",
            {"code": "c", "coupon": "x"},
            (404, "coupon.not-found"),
        ),
        (
            "GET",
            "/promotion-codes/promotioncode_test_1",
            None,
            (404, "promotion-code.not-found"),
        ),
    ],
)
def test_refusals_carry_the_published_codes(
    api: Api, method: str, path: str, body: Any, expected: tuple[int, str]
) -> None:
    """Status and errorCode are those of the reference."""
    answer = api(method, "/v1" + path, body)

    assert codes(answer) == expected
    assert answer.json()["statusCode"] == expected[0]
    assert isinstance(answer.json()["details"], list)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"amount": 1.5}, "/amount"),
        ({"amount": -1}, "/amount"),
        ({"amount": True}, "/amount"),
        ({"captureMethod": "later"}, "/captureMethod"),
        ({"currency": "USD"}, "/currency"),
        ({"items": [ITEM | {"name": None}]}, "/items/0/name"),
        ({"customerInfo": {"dateOfBirth": "x"}}, "/customerInfo/dateOfBirth"),
        ({"shippingInfo": {}}, "/shippingInfo/address"),
    ],
)
def test_a_member_that_breaks_a_rule_is_refused_by_name(
    api: Api, changes: dict[str, Any], where: str
) -> None:
    """A missing or wrong member is 400 and names its place."""
    answer = api("POST", "/v1/orders", ORDER | {"token": TOKEN} | changes)

    assert codes(answer) == (400, "request.invalid")
    assert answer.json()["details"][0]["where"] == where


@pytest.mark.parametrize("raw", [b"{", b'{"amount":NaN}', b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_malformed(api: Api, raw: bytes) -> None:
    """A body that cannot be decoded is 400 request.malformed."""
    answer = api.http.post(
        f"{api.root}/v1/orders", data=raw, headers={"Authorization": f"Basic {KEY}"}
    )

    assert codes(answer) == (400, "request.malformed")


def test_captures_and_refunds_stay_within_what_is_left(api: Api) -> None:
    """Too much is 409 for a capture and 403 for a refund; a closed order is 409."""
    order = api.authorized()
    payment = api.make("/payments", MONEY | {"order": order, "amount": 300})
    again = {"order": order, "currency": "JPY"}

    over = api("POST", "/v1/payments", again | {"amount": 101})
    rest = api("POST", "/v1/payments", again | {"amount": 50})
    late = api("POST", "/v1/payments", again | {"amount": 1})
    refund = api(
        "POST", "/v1/refunds", REASON | {"payment": payment["id"], "amount": 301}
    )
    cancel = api("PUT", f"/v1/orders/{order}/cancellation")

    assert codes(over) == (409, "payment.excessive-amount")
    assert (rest.status_code, codes(late)) == (200, (409, "order.cannot-capture"))
    assert codes(refund) == (403, "amount.insufficient")
    assert codes(cancel) == (409, "order.cannot-cancel")


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("Basic sk_test_flows", 200),
        ("Bearer sk_test_flows", 200),
        (f"Basic {base64.b64encode(b'sk_test_flows:').decode()}", 200),
        ("Basic pk_test_flows", 401),
        ("Basic sk_live_flows", 401),
        ("Basic sk_test_not-base62", 401),
        ("", 401),
    ],
)
def test_only_a_secret_test_key_opens(api: Api, value: str, status: int) -> None:
    """Three spellings of the secret key are taken, nothing else."""
    answer = api("GET", "/v1/orders", Authorization=value)

    assert answer.status_code == status


def test_keys_do_not_see_each_other(api: Api) -> None:
    """Another key's order is not found."""
    order = api.authorized()

    answer = api("GET", f"/v1/orders/{order}", Authorization="Basic sk_test_other")

    assert codes(answer) == (404, "order.not-found")


# --- and differs elsewhere ------------------------------------------------------


def test_what_nobody_published_is_different(api: Api) -> None:
    """Ids, extra members, member order, limits, the 401 body, lists, odd paths."""
    odd = {"amount": "0", "reference": "x" * 500, "captureMethod": "manual"}
    order = api.make("/orders", ORDER | {"token": TOKEN} | odd)
    denied = api("GET", "/v1/orders", Authorization="")
    page = api.read("/orders", "?maxResults=1000")

    assert len(order["id"]) == len("order_test_") + 21
    assert list(order) == sorted(order, reverse=True)
    assert (order["livemode"], order["captureMethod"]) == (False, "manual")
    assert [line["kind"] for line in order["lineItems"]] == ["product", "tax"]
    assert denied.text == '{"statusCode":401}'
    assert (page["maxResults"], "pageToken" in page) == (50, False)
    assert page["data"][0]["createdAt"] <= page["data"][-1]["createdAt"]
    assert api("GET", "/__admin/health").text == "nothing here\n"


def test_it_shares_no_code_with_this_project() -> None:
    """Every absolute import is of the standard library."""
    trees = [ast.parse(path.read_text("utf-8")) for path in FOLDER.glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]

    names = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
    absolute = [n for n in nodes if isinstance(n, ast.ImportFrom) and not n.level]
    names |= {node.module or "" for node in absolute}

    assert {n.split(".")[0] for n in names} <= sys.stdlib_module_names


# --- and breaks its word on demand ----------------------------------------------


def _paid(api: Api, **changes: Any) -> Any:
    return api("POST", "/v1/orders", ORDER | {"token": TOKEN} | changes).json()


def _with_key(api: Api, count: int = 2) -> list[requests.Response]:
    body = ORDER | {"token": TOKEN}
    return [api("POST", "/v1/orders", body, Idempotency_Key="k") for _ in range(count)]


def _token_after_delete(api: Api) -> int:
    body = URLS | {"mode": "token", "customerInfo": {}}
    token = api.make("/checkout-sessions", body)["token"]["id"]
    api.consumer("PUT", f"/tokens/{token}/approve")
    api("DELETE", f"/v1/tokens/{token}")
    return api("GET", f"/v1/tokens/{token}").status_code


def _delete_hook(api: Api) -> int:
    hook = api.make("/webhook-endpoints", {"url": "https://example.com"})["id"]
    return api("DELETE", f"/v1/webhook-endpoints/{hook}").status_code


def _cancel_twice(api: Api) -> int:
    path = f"/v1/orders/{api.authorized()}/cancellation"
    return [api("PUT", path).status_code for _ in range(2)][-1]


def _refund_too_much(api: Api) -> int:
    payment = api.make("/payments", MONEY | {"order": api.authorized(), "amount": 5})[
        "id"
    ]
    body = REASON | {"payment": payment, "amount": 6}
    return api("POST", "/v1/refunds", body).status_code


def _capture(api: Api, amount: int) -> requests.Response:
    body = MONEY | {"order": api.authorized(), "amount": amount}
    return api("POST", "/v1/payments", body)


def _order_of_another(api: Api) -> int:
    order = api.authorized()
    other = "Basic sk_test_other"
    return api("GET", f"/v1/orders/{order}", Authorization=other).status_code


def _offers_next(api: Api) -> bool:
    for _ in range(2):
        _paid(api)
    return "nextPageToken" in api.read("/orders", "?maxResults=1")


PROBES: dict[str, Callable[[Api], bool]] = {
    "created-201": lambda api: _capture(api, 1).status_code == 201,
    "no-token-id": lambda api: "tokenId" not in _paid(api),
    "automatic-stays-open": lambda api: _paid(api)["status"] == "requires_capture",
    "delete-200": lambda api: _delete_hook(api) == 200,
    "idempotency-ignored": lambda api: (
        len({a.json()["id"] for a in _with_key(api)}) == 2
    ),
    "replay-unmarked": lambda api: (
        "idempotency-replay" not in _with_key(api, 3)[-1].headers
    ),
    "capture-unbounded": lambda api: _capture(api, 401).ok,
    "refund-409": lambda api: _refund_too_much(api) == 409,
    "other-accounts-visible": lambda api: _order_of_another(api) == 200,
    "cancel-once": lambda api: _cancel_twice(api) == 409,
    "deleted-token-stays": lambda api: _token_after_delete(api) == 200,
    "json-spaced": lambda api: '"object": ' in api("GET", "/v1/orders").text,
    "payment-expanded": lambda api: isinstance(_capture(api, 1).json()["order"], dict),
    "amount-text": lambda api: isinstance(_paid(api)["amount"], str),
    "last-page-endless": lambda api: not _offers_next(api),
}
# Seen by a receiver only; see the test of each.
AT_RECEIVER = {"webhook-signed-wrong", "webhook-never-sent"}


@pytest.fixture(scope="module")
def liar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The server with every deviation that hides no other."""
    names = PROBES.keys() - {"idempotency-ignored"} | {"webhook-signed-wrong"}
    flags = [flag for name in sorted(names) for flag in ("--break", name)]
    with running(tmp_path_factory.mktemp("liar"), *flags) as (client, _):
        yield client


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The server with the two deviations that would hide others."""
    flags = ["--break", "idempotency-ignored", "--break", "webhook-never-sent"]
    with running(tmp_path_factory.mktemp("forgetful"), *flags) as (client, _):
        yield client


@pytest.mark.parametrize("name", PROBES)
def test_a_deviation_shows_only_when_switched_on(
    name: str, api: Api, liar: Api, forgetful: Api
) -> None:
    """Each --break can be seen from outside, and is not there without it."""
    broken = forgetful if name == "idempotency-ignored" else liar

    assert PROBES[name](broken)
    assert not PROBES[name](api)


def _hooked_coupon(api: Api, url: str) -> str:
    hook = api.make("/webhook-endpoints", {"url": url})
    body = {"name": "c", "discountType": "percentage", "discountPercentage": 1}
    api.make("/coupons", body)
    secret: str = hook["signingSecret"]
    return secret


def test_a_wrong_signature_can_be_asked_for(
    liar: Api, receiver: tuple[str, Events]
) -> None:
    """With webhook-signed-wrong the signature does not fit the secret."""
    url, taken = receiver

    secret = _hooked_coupon(liar, url)
    headers, raw = taken.get(timeout=DEADLINE_S)

    assert headers["smartpay-signature"] != signed(secret, headers, raw)


def test_silence_can_be_asked_for(forgetful: Api, receiver: tuple[str, Events]) -> None:
    """With webhook-never-sent nothing comes."""
    url, taken = receiver

    _hooked_coupon(forgetful, url)

    with pytest.raises(queue.Empty):
        taken.get(timeout=0.1)


def test_every_deviation_is_probed() -> None:
    """The names of --break are those probed here."""
    command = [sys.executable, str(FOLDER), "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    listed = told.partition("deviations for --break:\n")[2].splitlines()

    assert {line.split()[0] for line in listed} == PROBES.keys() | AT_RECEIVER


# --- starting and stopping ------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_told(tmp_path: Path, number: signal.Signals) -> None:
    """A signal ends it with code 0, whatever connections are open."""
    with running(tmp_path, "--only-key", KEY, "--token", "paytok_test_Mine1") as (
        client,
        process,
    ):
        tokens = client.read("/tokens")["data"]
        other = client("GET", "/v1/tokens", Authorization="Basic sk_test_other")
        process.send_signal(number)

        assert process.wait(DEADLINE_S) == 0
        assert [token["id"] for token in tokens] == ["paytok_test_Mine1"]
        assert other.status_code == 401
