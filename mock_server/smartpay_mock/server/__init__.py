"""Doors with a socket: the emulator as an HTTP server."""

from smartpay_mock.server.sandbox import Sandbox
from smartpay_mock.server.threads import ThreadServer
from smartpay_mock.server.tls import Certificates, make_certificates

__all__ = ["Certificates", "Sandbox", "ThreadServer", "make_certificates"]
