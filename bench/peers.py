"""Charges a second, beside Prism: same body, same load tool, interleaved rounds.

Needs npm (installs Prism into ``bench/.cache``) and wrk (Debian: apt-get install wrk).
Prints min, median and max of each server and its ratio to Prism with its log off.
Prism validates and answers a fixed example; the emulator validates, stores, journals
and honours a new idempotency key with every request.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from smartpay_fixtures import SAMPLES
from smartpay_schemas.openapi import openapi

CACHE = Path(__file__).parent / ".cache"
PRISM = "@stoplight/prism-cli@5.14.2"
LUA = """
local f = io.open("{body}"); local body = f:read("*a"); f:close()
local n = 0
request = function()
  n = n + 1
  return wrk.format("POST", nil, {{["Content-Type"] = "application/json",
    ["Authorization"] = "Basic sk_test_bench",
    ["Idempotency-Key"] = os.time() .. "-" .. n}}, body)
end
"""


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare() -> dict[str, list[str]]:
    """Install what is missing; return each server's command, ``{port}`` open."""
    CACHE.mkdir(exist_ok=True)
    prism = CACHE / "node_modules" / ".bin" / "prism"
    if not prism.exists():
        quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        subprocess.run(["npm", "install", *quiet, PRISM], cwd=CACHE, check=True)
    document = openapi()
    document["paths"] = {
        "/v1/orders": {"post": document["paths"]["/v1/orders"]["post"]}
    }
    document.pop("webhooks")
    (CACHE / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    payload = SAMPLES["guide/curl"].payload
    payload["customerInfo"]["emailAddress"] = "john@example.com"
    (CACHE / "body.json").write_text(json.dumps(payload), encoding="utf-8")
    lua = LUA.format(body=CACHE / "body.json")
    (CACHE / "post.lua").write_text(lua, encoding="utf-8")
    ours = [sys.executable, "-m", "smartpay_mock", "serve", "--port", "{port}", "-q"]
    mock = [str(prism), "mock", "-h", "127.0.0.1", "-p", "{port}"]
    return {
        "Prism, log off": [*mock, str(CACHE / "openapi.json"), "-v", "silent"],
        "emulator, threads": ours,
        "emulator, granian": [*ours, "--server", "granian"],
    }


@contextmanager
def served(command: list[str], port: int) -> Iterator[float]:
    """Run a server; give the milliseconds from its start to its first 200."""
    argv = [word.format(port=port) for word in command]
    start = time.perf_counter()
    process = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield first_answer(port, start)
    finally:
        process.terminate()
        process.wait(10)


def first_answer(port: int, start: float) -> float:
    """Wait for the first 200, twenty seconds at the longest."""
    headers = {"Content-Type": "application/json", "Authorization": "Basic sk_test_b"}
    body = (CACHE / "body.json").read_bytes()
    url = f"http://127.0.0.1:{port}/v1/orders"
    while time.perf_counter() - start < 20:
        try:
            urllib.request.urlopen(
                urllib.request.Request(url, body, headers), timeout=5
            )
        except OSError:
            time.sleep(0.005)
        else:
            return (time.perf_counter() - start) * 1000
    raise SystemExit(f"no server answered on port {port} within 20 s")


def load(port: int, seconds: int) -> tuple[float, str]:
    """Return requests a second and the 99th percentile under 16 connections."""
    url = f"http://127.0.0.1:{port}/v1/orders"
    argv = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", "-s", "post.lua", url]
    said = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=CACHE)
    if "Non-2xx" in said.stdout:
        raise SystemExit(f"{url} refused requests:\n{said.stdout}")
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", said.stdout)
    p99 = re.search(r"99%\s+(\S+)", said.stdout)
    return float(rate[1] if rate else 0), p99[1] if p99 else "?"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    for tool, remedy in (("wrk", "apt-get install wrk"), ("npm", "install Node.js 20")):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is missing: {remedy}")
    commands = prepare()
    ports = {name: free_port() for name in commands}
    rates: dict[str, list[float]] = {name: [] for name in commands}
    with ExitStack() as stack:
        starts = {
            name: stack.enter_context(served(command, ports[name]))
            for name, command in commands.items()
        }
        p99 = {}
        for _ in range(options.rounds):
            for name, port in ports.items():
                rate, p99[name] = load(port, options.seconds)
                rates[name].append(rate)
    floor = statistics.median(rates["Prism, log off"])
    print(f"{'server':<18}  {'req/s min/median/max':>22}  ratio  {'p99':>8}  first 200")
    for name, seen in rates.items():
        middle = statistics.median(seen)
        spread = f"{min(seen):,.0f}/{middle:,.0f}/{max(seen):,.0f}"
        ratio = middle / floor
        print(
            f"{name:<18}  {spread:>22}  {ratio:5.2f}  {p99[name]:>8}  "
            f"{starts[name]:.0f} ms"
        )


if __name__ == "__main__":
    main()
