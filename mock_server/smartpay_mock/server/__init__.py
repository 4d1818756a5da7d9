"""The emulator as an HTTP server."""

from smartpay_mock.server.sandbox import Sandbox
from smartpay_mock.server.server import Server
from smartpay_mock.server.tls import Certificates, make_certificates

__all__ = ["Certificates", "Sandbox", "Server", "make_certificates"]
