"""What importing the package costs, and what works without the quick validator."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

HEAVY = ["jsonschema", "jsonschema_rs", "referencing", "difflib", "importlib.resources"]


def run(script: str) -> Any:
    """Run a script in a fresh interpreter and return the JSON it prints."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def test_importing_loads_no_validator_and_reads_no_file() -> None:
    """The pytest plugin imports this package in every run."""
    loaded = run(
        "import sys; before = set(sys.modules)\n"
        "import smartpay_schemas, json\n"
        f"heavy = [m for m in {HEAVY} if m in set(sys.modules) - before]\n"
        "read = smartpay_schemas._load.read.cache_info().currsize\n"
        "print(json.dumps([heavy, read]))"
    )

    assert loaded == [[], 0]


def test_everything_works_without_the_quick_validator() -> None:
    """Where jsonschema_rs has no wheel, the reference validator does it all."""
    answers = run(
        "import sys, json\n"
        "sys.modules['jsonschema_rs'] = None\n"
        "import smartpay_schemas as s\n"
        "name = 'requests/order-create'\n"
        "good = s.schema(name)['examples'][0]\n"
        "odd = {**good, 'captureMethod': 'autommatic', 'token': 'paytok_test_a\\n'}\n"
        "page = s.schema('common/collection')['examples'][0]\n"
        "schema = s.collection_of('resources/order')\n"
        "print(json.dumps([s.accepts(name, good), s.accepts_strictly(name, good),\n"
        "    s.accepts_strictly(name, {**good, 'x': 1}), s.accepts(schema, page),\n"
        "    s.accepts(schema, {**page, 'x': 1}, tolerate_extra=True),\n"
        "    [p.pointer for p in s.problems(name, odd)]]))"
    )

    assert answers == [True, True, False, True, True, ["/token"]]
