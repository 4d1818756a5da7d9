"""HTTPS with a private CA that clients can trust."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import requests

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.server import (
    Certificates,
    Sandbox,
    Server,
    make_certificates,
)

DEADLINE_SECONDS = 10.0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_client_that_trusts_the_ca_is_served(
    tls_server: Server, certificates: Certificates, host: str
) -> None:
    """The certificate is for the names by which this machine is called."""
    answer = requests.get(
        f"https://{host}:{tls_server.port}/echo",
        verify=str(certificates.ca_path),
        timeout=DEADLINE_SECONDS,
    )

    assert answer.json()["scheme"] == "https"
    assert tls_server.url == f"https://127.0.0.1:{tls_server.port}"


def test_the_certificate_is_also_for_the_real_api(
    tls_server: Server, certificates: Certificates, connect: Callable[..., Any]
) -> None:
    """A client whose name resolution is bent finds a certificate for that name."""
    raw = connect(tls_server.port)

    raw.socket = certificates.client_context().wrap_socket(
        raw.socket, server_hostname="api.smartpay.co"
    )
    raw.get("/ok")

    assert raw.read_answer().startswith(b"HTTP/1.1 200")


def test_the_variables_make_a_client_trust_the_ca(
    tls_server: Server, certificates: Certificates
) -> None:
    """A program that knows nothing of the sandbox needs only its environment."""
    program = f"import urllib.request as u; u.urlopen('{tls_server.url}/ok')"

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **certificates.environment},
        capture_output=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stderr.decode()
    assert set(certificates.environment) == {
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "PHP_INI_SCAN_DIR",
    }


def test_php_reads_the_ca_from_a_file_in_a_folder_it_scans(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders that are scanned already stay; an empty entry means PHP's own."""
    folder = certificates.ca_path.parent
    alone = certificates.environment["PHP_INI_SCAN_DIR"]
    monkeypatch.setenv("PHP_INI_SCAN_DIR", "/etc/php.d")

    [ini] = folder.glob("*.ini")

    assert alone == f"{os.pathsep}{folder}"
    assert certificates.environment["PHP_INI_SCAN_DIR"] == f"/etc/php.d{alone}"
    assert ini.read_text("utf-8").splitlines() == [
        f'curl.cainfo = "{certificates.ca_path}"',
        f'openssl.cafile = "{certificates.ca_path}"',
    ]


def test_a_client_that_does_not_trust_the_ca_breaks_off_alone(
    tls_server: Server, certificates: Certificates
) -> None:
    """It fails as it must; the server collects no error and serves the next one."""
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{tls_server.url}/ok", verify=__file__, timeout=DEADLINE_SECONDS)
    after = requests.get(
        f"{tls_server.url}/ok",
        verify=str(certificates.ca_path),
        timeout=DEADLINE_SECONDS,
    )

    assert after.status_code == 200
    assert tls_server.errors == []


def test_plain_http_is_answered_with_the_way_out(tls_server: Server) -> None:
    """A forgotten ``s`` gets an answer that says so."""
    url = tls_server.url.replace("https:", "http:")

    answer = requests.post(f"{url}/ok", data=b"x" * 100_000, timeout=DEADLINE_SECONDS)

    assert answer.status_code == 400
    assert "https://" in answer.text
    assert tls_server.errors == []


def test_a_client_that_never_shakes_hands_delays_nobody(
    tls_server: Server, certificates: Certificates, connect: Callable[..., Any]
) -> None:
    """A port scanner, say, that connects and waits."""
    connect(tls_server.port)
    connect(tls_server.port).socket.sendall(b"\x16\x03")

    answer = requests.get(
        f"{tls_server.url}/ok",
        verify=str(certificates.ca_path),
        timeout=DEADLINE_SECONDS,
    )

    assert answer.status_code == 200


def test_the_key_is_readable_by_its_owner_only(certificates: Certificates) -> None:
    """Other users of the machine cannot reach the files."""
    folder = certificates.key_path.parent

    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IRWXU
    assert certificates.ca_path.parent == folder


def test_the_files_go_when_they_are_not_needed() -> None:
    """Certificates leave nothing behind."""
    made = make_certificates(["mystore.jp"])
    folder = made.ca_path.parent

    made.remove()

    assert made.hosts == ("mystore.jp",)
    assert not folder.exists()


def test_without_the_extra_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``trustme`` is needed for HTTPS only."""
    monkeypatch.setitem(sys.modules, "trustme", None)

    with pytest.raises(SandboxUsageError, match=r"smartpay-sandbox\[tls\]"):
        make_certificates()


def test_one_sandbox_serves_both_schemes(
    probe: Any, certificates: Certificates
) -> None:
    """Two ports, one app."""
    with Sandbox(app=probe, tls=certificates) as sandbox:
        plain = requests.get(f"{sandbox.root_url}/echo", timeout=DEADLINE_SECONDS)
        secure = requests.get(
            f"{sandbox.tls_root_url}/echo",
            verify=str(sandbox.certificates.ca_path),
            timeout=DEADLINE_SECONDS,
        )

    assert [plain.json()["scheme"], secure.json()["scheme"]] == ["http", "https"]
    assert len(probe.environs) == 2


def test_a_sandbox_without_tls_says_how_to_get_it(probe: Any) -> None:
    """Asking for the HTTPS address is answered with the remedy."""
    with Sandbox(app=probe) as sandbox, pytest.raises(SandboxUsageError) as caught:
        _ = sandbox.tls_url

    assert "tls=True" in str(caught.value)
