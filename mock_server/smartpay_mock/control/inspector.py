"""The inspector: a page that shows an account's orders, requests and webhooks."""

from __future__ import annotations

from typing import Any

from flask import Flask, render_template, request

from smartpay_fixtures import sandbox_values
from smartpay_mock.api.wsgi import read_head, to_response
from smartpay_mock.control.guard import Guard
from smartpay_mock.control.routes import PREFIX


def add_inspector(app: Flask, guard: Guard) -> None:
    """Register the page; its script calls the control plane."""

    def view() -> Any:
        refused = guard.refuse(read_head(request.environ), is_open=True)
        if refused:
            return to_response(refused)
        return render_template(
            "inspector.html", prefix=PREFIX, key=sandbox_values().secret_key
        )

    app.add_url_rule(f"{PREFIX}/ui", endpoint="inspector", view_func=view)
