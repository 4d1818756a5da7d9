"""pytest-httpserver with one canned answer. ``canned.py PORT``."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from pytest_httpserver import HTTPServer

if __name__ == "__main__":
    answer = json.loads(Path("answer.json").read_text(encoding="utf-8"))
    server = HTTPServer("127.0.0.1", int(sys.argv[1]))
    server.expect_request("/v1/orders", method="POST").respond_with_json(answer)
    server.start()
    threading.Event().wait()
