"""Wiring: from settings to a Flask application. No rule is decided here."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from jinja2 import PackageLoader

from smartpay_mock.api.application import Application
from smartpay_mock.api.test_client import TestClient
from smartpay_mock.api.wsgi import add_api
from smartpay_mock.control.admin import add_admin
from smartpay_mock.control.checkout import add_checkout
from smartpay_mock.control.guard import Guard
from smartpay_mock.control.hosts import HostCheck
from smartpay_mock.control.pages import add_pages
from smartpay_mock.dashboard.site import add_dashboard
from smartpay_mock.events.worker import Worker
from smartpay_mock.kernel.ids import new_password
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage import open_store
from smartpay_mock.storage.base import Store

APPLICATION = "smartpay"
"""Key of the ``Application`` in ``app.extensions``."""

Patch = Callable[[Application], Application]


def create_app(
    settings: Settings | None = None,
    *,
    store: Store | None = None,
    patch: Patch | None = None,
) -> Flask:
    """Return the emulator as a Flask application.

    Args:
        settings: Options; the defaults if absent.
        store: Where state is stored; opened from ``settings.state`` if absent.
        patch: Replaces components before the application serves.

    Raises:
        StoreError: The state cannot be opened.
    """
    settings = settings or Settings()
    application = Application(settings, store or open_store(settings.state))
    if patch is not None:
        application = patch(application)
    app = Flask("smartpay_mock", static_folder=None, template_folder=None)
    # Reads templates of a package in a zip file too.
    app.jinja_loader = PackageLoader("smartpay_mock", "control/templates")
    app.test_client_class = TestClient
    app.extensions[APPLICATION] = application
    guard = Guard(settings, settings.admin_token or new_password())
    add_api(app, application, HostCheck(application).refuse)
    add_admin(app, application, guard)
    add_pages(app)
    add_dashboard(app, application, guard)
    add_checkout(app, application)
    return app


def application_of(app: Flask) -> Application:
    """Return the components of an application made by ``create_app``."""
    application: Application = app.extensions[APPLICATION]
    return application


def start_worker(app: Flask, errors: list[BaseException]) -> Worker:
    """Deliver an application's webhooks in the background from now on.

    Args:
        app: Made by ``create_app``.
        errors: Where to collect exceptions of the worker's threads.

    Returns:
        The worker; the caller stops it.
    """
    application = application_of(app)
    worker = Worker(application.deliverer)
    worker.errors = errors
    application.wake = worker.wake
    worker.start()
    return worker
