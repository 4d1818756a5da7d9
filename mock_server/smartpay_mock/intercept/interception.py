"""``intercept``: the emulator answers calls of ``requests``, ``urllib3``, ``httpx``.

All interceptions of the process share one registry and one set of patches of public
functions. The first interception sets the patches, the last one removes them, so they
may overlap in several threads. Mocks of ``responses`` replace another function, so the
user's own mocks come first and work in any order with interceptions.

Clients that are not intercepted can't call Smartpay meanwhile: ``aiohttp`` and
``http.client`` refuse its hosts, also on connections that are open and through proxies,
and for other clients of Python its names don't resolve.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock
from urllib.parse import urlsplit

from responses import PassthroughResponse
from responses.registries import FirstMatchRegistry
from urllib3 import HTTPConnectionPool, HTTPResponse, Retry
from urllib3.exceptions import ProtocolError

from smartpay_mock.intercept.adapter import open_url, read_timeout, whole_body
from smartpay_mock.intercept.wsgi import Report, Request, WSGIApp

if TYPE_CHECKING:
    import httpx

HOSTS = ("https://api.smartpay.co", "https://checkout.smartpay.co")
MAX_CALLS = 100

# Names that no call may reach while an interception is open.
_DOMAIN = "smartpay.co"
_REFUSED = (
    "{library} can't call {host} while smartpay.intercept() is open. It answers calls "
    "of requests, urllib3 and httpx to {hosts}. Use smartpay.url for other clients."
)
_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int | None]
Wrap = Callable[["_Registry", Callable[..., Any]], Callable[..., Any]]


class Call(NamedTuple):
    """One intercepted call: the request, and the response or the error."""

    request: Request
    response: HTTPResponse | httpx.Response | Exception


class Interception:
    """One open interception.

    Attributes:
        calls: The last ``MAX_CALLS`` calls that it answered, oldest first.
    """

    def __init__(
        self, app: WSGIApp, hosts: Sequence[str], report: Report | None
    ) -> None:
        self.calls: deque[Call] = deque(maxlen=MAX_CALLS)
        self.origins = {_origin(host) for host in hosts}
        self._app = app
        self._report = report

    def open(
        self,
        pool: HTTPConnectionPool,
        url: str,
        *,
        method: str,
        body: Any = None,
        headers: Any = None,
        retries: Any = None,
        **options: Any,
    ) -> HTTPResponse:
        """Return the app's response; arguments as of ``HTTPConnectionPool.urlopen``.

        Raises:
            urllib3.exceptions.HTTPError: The one that a fault causes on a network.
        """
        request = Request(
            method=method,
            url=url,
            headers=list((pool.headers if headers is None else headers).items()),
            body=whole_body(body),
            timeout_s=read_timeout(options.get("timeout", pool.timeout)),
            report=self._report,
        )
        if not isinstance(retries, Retry):
            retries = Retry.from_int(retries, default=pool.retries)
        with self._recorded(request) as answers:
            answers.append(open_url(self._app, pool, request, retries))
        response: HTTPResponse = answers[0]
        if options.get("preload_content", True):
            response.read(cache_content=True)
        return response

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Return the app's response to a request of ``httpx.Client``."""
        from smartpay_mock.intercept import transports  # noqa: PLC0415 - imports httpx

        request.read()
        transport = transports.smartpay_transport(self._app, report=self._report)
        with self._recorded(transports.described(request, None)) as answers:
            answers.append(transport.handle_request(request))
        response: httpx.Response = answers[0]
        return response

    async def handle_async(self, request: httpx.Request) -> httpx.Response:
        """Return the app's response to a request of ``httpx.AsyncClient``."""
        from smartpay_mock.intercept import transports  # noqa: PLC0415 - imports httpx

        await request.aread()
        transport = transports.async_smartpay_transport(self._app, report=self._report)
        with self._recorded(transports.described(request, None)) as answers:
            answers.append(await transport.handle_async_request(request))
        response: httpx.Response = answers[0]
        return response

    @contextlib.contextmanager
    def _recorded(self, request: Request) -> Iterator[list[Any]]:
        """Record a call with the response that is appended, or with the error."""
        answers: list[Any] = []
        try:
            yield answers
        except Exception as error:
            self.calls.append(Call(request, error))
            raise
        self.calls.append(Call(request, answers[0]))


@contextlib.contextmanager
def intercept(
    app: WSGIApp, *, hosts: Sequence[str] = HOSTS, report: Report | None = None
) -> Iterator[Interception]:
    """Answer calls of ``requests``, ``urllib3`` and ``httpx``, without a socket.

    Meanwhile no call reaches another port of Smartpay's hosts, and other clients can't
    call them. Calls to other hosts go to the network. Interceptions may overlap, also
    in several threads; the one that was opened last answers.

    Args:
        app: The app that answers.
        hosts: Scheme and authority of each.
        report: Takes exceptions that the app answers with 500.

    Yields:
        The interception.
    """
    interception = Interception(app, hosts, report)
    _REGISTRY.add(interception)
    try:
        yield interception
    finally:
        _REGISTRY.remove(interception)


class _Registry:
    """The open interceptions of this process, and the patches that they share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: tuple[Interception, ...] = ()  # newest first; replaced as a whole
        self._patches = contextlib.ExitStack()

    def add(self, interception: Interception) -> None:
        """Add an interception; set the patches if it is the only one."""
        with self._lock:
            if not self._open:
                for owner, name, wrap in patched():
                    wrapper = wrap(self, getattr(owner, name))
                    patch = mock.patch.object(owner, name, wrapper)
                    self._patches.enter_context(patch)
            self._open = (interception, *self._open)

    def remove(self, interception: Interception) -> None:
        """Remove an interception; remove the patches if it was the last one."""
        with self._lock:
            self._open = tuple(one for one in self._open if one is not interception)
            if not self._open:
                self._patches.close()

    def find(self, origin: Origin) -> Interception | None:
        """Return the interception that answers calls to an origin."""
        return next((one for one in self._open if origin in one.origins), None)

    def answering(self, request: httpx.Request) -> Interception | None:
        """Return the interception that answers a request of ``httpx``, if any.

        Raises:
            httpx.ConnectError: The request is for Smartpay, and none answers it.
        """
        origin = _origin(str(request.url))
        refusal = (
            "" if (found := self.find(origin)) else self.refusal("httpx", origin[1])
        )
        if refusal:
            raise sys.modules["httpx"].ConnectError(refusal, request=request)
        return found

    def refusal(self, library: str, host: object) -> str:
        """Return why a library must not call a host; empty if it may."""
        open_ = self._open
        name = host.decode("latin-1") if isinstance(host, bytes) else str(host)
        labels = name.lower().rstrip(".").split(".")
        if not open_ or ".".join(labels[-2:]) != _DOMAIN:
            return ""
        hosts = {
            f"{scheme}://{name}" for one in open_ for scheme, name, _ in one.origins
        }
        answered = " and ".join(sorted(hosts))
        return _REFUSED.format(library=library, host=name, hosts=answered)


def _urlopen(registry: _Registry, original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the function through which each call of ``urllib3`` passes."""

    def urlopen(
        pool: HTTPConnectionPool, method: str, url: str, *args: Any, **options: Any
    ) -> Any:
        # A proxy gets the whole URL, a server the target only.
        whole = url if url.startswith(("http://", "https://")) else _base(pool) + url
        origin = _origin(whole)
        interception = registry.find(origin)
        if interception is not None:
            options |= zip(("body", "headers", "retries"), args, strict=False)
            return interception.open(pool, whole, method=method, **options)
        refusal = registry.refusal("urllib3", origin[1])
        if refusal:
            raise ProtocolError(refusal)
        return original(pool, method, url, *args, **options)

    return urlopen


def _find(registry: _Registry, original: Callable[..., Any]) -> Callable[..., Any]:
    """Let an active mock of ``responses`` pass on the calls that it doesn't expect."""

    def find(mocks: FirstMatchRegistry, request: Any) -> Any:
        origin = _origin(str(request.url))
        if (registry.find(origin) or registry.refusal("", origin[1])) and not any(
            response.matches(request)[0] for response in mocks.registered
        ):
            return PassthroughResponse(str(request.method), str(request.url)), []
        return original(mocks, request)

    return find


def _handle_request(
    registry: _Registry, original: Callable[..., Any]
) -> Callable[..., Any]:
    """Wrap the transport through which ``httpx.Client`` sends, also to proxies."""

    def handle_request(transport: Any, request: httpx.Request) -> Any:
        interception = registry.answering(request)
        if interception is None:
            return original(transport, request)
        return interception.handle(request)

    return handle_request


def _handle_async_request(
    registry: _Registry, original: Callable[..., Any]
) -> Callable[..., Any]:
    """Wrap the transport through which ``httpx.AsyncClient`` sends."""

    async def handle_async_request(transport: Any, request: httpx.Request) -> Any:
        interception = registry.answering(request)
        if interception is None:
            return await original(transport, request)
        return await interception.handle_async(request)

    return handle_async_request


def _connect_aiohttp(
    registry: _Registry, original: Callable[..., Any]
) -> Callable[..., Any]:
    """Refuse connections of ``aiohttp``: new ones, open ones, and to proxies."""

    async def connect(connector: Any, request: Any, *args: Any, **options: Any) -> Any:
        refusal = registry.refusal("aiohttp", request.url.host)
        if refusal:
            raise sys.modules["aiohttp"].ClientConnectionError(refusal)
        return await original(connector, request, *args, **options)

    return connect


def _putrequest(
    registry: _Registry, original: Callable[..., Any]
) -> Callable[..., Any]:
    """Refuse requests of ``http.client``, and with it ``urllib.request``."""

    def putrequest(
        connection: HTTPConnection, method: str, url: str, *args: Any, **options: Any
    ) -> Any:
        # A proxy gets the whole URL.
        for host in (connection.host, urlsplit(url).hostname):
            refusal = registry.refusal("http.client", host)
            if refusal:
                raise ConnectionError(refusal)
        return original(connection, method, url, *args, **options)

    return putrequest


def _set_tunnel(
    registry: _Registry, original: Callable[..., Any]
) -> Callable[..., Any]:
    """Refuse tunnels of ``http.client`` through a proxy."""

    def set_tunnel(
        connection: HTTPConnection, host: str, *args: Any, **options: Any
    ) -> Any:
        refusal = registry.refusal("http.client", urlsplit(f"//{host}").hostname)
        if refusal:
            raise ConnectionError(refusal)
        return original(connection, host, *args, **options)

    return set_tunnel


def _resolve(registry: _Registry, original: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse to resolve Smartpay's names, for all other clients."""

    def resolve(host: Any, *args: Any, **options: Any) -> Any:
        refusal = registry.refusal("This client", host)
        if refusal:
            raise socket.gaierror(socket.EAI_NONAME, refusal)
        return original(host, *args, **options)

    return resolve


def _connect(registry: _Registry, original: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a socket's connection to a name, which the system would resolve."""

    def connect(connecting: socket.socket, address: Any) -> Any:
        host = address[0] if isinstance(address, tuple) else ""
        refusal = registry.refusal("This client", host)
        if refusal:
            raise socket.gaierror(socket.EAI_NONAME, refusal)
        return original(connecting, address)

    return connect


# module, class (if any) and name of a public function, and what wraps it while an
# interception is open; modules that are not imported yet are left out
PATCHES: tuple[tuple[str, str, str, Wrap], ...] = (
    ("urllib3", "HTTPConnectionPool", "urlopen", _urlopen),
    ("responses.registries", "FirstMatchRegistry", "find", _find),
    ("responses.registries", "OrderedRegistry", "find", _find),
    ("httpx", "HTTPTransport", "handle_request", _handle_request),
    ("httpx", "AsyncHTTPTransport", "handle_async_request", _handle_async_request),
    ("aiohttp", "BaseConnector", "connect", _connect_aiohttp),
    ("http.client", "HTTPConnection", "putrequest", _putrequest),
    ("http.client", "HTTPConnection", "set_tunnel", _set_tunnel),
    ("socket", "", "getaddrinfo", _resolve),
    ("socket", "", "gethostbyname", _resolve),
    ("socket", "", "gethostbyname_ex", _resolve),
    ("socket", "socket", "connect", _connect),
    ("socket", "socket", "connect_ex", _connect),
)


def patched() -> Iterator[tuple[Any, str, Wrap]]:
    """Return each function to patch: its owner, its name, and what wraps it."""
    for module, class_name, name, wrap in PATCHES:
        owner: Any = sys.modules.get(module)
        if class_name:
            owner = getattr(owner, class_name, None)
        # Tests that block sockets may replace the class by a function.
        if hasattr(owner, name):
            yield owner, name, wrap


_REGISTRY = _Registry()


def _base(pool: HTTPConnectionPool) -> str:
    host = f"[{pool.host}]" if ":" in pool.host else pool.host
    is_default = pool.port in {None, _PORTS.get(pool.scheme)}
    return (
        f"{pool.scheme}://{host}"
        if is_default
        else f"{pool.scheme}://{host}:{pool.port}"
    )


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
