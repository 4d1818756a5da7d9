"""Each official SDK's live suite, as recorded, over real sockets.

Source: the sequences of the SDKs' live suites, which ran against the vendor's own
sandbox, and the code of the shop plugins; each recording says how it was made.
"""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPSConnection

import pytest

from smartpay_fixtures import sandbox_values
from smartpay_fixtures.recordings import (
    Played,
    Recording,
    Send,
    recordings,
    run_recording,
)
from smartpay_mock.server import Sandbox
from smartpay_schemas import OPERATIONS, Operation

SDKS = ("go", "node", "php", "python", "ruby")
HTTPS_CONSUMERS = ("node", "php", "python", "python-0.6", "ruby")
"""SDKs whose suites spell https:// before the host of the consumer's calls."""

MOUNTS = ("/v1", "/api.smartpay/v1", "/api.smartpay.co/v1")

LEFT_OUT: dict[str, set[str]] = {
    "go": set(),
    "node": {"get_coupon", "get_promotion_code"},
    "php": {"list_orders"},
    "python": {"list_refunds"},
    "ruby": set(),
}
"""What each live suite never calls; all else it does."""

Answer = tuple[int, Mapping[str, str], bytes]


class Wire:
    """Connections to an emulator; the consumer's calls may take another one.

    Args:
        sandbox: The emulator.
        merchant: ``http`` or ``https``, for what is below the API's base.
        consumer: The same, for what is at the host's root.
        base: The API's base path.

    Attributes:
        carried: How many calls went over each scheme.
    """

    def __init__(
        self, sandbox: Sandbox, *, merchant: str, consumer: str, base: str
    ) -> None:
        self.carried: Counter[str] = Counter()
        self._base = base
        self._schemes = {True: merchant, False: consumer}
        trust = ssl.create_default_context(cafile=sandbox.certificates.ca_path)
        self._connections = {
            "http": HTTPConnection(_authority(sandbox.root_url), timeout=10),
            "https": HTTPSConnection(
                _authority(sandbox.tls_root_url), timeout=10, context=trust
            ),
        }

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """Make one call."""
        scheme = self._schemes[url.startswith(self._base)]
        self.carried[scheme] += 1
        connection = self._connections[scheme]
        connection.request(method, url, body=body, headers=dict(headers))
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            connection.close()


def _authority(root_url: str) -> str:
    return root_url.partition("://")[2]


@contextmanager
def wired(
    sandbox: Sandbox, *, merchant: str, consumer: str, base: str
) -> Iterator[Wire]:
    """Hold connections for the time of a block."""
    wire = Wire(sandbox, merchant=merchant, consumer=consumer, base=base)
    with closing(wire):
        yield wire


def play(recording: Recording, send: Send, *, base: str) -> tuple[Played, ...]:
    """Play a recording with the guide's key on the API at ``base``."""
    return run_recording(
        recording, send, base=base, secret_key=sandbox_values().secret_key
    )


def operation_of(step: Mapping[str, str]) -> Operation:
    """Return which operation a recorded step calls."""
    shape = step["path"].replace("{base}", "").split("/")
    for operation in OPERATIONS.values():
        wanted = operation.path.split("/")
        if operation.method == step["method"] and len(wanted) == len(shape):
            pairs = zip(wanted, shape, strict=True)
            if all(a == b or (a == "{id}" and b.startswith("{")) for a, b in pairs):
                return operation
    raise LookupError(f"no operation is {step['method']} {step['path']}")


@pytest.mark.parametrize("base", MOUNTS)
@pytest.mark.parametrize("name", recordings())
def test_a_live_suite_passes_on_every_mount(
    sandbox: Sandbox, name: str, base: str
) -> None:
    """Every call of the suite is answered as the suite asserts.

    Merchant calls go over plain HTTP, consumer calls over HTTPS with a private CA
    where the suite insists on it.
    """
    consumer = "https" if name in HTTPS_CONSUMERS else "http"

    with wired(sandbox, merchant="http", consumer=consumer, base=base) as wire:
        played = play(recordings()[name], wire.send, base=base)

    assert len(played) == wire.carried.total()
    assert set(wire.carried) == {"http", consumer}


@pytest.mark.parametrize("name", recordings())
def test_a_live_suite_passes_over_https_alone(sandbox: Sandbox, name: str) -> None:
    """A client that knows one HTTPS origin finds the merchant's API there too."""
    base = recordings()[name].variables["base"]

    with wired(sandbox, merchant="https", consumer="https", base=base) as wire:
        play(recordings()[name], wire.send, base=base)

    assert set(wire.carried) == {"https"}


@pytest.mark.parametrize("name", recordings())
def test_suites_share_an_account(sandbox: Sandbox, name: str) -> None:
    """A suite passes again on an account that another suite has filled."""
    recording = recordings()[name]
    base = recording.variables["base"]
    key = sandbox_values().secret_key

    with wired(sandbox, merchant="http", consumer="http", base=base) as wire:
        play(recordings()["go"], wire.send, base=base)
        again = run_recording(
            recording, wire.send, base=base, secret_key=key, unique="second"
        )

    assert again


@pytest.mark.parametrize("name", SDKS)
def test_a_recording_calls_what_the_live_suite_calls(name: str) -> None:
    """No operation got lost between the suite and its recording."""
    called = {operation_of(step).id for step in recordings()[name].steps}

    assert set(OPERATIONS) - called == LEFT_OUT[name]
