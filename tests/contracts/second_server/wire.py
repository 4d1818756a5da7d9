"""The socket side: HTTP/1.1 with connections kept open, unhurried on purpose."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from .desk import Answer, Call, Counter
from .hooks import Hooks
from .state import World, base62

PAUSE_S = 0.002


class SecondServer(ThreadingHTTPServer):
    """Serves one world on the loopback address.

    Args:
        port: TCP port; 0 takes a free one.
        world: What it remembers.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, world: World) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.closing = threading.Event()
        self.hooks = Hooks(world, self.closing)
        self.counter = Counter(world, self.hooks)
        self.hooks.start()

    def server_close(self) -> None:
        """Stop listening and delivering."""
        self.closing.set()
        super().server_close()
        self.hooks.stop()


class Handler(BaseHTTPRequestHandler):
    """Reads a call, lets the counter answer, writes the answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: SecondServer

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.closing.wait(PAUSE_S)
        url = urlsplit(self.path)
        call = Call(
            method=self.command,
            path=unquote(url.path),
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            raw=raw,
        )
        self._send(self.server.counter.answer(call))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base class looks for these names

    def _send(self, answer: Answer) -> None:
        body = answer.body or b""
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("x-second-trace", base62(12))
        self.send_header("cache-control", "no-store")
        if answer.status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """The ``Server`` header, without naming Python."""
        return "Second/2"

    def log_message(self, *_: object) -> None:
        """Say nothing: requests carry keys."""
