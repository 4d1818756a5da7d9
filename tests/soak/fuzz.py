"""Random input to every operation and route of the control plane, in this process.

State is carried along: ids of earlier answers are used in later requests. Each answer
must have a documented shape, and none may be slow or the result of a defect.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import re
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from random import Random
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode

from flask import Flask
from tests.many.cluster import Response
from tests.mock_server.account import CONSUMER, payload
from tests.mock_server.control.random_input import (
    NUMBERS,
    RAW,
    TEXTS,
    changed,
    random_request,
)
from tests.soak.figures import Figures, for_seconds
from tests.soak.kills import state_of

from smartpay_fixtures import load, names
from smartpay_mock.app import create_app
from smartpay_mock.kernel import wsgi
from smartpay_mock.kernel.ids import new_secret_key
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.kernel.wsgi import REPORT, common_environ, put_headers
from smartpay_mock.storage import open_store
from smartpay_schemas import OPERATIONS, Operation, problems, response_schema

LIFE = 500
"""Inputs that one account gets."""

CORES = 2
SLOW_S = 10.0
"""A call that takes longer is slow, on a machine that runs other work too."""

_ID = re.compile(r"[a-z]+_test_[0-9A-Za-z]{5,}")
_PREFIX = {
    "orders": "order",
    "payments": "payment",
    "refunds": "refund",
    "tokens": "paytok",
    "checkout-sessions": "checkout",
    "coupons": "coupon",
    "promotion-codes": "promotioncode",
    "webhook-endpoints": "webhookendpoint",
}
_STATUSES_WITHOUT_BODY = (204, 304)


class Input(NamedTuple):
    """A request: the operation, if it is one of the API, and what is sent."""

    operation: Operation | None
    method: str
    path: str
    body: bytes
    headers: dict[str, str]


class Fuzzer:
    """One account after another, and the input each of them gets.

    Attributes:
        figures: What happened.
    """

    def __init__(self, app: Flask, seed: int) -> None:
        self._app = app
        self._random = Random(seed)  # noqa: S311 - repeatable on purpose
        self._examples: dict[str, list[dict[str, Any]]] = {}
        for name in names("requests"):
            schema = name.partition("@")[0]
            self._examples.setdefault(schema, []).append(load(name))
        self.figures = Figures.of("5xx", "unexpected shapes", "slow calls", inputs=0)
        self._errors: list[BaseException] = []

    def live(self, inputs: int = LIFE) -> None:
        """Open an account and send it so many inputs."""
        self._key = new_secret_key()
        self._ids: dict[str, deque[str]] = {}
        self._bearer = ""
        self._order_something()
        for _ in range(inputs):
            self._try(self._admin() if self._random.random() < 0.35 else self._call())

    def _order_something(self) -> None:
        """Create something to begin with, and take a snapshot of it."""
        order = payload(captureMethod="manual")
        login = {"emailAddress": CONSUMER, "password": "password"}
        bodies = {"list_tokens": None, "create_order": order, "consumer_login": login}
        for operation, body in bodies.items():
            sent = self._sent(OPERATIONS[operation], json.dumps(body or {}).encode())
            answer = self._send(sent)
            self._harvest(answer)
        self._bearer = answer.json["accessToken"]
        taken = Input(None, "GET", "/__admin/snapshots", b"", self._headers())
        self._snapshot = self._send(taken).json

    # -- what is sent ------------------------------------------------------------------

    def _call(self) -> Input:
        """Return a call of any operation; about half of them are valid."""
        random = self._random
        operation = random.choice(tuple(OPERATIONS.values()))
        body = self._body(operation)
        sent = self._sent(operation, body)
        if random.random() < 0.5:
            query = {
                "expand": random.choice(["all", "no", "", "x"]),
                "maxResults": random.choice([*map(str, NUMBERS), "10", "100"]),
                "pageToken": random.choice(TEXTS),
                random.choice(TEXTS): random.choice(TEXTS),
            }
            some = {name: query[name] for name in query if random.random() < 0.3}
            sent = sent._replace(path=f"{sent.path}?{urlencode(some)}")
        if random.random() < 0.3:
            keys = [*TEXTS[1:4], "key-1", "key-2", "k" * 300]
            sent.headers["Idempotency-Key"] = random.choice(keys)
        if random.random() < 0.03:
            wrong = [*TEXTS[:3], "Basic ", "Bearer x", "Basic sk_live_1", "Basic é"]
            sent.headers["Authorization"] = random.choice(wrong)
        if random.random() < 0.02:
            sent.headers["Content-Type"] = random.choice(["text/plain", "", 'a/b;c="'])
        return sent

    def _body(self, operation: Operation) -> bytes:
        random = self._random
        if operation.request is None or random.random() < 0.03:
            return random.choice(RAW) if random.random() < 0.05 else b""
        example = random.choice(self._examples[operation.request])
        body = self._with_live_ids(example)
        if random.random() < 0.5:
            body = changed(random, body)
            if random.random() < 0.3:
                body = changed(random, body)
        return json.dumps(body).encode()

    def _with_live_ids(self, value: Any) -> Any:
        """Return a copy with ids that exist, and other amounts, captures and codes."""
        if isinstance(value, dict):
            return {name: self._member(name, each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._with_live_ids(each) for each in value]
        if isinstance(value, str) and _ID.fullmatch(value):
            return self._id(value.partition("_")[0])
        return value

    def _member(self, name: str, value: Any) -> Any:
        if name == "amount" and self._random.random() < 0.5:
            return self._random.choice([1, 10, 100, 1_000, 3_500])
        if name == "captureMethod":
            return self._random.choice(["automatic", "manual"])
        if name == "url":
            return "http://127.0.0.1:9/hook"
        return self._with_live_ids(value)

    def _id(self, prefix: str) -> str:
        known = self._ids.get(prefix)
        if prefix == "paytok" and self._random.random() < 0.5:
            return "paytok_test_approved"
        return self._random.choice(known) if known else f"{prefix}_test_none00000"

    def _sent(self, operation: Operation, body: bytes) -> Input:
        path = operation.path
        if "{id}" in path:
            of_none = self._random.random() < 0.1
            prefix = _PREFIX[path.split("/")[1]]
            id_ = self._random.choice(TEXTS[1:3]) if of_none else self._id(prefix)
            path = path.format(id=id_)
        mount = "/v1" if operation.side == "merchant" else ""
        headers = self._headers(bearer=operation.side == "consumer")
        return Input(operation, operation.method, mount + path, body, headers)

    def _admin(self) -> Input:
        """Return a request to any route of the control plane."""
        every = [id_ for known in self._ids.values() for id_ in known][-200:]
        asked = random_request(self._random, every or ["x"], self._snapshot)
        return Input(None, *asked, self._headers())

    def _headers(self, *, bearer: bool = False) -> dict[str, str]:
        shown = f"Bearer {self._bearer}" if bearer else f"Basic {self._key}"
        headers = {"Authorization": shown, "Host": "localhost"}
        headers["Content-Type"] = "application/json"
        if bearer:
            headers["Smartpay-Sandbox-Account"] = self._key
        return headers

    # -- what comes back ---------------------------------------------------------------

    def _try(self, sent: Input) -> None:
        """Send one input and look at the answer."""
        began = time.monotonic()
        answer = self._send(sent)
        took = time.monotonic() - began
        self.figures.done["inputs"] += 1
        if took > SLOW_S:
            self.figures.fail("slow calls", f"{took:.1f} s: {sent}")
        if answer.status >= 500 or self._errors:
            reasons = [repr(error) for error in self._errors]
            self._errors.clear()
            self.figures.fail("5xx", f"{sent} {answer} {reasons}")
        elif found := list(self._problems(sent, answer)):
            self.figures.fail("unexpected shapes", f"{sent} {answer} {found}")
        elif answer.status < 300:
            self.figures.done["accepted"] += 1
            self._harvest(answer)
        if sent.operation is None and sent.method != "GET":
            self._undo_faults(answer)

    def _undo_faults(self, answer: Response) -> None:
        """Delete faults and holds: with them, the next answer may be anything."""
        if answer.status == 200 and b'"hold_test_' in answer.body:
            path = f"/__admin/holds/{answer.json['id']}"
            self._send(Input(None, "DELETE", path, b"", self._headers()))
        self._send(Input(None, "DELETE", "/__admin/faults", b"", self._headers()))

    def _problems(self, sent: Input, answer: Response) -> Iterator[str]:
        operation, status = sent.operation, answer.status
        if status in _STATUSES_WITHOUT_BODY or not answer.body:
            expected = operation.response is None if operation else status == 204
            if answer.body or not expected or status >= 400:
                yield "a body that is missing, or is there"
            return
        if operation is None:
            yield from _problems_of_admin(answer)
            return
        if answer.headers.get("Content-Type") != "application/json":
            yield "another type of content"
        schema: Any = "common/error"
        if status == operation.status:
            is_expanded = "expand=all" in sent.path
            schema = response_schema(operation, expanded=is_expanded)
        elif status == 401 and operation.side == "merchant":
            schema = "common/unauthorized"
        for problem in problems(schema, answer.json):
            yield problem.message

    def _harvest(self, answer: Response) -> None:
        """Note the ids in an answer, for later inputs."""
        for id_ in set(_ID.findall(answer.body.decode(errors="replace"))):
            prefix = id_.partition("_")[0]
            self._ids.setdefault(prefix, deque(maxlen=40)).append(id_)

    def _send(self, sent: Input) -> Response:
        """Call the WSGI app as a server does."""
        path, _, query = sent.path.partition("?")
        environ = common_environ("127.0.0.1", 80, scheme="http") | {
            "REQUEST_METHOD": sent.method,
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "wsgi.input": io.BytesIO(sent.body),
            REPORT: self._errors.append,
        }
        put_headers(environ, [*sent.headers.items()])
        environ["CONTENT_LENGTH"] = str(len(sent.body))
        reply = wsgi.Response()
        reply.take(self._app(environ, reply.start))
        return Response(reply.code, dict(reply.headers), reply.body)


def _problems_of_admin(answer: Response) -> Iterator[str]:
    """Yield what is wrong with an answer of the control plane that has a body."""
    document = answer.json
    if answer.status < 400:
        if not isinstance(document, dict | list):
            yield "neither an object nor an array"
        return
    if answer.headers.get("Content-Type") != "application/problem+json":
        yield "another type of content"
    if document.get("status") != answer.status or not document.get("detail"):
        yield "no problem document"


def fuzz(state: str, inputs: int, *, seconds: float = 3_600, seed: int = 0) -> Figures:
    """Send inputs in this process; return what happened.

    Args:
        state: URL of the store; ``sqlite`` and ``postgresql`` make one.
        inputs: How many at the most.
        seconds: For how long at the most.
        seed: Of the generator.
    """
    with state_of(state) as url, open_store(url) as store:
        fuzzer = Fuzzer(create_app(Settings(), store=store), seed)
        done = fuzzer.figures.done
        for _ in for_seconds(seconds):
            fuzzer.live(min(inputs - done["inputs"], LIFE))
            done["accounts"] += 1
            if done["inputs"] >= inputs:
                break
    return fuzzer.figures


def fuzz_on_cores(state: str, seconds: float, inputs: int = 1_000_000) -> Figures:
    """Send inputs in several processes, each with a seed and a store of its own.

    Args:
        state: URL of the store; ``sqlite`` and ``postgresql`` make one.
        seconds: For how long at the most.
        inputs: How many at the most.
    """
    total = Figures()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(CORES, context) as pool:
        part = partial(fuzz, state, inputs // CORES, seconds=seconds)
        for each in [pool.submit(part, seed=seed) for seed in range(CORES)]:
            total.add(each.result())
    return total
