"""All functions work without the quick validator."""

from __future__ import annotations

import json
import subprocess
import sys


def test_everything_works_without_the_quick_validator() -> None:
    """Where jsonschema_rs has no wheel, the reference validator does it all."""
    script = (
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

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True
    )

    assert json.loads(done.stdout) == [True, True, False, True, True, ["/token"]]
