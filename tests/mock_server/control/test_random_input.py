"""Any input to the control plane gets an answer, and the account stays usable."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from tests.mock_server.control.random_input import random_request

INPUTS = 400


@pytest.mark.parametrize("seed", range(4))
def test_no_input_of_the_control_plane_is_a_defect(emulate: Any, seed: int) -> None:
    """No request is answered with a 500, and orders still have their shape."""
    api, random = emulate(), Random(seed)  # noqa: S311 - not for security
    api.endpoint()
    order = api.manual(reference="first")
    api.refund(api.capture(order["id"], 1000).json["id"], 10)
    api.session()
    snapshot = api.control("GET", "/snapshots")
    ids = [row["id"] for row in snapshot["documents"]]

    for _ in range(INPUTS):
        method, path, body = random_request(random, ids, snapshot)
        reply = api.send(method, path, raw=body)

        assert reply.status < 500, (method, path, body, reply.body)
        if method != "GET":
            if path.startswith("/__admin/holds?") and reply.status == 200:
                api.control("DELETE", f"/holds/{reply.json['id']}")
            api.admin("DELETE", "/faults")
            api.forget_request_ids()
            for operation in ("create_order", "list_orders", "list_payments"):
                sent = None if "list" in operation else {"token": "x"}
                assert api.do(operation, sent).status < 500, (method, path, reply.body)
            assert api.admin("GET", "/orders").status == 200
