"""A charge stays easy to follow: few functions above its handler, few files."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import smartpay_fixtures
import smartpay_mock
import smartpay_schemas

OURS = tuple(
    str(Path(str(package.__file__)).parent)
    for package in (smartpay_mock, smartpay_fixtures, smartpay_schemas)
)
MOST_FILES = 30
"""In memory, with the test client, without a server, which adds 3 at the most."""

PATH = [
    "TestClient.open",
    "Dispatcher.__call__",
    "perform",
    "Pipeline.take_faults_or_run",
    "Pipeline.run",
    "Pipeline._attempt",
    "create_order",
]
"""Our functions from the WSGI application to the handler of a charge."""


def test_a_charge_takes_few_functions_and_files(api: Any, order_payload: Any) -> None:
    """A debugger that stops in the handler shows this stack of ours."""
    api.order()
    files: set[str] = set()
    stack: list[str] = []

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(OURS):
            return
        files.add(code.co_filename)
        if code.co_name == "create_order":
            stack.extend(our_functions_above(frame))

    sys.setprofile(watch)
    try:
        reply = api.send("POST", "/v1/orders", order_payload())
    finally:
        sys.setprofile(None)

    assert reply.status == 200
    assert stack == PATH
    names = sorted(Path(file).name for file in files)
    assert len(names) <= MOST_FILES, " ".join(names)


def our_functions_above(frame: FrameType | None) -> list[str]:
    """Return the names of our functions on the stack, outermost first."""
    names = []
    while frame is not None:
        if frame.f_code.co_filename.startswith(OURS):
            names.append(frame.f_code.co_qualname)
        frame = frame.f_back
    return names[::-1]
