"""Random input for the control plane, valid and not, from a seeded generator."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from smartpay_mock.control.admin import ROUTES
from smartpay_mock.control.routes import PREFIX, Route

TEXTS = ["", "x", "*", "名", "a\0b", "\x1b[0m", "../x", "%", "9" * 400, "javascript:x"]
NUMBERS = [0, -1, 1, 2, 3.0, 3.5, -0.0, 10**12, 2**40, 2**53, 2**63, 2**64, 1e300]
VALUES: list[Any] = [
    *TEXTS,
    *NUMBERS,
    None,
    True,
    False,
    [],
    {},
    [[]],
    {"": {}},
    {"id": 3.0},
]
RAW = [b"", b"{", b"\xff", b"NaN", b'{"at": 1e400}', b"[" * 100, b'{"at": NaN}']


class AdminRequest(NamedTuple):
    """A request to the control plane: method, path with query, and body."""

    method: str
    path: str
    body: bytes


def random_request(
    random: Random, ids: Sequence[str], snapshot: dict[str, Any]
) -> AdminRequest:
    """Return a request to any route; about half of them are valid.

    Args:
        random: The generator.
        ids: Ids that exist, for paths and queries.
        snapshot: A valid snapshot, to change and restore.
    """
    route = random.choice(ROUTES)
    texts = [*ids, *TEXTS]
    path = PREFIX + route.path.format(id=quote(random.choice(texts) or "x", safe=""))
    names = [name for name in (*route.query, "x") if random.random() < 0.3]
    query = {name: random.choice([*texts, "1", "0"]) for name in names}
    # The longest wait of a hold would stop the run.
    query.pop("calls", None)
    body = _body(random, route, snapshot)
    return AdminRequest(route.method, f"{path}?{urlencode(query)}", body)


def _body(random: Random, route: Route, snapshot: dict[str, Any]) -> bytes:
    if route.body is None and random.random() < 0.9:
        return b""
    if random.random() < 0.05:
        return random.choice(RAW)
    schema = dict(route.body or {})
    is_snapshot = "documents" in schema.get("properties", {})
    body = json.loads(json.dumps(snapshot)) if is_snapshot else fitting(random, schema)
    return json.dumps(changed(random, body) if random.random() < 0.5 else body).encode()


def fitting(random: Random, schema: dict[str, Any]) -> Any:
    """Return a value that fits a schema of the control plane, as far as it says."""
    if "enum" in schema:
        return random.choice(schema["enum"])
    if "properties" in schema:
        required = schema.get("required", ())
        return {
            name: fitting(random, member)
            for name, member in schema["properties"].items()
            if name in required or random.random() < 0.4
        }
    type_ = schema.get("type", "object")
    names = [type_] if isinstance(type_, str) else type_
    low, high = schema.get("minimum", 0), schema.get("maximum", 10)
    values = {
        "boolean": random.random() < 0.5,
        "integer": random.choice([low, high, random.randint(int(low), int(high))]),
        "number": random.choice([low, high, 0.5]),
        "string": random.choice(["*", "create_order", "x"]),
        "object": {"x": 1},
        "array": [],
        "null": None,
    }
    return values[random.choice(names)]


def changed(random: Random, value: Any) -> Any:
    """Return a JSON value with one part of it replaced, removed or added."""
    keys: Sequence[Any] = list(value) if isinstance(value, dict) else ()
    if isinstance(value, list):
        keys = range(len(value))
    if not keys or random.random() < 0.1:
        return deepcopy(random.choice(VALUES))
    key, dice = random.choice(keys), random.random()
    if dice < 0.1:
        value.pop(key)
    elif dice < 0.15 and isinstance(value, dict):
        value[random.choice(TEXTS)] = deepcopy(random.choice(VALUES))
    else:
        value[key] = changed(random, value[key])
    return value
