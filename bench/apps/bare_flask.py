"""The least a Flask app can be: one route, a fixed answer. ``bare_flask.py PORT``."""

from __future__ import annotations

import sys

from flask import Flask

app = Flask(__name__)


@app.post("/v1/orders")
def create_order() -> dict[str, str]:
    """Answer always the same."""
    return {"id": "order_test_1", "status": "succeeded"}


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]), threaded=True)
