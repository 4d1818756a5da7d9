"""The emulator as an HTTP server."""

from smartpay_mock.server.bind import allow_descriptors
from smartpay_mock.server.sandbox import Sandbox
from smartpay_mock.server.server import Server
from smartpay_mock.server.tls import Certificates, make_certificates

__all__ = [
    "Certificates",
    "Sandbox",
    "Server",
    "allow_descriptors",
    "make_certificates",
]
