"""What only the kit or the fixture needs costs `serve` nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from smartpay_fixtures import load

UNUSED = {"pytest", "_pytest", "responses", "faker", "requests", "smartpay_contracts"}


def test_serve_imports_neither_pytest_nor_mocks_nor_faker(
    serve: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are installed with the package, and loaded only by the kit and fixture."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    log = tmp_path / "imports"
    with log.open("w") as output, requests.Session() as session:
        served = serve(stdout=output.fileno())
        session.headers["Authorization"] = "Basic sk_test_imports"
        orders = f"{served.root_url}/v1/orders"

        created = session.post(orders, json=load("guide/curl"))
        refused = session.post(orders, json={})
        page = session.get(f"{served.root_url}/__admin/ui")

        served.stop()
    lines = re.findall(r"\|\s*([\w.]+)$", log.read_text(), re.MULTILINE)
    imported = {name.partition(".")[0] for name in lines}
    assert [created.status_code, refused.status_code, page.status_code] == [
        200,
        400,
        200,
    ]
    assert "flask" in imported
    assert not imported & UNUSED
