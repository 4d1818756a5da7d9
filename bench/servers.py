"""The emulator and its peers: how each is installed, configured and started.

Everything comes from PyPI and npm into ``bench/.cache``; each Python peer gets a
virtual environment of its own. WireMock is a jar within its npm package and needs Java.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from http.client import HTTPConnection
from pathlib import Path

from peer_files import files
from serving import CACHE, Server, need

APPS = Path(__file__).resolve().parent / "apps"
NODE_PACKAGES = {
    "prism": "@stoplight/prism-cli@5.14.2",
    "mockoon-cli": "@mockoon/cli@9.9.0",
    "wiremock": "wiremock@3.13.2",
}
PYTHON_PACKAGES = {
    "localstripe": ("localstripe==1.15.10",),
    "moto_server": ("moto[server]==5.2.5",),
    "connexion": ("connexion[flask,swagger-ui,uvicorn]==3.3.0",),
}
KEY = {"Authorization": "Basic sk_test_bench"}
VALIDATES, FIXED, STORES = "V", "", "S"
EVERYTHING = "V S I J"
WORK = (
    "V: validates the body. S: stores what it made. I: honours a new idempotency key "
    "with every request. J: journals the exchange. Without S the answer is fixed."
)

_PUT_ITEM = "DynamoDB_20120810.PutItem"
_AWS = {
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/"
    "aws4_request, SignedHeaders=host, Signature=0",
}


def ours(
    name: str, *options: str, accounts: int = 1, python: str = sys.executable
) -> Server:
    """Return the emulator with some options of ``serve``, as one Python has it."""
    command = (python, "-m", "smartpay_mock", "serve", "--quiet")
    return Server(
        name,
        (*command, "--port", "{port}", *options),
        EVERYTHING,
        CACHE / "order.json",
        accounts=accounts,
        headers=KEY,
    )


def app(name: str, file: str, does: str) -> Server:
    """Return one of the small servers in ``apps``."""
    argv = (sys.executable, str(APPS / file), "{port}")
    path = {"PYTHONPATH": str(APPS)}
    return Server(name, argv, does, CACHE / "order.json", variables=path)


def prism(*, is_silent: bool = True) -> Server:
    """Return Prism, with its request log or without."""
    argv = (_node("prism"), "mock", "-h", "127.0.0.1", "-p", "{port}")
    options = ("-v", "silent") if is_silent else ()
    return Server(
        "Prism, log off" if is_silent else "Prism",
        (*argv, str(CACHE / "openapi.json"), *options),
        VALIDATES,
        CACHE / "order.json",
        headers=KEY,
    )


def peers() -> list[Server]:
    """Return every peer that can be had on this machine."""
    body = CACHE / "order.json"
    mockoon = (_node("mockoon-cli"), "start", "-p", "{port}", "-l", "127.0.0.1")
    moto = (_python("moto_server"), "-H", "127.0.0.1", "-p", "{port}")
    servers = [prism(), prism(is_silent=False)]
    servers += [
        Server(
            name,
            (*mockoon, "--disable-log-to-file", "-d", str(CACHE / f"{file}.json")),
            does,
            body,
        )
        for name, file, does in (
            ("Mockoon, schema rule", "mockoon-rule", VALIDATES),
            ("Mockoon, CRUD", "mockoon-crud", STORES),
        )
    ]
    servers += [
        Server(
            "connexion, mock",
            (
                *(_python("connexion"), "run", "-H", "127.0.0.1", "-p", "{port}"),
                *("--mock", "all", str(CACHE / "openapi-3.0.json")),
            ),
            VALIDATES,
            body,
            headers=KEY,
        ),
        app("pytest-httpserver", "canned.py", FIXED),
        Server(
            "moto, DynamoDB PutItem",
            moto,
            STORES,
            CACHE / "put-item.json",
            path="/",
            headers={**_AWS, "X-Amz-Target": _PUT_ITEM},
            prepare=_create_table,
        ),
        Server(
            "localstripe, customers",
            (_python("localstripe"), "--from-scratch", "--port", "{port}"),
            STORES,
            CACHE / "customer.form",
            path="/v1/customers",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": "Bearer sk_test_bench",
            },
        ),
    ]
    if shutil.which("java") is None:
        print("java is missing, so WireMock is left out: install a JRE.")
        return servers
    jar = next(CACHE.glob("node_modules/wiremock/build/wiremock-standalone-*.jar"))
    quiet = (
        "--no-request-journal",
        "--disable-request-logging",
        "--async-response-enabled=false",
    )
    for name, options in (("WireMock, tuned", quiet), ("WireMock", ())):
        argv = ("java", "-jar", str(jar), "--port", "{port}")
        address = ("--bind-address", "127.0.0.1", "--root-dir", str(CACHE / "wiremock"))
        servers.append(Server(name, (*argv, *address, *options), VALIDATES, body))
    return servers


def prepare(*, with_peers: bool) -> None:
    """Install what is missing and write the files that servers read."""
    CACHE.mkdir(exist_ok=True)
    if with_peers:
        _install()
    for name, content in files().items():
        path = CACHE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def _install() -> None:
    missing = [
        package
        for name, package in NODE_PACKAGES.items()
        if not Path(_node(name)).exists()
    ]
    if missing:
        need("npm")
        quiet = ("--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
        subprocess.run(["npm", "install", *quiet, *missing], cwd=CACHE, check=True)
    for name, packages in PYTHON_PACKAGES.items():
        program = Path(_python(name))
        if not program.exists():
            folder = program.parents[1]
            venv.create(folder, with_pip=True, clear=True)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q"]
            subprocess.run([*pip, *packages], check=True)


def _node(program: str) -> str:
    return str(CACHE / "node_modules" / ".bin" / program)


def _python(program: str) -> str:
    return str(CACHE / f"venv-{program}" / "bin" / program)


def _create_table(port: int) -> None:
    table = {
        "TableName": "orders",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {**_AWS, "X-Amz-Target": "DynamoDB_20120810.CreateTable"}
    connection.request("POST", "/", json.dumps(table), headers)
    connection.getresponse().read()
    connection.close()
