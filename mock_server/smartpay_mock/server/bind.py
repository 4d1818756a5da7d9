"""Listening sockets, and messages for those that cannot be opened."""

from __future__ import annotations

import errno
import os
import socket

from smartpay_mock.kernel.errors import SandboxUsageError

BACKLOG = 1_024
_DESCRIPTORS = 10_240  # macOS allows no more

_REMEDIES = {
    errno.EADDRINUSE: "another program listens there. Stop it, choose another port "
    "with --port, or take a free one with --port 0",
    errno.EACCES: "ports below 1024 need privileges. Choose another one, such as "
    "--port 8585",
    errno.EADDRNOTAVAIL: "no interface of this machine has that address. Use --host "
    "127.0.0.1, or --host 0.0.0.0 for every interface",
}
_EVERY_INTERFACE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound here


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on ``host`` and ``port``; 0 takes a free port.

    Raises:
        SandboxUsageError: The host is unknown, or the address is taken or forbidden.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise SandboxUsageError(
            f"Cannot listen on host {host!r}: {error}. Use --host 127.0.0.1."
        ) from None
    sock = socket.socket(family, kind)
    try:
        if os.name == "posix":  # on Windows the option lets two servers share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        remedy = _REMEDIES.get(error.errno or 0, f"{error.strerror}. Try --port 0")
        raise SandboxUsageError(
            f"Cannot listen on {host} port {port}: {remedy}."
        ) from error
    return sock


def allow_descriptors() -> None:
    """Allow this process more descriptors, as each idle client needs one."""
    try:
        import resource  # noqa: PLC0415 - Windows has neither module nor limit
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if 0 <= soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def url_of(scheme: str, host: str, port: int) -> str:
    """Return the URL a client on this machine reaches ``host`` and ``port`` by."""
    reachable = _EVERY_INTERFACE.get(host, host)
    authority = f"[{reachable}]" if ":" in reachable else reachable
    return f"{scheme}://{authority}:{port}"
