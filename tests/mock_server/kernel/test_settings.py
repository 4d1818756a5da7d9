"""Settings: one table; values that cannot be are refused in words."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.settings import (
    ENV_PREFIX,
    Settings,
    environment_name,
    load_settings,
    read_setting,
)


def test_everything_has_a_default_and_is_explained() -> None:
    """Nothing must be set, and each has help for its flag."""
    defaults = Settings()

    assert load_settings({}) == defaults
    for row in fields(Settings):
        assert row.metadata["help"].endswith(".")
        assert environment_name(row.name) == ENV_PREFIX + row.name.upper()


READ = [
    ("PORT", "0", 0),
    ("PORT", "65535", 65535),
    ("HOST", "0.0.0.0", "0.0.0.0"),  # noqa: S104 - read, not bound
    ("STRICT", "1", True),
    ("STRICT", "Yes", True),
    ("STRICT", "off", False),
    ("STRICT", "", False),
    ("INACTIVE_TOKEN", "error", "error"),
    ("SEED", "-7", -7),
    ("JOURNAL", "0", 0),
    ("ACCOUNTS", "sk_test_a, sk_test_b,", ("sk_test_a", "sk_test_b")),
    ("ACCOUNTS", "", ()),
    ("SERVER", "granian", "granian"),
    ("EVENTS", "payout.paid, order.rejected", ("payout.paid", "order.rejected")),
]


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_a_variable_is_read(name: str, text: str, value: Any) -> None:
    """As its setting means it."""
    settings = load_settings({ENV_PREFIX + name: text, "PATH": "x"})

    assert getattr(settings, name.lower()) == value


REFUSED = [
    ("PORT", "abc", "='abc' is not valid: send a whole number from 0 to 65535. Port"),
    ("PORT", "65536", "from 0 to 65535"),
    ("PORT", "-1", "from 0 to 65535"),
    ("PORT", "", "from 0 to 65535"),
    ("PORT", "9" * 5_000, "from 0 to 65535"),
    ("STRICT", "maybe", "send 1 or 0"),
    ("INACTIVE_TOKEN", "Rejected", "choose one of rejected, error"),
    ("SERVER", "gunicorn", "choose one of threads, granian"),
    ("BODY_LIMIT", "1", "from 1024"),
    ("JOURNAL", "many", "from 0"),
    ("WEBHOOK", "shop.test/hook", "it does not start with http"),
    ("EVENTS", "order.paid", "order.authorized"),
    ("REFUNDS", "lost", "choose one of succeeded, failed"),
    ("SEED", "1.5", "whole number"),
    ("SEED", str(2**63), "whole number"),
    ("WORKERS", "0", "from 1 to 64"),
]


@pytest.mark.parametrize(("name", "text", "said"), REFUSED)
def test_a_value_that_cannot_be_is_refused(name: str, text: str, said: str) -> None:
    """The message names the variable, the value and what to send."""
    with pytest.raises(SandboxUsageError) as refused:
        load_settings({ENV_PREFIX + name: text})

    assert str(refused.value).startswith(ENV_PREFIX + name)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "text", ["sk_live_abc", "pk_test_abc", "sk_test_a,sk_live_b", "nonsense"]
)
def test_a_key_that_is_none_is_refused_and_not_repeated(text: str) -> None:
    """A live key in the environment goes into no log."""
    with pytest.raises(SandboxUsageError) as refused:
        load_settings({"SMARTPAY_SANDBOX_ACCOUNTS": text})

    assert str(refused.value).startswith("SMARTPAY_SANDBOX_ACCOUNTS=... is not valid")
    for key in text.split(","):
        assert key not in str(refused.value)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("PROT", "PORT"), ("STATES", "STATE"), ("WEBHOOK_ANYWHERE", "WEBHOOKS_ANYWHERE")],
)
def test_a_misspelt_variable_is_found(slip: str, meant: str) -> None:
    """It would be ignored in silence otherwise."""
    said = f"Unknown setting {ENV_PREFIX}{slip}. Did you mean {ENV_PREFIX}{meant}"

    with pytest.raises(SandboxUsageError, match=said):
        load_settings({ENV_PREFIX + slip: "1"})


@pytest.mark.parametrize("name", ["URL", "KEY", "SECRET_KEY", "SERVER_URL"])
def test_a_variable_that_resembles_no_setting_is_somebody_elses(name: str) -> None:
    """Applications may name their own after the sandbox."""
    assert load_settings({ENV_PREFIX + name: "x"}) == Settings()


def test_a_flag_wins_over_a_variable_and_both_over_the_default() -> None:
    """None is a flag that was not given."""
    environ = {"SMARTPAY_SANDBOX_PORT": "1", "SMARTPAY_SANDBOX_JOURNAL": "2"}

    settings = load_settings(environ, port=3, journal=None, strict=True)

    assert (settings.port, settings.journal, settings.strict) == (3, 2, True)


@pytest.mark.parametrize(
    "values",
    [{"port": -1}, {"inactive_token": "no"}, {"journal": -1}, {"seed": 2**70}],
    ids=str,
)
def test_values_given_in_code_are_checked_too(values: dict[str, Any]) -> None:
    """A test that sets nonsense learns so at once."""
    with pytest.raises(SandboxUsageError, match=next(iter(values))):
        Settings(**values)


def test_several_processes_need_a_state_that_they_share() -> None:
    """With what to set."""
    with pytest.raises(SandboxUsageError, match="sqlite:///FILE or postgresql"):
        Settings(workers=2)

    assert Settings(workers=2, state="sqlite:///x.db").workers == 2


def test_a_message_names_where_a_value_came_from() -> None:
    """A flag as well as a variable."""
    with pytest.raises(SandboxUsageError, match="--port='x' is not valid"):
        read_setting("port", "x", origin="--port")
