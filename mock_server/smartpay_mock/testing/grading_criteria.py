"""The criteria: each looks at the evidence and says one thing of the client.

What each asks for is written down in ``retries.json``, under ``criteria``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from smartpay_mock.testing.grading_evidence import Evidence, Verdict

Criterion = Callable[[str, Any, Evidence], Verdict]

# Clocks of two processes tick apart; who waits by a timer may be so much too early.
_FORGIVEN_MS = 10


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _judged(name: str, passed: bool, found: str, bug: str) -> Verdict:
    return Verdict(name, passed, found, "" if passed else bug)


def _moot(name: str, evidence: Evidence) -> Verdict:
    attempts = _counted(len(evidence.attempts), "attempt")
    return Verdict(name, None, f"not judged after {attempts}")


def _retries(name: str, expected: bool, evidence: Evidence) -> Verdict:
    number = len(evidence.attempts)
    passed = number > 1 if expected else number == 1
    bug = "no-retry" if expected else "needless-retry"
    found = f"{_counted(number, 'attempt')}, not {'more' if expected else '1'}"
    if passed:
        found = _counted(number, "attempt")
    return _judged(name, passed, found, bug if number else "never-called")


def _gives_up(name: str, most: int, evidence: Evidence) -> Verdict:
    number = len(evidence.attempts)
    found = f"{_counted(number, 'attempt')}, of {most} at the most"
    return _judged(name, number <= most, found, "endless-retry")


def _same_key(name: str, _expected: bool, evidence: Evidence) -> Verdict:
    if len(evidence.attempts) < 2:  # noqa: PLR2004 - a pair
        return _moot(name, evidence)
    keys = {attempt.idempotency_key for attempt in evidence.attempts}
    attempts = _counted(len(evidence.attempts), "attempt")
    if None in keys:
        return _judged(name, False, f"no key in some of {attempts}", "no-key")
    found = f"{_counted(len(keys), 'key')} in {attempts}"
    return _judged(name, len(keys) == 1, found, "new-key")


def _same_body(name: str, _expected: bool, evidence: Evidence) -> Verdict:
    if len(evidence.attempts) < 2:  # noqa: PLR2004 - a pair
        return _moot(name, evidence)
    bodies: list[Any] = []
    for attempt in evidence.attempts:
        body = attempt.body if attempt.json is None else attempt.json
        bodies += [] if body in bodies else [body]
    attempts = _counted(len(evidence.attempts), "attempt")
    found = f"{len(bodies)} {'body' if len(bodies) == 1 else 'bodies'} in {attempts}"
    return _judged(name, len(bodies) == 1, found, "changed-body")


def _pauses(name: str, least_ms: int, evidence: Evidence) -> Verdict:
    if not evidence.pauses:
        return _moot(name, evidence)
    shortest = min(evidence.pauses)
    found = f"a pause of {shortest:,} ms, {least_ms:,} ms at the least"
    return _judged(name, shortest >= least_ms, found, "no-pause")


def _slows_down(name: str, least_ms: int, evidence: Evidence) -> Verdict:
    if len(evidence.pauses) < 2:  # noqa: PLR2004 - a pair
        return _moot(name, evidence)
    first, last = evidence.pauses[0], evidence.pauses[-1]
    found = f"a first pause of {first:,} ms, a last one of {last:,} ms"
    return _judged(name, last - first >= least_ms, found, "steady-pace")


def _heeds_retry_after(name: str, least_ms: int, evidence: Evidence) -> Verdict:
    if not evidence.pauses:
        return _moot(name, evidence)
    pause = evidence.pauses[0]
    found = f"came back after {pause:,} ms, was told {least_ms:,} ms"
    return _judged(name, pause >= least_ms - _FORGIVEN_MS, found, "impatient")


def _charges(name: str, expected: int, evidence: Evidence) -> Verdict:
    number = evidence.charges
    found = f"{_counted(number, 'charge')}"
    if number != expected:
        found += f", not {expected}"
    bug = "double-charge" if number > expected else "lost-sale"
    return _judged(name, number == expected, found, bug)


def _ends(name: str, most_ms: int, evidence: Evidence) -> Verdict:
    longest = max(evidence.pauses, default=0)
    if evidence.outcome == "unfinished":
        return _judged(name, False, "still waiting when it was stopped", "hangs")
    found = f"waited {longest:,} ms, {most_ms:,} ms at the most"
    return _judged(name, longest <= most_ms, found, "hangs")


def _reports(name: str, expected: str, evidence: Evidence) -> Verdict:
    outcome = evidence.outcome
    if outcome == expected:
        return Verdict(name, True, f"reported {outcome}")
    if outcome == "unfinished":
        return _judged(name, False, "reported nothing until it was stopped", "hangs")
    bug = "charged-untold" if evidence.charges else "lost-sale"
    found = f"reported {outcome}, not {expected}"
    return _judged(name, False, found, bug if outcome == "failure" else "sold-unpaid")


CRITERIA: Mapping[str, Criterion] = {
    "retries": _retries,
    "gives-up": _gives_up,
    "same-key": _same_key,
    "same-body": _same_body,
    "pauses": _pauses,
    "slows-down": _slows_down,
    "heeds-retry-after": _heeds_retry_after,
    "charges": _charges,
    "ends": _ends,
    "reports": _reports,
}
