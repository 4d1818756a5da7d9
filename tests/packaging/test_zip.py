"""The packages run from a zip file on the import path, as zipapps and shivs do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, re, sys
from collections import Counter
import smartpay_mock
from smartpay_fixtures import load
from smartpay_mock.app import create_app
from smartpay_mock.testing.coverage import Coverage, as_html

assert sys.argv[1] in smartpay_mock.__file__
client = create_app().test_client()
headers = {"Authorization": "Basic sk_test_zip"}
order = client.post("/v1/orders", json=load("guide/curl"), headers=headers)
page = client.get("/__admin/ui", follow_redirects=True)
files = re.findall(r'(?:src|href)="(/[^"#?]+)', page.text)
assert {name.rpartition(".")[2] for name in files} >= {"css", "js"}
assert "100" in as_html(Coverage(Counter()))
answers = [order, page, *map(client.get, files), client.get("/__admin/scenarios")]
print(json.dumps([answer.status_code for answer in answers]))
"""


def test_an_order_is_created_by_packages_in_a_zip_file(
    wheel: Path, tmp_path: Path
) -> None:
    """Tables, schemas, examples and pages are read from the zip file."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(wheel)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {200}
