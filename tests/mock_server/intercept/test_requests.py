"""``requests`` without a socket: intercepted, or by an adapter."""

from __future__ import annotations

import asyncio
import itertools
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.request import ProxyHandler, build_opener

import aiohttp
import httpx
import pytest
import requests
import responses
import urllib3
from requests.adapters import HTTPAdapter
from responses.registries import FirstMatchRegistry, OrderedRegistry
from tests.mock_server.intercept.ways import API, by_adapter, by_interception
from urllib3 import Retry

from probe_app import HTTPX_RAISES, ProbeApp
from smartpay_mock.app import create_app
from smartpay_mock.intercept import SmartpayAdapter, intercept, interception
from smartpay_mock.server import Server

PROXY = "http://127.0.0.1:9"
BODY = b'{"id":"order_test_1"}\n....'
STALL_SECONDS = 0.1
DEADLINE_SECONDS = 10.0


ENTRY_POINTS = pytest.mark.parametrize("entry_point", [by_interception, by_adapter])


@ENTRY_POINTS
@pytest.mark.parametrize(
    "body",
    [lambda: b"one two", lambda: "one two", lambda: iter([b"one ", b"two"])],
    ids=["bytes", "text", "stream"],
)
def test_a_body_may_have_any_form_that_requests_takes(
    entry_point: Any, probe: Any, body: Callable[[], Any]
) -> None:
    """Bytes, text, and what is sent chunk by chunk."""
    with entry_point(probe) as ask:
        answer = ask("POST", f"{API}/echo", data=body())

    assert answer.json()["body"] == "one two"


@ENTRY_POINTS
@pytest.mark.parametrize("kind", ["reset", "stall"])
def test_an_adapters_retries_apply_to_faults(
    entry_point: Any, probe: Any, kind: str
) -> None:
    """A client that lets urllib3 retry is seen as often as on a network."""
    retries = Retry(2, allowed_methods=None)
    if entry_point is by_adapter:
        adapter: HTTPAdapter = SmartpayAdapter(probe, max_retries=retries)
    else:
        adapter = HTTPAdapter(max_retries=retries)
    with requests.Session() as session, intercept(probe):
        session.mount(API, adapter)

        with pytest.raises(requests.ConnectionError, match="Max retries"):
            session.get(f"{API}/fault/{kind}", timeout=STALL_SECONDS)

    assert len(probe.environs) == 3


@pytest.mark.parametrize("raises", [True, False])
def test_an_adapters_retries_apply_to_statuses(probe: Any, raises: bool) -> None:
    """Where ``requests`` would raise RetryError, or give up with the last answer."""
    retries = Retry(2, status_forcelist=[500], raise_on_status=raises)
    with requests.Session() as session:
        session.mount(API, SmartpayAdapter(probe, max_retries=retries))

        if raises:
            with pytest.raises(requests.exceptions.RetryError):
                session.get(f"{API}/report")
        else:
            assert session.get(f"{API}/report").status_code == 500

    assert len(probe.environs) == 3


@pytest.mark.parametrize(
    "url",
    [
        "https://api.smartpay.co/ok",
        "https://checkout.smartpay.co/ok",
        "https://API.smartpay.co:443/ok",
    ],
)
def test_both_hosts_of_the_api_are_intercepted(probe: Any, url: str) -> None:
    """However they are written."""
    with intercept(probe):
        answer = requests.get(url, timeout=DEADLINE_SECONDS)

    assert answer.content == BODY


def test_calls_to_other_hosts_go_to_the_network(probe: Any) -> None:
    """Only the API is emulated."""
    with Server(probe) as server, intercept(probe):
        answer = requests.get(f"{server.url}/echo", timeout=DEADLINE_SECONDS)
        port = server.port

    assert answer.json()["host"] == f"127.0.0.1:{port}"


def patched() -> list[Any]:
    """Return the functions that interception replaces."""
    return [getattr(owner, name) for owner, name, _ in interception.patched()]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_interceptions_may_be_left_in_any_order(
    probe: Any, order: tuple[int, ...]
) -> None:
    """The calls are answered until the last one is left; then nothing is patched."""
    before = [HTTPAdapter.send, *patched()]
    blocks: list[Any] = [intercept(probe), responses.RequestsMock(), intercept(probe)]
    for block in blocks:
        block.__enter__()

    answers = []
    for number in order:
        answers.append(requests.get(f"{API}/ok", timeout=DEADLINE_SECONDS).content)
        blocks[number].__exit__(None, None, None)
        if set(order[: len(answers)]) >= {0, 2}:
            break
    blocks[1].stop()

    assert set(answers) == {BODY}
    assert [HTTPAdapter.send, *patched()] == before


def test_interceptions_of_many_threads_overlap(probe: Any) -> None:
    """No thread that leaves takes the emulator from another."""
    before = patched()

    def call(_: int) -> bytes:
        with intercept(probe):
            return requests.get(f"{API}/ok", timeout=DEADLINE_SECONDS).content

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(call, range(80)))

    assert answers == [BODY] * 80
    assert patched() == before


class TimeoutAdapter(HTTPAdapter):
    """An adapter of the user's own."""

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        """Send with a timeout."""
        return super().send(request, *args, **{**options, "timeout": 5})


def by_own_adapter(url: str) -> bytes:
    """Ask with a session that has an adapter of the user's own."""
    with requests.Session() as session:
        session.mount("https://", TimeoutAdapter())
        return session.get(url).content


def by_proxy(url: str) -> bytes:
    """Read a stream that comes through a proxy that doesn't exist."""
    proxies = dict.fromkeys(("http", "https"), PROXY)
    with requests.get(url, proxies=proxies, stream=True, timeout=5) as answer:
        return b"".join(answer.iter_content(3))


def by_urllib3(url: str) -> bytes:
    """Ask without ``requests``."""
    return urllib3.PoolManager().request("GET", url).data


def by_httpx(url: str) -> bytes:
    """Ask with a client of httpx, through a proxy that doesn't exist."""
    with httpx.Client(proxy=PROXY) as client:
        return client.get(url).content


def by_async_httpx(url: str) -> bytes:
    """Ask with an asynchronous client of httpx."""

    async def call() -> bytes:
        async with httpx.AsyncClient() as client:
            return (await client.get(url)).content

    return asyncio.run(call())


@pytest.mark.parametrize(
    "ask", [by_own_adapter, by_proxy, by_urllib3, by_httpx, by_async_httpx]
)
@pytest.mark.parametrize("url", [f"{API}/ok", "http://shop.example.com/ok"])
def test_each_way_to_call_is_intercepted(probe: Any, ask: Any, url: str) -> None:
    """Whatever the session was set to; each call is remembered."""
    with intercept(probe, hosts=[API, "http://shop.example.com"]) as seen:
        assert ask(url) == BODY

    assert [call.request.url for call in seen.calls] == [url]


@pytest.mark.parametrize("ask", [by_httpx, by_async_httpx])
@pytest.mark.parametrize("kind", ["reset", "empty", "half", "stall"])
def test_faults_raise_in_httpx_what_they_raise_on_a_network(
    probe: Any, ask: Any, kind: str
) -> None:
    """Intercepted or with a transport of ours, it is the same error."""
    with intercept(probe), pytest.raises(HTTPX_RAISES[kind][0]):
        ask(f"{API}/fault/{kind}")


async def by_aiohttp(url: str, **options: Any) -> None:
    """Ask with aiohttp."""
    async with aiohttp.ClientSession() as session:
        await session.get(url, **options)


def by_tunnel() -> None:
    """Ask http.client to open a tunnel to Smartpay."""
    connection = HTTPSConnection("127.0.0.1", 9)
    connection.set_tunnel("api.smartpay.co", 443)
    connection.request("GET", "/ok")


def by_urllib_proxy() -> None:
    """Ask urllib to send the whole URL to a proxy."""
    handler = ProxyHandler({"http": PROXY})
    build_opener(handler).open("http://api.smartpay.co/ok")


def by_socket() -> None:
    """Let the system resolve the name."""
    with socket.socket() as connecting:
        connecting.connect(("api.smartpay.co", 443))


@pytest.mark.parametrize(
    ("library", "ask"),
    [
        ("urllib3", lambda: requests.get("http://api.smartpay.co/ok", timeout=5)),
        ("urllib3", lambda: by_proxy("http://api.smartpay.co/ok")),
        ("urllib3", lambda: requests.get("https://API.smartpay.co.:84/ok", timeout=5)),
        ("urllib3", lambda: requests.get("https://shop.smartpay.co/ok", timeout=5)),
        ("httpx", lambda: by_httpx("http://api.smartpay.co/ok")),
        ("httpx", lambda: by_async_httpx("https://merchant.smartpay.co/ok")),
        ("aiohttp", lambda: asyncio.run(by_aiohttp(f"{API}/ok"))),
        ("aiohttp", lambda: asyncio.run(by_aiohttp(f"{API}/ok", proxy=PROXY))),
        ("http.client", lambda: HTTPSConnection("api.smartpay.co").request("GET", "/")),
        ("http.client", by_tunnel),
        ("http.client", by_urllib_proxy),
        ("This client", by_socket),
        ("This client", lambda: socket.create_connection(("api.smartpay.co", 443))),
        ("This client", lambda: socket.gethostbyname("API.SMARTPAY.CO.")),
    ],
)
def test_what_is_not_intercepted_never_reaches_smartpay(
    probe: Any, library: str, ask: Any
) -> None:
    """Other ports, names, clients, and proxies; the message names the client."""
    with intercept(probe), pytest.raises(Exception, match=f"{library} can't call "):
        ask()

    assert not probe.environs


@pytest.mark.parametrize("connection", ["urllib3", "http.client", "httpx", "aiohttp"])
def test_connections_that_are_open_already_are_not_used(
    probe: Any, connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection from before the interception must not carry a call either."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *args, **options: resolve("127.0.0.1", *args, **options),
    )
    outside = ProbeApp()
    with Server(outside) as server:
        url = f"http://api.smartpay.co:{server.port}/ok"

        asyncio.run(KEPT_OPEN[connection](url, lambda: intercept(probe)))

    assert len(outside.environs) == 1


async def keep_urllib3(url: str, intercepting: Any) -> None:
    """Call twice on one connection of urllib3."""
    with urllib3.PoolManager() as pool:
        pool.request("GET", url)
        with intercepting(), pytest.raises(Exception, match="urllib3 can't call"):
            pool.request("GET", url, retries=False)


async def keep_http_client(url: str, intercepting: Any) -> None:
    """Call twice on one connection of http.client."""
    connection = HTTPConnection(url.split("/")[2])
    connection.request("GET", "/ok")
    connection.getresponse().read()
    with intercepting(), pytest.raises(OSError, match=r"http\.client can't call"):
        connection.request("GET", "/ok")
    connection.close()


async def keep_httpx(url: str, intercepting: Any) -> None:
    """Call twice on one connection of httpx."""
    with httpx.Client() as client:
        client.get(url)
        with intercepting(), pytest.raises(httpx.ConnectError, match="httpx can't"):
            client.get(url)


async def keep_aiohttp(url: str, intercepting: Any) -> None:
    """Call twice on one connection of aiohttp."""
    async with aiohttp.ClientSession() as session:
        await (await session.get(url)).read()
        with intercepting(), pytest.raises(aiohttp.ClientError, match="aiohttp can't"):
            await session.get(url)


KEPT_OPEN = {
    "urllib3": keep_urllib3,
    "http.client": keep_http_client,
    "httpx": keep_httpx,
    "aiohttp": keep_aiohttp,
}


def test_calls_are_remembered_but_not_for_ever(probe: Any) -> None:
    """The last hundred; a long suite does not fill the memory."""
    with intercept(probe) as calls_seen:
        for number in range(150):
            requests.get(f"{API}/ok?{number}", timeout=DEADLINE_SECONDS)
        calls = list(calls_seen.calls)

    assert len(calls) == 100
    assert calls[-1].request.url == f"{API}/ok?149"


@pytest.mark.parametrize("registry", [FirstMatchRegistry, OrderedRegistry])
def test_a_users_mock_inside_wins_and_the_rest_reaches_the_emulator(
    probe: Any, registry: Any
) -> None:
    """The user's mock is asked first; its refusals of other hosts stand."""
    with intercept(probe), responses.RequestsMock(registry=registry) as mocks:
        mocks.get(f"{API}/ok", json={"mocked": True})
        mocks.get("https://example.com/", body="shop")

        mocked = requests.get(f"{API}/ok", timeout=DEADLINE_SECONDS)
        shop = requests.get("https://example.com/", timeout=DEADLINE_SECONDS)
        emulated = requests.get(f"{API}/echo", timeout=DEADLINE_SECONDS)
        with pytest.raises(requests.ConnectionError, match="Connection refused by"):
            requests.get("https://example.jp/", timeout=DEADLINE_SECONDS)

    assert mocked.json() == {"mocked": True}
    assert shop.text == "shop"
    assert emulated.json()["path"] == "/echo"


def test_a_users_mock_outside_sees_what_is_not_for_the_emulator(probe: Any) -> None:
    """The other order: what passes through meets the user's mock, not the network."""
    with responses.RequestsMock() as mocks:
        mocks.get("https://example.com/", body="shop")
        with intercept(probe):
            shop = requests.get("https://example.com/", timeout=DEADLINE_SECONDS)
            emulated = requests.get(f"{API}/echo", timeout=DEADLINE_SECONDS)
            with pytest.raises(requests.ConnectionError, match="Connection refused by"):
                requests.get("https://example.jp/", timeout=DEADLINE_SECONDS)

    assert shop.text == "shop"
    assert emulated.json()["path"] == "/echo"


def test_two_interceptions_do_not_mix(probe: Any) -> None:
    """The inner one is asked first; each has its own hosts."""
    other = create_app()
    with intercept(other), intercept(probe, hosts=["https://checkout.smartpay.co"]):
        outer = requests.get(f"{API}/__admin/health", timeout=DEADLINE_SECONDS)
        inner = requests.get("https://checkout.smartpay.co/ok", timeout=5)

    assert outer.json()["status"] == "healthy"
    assert inner.content == BODY


def run_program(*lines: str) -> str:
    """Return what a program prints in a Python of its own."""
    program = [sys.executable, "-c", "\n".join(lines)]
    return subprocess.check_output(program, text=True)


def test_importing_the_package_imports_no_client_library() -> None:
    """An entry point imports its library when it is first used."""
    printed = run_program(
        "import sys, smartpay_mock.intercept",
        "print(sorted({'requests', 'responses', 'httpx'} & set(sys.modules)))",
    )

    assert printed == "[]\n"


def test_code_that_imports_httpx_later_is_answered_too() -> None:
    """A function may import its client library when it is called."""
    printed = run_program(
        "from smartpay_mock.app import create_app",
        "from smartpay_mock.intercept import intercept",
        "with intercept(create_app()):",
        "    import httpx",
        f"    print(httpx.get('{API}/__admin/health').status_code)",
    )

    assert printed == "200\n"
