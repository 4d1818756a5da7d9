"""A transport adapter for ``requests``: the fastest way to the emulator."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import DEFAULT_RETRIES, HTTPAdapter
from urllib3 import Retry

from smartpay_mock.intercept.lowlevel import Exchange
from smartpay_mock.intercept.wsgi import Report, WSGIApp


class SmartpayAdapter(HTTPAdapter):
    """Answers every call of a session by a WSGI app, without a socket.

    ::

        session = requests.Session()
        session.mount("https://api.smartpay.co", SmartpayAdapter(app))

    Transport faults become the exceptions that ``requests`` raises on a network. A
    stall takes no time: it is a ``ReadTimeout`` at once if the call has a timeout
    that is shorter. An answer that takes longer than the timeout is one too, when it
    is there.

    Args:
        app: Who answers.
        max_retries: As for ``HTTPAdapter``; no time passes between retries.
        report: Takes exceptions that the app answers with 500.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        max_retries: int | Retry = DEFAULT_RETRIES,
        report: Report | None = None,
    ) -> None:
        super().__init__(max_retries=max_retries)
        self._app = app
        self._report = report

    def send(  # noqa: PLR0917 - the signature is that of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Return the app's answer to ``request``."""
        exchange = Exchange(
            self._app, self, request, timeout=timeout, report=self._report
        )
        return self.build_response(request, exchange.send(retry_statuses=True))
