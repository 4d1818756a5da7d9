"""Servers under load: start one, fill it, load it, look at its memory and its CPU."""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

CACHE = Path(__file__).resolve().parent / ".cache"
CONNECTIONS = 16
START_SECONDS = 60
WARM_UP_SECONDS = 2
REMEDIES = {"wrk": "apt-get install wrk", "npm": "install Node.js 20"}
_TICKS = os.sysconf("SC_CLK_TCK")
_LUA = """
local file = io.open("{body}"); local body = file:read("*a"); file:close()
local count, stamp = 0, tostring(os.time()) .. tostring({{}}):sub(8)
request = function()
  count = count + 1
  local headers = {{ {headers} ["Idempotency-Key"] = stamp .. "-" .. count }}
  if {accounts} > 1 then
    headers["Authorization"] = headers["Authorization"] .. count % {accounts}
  end
  return wrk.format("POST", nil, headers, body)
end
"""


@dataclass(frozen=True)
class Server:
    """One server to measure.

    Attributes:
        name: What tables call it.
        argv: Its command; ``{port}`` is filled in.
        does: What it does with each request.
        path: Where the request goes.
        accounts: How many keys take turns, by a number behind the Authorization.
        headers: Of the request, besides a new Idempotency-Key each time.
        body: The request's, in a file.
        variables: Added to its environment.
        prepare: Called with the port before the first request.
    """

    name: str
    argv: tuple[str, ...]
    does: str
    body: Path
    path: str = "/v1/orders"
    accounts: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[int], None] | None = None


@dataclass(frozen=True)
class Load:
    """What a server did under load.

    Attributes:
        rate: Requests a second.
        p99_ms: 99 of 100 requests took no longer, in milliseconds.
        cpu_us: CPU time of all its processes for one request, in microseconds.
    """

    rate: float
    p99_ms: float
    cpu_us: float


class Running:
    """A server that runs.

    Attributes:
        first_ms: From its start to its first answer of 200, in milliseconds.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.port = free_port()
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [word.format(port=self.port) for word in server.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=CACHE,
            env={**os.environ, **server.variables},
            start_new_session=True,
        )
        try:
            self.first_ms = self._first_answer(started)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it, in the way an operator does."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(15)

    def warm_up(self) -> None:
        """Load it for a while of which no figure is kept."""
        self.load(WARM_UP_SECONDS)

    def load(
        self, seconds: float, connections: int = CONNECTIONS, *, is_kept: bool = True
    ) -> Load:
        """Load it with wrk, a new key with each request.

        Args:
            seconds: How long.
            connections: How many at a time.
            is_kept: Whether a connection serves more than one request.
        """
        script = CACHE / f"load-{self.port}.lua"
        wanted = self._headers() | ({} if is_kept else {"Connection": "close"})
        headers = "".join(f'["{k}"] = "{v}",' for k, v in wanted.items())
        about = {"body": self.server.body, "accounts": self.server.accounts}
        script.write_text(_LUA.format(headers=headers, **about))
        before = cpu_seconds(self.process.pid)
        argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
        url = f"http://127.0.0.1:{self.port}{self.server.path}"
        said = subprocess.run(
            [*argv, "--latency", "-s", str(script), url],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        used = cpu_seconds(self.process.pid) - before
        if "Non-2xx" in said:
            raise SystemExit(f"{self.server.name} refused requests:\n{said}")
        count = _number(r"(\d+) requests in", said)
        rate = _number(r"/sec:\s*(\S+)", said)
        return Load(rate, _p99_ms(said), used / max(count, 1) * 1e6)

    def fill(self, count: int, *, at_most_s: float) -> int:
        """Send requests one after the other; return how many were answered in time."""
        body, headers = self.server.body.read_bytes(), self._headers()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        end = time.monotonic() + at_most_s
        done = 0
        while done < count and time.monotonic() < end:
            headers["Idempotency-Key"] = f"fill-{done}"
            connection.request("POST", self.server.path, body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status >= 300:
                raise SystemExit(f"{self.server.name} answered {answer.status}")
            done += 1
        connection.close()
        return done

    def memory_mb(self) -> float:
        """Return the memory of all its processes; shared parts once, in MB."""
        total = 0
        for pid in family(self.process.pid):
            rollup = _proc(pid, "smaps_rollup")
            total += int(_number(r"(?m)^Pss:\s+(\d+)", rollup))
        return total / 1024

    def _headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", **self.server.headers}

    def _first_answer(self, started: float) -> float:
        body = self.server.body.read_bytes()
        while time.perf_counter() - started < START_SECONDS:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.server.name} ended: {self.server.argv}")
            connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.connect()
                if self.server.prepare is not None:
                    self.server.prepare(self.port)
                connection.request("POST", self.server.path, body, self._headers())
                if connection.getresponse().status < 300:
                    return (time.perf_counter() - started) * 1000
            except (OSError, HTTPException):
                pass
            finally:
                connection.close()
            time.sleep(0.002)
        raise SystemExit(f"{self.server.name} did not answer in {START_SECONDS} s")


@contextmanager
def running(server: Server) -> Iterator[Running]:
    """Run a server."""
    at = Running(server)
    try:
        yield at
    finally:
        at.stop()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def need(*tools: str) -> None:
    """End with words if one of these programs is missing."""
    for tool in tools:
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is missing: {REMEDIES[tool]}")


def middle(loads: Sequence[Load]) -> Load:
    """Return the median of each figure."""
    return Load(
        statistics.median(load.rate for load in loads),
        statistics.median(load.p99_ms for load in loads),
        statistics.median(load.cpu_us for load in loads),
    )


def family(pid: int) -> list[int]:
    """Return a process and all it started that still run."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*"):
            found += map(int, _proc(parent, f"task/{task.name}/children").split())
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process and all it started have used so far."""
    total = 0
    for member in family(pid):
        fields = _proc(member, "stat").rpartition(") ")[2].split()
        total += sum(map(int, fields[11:13])) if fields else 0
    return total / _TICKS


def _proc(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8")
    except OSError:
        return ""


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def _p99_ms(said: str) -> float:
    found = re.search(r"99%\s+([0-9.]+)(us|ms|s)", said)
    if found is None:
        return float("nan")
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]
