"""Reads a Dockerfile, and carries its steps out in a folder instead of an image."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

KEPT = re.compile(r"PATH|LANG|TMPDIR|PIP_.*|SSL_CERT_.*|(?i:.*_proxy)")
"""Variables of the shell that a build may see: how pip reaches its packages."""

OWN = ("/opt/smartpay-sandbox", "/data")
"""Folders that the Dockerfile makes."""


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile with their arguments."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = [line.split(maxsplit=1) for line in joined.splitlines() if line]
    return [(name, re.sub(r"\s+", " ", argument)) for name, argument in pairs]


class Image:
    """What a Dockerfile makes, in a folder.

    Attributes:
        steps: Instructions and arguments, in their order.
        settings: The last argument of each instruction, such as ``USER``.
        environ: Environment of its programs.
    """

    def __init__(self, dockerfile: Path, folder: Path) -> None:
        self._folder = folder
        self.steps = instructions(dockerfile.read_text(encoding="utf-8"))
        self.settings = dict(self.steps)
        self.environ = {k: v for k, v in os.environ.items() if KEPT.fullmatch(k)}
        # What make asks of pip is meant for the environment of the tests.
        self.environ |= {"PIP_CONSTRAINT": "", "PIP_BUILD_CONSTRAINT": ""}
        # pip sets its option `compile` to it, which takes half of the time.
        self.environ["PIP_NO_COMPILE"] = "0"

    def build(self, root: Path, files: Iterable[Path]) -> None:
        """Run each RUN in a folder with ``files``, and set each ENV."""
        for file in files:
            copy = self._folder / "context" / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / file, copy)
        for name, argument in self.steps:
            if name == "RUN":
                self.run(["sh", "-c", self._located(argument)])
            elif name == "ENV":
                self._set(argument)

    def run(self, argv: list[str], *, expected: int = 0) -> None:
        """Run a program of the image and check its exit code."""
        done = subprocess.run(
            argv,
            cwd=self._folder / "context",
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expected, f"{argv}:\n{done.stdout}{done.stderr}"

    def command(self, name: str) -> list[str]:
        """Return the program of ENTRYPOINT, CMD or HEALTHCHECK in JSON form."""
        found: list[str] = json.loads(re.sub(r"^[^\[]*", "", self.settings[name]))
        return found

    def path(self, absolute: str) -> Path:
        """Return where a path of the image is."""
        return self._folder / absolute.lstrip("/")

    def _located(self, text: str) -> str:
        """Return a text with paths of the folder, and this user as its owner."""
        for own in OWN:
            text = re.sub(rf"(?<![\w.-]){own}", str(self.path(own)), text)
        user = self.settings["USER"].partition(":")[0]
        return re.sub(rf"-([og]) {user}\b", rf"-\1 {os.getuid()}", text)

    def _set(self, argument: str) -> None:
        for pair in shlex.split(argument):
            name, _, value = pair.partition("=")
            value = value.replace("$PATH", self.environ["PATH"])
            self.environ[name] = self._located(value)
