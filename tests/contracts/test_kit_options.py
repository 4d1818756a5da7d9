"""The kit's options: flags over variables, and what is refused before any call."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from smartpay_contracts.connection import Connection
from smartpay_contracts.options import TABLE, Options, read_age, read_options
from smartpay_contracts.target import find_target, is_loopback


def config(**flags: Any) -> Any:
    """Return a stand-in for pytest's configuration with these flags given."""
    dests = {f"smartpay_kit_{name}": value for name, value in flags.items()}
    return SimpleNamespace(
        getoption=lambda dest, default=None: dests.get(dest, default)
    )


def test_a_flag_wins_over_a_variable() -> None:
    """And a variable over nothing."""
    environ = {
        "SMARTPAY_SANDBOX_URL": "http://127.0.0.1:2",
        "SMARTPAY_SECRET_KEY": "sk_test_fromTheEnvironment",
    }

    options = read_options(config(url="http://127.0.0.1:1"), environ)

    assert options.url == "http://127.0.0.1:1"
    assert options.secret_key == "sk_test_fromTheEnvironment"


def test_every_option_has_a_flag_a_variable_and_a_help() -> None:
    """And a member that carries it."""
    assert {row.name for row in TABLE} == set(Options.__slots__)
    for row in TABLE:
        assert row.flag.startswith("--smartpay-")
        assert row.variables[0].startswith("SMARTPAY_SANDBOX_")
        assert row.help.endswith(".")


@pytest.mark.parametrize("name", ["secret_key", "second_secret_key"])
@pytest.mark.parametrize("is_flag", [True, False])
def test_a_live_key_is_refused_always(name: str, is_flag: bool) -> None:
    """Wherever it comes from, and the message does not repeat it."""
    key = "sk_" + "live_0123456789abcdefABCDEF"
    environ = {} if is_flag else {f"SMARTPAY_SANDBOX_{name.upper()}": key}
    given = config(**{name: key}) if is_flag else config(allow_remote=True)

    with pytest.raises(pytest.UsageError, match="live key") as refused:
        read_options(given, environ)

    assert key not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secret_key", "pk_test_abc"),
        ("secret_key", "sk_test_"),
        ("secret_key", "sk_test_with-hyphen"),
        ("public_key", "sk_test_abc"),
        ("token", "order_test_abc"),
        ("rate_limit", "0"),
        ("rate_limit", "fast"),
        ("call_timeout", "-1"),
        ("max_parity_age", "30"),
        ("max_parity_age", "a month"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(name: str, value: str) -> None:
    """The message says which option it was."""
    with pytest.raises(pytest.UsageError, match=f"--smartpay-{name.replace('_', '-')}"):
        read_options(config(**{name: value}), {})


@pytest.mark.parametrize(
    ("text", "seconds"), [("30d", 2_592_000), ("12h", 43_200), ("5m", 300), ("1s", 1)]
)
def test_an_age_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    """Days, hours, minutes, seconds."""
    assert read_age(text) == seconds


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8585", True),
        ("http://127.8.9.1", True),
        ("http://localhost:1/v1", True),
        ("http://[::1]:8585/v1", True),
        ("https://api.smartpay.co/v1", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://192.168.0.7", False),
        ("http://user@example.com", False),
    ],
)
def test_what_is_this_machine(url: str, expected: bool) -> None:
    """Names that only look like it are not."""
    assert is_loopback(url) is expected


@pytest.mark.parametrize(
    "options",
    [
        Options(url="https://api.example.com/v1"),
        Options(url="http://127.0.0.1:1", consumer_url="https://example.com"),
        Options(url="http://sk_test_abc:@127.0.0.1:1"),
        Options(url="http://127.0.0.1:1?key=sk_test_abc"),
        Options(url="ftp://127.0.0.1"),
        Options(url="127.0.0.1:8585"),
    ],
)
def test_an_address_that_must_not_be_called_is_not(options: Options) -> None:
    """Nothing is sent: the connection would fail the test by being used."""

    class Untouched(Connection):
        def send(self, *_arguments: Any, **_options: Any) -> Any:
            raise AssertionError("a call was made")

    connection = Untouched()
    with pytest.raises(pytest.UsageError):
        find_target(options, connection)
    connection.close()


def test_a_server_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    """With the address, and what to do."""
    connection = Connection(timeout_s=2)

    with pytest.raises(pytest.UsageError, match=r"Nothing answers at 127\.0\.0\.1:1"):
        find_target(Options(url="http://127.0.0.1:1"), connection)

    connection.close()
