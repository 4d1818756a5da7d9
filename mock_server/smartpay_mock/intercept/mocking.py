"""``intercept``: calls made with ``requests`` to the real API are answered here.

It is built on ``responses`` and works beside a user's own mocks. The user's mocks come
first, other calls to the API reach the emulator, and calls to other hosts go to the
network.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from responses import BaseResponse, CallList, RequestsMock
from urllib3 import HTTPResponse

from smartpay_mock.intercept.adapter import RequestsCall
from smartpay_mock.intercept.wsgi import Report, WSGIApp

HOSTS = ("https://api.smartpay.co", "https://checkout.smartpay.co")
MAX_CALLS = 100

_PORTS = {"http": 80, "https": 443}
_EVERYTHING = ("http://", "https://")


@contextlib.contextmanager
def intercept(
    app: WSGIApp, *, hosts: Sequence[str] = HOSTS, report: Report | None = None
) -> Iterator[RequestsMock]:
    """Answer calls made with ``requests`` to ``hosts`` by ``app``, without a socket.

    Args:
        app: The app that answers.
        hosts: Scheme and authority of each.
        report: Takes exceptions that the app answers with 500.

    Yields:
        The active mock. Its ``calls`` are the last ``MAX_CALLS`` calls, unless a mock
        of the user's own, started later, saw them first.
    """
    emulator = _Emulator(app, hosts, report)
    active = RequestsMock(
        assert_all_requests_are_fired=False,
        passthru_prefixes=_EVERYTHING,
        # What was there before, such as a mock of the user's own, sees the others.
        real_adapter_send=HTTPAdapter.send,
    )
    active._calls = _LastCalls()
    with _FALLBACK.to(emulator), active:
        yield active


class _LastCalls(CallList):
    """A journal that forgets, where that of ``responses`` grows for ever."""

    def add(self, request: Any, response: Any) -> None:
        super().add(request, response)
        del self._calls[:-MAX_CALLS]

    def add_call(self, call: Any) -> None:
        super().add_call(call)
        del self._calls[:-MAX_CALLS]


class _Emulator(BaseResponse):
    """A mocked response to everything: the emulator's."""

    def __init__(
        self, app: WSGIApp, hosts: Sequence[str], report: Report | None
    ) -> None:
        super().__init__("*", "")
        self._app = app
        self._origins = {_origin(host) for host in hosts}
        self._report = report
        self._calls = _LastCalls()

    def answers(self, request: requests.PreparedRequest) -> bool:
        """Whether ``request`` is for one of the hosts."""
        return _origin(str(request.url)) in self._origins

    def get_response(self, request: Any) -> HTTPResponse:
        """Return the app's answer; faults are raised as on a network."""
        call = RequestsCall(
            self._app,
            request.smartpay_adapter,
            request,
            timeout=request.req_kwargs.get("timeout"),
            report=self._report,
        )
        # responses itself retries statuses.
        return call.send(retry_statuses=False)


class _Fallback:
    """Makes every active mock ask the emulators about calls it does not know.

    A mock that the user starts inside ``intercept`` sees calls first, and would refuse
    those to the API: so the question is asked where mocks look for a match.
    """

    def __init__(self) -> None:
        self._emulators: list[_Emulator] = []
        self._lock = threading.Lock()
        self._patches: list[Any] = []

    @contextlib.contextmanager
    def to(self, emulator: _Emulator) -> Iterator[None]:
        """Ask ``emulator`` too, before those that are asked already."""
        with self._lock:
            self._emulators.insert(0, emulator)
            if not self._patches:
                self._patch()
        try:
            yield
        finally:
            with self._lock:
                self._emulators.remove(emulator)
                while self._patches and not self._emulators:
                    self._patches.pop().stop()

    def _patch(self) -> None:
        find, handle = RequestsMock._find_match, RequestsMock._on_request

        def find_match(active: RequestsMock, request: Any) -> Any:
            match, reasons = find(active, request)
            if match is None:
                match = self._emulator_for(request)
            return match, reasons

        def on_request(
            active: RequestsMock, adapter: Any, request: Any, **options: Any
        ) -> Any:
            request.smartpay_adapter = adapter  # beside what responses adds there
            return handle(active, adapter, request, **options)

        for name, wrapper in (("_find_match", find_match), ("_on_request", on_request)):
            patch = mock.patch.object(RequestsMock, name, wrapper)
            patch.start()
            self._patches.append(patch)

    def _emulator_for(self, request: Any) -> _Emulator | None:
        return next((one for one in self._emulators if one.answers(request)), None)


_FALLBACK = _Fallback()


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
