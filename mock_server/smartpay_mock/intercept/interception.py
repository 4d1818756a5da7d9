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
import importlib
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock
from urllib.parse import urlsplit

from responses import PassthroughResponse
from responses.registries import FirstMatchRegistry
from urllib3 import HTTPConnectionPool, HTTPResponse, Retry
from urllib3.exceptions import ProtocolError

from smartpay_mock.intercept.adapter import open_url, read_timeout, whole_body
from smartpay_mock.intercept.wsgi import Request
from smartpay_mock.kernel.hosts import SMARTPAY, is_below
from smartpay_mock.kernel.wsgi import WSGIApp

if TYPE_CHECKING:
    import httpx

HOSTS = ("https://api.smartpay.co", "https://checkout.smartpay.co")
MAX_CALLS = 100

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

    def __init__(self, app: WSGIApp, hosts: Sequence[str]) -> None:
        self.calls: deque[Call] = deque(maxlen=MAX_CALLS)
        self.origins = {_origin(host) for host in hosts}
        self._app = app

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
        transport = transports.smartpay_transport(self._app)
        with self._recorded(transports.described(request)) as answers:
            answers.append(transport.handle_request(request))
        response: httpx.Response = answers[0]
        return response

    async def handle_async(self, request: httpx.Request) -> httpx.Response:
        """Return the app's response to a request of ``httpx.AsyncClient``."""
        from smartpay_mock.intercept import transports  # noqa: PLC0415 - imports httpx

        await request.aread()
        transport = transports.async_smartpay_transport(self._app)
        with self._recorded(transports.described(request)) as answers:
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
def intercept(app: WSGIApp, *, hosts: Sequence[str] = HOSTS) -> Iterator[Interception]:
    """Answer calls of ``requests``, ``urllib3`` and ``httpx``, without a socket.

    Meanwhile no call reaches another port of Smartpay's hosts, and other clients can't
    call them. Calls to other hosts go to the network. Interceptions may overlap, also
    in several threads; the one that was opened last answers.

    Args:
        app: The app that answers.
        hosts: Scheme and authority of each.

    Yields:
        The interception.
    """
    interception = Interception(app, hosts)
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
                # Code under test may import it later, when no patch is set any more.
                with contextlib.suppress(ImportError):
                    importlib.import_module("httpx")
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
        if not open_ or not is_below(name.lower().rstrip("."), SMARTPAY):
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


def _handle(method: str) -> Wrap:
    """Wrap a transport of ``httpx``, through which calls to proxies pass too."""

    def wrap(registry: _Registry, original: Callable[..., Any]) -> Callable[..., Any]:
        def handle(transport: Any, request: httpx.Request) -> Any:
            interception = registry.answering(request)
            if interception is None:
                return original(transport, request)
            return getattr(interception, method)(request)

        return handle

    return wrap


def _refuse(
    library: str,
    hosts: Callable[..., Iterable[object]],
    refusal_of: Callable[[str], Exception],
) -> Wrap:
    """Refuse calls of a function to Smartpay's hosts.

    Args:
        library: Names the client in the message.
        hosts: Returns the hosts that a call is for, given its arguments.
        refusal_of: Returns the exception with a message.
    """

    def wrap(registry: _Registry, original: Callable[..., Any]) -> Callable[..., Any]:
        def refuse(*args: Any, **options: Any) -> Any:
            for host in hosts(*args, **options):
                refusal = registry.refusal(library, host)
                if refusal:
                    raise refusal_of(refusal)
            return original(*args, **options)

        return refuse

    return wrap


def _aiohttp_error(message: str) -> Exception:
    error: Exception = sys.modules["aiohttp"].ClientConnectionError(message)
    return error


def _unknown_name(message: str) -> Exception:
    return socket.gaierror(socket.EAI_NONAME, message)


# New connections, open ones, and those to proxies.
_aiohttp = _refuse(
    "aiohttp", lambda _, request, *__, **___: [request.url.host], _aiohttp_error
)
# A proxy gets the whole URL.
_putrequest = _refuse(
    "http.client",
    lambda it, _, url, *__, **___: [it.host, urlsplit(url).hostname],
    ConnectionError,
)
_set_tunnel = _refuse(
    "http.client",
    lambda _, host, *__, **___: [urlsplit(f"//{host}").hostname],
    ConnectionError,
)
# For all other clients: names don't resolve.
_resolve = _refuse("This client", lambda host, *_, **__: [host], _unknown_name)
_connect = _refuse(
    "This client",
    lambda _, address: address[:1] if isinstance(address, tuple) else [],
    _unknown_name,
)

# module, class (if any) and name of a public function, and what wraps it while an
# interception is open; modules that are not imported yet are left out
PATCHES: tuple[tuple[str, str, str, Wrap], ...] = (
    ("urllib3", "HTTPConnectionPool", "urlopen", _urlopen),
    ("responses.registries", "FirstMatchRegistry", "find", _find),
    ("responses.registries", "OrderedRegistry", "find", _find),
    ("httpx", "HTTPTransport", "handle_request", _handle("handle")),
    ("httpx", "AsyncHTTPTransport", "handle_async_request", _handle("handle_async")),
    ("aiohttp", "BaseConnector", "connect", _aiohttp),
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
