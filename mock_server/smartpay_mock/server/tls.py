"""Certificates from a private CA, for clients that need HTTPS."""

from __future__ import annotations

import os
import shutil
import ssl
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

from smartpay_mock.kernel.errors import SandboxUsageError

HOSTS = ("localhost", "127.0.0.1", "::1", "api.smartpay.co")
# Variables from which common clients read the path of a further CA.
_PHP_FOLDERS = "PHP_INI_SCAN_DIR"
_PHP_SETTINGS = ("curl.cainfo", "openssl.cafile")
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


class Certificates:
    """Files in a private folder, removed with this object.

    Attributes:
        ca_path: The CA, PEM; clients trust it.
        chain_path: The server's certificate chain, PEM.
        key_path: Its private key, PEM.
        hosts: The names and addresses the certificate is for.
    """

    def __init__(self, folder: Path, hosts: Sequence[str]) -> None:
        self.ca_path = folder / "ca.pem"
        self.chain_path = folder / "chain.pem"
        self.key_path = folder / "key.pem"
        self.hosts = tuple(hosts)
        self._cleanup = weakref.finalize(self, shutil.rmtree, folder, True)

    @property
    def environment(self) -> dict[str, str]:
        """Variables that make the usual clients trust the CA.

        PHP has none for a CA, so it reads a php.ini of this folder, too.
        """
        # An empty entry stands for the folders that PHP was built with.
        folders = os.environ.get(_PHP_FOLDERS, "")
        return {
            **dict.fromkeys(CA_VARIABLES, str(self.ca_path)),
            _PHP_FOLDERS: f"{folders}{os.pathsep}{self.ca_path.parent}",
        }

    def server_context(self) -> ssl.SSLContext:
        """Return the server's side of TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain_path, self.key_path)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return a Python client's side of TLS."""
        return ssl.create_default_context(cafile=self.ca_path)

    def remove(self) -> None:
        """Delete the files now."""
        self._cleanup()


def make_certificates(hosts: Sequence[str] = HOSTS) -> Certificates:
    """Make a CA and a certificate for ``hosts``, in a folder only this user reads.

    Args:
        hosts: DNS names and IP addresses.

    Raises:
        SandboxUsageError: The extra ``tls`` is not installed.
    """
    try:
        import trustme  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise SandboxUsageError(
            "HTTPS needs trustme, which is not installed: "
            "pip install 'smartpay-sandbox[tls]'."
        ) from error
    authority = trustme.CA(
        organization_name="smartpay-sandbox", organization_unit_name="private test CA"
    )
    leaf = authority.issue_cert(*hosts)
    made = Certificates(Path(tempfile.mkdtemp(prefix="smartpay-sandbox-tls-")), hosts)
    authority.cert_pem.write_to_path(made.ca_path)
    for position, certificate in enumerate(leaf.cert_chain_pems):
        certificate.write_to_path(made.chain_path, append=position > 0)
    leaf.private_key_pem.write_to_path(made.key_path)
    ini = "".join(f'{name} = "{made.ca_path}"\n' for name in _PHP_SETTINGS)
    (made.ca_path.parent / "smartpay-sandbox.ini").write_text(ini, encoding="utf-8")
    return made
