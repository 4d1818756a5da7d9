"""Wiring: from settings to a Flask application. No rule is decided here."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from smartpay_mock.api.direct import DirectFlask
from smartpay_mock.api.engine import Engine
from smartpay_mock.api.routes import add_error_handlers, add_routes
from smartpay_mock.control.admin import add_admin
from smartpay_mock.control.checkout import add_checkout
from smartpay_mock.control.guard import Guard
from smartpay_mock.control.inspector import add_inspector
from smartpay_mock.events.worker import Worker
from smartpay_mock.kernel.ids import new_password
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage import open_store
from smartpay_mock.storage.base import Store

ENGINE = "smartpay.engine"

Twist = Callable[[Engine], Engine]


def create_app(
    settings: Settings | None = None,
    *,
    store: Store | None = None,
    twist: Twist | None = None,
) -> Flask:
    """Return the emulator as a Flask application.

    Args:
        settings: How it behaves; all defaults when absent.
        store: Where state lives; opened from ``settings.state`` when absent.
        twist: Changes the engine before it serves, as evil twins do.

    Raises:
        StoreError: The state cannot be opened.
    """
    settings = settings or Settings()
    engine = Engine(settings, store or open_store(settings.state))
    if twist is not None:
        engine = twist(engine)
    app = DirectFlask(
        "smartpay_mock", static_folder=None, template_folder="control/templates"
    )
    app.extensions[ENGINE] = engine
    add_routes(app, engine)
    app.go_direct(engine)
    guard = Guard(settings, settings.admin_token or new_password())
    add_admin(app, engine, guard)
    add_inspector(app, guard)
    add_checkout(app, engine)
    add_error_handlers(app, engine)
    return app


def engine_of(app: Flask) -> Engine:
    """Return the engine behind an application made by ``create_app``."""
    engine: Engine = app.extensions[ENGINE]
    return engine


def start_worker(app: Flask, errors: list[BaseException]) -> Worker:
    """Deliver an application's webhooks in the background from now on.

    Args:
        app: Made by ``create_app``.
        errors: Where to collect what goes wrong in the worker's threads.

    Returns:
        The worker; whoever started it stops it.
    """
    engine = engine_of(app)
    worker = Worker(engine.deliverer)
    worker.errors = errors
    engine.notify = worker.notify
    worker.start()
    return worker
