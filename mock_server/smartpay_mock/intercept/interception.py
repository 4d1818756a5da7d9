"""``intercept``: the emulator answers calls of ``requests`` and ``urllib3``.

All interceptions of the process share one registry and one set of patches of public
functions. The first interception sets the patches, the last one removes them, so they
may overlap in several threads. Mocks of ``responses`` replace another function, so the
user's own mocks come first and work in any order with interceptions.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from unittest import mock
from urllib.parse import urlsplit

from responses import PassthroughResponse
from responses.registries import FirstMatchRegistry, OrderedRegistry
from urllib3 import HTTPConnectionPool, HTTPResponse, Retry
from urllib3.exceptions import ProtocolError

from smartpay_mock.intercept.adapter import open_url, read_timeout, whole_body
from smartpay_mock.intercept.wsgi import Report, Request, WSGIApp

HOSTS = ("https://api.smartpay.co", "https://checkout.smartpay.co")
MAX_CALLS = 100

# Names that no call may reach while an interception is open.
_DOMAIN = "smartpay.co"
_REFUSED = (
    "{host} is not called while smartpay.intercept() is open. It answers calls of "
    "requests and urllib3 to {hosts}. Use smartpay.transport() for httpx, and "
    "smartpay.url for other clients."
)
_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int | None]


class Call(NamedTuple):
    """One intercepted call: the request, and the response or the error."""

    request: Request
    response: HTTPResponse | Exception


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
        try:
            response = open_url(self._app, pool, request, retries)
        except Exception as error:
            self.calls.append(Call(request, error))
            raise
        self.calls.append(Call(request, response))
        if options.get("preload_content", True):
            response.read(cache_content=True)
        return response


@contextlib.contextmanager
def intercept(
    app: WSGIApp, *, hosts: Sequence[str] = HOSTS, report: Report | None = None
) -> Iterator[Interception]:
    """Answer calls of ``requests`` and ``urllib3`` to ``hosts``, without a socket.

    Meanwhile no call reaches another port of Smartpay's hosts, and other clients can't
    resolve their names. Calls to other hosts go to the network. Interceptions may
    overlap, also in several threads; the one that was opened last answers.

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
                for owner, name, wrap in PATCHES:
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

    def refusal(self, host: object) -> str:
        """Return why a host must not be called; empty if it may be."""
        open_ = self._open
        name = host.decode("latin-1") if isinstance(host, bytes) else str(host)
        labels = name.lower().rstrip(".").split(".")
        if not open_ or ".".join(labels[-2:]) != _DOMAIN:
            return ""
        hosts = {
            f"{scheme}://{name}" for one in open_ for scheme, name, _ in one.origins
        }
        return _REFUSED.format(host=name, hosts=" and ".join(sorted(hosts)))


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
        refusal = registry.refusal(origin[1])
        if refusal:
            raise ProtocolError(refusal)
        return original(pool, method, url, *args, **options)

    return urlopen


def _find(registry: _Registry, original: Callable[..., Any]) -> Callable[..., Any]:
    """Let an active mock of ``responses`` pass on the calls that it doesn't expect."""

    def find(mocks: FirstMatchRegistry, request: Any) -> Any:
        origin = _origin(str(request.url))
        if (registry.find(origin) or registry.refusal(origin[1])) and not any(
            response.matches(request)[0] for response in mocks.registered
        ):
            return PassthroughResponse(str(request.method), str(request.url)), []
        return original(mocks, request)

    return find


def _getaddrinfo(
    registry: _Registry, original: Callable[..., Any]
) -> Callable[..., Any]:
    """Refuse to resolve Smartpay's names, for clients that aren't intercepted."""

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        refusal = registry.refusal(host)
        if refusal:
            raise socket.gaierror(socket.EAI_NONAME, refusal)
        return original(host, *args, **options)

    return getaddrinfo


# owner of a function, its name, and what wraps it while an interception is open
PATCHES: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
    (HTTPConnectionPool, "urlopen", _urlopen),
    (FirstMatchRegistry, "find", _find),
    (OrderedRegistry, "find", _find),
    (socket, "getaddrinfo", _getaddrinfo),
)
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
