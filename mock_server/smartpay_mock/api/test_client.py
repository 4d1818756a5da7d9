"""Flask's test client, with the headers of a request as a server sees them."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from smartpay_mock.kernel.wsgi import HEADER_NAMES


class TestClient(FlaskClient):
    """Sends no header with an underscore, and reveals which header comes twice.

    An environ alone doesn't show the difference between ``Idempotency_Key`` and
    ``Idempotency-Key``. Servers drop the first.
    """

    def open(self, *args: Any, **options: Any) -> TestResponse:
        """Send a request; see ``werkzeug.test.Client.open``."""
        given = Headers(options.get("headers") or ())
        options["headers"] = Headers([row for row in given if "_" not in row[0]])
        options["environ_overrides"] = {
            HEADER_NAMES: tuple(name.lower() for name, _ in given),
            **(options.get("environ_overrides") or {}),
        }
        return super().open(*args, **options)
