"""Send the kit's HTTP calls: recorded, and at most so many per second."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from functools import partial
from urllib.parse import urlsplit

import pytest
import requests
import requests.adapters
from urllib3 import HTTPHeaderDict

from smartpay_contracts.exchange import ContractFailure, Exchange

USER_AGENT = "smartpay-contracts"
OUT_OF_SCOPE = "needs an operation that --smartpay-operations leaves out"
_PARALLEL = 32
"""Connections kept open, for the tests that call at once."""


class TargetLost(Exception):  # noqa: N818 - a state of the server
    """The server no longer answers."""


class Pace:
    """Limits calls per second.

    Args:
        per_second: The limit; ``None`` for no limit.
    """

    def __init__(self, per_second: float | None) -> None:
        self._gap_s = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next call may be sent."""
        if not self._gap_s:
            return
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._gap_s
        time.sleep(max(0.0, turn - time.monotonic()))


class Connection:
    """Sends calls and remembers them.

    Args:
        timeout_s: Timeout per call, in seconds.
        per_second: Most calls per second, or ``None``.
        proxies: Whether to go through the proxies of the environment.
        operations: The operations to call; ``None`` for all of them.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 30.0,
        per_second: float | None = None,
        proxies: bool = False,
        operations: frozenset[str] | None = None,
    ) -> None:
        self.exchanges: list[Exchange] = []
        self.lost = False
        self._timeout_s = timeout_s
        self._operations = operations
        self._pace = Pace(per_second)
        self._session = requests.Session()
        self._session.trust_env = proxies
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=_PARALLEL)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """Close every kept-open connection."""
        self._session.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        operation: str | None = None,
        expanded: bool = False,
        remember: bool = True,
    ) -> Exchange:
        """Send one call and return it with its answer.

        Args:
            method: Upper case.
            url: With the query.
            headers: All that are to be sent; names that differ only in case are
                sent as two headers.
            body: The raw bytes.
            operation: The row of operations.json, if it is one.
            expanded: Whether the call asks for ``expand=all``.
            remember: Whether the call is one of the test's; a call of the control
                API is not.

        Raises:
            TargetLost: Nothing answers at the address any more, nor a second call.
            ContractFailure: The connection broke or no answer came in time.
            pytest.skip.Exception: The operation is not to be called in this run.
        """
        if operation and self._operations and operation not in self._operations:
            pytest.skip(OUT_OF_SCOPE)
        self._pace.wait()
        sent_headers = {"User-Agent": USER_AGENT, **headers}
        answer = self._answer(method, url, sent_headers, body)
        exchange = Exchange(
            operation=operation,
            method=method,
            url=url,
            sent_headers=sent_headers,
            sent=body,
            status=answer.status_code,
            headers=answer.headers,
            body=answer.content,
            expanded=expanded,
        )
        if remember:
            self.exchanges.append(exchange)
        return exchange

    def _answer(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                url,
                headers=headers,
                data=body or None,
                timeout=self._timeout_s,
                allow_redirects=False,
                auth=partial(_exactly, headers),
            )
        except requests.RequestException as error:
            if not self.is_listening(url):
                self.lost = True
                raise TargetLost(
                    f"{_place(url)} stopped answering at {method} "
                    f"{urlsplit(url).path}, and nothing answers there any more. "
                    "Start it again and repeat the run."
                ) from error
            raise ContractFailure(
                f"an answer to {method} {urlsplit(url).path}",
                found=f"{type(error).__name__} (the server still answers)",
            ) from error

    def is_listening(self, url: str) -> bool:
        """Return whether the server of ``url`` answers a fresh connection in time."""
        try:
            self._session.get(
                url,
                timeout=self._timeout_s,
                headers={"Connection": "close"},
                auth=partial(_exactly, {}),
            )
        except (requests.ConnectionError, requests.Timeout):
            return False
        except requests.RequestException:
            return True
        return True


def _exactly(
    headers: Mapping[str, str], request: requests.PreparedRequest
) -> requests.PreparedRequest:
    """Add the headers that requests lost because their names differ only in case.

    As an ``auth``, it also keeps requests from replacing the credential by one of a
    .netrc file.
    """
    sent = HTTPHeaderDict(request.headers)
    for name in headers.keys() - set(request.headers):
        sent.add(name, headers[name])
    request.headers = sent  # type: ignore[assignment]  # urllib3 sends either
    return request


def _place(url: str) -> str:
    return urlsplit(url).netloc
