"""The image: its steps, carried out in a folder, give an emulator that works.

Nothing is pulled: Python of this machine stands in for the base image.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import requests
import yaml
from tests.packaging.containerfile import Image

from smartpay_fixtures import load
from smartpay_mock.kernel.settings import Settings, environment_name

PROGRAMS = Path(sys.executable).parent
PORT = str(Settings().port)
HEADERS = {"Authorization": "Basic sk_test_image"}
DEADLINE_S, POLL_S = 30.0, 0.05


@pytest.fixture(scope="module")
def image(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Return the image, not built."""
    return Image(root / "Dockerfile", tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def context(root: Path, tracked: list[Path]) -> list[Path]:
    """Return the files that .dockerignore leaves in the context of a build."""
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    return [path for path in tracked if path.parts[0] in kept]


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    """Return the service of compose.yaml."""
    text = (root / "compose.yaml").read_text(encoding="utf-8")
    service: dict[str, Any] = yaml.safe_load(text)["services"]["smartpay"]
    return service


def lint(root: Path, command: str) -> None:
    """Run a linter of the environment, which has no finding."""
    program, *arguments = command.split()
    done = subprocess.run(
        [str(PROGRAMS / program), *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def running(image: Image, port_file: Path) -> Iterator[str]:
    """Run what a container runs, on a free port; yield the port."""
    argv = [*image.command("ENTRYPOINT"), *image.command("CMD")]
    server = subprocess.Popen(
        ["env", *argv, "--port", "0", "--port-file", str(port_file)],
        cwd=image.path("/data"),
        env=image.environ,
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(int(DEADLINE_S / POLL_S)):
            if port_file.exists() or server.poll() is not None:
                break
            Event().wait(POLL_S)
        yield port_file.read_text().strip()
    finally:
        server.terminate()
        server.wait(DEADLINE_S)


@pytest.mark.timeout(400)  # installs the package with pip
def test_a_container_charges_keeps_the_order_and_reports_its_health(
    image: Image, root: Path, context: list[Path], tmp_path: Path
) -> None:
    """Build, charge, stop and start again: the volume holds the state."""
    image.build(root, context)

    with running(image, tmp_path / "first") as port:
        check = [part.replace(PORT, port) for part in image.command("HEALTHCHECK")]
        orders = f"http://127.0.0.1:{port}/v1/orders"
        order = requests.post(orders, json=load("guide/curl"), headers=HEADERS).json()
        image.run(check)
    image.run(check, expected=1)
    with running(image, tmp_path / "second") as port:
        url = f"http://127.0.0.1:{port}/v1/orders/{order['id']}?expand=all"
        found = requests.get(url, headers=HEADERS).json()

    assert order["status"] == "succeeded"
    assert found == order
    assert [file.name for file in image.path("/data").glob("*.db")] == ["smartpay.db"]


def test_a_container_is_not_root_and_has_one_volume(image: Image) -> None:
    """The user is a number, and the state, the home and the volume are one folder."""
    user = image.settings["USER"]
    names = [name for name, _ in image.steps]

    assert int(user.partition(":")[0]) > 0
    assert names.count("VOLUME") == 1
    assert image.settings["VOLUME"] == image.settings["WORKDIR"] == "/data"
    assert image.settings["EXPOSE"] == PORT
    assert "HOME=/data" in image.settings["ENV"]
    assert "sqlite:////data/" in image.settings["ENV"]


def test_compose_publishes_on_loopback_and_mounts_the_volume(
    image: Image, compose: dict[str, Any]
) -> None:
    """Nobody else on the network reaches the emulator."""
    assert compose["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert [x.partition(":")[2] for x in compose["volumes"]] == ["/data"]
    assert compose["read_only"] is True


def test_the_compose_file_of_the_page_is_valid(root: Path, tmp_path: Path) -> None:
    """A reader copies it beside a Dockerfile of the shop."""
    page = (root / "docs/install.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```yaml\n(services:.*?)```", page, re.DOTALL)
    file = tmp_path / "compose.yaml"
    file.write_text(block, encoding="utf-8")

    lint(root, f"check-jsonschema --builtin-schema vendor.compose-spec {file}")


def test_image_and_compose_set_only_settings_that_exist(
    image: Image, compose: dict[str, Any]
) -> None:
    """A variable with a wrong name would be ignored."""
    known = {environment_name(row.name) for row in fields(Settings)}

    pairs = image.settings["ENV"].split()
    named = {pair.partition("=")[0] for pair in pairs} | set(compose["environment"])

    assert {name for name in named if name.startswith("SMARTPAY")} <= known


@pytest.mark.parametrize(
    "command",
    [
        "hadolint Dockerfile",
        "check-jsonschema --builtin-schema vendor.compose-spec compose.yaml",
        "check-jsonschema --builtin-schema vendor.github-actions action.yml",
        "zizmor --offline --quiet action.yml",
        "pre-commit validate-config",
    ],
)
def test_a_linter_has_no_finding(root: Path, command: str) -> None:
    """Dockerfile, compose file, action and hooks are well-formed and safe."""
    lint(root, command)
