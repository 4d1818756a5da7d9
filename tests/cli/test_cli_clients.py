"""``env``, ``doctor`` and ``exec``: SDKs and programs of any language find it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from typing import Any

import click
import pytest

from smartpay_mock.cli import COMMANDS, main
from smartpay_mock.cli.sdks import SDKS, falls_back, variables
from smartpay_mock.kernel.proxies import without_proxy

Run = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[..., Any]


@pytest.mark.parametrize("name", SDKS)
def test_no_sdk_falls_back_to_production_with_what_env_prints(name: str) -> None:
    """What ``env`` prints passes each SDK's own check of its base URL."""
    values = variables(SDKS[name], "http://127.0.0.1:8585", "sk_test_a")

    assert not falls_back(SDKS[name], values["SMARTPAY_API_PREFIX"])


@pytest.mark.parametrize(
    ("name", "prefix", "expected"),
    [
        ("python", "http://127.0.0.1:8585/v1", True),
        ("python", "http://127.0.0.1:8585/API.SMARTPAY/v1", True),
        ("node", "http://127.0.0.1:8585/API.SMARTPAY/v1", False),
        ("node", "http://127.0.0.1:8585/v1", True),
        ("php", "http://127.0.0.1:8585/v1", False),
        ("go", "http://127.0.0.1:8585", False),
    ],
)
def test_the_silent_fall_back_is_known(name: str, prefix: str, expected: bool) -> None:
    """Python and Node go to production unless the prefix holds api.smartpay."""
    assert falls_back(SDKS[name], prefix) is expected


@pytest.mark.parametrize(
    ("url", "before", "expected"),
    [
        ("http://127.0.0.1:8585/v1", {}, "127.0.0.1"),
        ("http://127.0.0.1:1", {"NO_PROXY": "a.example, b"}, "a.example,b,127.0.0.1"),
        ("http://127.0.0.1:1", {"no_proxy": "127.0.0.1,a"}, "127.0.0.1,a"),
        ("http://host:1", {"NO_PROXY": "a", "no_proxy": "b"}, "a,b,host"),
        ("http://host:1", {"NO_PROXY": "*"}, "*,host"),
        ("https://[::1]:1", {"NO_PROXY": ""}, "::1,[::1]"),
    ],
)
def test_proxies_are_not_used_for_the_emulator(
    url: str, before: dict[str, str], expected: str
) -> None:
    """Both spellings name its host, and keep what either exempts."""
    assert without_proxy(url, before) == {"NO_PROXY": expected, "no_proxy": expected}


@pytest.mark.parametrize(
    "variable", ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"]
)
def test_a_client_with_a_proxy_calls_the_emulator_itself(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables reach the decision of Python's own client."""
    monkeypatch.setenv(variable, "http://proxy.invalid:1")
    for name, value in variables(SDKS["go"], "http://127.0.0.1:8", "sk_test_a").items():
        monkeypatch.setenv(name, value)

    assert urllib.request.proxy_bypass("127.0.0.1:8")


@pytest.mark.parametrize(
    ("name", "secret", "public", "base", "prefix"),
    [
        ("python", "SECRET_KEY", "PUBLIC_KEY", "h:2", "http://h:1/api.smartpay/v1"),
        ("node", "SECRET_KEY", "PUBLIC_KEY", "h:2", "http://h:1/api.smartpay/v1"),
        ("php", "SMARTPAY_SECRET_KEY", "SMARTPAY_PUBLIC_KEY", "h:2", "http://h:1/v1"),
        ("ruby", "SMARTPAY_SECRET_KEY", "SMARTPAY_PUBLIC_KEY", "h:2", "http://h:1/v1"),
        (
            "go",
            "SMARTPAY_SECRET_KEY",
            "SMARTPAY_PUBLIC_KEY",
            "http://h:1",
            "http://h:1",
        ),
    ],
)
def test_every_variable_of_a_live_suite_is_set(
    name: str, secret: str, public: str, base: str, prefix: str
) -> None:
    """Source: the live suite of each SDK."""
    values = variables(
        SDKS[name], "http://h:1", "sk_test_a", tls_root_url="https://h:2", environ={}
    )

    assert values == {
        secret: "sk_test_a",
        public: "pk_test_a",
        "SMARTPAY_SECRET_KEY": "sk_test_a",
        "SMARTPAY_PUBLIC_KEY": "pk_test_a",
        "SMARTPAY_URL": "http://h:1/v1",
        "SMARTPAY_API_PREFIX": prefix,
        "API_BASE": base,
        "TEST_USERNAME": "consumer+test@example.com",
        "TEST_PASSWORD": "password",
        "NO_PROXY": "h",
        "no_proxy": "h",
    }


def test_every_command_has_the_same_default_for_sdk() -> None:
    """A command is not a reason for another SDK."""
    context = click.Context(main)
    defaults = {
        name: option.default
        for name in COMMANDS
        if (command := main.get_command(context, name))
        for option in command.params
        if option.name == "sdk"
    }

    assert defaults == dict.fromkeys(("doctor", "env", "exec", "grade"), "python")


def test_doctor_lists_what_it_checked(run_here: Run, serve: Serve) -> None:
    """A base URL that the Python SDK ignores is found, with the one to use."""
    url = serve().root_url

    wrong = run_here("doctor", "--sdk", "python", "--prefix", f"{url}/v1")
    right = run_here("doctor", "--sdk", "python", "--prefix", f"{url}/api.smartpay/v1")

    assert wrong.returncode == 1
    assert f"Use {url}/api.smartpay/v1" in " ".join(wrong.stdout.split())
    assert (right.returncode, right.stdout) == (
        0,
        "ok      SMARTPAY_API_PREFIX is one that the python SDK uses\n"
        f"ok      An emulator answers at {url}/api.smartpay/v1\n"
        "ok      No proxy is used for 127.0.0.1\n",
    )


@pytest.mark.parametrize(
    ("arguments", "environ", "expected"),
    [
        (("--prefix", "http://127.0.0.1:1"), {}, "No emulator answers at http://127."),
        (("--prefix", "http://127.0.0.1:1"), {}, "serve', or name its address with "),
        (("--prefix", "foo"), {}, "--prefix 'foo' is not the URL of an emulator."),
        ((), {}, "It is not set, so the go SDK calls production. Run: eval"),
        ((), {"HTTP_PROXY": "http://p:1"}, "HTTP_PROXY is set and NO_PROXY does not"),
    ],
)
def test_doctor_says_what_is_wrong(
    run_here: Run, arguments: tuple[str, ...], environ: dict[str, str], expected: str
) -> None:
    """With the command that helps; JSON has the same text."""
    done = run_here("doctor", "--sdk", "go", *arguments, **environ)
    as_json = run_here("doctor", "--sdk", "go", *arguments, "--json", **environ)

    assert done.returncode == as_json.returncode == 1
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert expected in " ".join(done.stdout.split())
    problems = [row["problem"] for row in json.loads(as_json.stdout)]
    assert any(expected in problem for problem in problems)


def test_env_refuses_what_is_no_url(run_here: Run) -> None:
    """A shell would otherwise export it."""
    done = run_here("env", "--url", "localhost:8585")
    right = run_here("env", "--url", "http://127.0.0.1:1/v1/", "--json")

    assert (done.returncode, done.stdout) == (2, "")
    assert "--url 'localhost:8585' is not the URL of an emulator." in done.stderr
    assert json.loads(right.stdout)["SMARTPAY_URL"] == "http://127.0.0.1:1/v1"


_CHILD = """
import json, os, sys, urllib.request as u
r = u.Request(os.environ["SMARTPAY_URL"] + "/tokens",
    headers={"Authorization": "Basic " + os.environ["SMARTPAY_SECRET_KEY"]})
print(json.load(u.urlopen(r))["results"])
sys.exit(7)
"""


def test_exec_runs_a_command_around_an_emulator_and_hands_its_code_on(run: Run) -> None:
    """The child reaches the emulator by its environment; its code comes through."""
    done = run("exec", "--", sys.executable, "-c", _CHILD)

    assert (done.returncode, done.stdout) == (7, "5\n"), done.stderr


_CONSUMER = """
import json, os, urllib.request as u
login = {"emailAddress": os.environ["TEST_USERNAME"],
    "password": os.environ["TEST_PASSWORD"]}
r = u.Request("https://" + os.environ["API_BASE"] + "/consumers/auth/login",
    json.dumps(login).encode(), {"Content-Type": "application/json"})
print("accessToken" in json.load(u.urlopen(r)))
"""


def test_exec_with_tls_serves_what_a_live_suite_calls(run: Run) -> None:
    """The command trusts the CA and logs the consumer in over HTTPS."""
    done = run("exec", "--tls", "--", sys.executable, "-c", _CONSUMER)

    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_a_proxy_does_not_see_the_calls_of_a_command(run: Run) -> None:
    """The key would otherwise leave the machine."""
    proxied = {"http_proxy": "http://127.0.0.1:9", "NO_PROXY": "kept.example"}

    done = run("exec", "--", sys.executable, "-c", _CHILD, **proxied)

    assert (done.returncode, done.stdout) == (7, "5\n"), done.stderr


def test_exec_says_when_there_is_no_such_command(run: Run) -> None:
    """A command that does not exist ends with a shell's code for it."""
    done = run("exec", "--", "no-such-command-here")

    assert done.returncode == 127
    assert "cannot run no-such-command-here" in done.stderr
