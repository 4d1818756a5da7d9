"""Calls of the control plane of a running emulator, for the commands."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from smartpay_mock.kernel.errors import SandboxUsageError

_TIMEOUT_S = 120.0  # a long scenario takes a while
_REFUSED = 400


def call_control(
    root_url: str,
    path: str,
    body: Mapping[str, Any],
    *,
    secret_key: str,
    admin_token: str = "",
    ca_file: str | None = None,
) -> Any:
    """Send a POST to the control plane; return the decoded answer.

    Args:
        root_url: Scheme and authority of the emulator.
        path: Below ``/__admin``.
        body: The JSON body.
        secret_key: Secret key of the account.
        admin_token: For an emulator that listens beyond loopback.
        ca_file: File of the CA that signed the emulator's certificate.

    Raises:
        SandboxUsageError: The emulator refuses the call, or does not answer.
    """
    connection = _connect(root_url, ca_file)
    headers = {
        "Authorization": f"Bearer {admin_token or secret_key}",
        "Smartpay-Sandbox-Account": secret_key,
        "Content-Type": "application/json",
    }
    try:
        connection.request("POST", f"/__admin{path}", json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        document = json.loads(text) if text else None
    except (OSError, HTTPException, ValueError) as error:
        raise SandboxUsageError(
            f"No emulator answers at {root_url} ({error}). Start one with "
            "'smartpay-sandbox serve', or name its address with --url."
        ) from error
    finally:
        connection.close()
    if response.status >= _REFUSED:
        detail = document.get("detail") if isinstance(document, dict) else None
        raise SandboxUsageError(detail or f"{root_url} answered {response.status}.")
    return document


def _connect(root_url: str, ca_file: str | None) -> HTTPConnection:
    parts = urlsplit(root_url)
    if parts.scheme != "https":
        return HTTPConnection(parts.netloc, timeout=_TIMEOUT_S)
    context = ssl.create_default_context(cafile=ca_file)
    return HTTPSConnection(parts.netloc, timeout=_TIMEOUT_S, context=context)
