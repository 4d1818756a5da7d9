"""Advice as warnings: what of a test's requests is odd, though tolerated."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import NamedTuple

from smartpay_mock.testing.journal import RecordedRequest

_REFUSED = 400


class SmartpayAdviceWarning(UserWarning):
    """A request was tolerated that a person should look at."""


class Place(NamedTuple):
    """Where a test is written: its file and line."""

    path: str
    line: int


def advice_in(requests: Iterable[RecordedRequest]) -> list[str]:
    """Return the advice on requests, each once, with the operation it is about.

    Of requests that were refused there is none: nothing was tolerated.
    """
    found = {
        f"{request.operation}: {advice.message}": None
        for request in requests
        if request.status < _REFUSED
        for advice in request.advice
    }
    return list(found)


def warn_of_advice(requests: Iterable[RecordedRequest], place: Place) -> None:
    """Warn of each piece of advice, as coming from the test.

    Raises:
        SmartpayAdviceWarning: Warnings are errors in this run.
    """
    for message in advice_in(requests):
        warnings.warn_explicit(
            message, SmartpayAdviceWarning, str(place.path), place.line
        )
