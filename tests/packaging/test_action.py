"""The GitHub Action: its steps do what they say, and the page uses it as it is."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from smartpay_fixtures import load

PROGRAMS = Path(sys.executable).parent
PAGE = "docs/install.md"
ACTION = "smartpay-sandbox/smartpay-sandbox"
# A page can't know the commits of a reader's actions; it says to pin them.
ZIZMOR = '{"rules": {"unpinned-uses": {"config": {"policies": {"*": "ref-pin"}}}}}'


class Runner:
    """Runs the steps of action.yml that their conditions choose."""

    def __init__(self, action: dict[str, Any], folder: Path) -> None:
        self._action = action
        self._files = {
            name: folder / name
            for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "RUNNER_TEMP")
        }
        self.groups: list[int] = []
        # The first step finds it installed.
        programs = self._files["RUNNER_TEMP"] / "smartpay-sandbox" / "bin"
        programs.mkdir(parents=True)
        (programs / "smartpay-sandbox").symlink_to(PROGRAMS / "smartpay-sandbox")

    def use(self, **given: str) -> tuple[int, str]:
        """Run the action; return the exit code and output of the last step."""
        defaults = {k: v.get("default", "") for k, v in self._action["inputs"].items()}
        assert given.keys() <= defaults.keys()
        inputs = defaults | given
        code, output = 0, ""
        for step in self._action["runs"]["steps"]:
            if code == 0 and is_chosen(step.get("if", ""), inputs["command"]):
                code, output = self._run(step, inputs)
        return code, output

    def _run(self, step: dict[str, Any], inputs: dict[str, str]) -> tuple[int, str]:
        assert "${{" not in step["run"], "an expression in a script can be injected"
        values = {f"inputs.{name}": value for name, value in inputs.items()}
        values["github.action_path"] = "."
        own = {name: values[text[3:-2].strip()] for name, text in step["env"].items()}
        process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env={**os.environ, **{k: str(v) for k, v in self._files.items()}, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.groups.append(process.pid)
        output, _ = process.communicate(timeout=100)
        return process.returncode, output

    def pairs(self, name: str) -> dict[str, str]:
        """Return what steps wrote to ``GITHUB_ENV`` or ``GITHUB_OUTPUT``."""
        lines = self._files[name].read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)


def is_chosen(condition: str, command: str) -> bool:
    """Evaluate the conditions that action.yml has: the command is, or isn't, among."""
    is_named = command in re.findall(r"""["'](\w+)["']""", condition)
    return not condition or is_named != ("!contains" in condition)


@pytest.fixture(scope="module")
def action(root: Path) -> dict[str, Any]:
    """Return the content of action.yml."""
    found: dict[str, Any] = yaml.safe_load((root / "action.yml").read_text("utf-8"))
    return found


@pytest.fixture
def runner(action: dict[str, Any], tmp_path: Path) -> Iterator[Runner]:
    """Return a runner of the action, and end what it started."""
    runner = Runner(action, tmp_path)
    yield runner
    for group in runner.groups:
        try:
            os.killpg(group, signal.SIGTERM)
        except ProcessLookupError:
            continue


@pytest.fixture(scope="module")
def workflow(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the workflow of the page as a file."""
    text = (root / PAGE).read_text(encoding="utf-8")
    [block] = re.findall(r"```yaml\n(name: .*?)```", text, re.DOTALL)
    file = tmp_path_factory.mktemp("repository") / ".github" / "workflows" / "test.yml"
    file.parent.mkdir(parents=True)
    file.write_text(block, encoding="utf-8")
    (file.parents[1] / "zizmor.yml").write_text(ZIZMOR, encoding="utf-8")
    return file


def test_serve_starts_an_emulator_for_the_steps_that_follow(runner: Runner) -> None:
    """They get its address and keys as variables, and `verify` can check it."""
    code, output = runner.use(sdk="node")

    assert code == 0, output
    variables = runner.pairs("GITHUB_ENV")
    headers = {"Authorization": f"Basic {variables['SMARTPAY_SECRET_KEY']}"}
    url = variables["SMARTPAY_URL"]
    order = requests.post(f"{url}/orders", json=load("guide/curl"), headers=headers)
    assert order.json()["status"] == "succeeded"
    assert runner.pairs("GITHUB_OUTPUT")["url"] == url
    code, output = runner.use(
        command="verify", target=url, arguments="--operations tokens"
    )
    assert code == 0, output
    # The emulator prints a call after it has answered it.
    assert order.json()["id"] in Path(runner.pairs("GITHUB_OUTPUT")["log"]).read_text()


@pytest.mark.parametrize("code", [0, 7])
def test_exec_runs_a_command_with_an_emulator(runner: Runner, code: int) -> None:
    """The step ends as the command does."""
    outcome = runner.use(command="exec", run=f'echo "at $SMARTPAY_URL"; exit {code}')

    assert outcome[0] == code
    assert re.search(r"at http://127\.0\.0\.1:\d+/v1", outcome[1])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"command": "start"}, "Unknown command 'start'. Use serve, exec or verify."),
        ({"command": "exec"}, "exec needs the input 'run'."),
        ({"command": "verify"}, "verify needs the input 'target'."),
        ({"arguments": "--nonsense"}, "The emulator did not start"),
    ],
)
def test_a_wrong_use_fails_the_step_with_a_message(
    runner: Runner, inputs: dict[str, str], message: str
) -> None:
    """GitHub shows lines with ``::error::`` at the step."""
    code, output = runner.use(**inputs)

    assert code == 1
    assert f"::error::{message}" in output


def test_the_workflow_of_the_page_uses_the_action_as_it_is(
    action: dict[str, Any], workflow: Path
) -> None:
    """It names inputs and outputs that exist."""
    text = workflow.read_text(encoding="utf-8")
    steps = yaml.safe_load(text)["jobs"]["test"]["steps"]
    uses = [step for step in steps if step.get("uses", "").startswith(ACTION)]

    inputs = {name for step in uses for name in step.get("with", {})}
    outputs = set(re.findall(r"steps\.smartpay\.outputs\.(\w+)", text))

    assert len(uses) > 1
    assert inputs <= action["inputs"].keys()
    assert outputs == action["outputs"].keys()


@pytest.mark.parametrize(
    "linter",
    [
        "check-jsonschema --builtin-schema vendor.github-workflows",
        "zizmor --offline -q",
    ],
)
def test_the_workflow_of_the_page_is_valid_and_safe(
    workflow: Path, linter: str
) -> None:
    """Users copy it, so a linter has no finding."""
    program, *options = linter.split()

    done = subprocess.run(
        [str(PROGRAMS / program), *options, str(workflow)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
