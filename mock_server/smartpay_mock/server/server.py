"""The HTTP server: one loop, run by one thread at a time.

The thread that runs the loop waits for sockets, parses what arrives and calls the
application itself: passing a request to another thread costs more than answering it.
When the application is about to wait, it calls ``kernel.waiting.before_waiting``, and
another thread continues the loop while this one finishes its request. An application
that computes, or waits without that call, delays the others meanwhile.
"""

from __future__ import annotations

import contextlib
import logging
import math
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import Self

from smartpay_mock.kernel import wsgi
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.waiting import set_on_wait
from smartpay_mock.kernel.wsgi import Response, WSGIApp, common_environ
from smartpay_mock.server.bind import listen, url_of
from smartpay_mock.server.connection import NOT_READY, Connection
from smartpay_mock.server.http import (
    FAILED,
    Request,
    RequestParser,
    encode_response,
    refused,
)
from smartpay_mock.server.tls import Certificates
from smartpay_mock.server.workers import Workers

MAX_ERRORS = 1_000
BODY_BYTES = 64 << 20
TIMEOUT_SECONDS = 60.0

_HANDSHAKE_SECONDS = 10.0
# stop() lets quick requests finish this long before it cuts them off.
_GRACE_SECONDS = 0.05
# With no descriptor left, clients that sent nothing for so long are closed. If there is
# none, accepting pauses; live connections are served meanwhile.
_IDLE_SECONDS = 1.0
_CLOSED_AT_ONCE = 32
_ACCEPT_PAUSE_SECONDS = 0.1

_TLS_HANDSHAKE = b"\x16"  # RFC 8446 section 5.1, ContentType
_NOT_TLS = (
    b"This port speaks HTTPS only. Use https:// here, or http:// on the HTTP port.\n"
)
_NOT_TLS_HEAD = (
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
    f"Content-Length: {len(_NOT_TLS)}\r\nConnection: close\r\n\r\n"
).encode("ascii")

_log = logging.getLogger("smartpay_mock.server")


class Server:
    """Serves a WSGI app over HTTP or HTTPS from daemon threads of this process.

    A request may wait, if it calls ``kernel.waiting.before_waiting`` first: others are
    served by further threads, up to ``MAX_THREADS``.

    Args:
        wsgi_app: Any WSGI callable. Its environment has ``smartpay.transport``, which
            takes a ``TransportFault`` to apply, and ``smartpay.report``, which takes
            an exception to collect.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one at each start.
        tls: Certificates; the port then speaks HTTPS only.
        body_limit: Returns the largest body in bytes that is read for a path. With a
            larger one the app gets the beginning, to refuse it.
        timeout_s: How long a client may take, in seconds: to send a request, to read
            a response, to begin its next request.
        errors: Where to collect exceptions; a list of its own if not given.
        name: Names its threads.

    Attributes:
        errors: Exceptions that left the app, that it reported, or that happened in
            the server's own threads: the first ``MAX_ERRORS`` of them.
    """

    def __init__(
        self,
        wsgi_app: WSGIApp,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: Certificates | None = None,
        body_limit: Callable[[str], int] = lambda _: BODY_BYTES,
        timeout_s: float = TIMEOUT_SECONDS,
        errors: list[BaseException] | None = None,
        name: str = "smartpay-server",
    ) -> None:
        self.host = host
        self.errors = [] if errors is None else errors
        self.app = wsgi_app
        self.body_limit = body_limit
        self.timeout_s = timeout_s
        self.name = name
        self._wanted_port = port
        self._tls = tls
        self._loop: _Loop | None = None

    @property
    def is_running(self) -> bool:
        """Whether clients are accepted."""
        return self._loop is not None

    @property
    def port(self) -> int:
        """The port listened on.

        Raises:
            SandboxUsageError: The server was not started.
        """
        if self._loop is None:
            raise SandboxUsageError(
                "The server has no port while it is not running: call start() first, "
                "or use it as a context manager."
            )
        return self._loop.port

    @property
    def url(self) -> str:
        """Scheme and authority, without a slash at the end."""
        return url_of("https" if self._tls else "http", self.host, self.port)

    @property
    def thread_count(self) -> int:
        """Worker threads alive now."""
        return 0 if self._loop is None else self._loop.workers.count

    def start(self) -> Self:
        """Listen; clients are accepted when this returns.

        Raises:
            SandboxUsageError: The address is unknown, taken or forbidden.
        """
        if self._loop is None:
            context = self._tls.server_context() if self._tls else None
            listener = listen(self.host, self._wanted_port)
            self._loop = _Loop(self, listener, context)
            self._loop.workers.let_another_lead()
        return self

    def stop(self) -> None:
        """Stop accepting, close every connection and free the port.

        Requests that still run after a moment lose their connection; their threads
        end when the app returns.
        """
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.stop()

    def report(self, error: BaseException) -> None:
        """Collect an exception."""
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(error)

    def log(self, error: BaseException) -> None:
        """Collect an exception of the server or the app, and log it in one line."""
        self.report(error)
        _log.error(
            "%s failed: %s: %s (serve --verbose prints the traceback)",
            threading.current_thread().name,
            type(error).__name__,
            error,
        )
        _log.debug("traceback", exc_info=error)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()


class _Loop:
    """The selector and its connections, from one start to the next stop.

    Only the thread that leads uses the selector; the lock guards who that is.
    """

    _serving: Connection  # whose request the thread that leads answers

    def __init__(
        self, server: Server, listener: socket.socket, context: ssl.SSLContext | None
    ) -> None:
        self.port: int = listener.getsockname()[1]
        self._context = context
        self.workers = Workers(self.run, name=server.name)
        self._server = server
        self._listener = listener
        self._accepts_again = math.inf
        self._live: set[Connection] = set()
        self._returned: deque[Connection] = deque()
        self._next_sweep = math.inf
        self._is_closed = False
        self._is_short = False  # of descriptors
        self._watching = threading.Lock()
        self._common = common_environ(
            listener.getsockname()[0],
            self.port,
            scheme="https" if context else "http",
        )
        self._common[wsgi.REPORT] = server.report
        self._selector = DefaultSelector()
        self._wake_up, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._read_when_ready(listener, self._accept)
        self._read_when_ready(self._wake_up, self._take_returned)

    def _read_when_ready(self, sock: socket.socket, handle: Callable[[], None]) -> None:
        sock.setblocking(False)
        self._selector.register(sock, EVENT_READ, handle)

    def run(self) -> None:
        """Serve what is ready whenever this thread leads, until it is not needed."""
        workers = self.workers
        set_on_wait(self._hand_over)
        while workers.await_lead():
            while workers.leads() and not workers.is_stopping:
                for key, _ in self._selector.select(self._timeout()):
                    try:
                        key.data()
                    except Exception as error:
                        self._server.log(error)
                    if workers.is_stopping or not workers.leads():
                        break
                else:
                    self._sweep()
            if workers.leads():
                self.close()

    def _hand_over(self) -> None:
        """Let another thread continue the loop, because this one's request waits."""
        if self.workers.leads():
            self.unwatch(self._serving)
            self.workers.hand_over()

    def _timeout(self) -> float | None:
        """Return the seconds until the next deadline."""
        if self._next_sweep == math.inf:
            return None
        return max(0.0, self._next_sweep - time.monotonic())

    def stop(self) -> None:
        """End the loop; requests under way get a moment to finish."""
        self.workers.stop()
        self._wake()
        self.workers.join(_GRACE_SECONDS)
        self.close()
        own = threading.get_ident()
        for connection in tuple(self._live):
            if connection.owner != own:
                connection.interrupt()

    def close(self) -> None:
        """Close the port and every connection that waits in the loop."""
        with self._watching:
            self._is_closed = True
        self._listener.close()
        for connection in tuple(self._live):
            if not connection.owner:
                connection.close()
        self._close_returned()
        if not self.workers.is_led_by_another():  # who polls the selector closes it
            for closable in (self._selector, self._wake_up, self._waker):
                closable.close()

    def _close_returned(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._returned.popleft().close()

    def schedule(self, connection: Connection, seconds: float | None = None) -> None:
        """Close a connection in so many seconds, unless it is scheduled again."""
        timeout_s = self._server.timeout_s if seconds is None else seconds
        connection.deadline = time.monotonic() + timeout_s
        self._next_sweep = min(self._next_sweep, connection.deadline)

    def forget(self, connection: Connection) -> None:
        """Stop watching a connection that closes."""
        self._live.discard(connection)
        self.unwatch(connection)

    def unwatch(self, connection: Connection) -> None:
        """Take a connection out of the selector; two threads may do so at once."""
        with self._watching:
            if connection.events and not self._is_closed:
                self._selector.unregister(connection.sock)
            connection.events = 0

    def _watch(self, connection: Connection) -> None:
        """Watch a connection for what it waits for; close it if the loop has ended."""
        events = EVENT_WRITE if connection.output else EVENT_READ
        if connection.is_closed or connection.events == events:
            return
        with self._watching:
            if not self._is_closed:
                change = self._selector.modify
                if not connection.events:
                    change = self._selector.register
                change(connection.sock, events, partial(self._handle, connection))
                connection.events = events
                return
        connection.close()  # close() left it to the thread that served it then

    def _wake(self) -> None:
        # A full pipe means that a wake-up is pending already; a closed one, the end.
        with contextlib.suppress(OSError):
            self._waker.send(b"!")

    def _accept(self) -> None:
        try:
            sock, address = self._listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        except OSError as error:  # such as: no descriptor is left
            if not self._close_idle():
                self._pause_accepting(error)
            return
        self._is_short = False
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        common = {
            **self._common,
            "REMOTE_ADDR": address[0],
            "REMOTE_PORT": str(address[1]),
        }
        parser = RequestParser(common, self._server.body_limit)
        connection = Connection(sock, parser, self)
        self._live.add(connection)
        connection.tls = self._context
        seconds = None if self._context is None else _HANDSHAKE_SECONDS
        self.schedule(connection, seconds)
        self._watch(connection)

    def _close_idle(self) -> bool:
        """Close the clients that waited longest; return whether there were any."""
        before = time.monotonic() + self._server.timeout_s - _IDLE_SECONDS
        idle = [
            one
            for one in self._live
            if one.deadline < before and not (one.owner or one.output)
        ]
        idle.sort(key=attrgetter("deadline"))
        for connection in idle[:_CLOSED_AT_ONCE]:
            connection.close()
        return bool(idle)

    def _pause_accepting(self, error: OSError) -> None:
        """Leave new clients waiting for a moment; live connections go on."""
        if not self._is_short:
            self._is_short = True
            self._server.log(error)
        self._selector.unregister(self._listener)
        self._accepts_again = time.monotonic() + _ACCEPT_PAUSE_SECONDS
        self._next_sweep = min(self._next_sweep, self._accepts_again)

    def _take_returned(self) -> None:
        """Watch the connections that other threads have finished with."""
        self._wake_up.recv(4096)
        while self._returned:
            connection = self._returned.popleft()
            connection.owner = 0
            self._watch(connection)
            self._next_sweep = min(self._next_sweep, connection.deadline)

    def _sweep(self) -> None:
        """Close what is over its deadline, and find the next one."""
        now = time.monotonic()
        if now < self._next_sweep:
            return
        if now >= self._accepts_again:
            self._accepts_again = math.inf
            self._selector.register(self._listener, EVENT_READ, self._accept)
        for connection in tuple(self._live):
            if connection.deadline <= now and not connection.owner:
                self._expire(connection)
        pending = (one.deadline for one in tuple(self._live) if not one.owner)
        self._next_sweep = min(self._accepts_again, min(pending, default=math.inf))

    def _expire(self, connection: Connection) -> None:
        if connection.parser.began_at is None or connection.output:
            connection.close()
            return
        reason = f"it did not arrive within {self._server.timeout_s:g} seconds"
        self._answer(connection, refused(408, reason))
        self._watch(connection)

    def _handle(self, connection: Connection) -> None:
        """Continue a connection that is ready: answer its complete requests in turn.

        When the application waits, this thread stops leading: it then finishes the
        connection's requests and returns the connection to the loop.
        """
        is_ready = self._flush if connection.output else self._read
        if not is_ready(connection):
            return
        ready, leads = connection.parser.ready, True
        while ready and not (connection.output or connection.is_finished):
            connection.owner = threading.get_ident()
            if leads:
                self._serving = connection
            try:
                self._answer(connection, ready.popleft())
            except Exception as error:
                self._server.log(error)
                connection.close()
            leads = self.workers.leads()
        if leads:
            connection.owner = 0
        if not (connection.output or connection.is_finished):
            self._await_request(connection)
        if leads:
            self._watch(connection)
        else:
            self._return(connection)

    def _flush(self, connection: Connection) -> bool:
        """Send what is left; return whether nothing is."""
        connection.flush()
        if connection.output:
            return False
        if connection.is_finished:
            connection.finish()
        return True

    def _read(self, connection: Connection) -> bool:
        """Parse what has arrived; return whether something has."""
        if connection.tls and not self._shake_hands(connection, connection.tls):
            return False
        data = connection.receive()
        if data == b"":
            connection.close()  # a request without its end is never carried out
        if not data or connection.is_draining:
            return False
        connection.parser.feed(data)
        return True

    def _shake_hands(self, connection: Connection, context: ssl.SSLContext) -> bool:
        """Continue a TLS handshake; return whether it is complete."""
        try:
            if not isinstance(connection.sock, ssl.SSLSocket):
                first = connection.sock.recv(1, socket.MSG_PEEK)
                if first and first != _TLS_HANDSHAKE:
                    self._refuse_plain_text(connection)
                    return False
                self.unwatch(connection)
                connection.sock = context.wrap_socket(
                    connection.sock, server_side=True, do_handshake_on_connect=False
                )
                self._watch(connection)
            connection.sock.do_handshake()
        except NOT_READY:
            return False
        except OSError:
            connection.close()
            return False
        connection.tls = None
        self.schedule(connection)
        return True

    def _refuse_plain_text(self, connection: Connection) -> None:
        connection.tls = None
        connection.has_unread_input = True
        connection.send(_NOT_TLS_HEAD + _NOT_TLS)
        connection.finish()
        self._watch(connection)

    def _await_request(self, connection: Connection) -> None:
        """Give the client its time to complete a request, or to begin one."""
        parser = connection.parser
        if parser.wants_continue:
            parser.wants_continue = False
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        seconds = self._server.timeout_s
        if parser.began_at is not None:
            seconds += parser.began_at - time.monotonic()
        self.schedule(connection, seconds)

    def _return(self, connection: Connection) -> None:
        """Give a connection back to the loop from a thread that does not lead."""
        if not connection.is_closed:
            self._returned.append(connection)
            self._wake()
        if self._is_closed:
            self._close_returned()

    def _answer(self, connection: Connection, request: Request) -> None:
        """Answer one request, or apply a fault in place of the answer."""
        response = Response()
        request.environ[wsgi.TRANSPORT] = response.lose
        connection.has_unread_input = not request.is_whole
        keeps_alive = False
        try:
            app = request.refusal or self._server.app
            response.take(app(request.environ, response.start))
            if response.fault is None:
                data, keeps_alive = encode_response(response, request)
        except Exception as error:
            self._server.log(error)
            data = FAILED
        if response.fault is not None:
            connection.apply(response.fault, response)
            return
        connection.send(data)
        if not keeps_alive:
            connection.finish()
