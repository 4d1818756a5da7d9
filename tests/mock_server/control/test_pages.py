"""Pages: no other site can frame them, run a script in them or send their forms."""

from __future__ import annotations

import re
from typing import Any

import pytest

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


@pytest.fixture
def checkout(api: Any) -> str:
    """Return the path of a checkout session's page."""
    session = api.session()
    return f"/checkout/{session['id']}"


@pytest.mark.parametrize("page", ["checkout", "dashboard", "missing", "redirect"])
def test_a_page_runs_only_its_own_script(api: Any, checkout: str, page: str) -> None:
    """Each element that the policy covers has the nonce of this response."""
    path = {"dashboard": "/__admin/ui/accounts", "missing": "/checkout_test_x"}
    client = api.app.test_client()
    form = {"action": "cancel"}

    if page == "redirect":
        reply = client.post(checkout, data=form)
    else:
        reply = client.get(path.get(page, checkout))

    policy = reply.headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-(\w{22})'", policy)
    assert nonce
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert {name: reply.headers[name] for name in HEADERS} == HEADERS
    elements = re.findall(r"<(?:script|style)[^>]*>", reply.text)
    assert all(f'nonce="{nonce[1]}"' in element for element in elements)
    assert not re.search(r'\s(?:style|on\w+)="', reply.text)


def test_each_page_has_a_nonce_of_its_own(api: Any) -> None:
    """A nonce that repeats could be read from one page and used in another."""
    client = api.app.test_client()

    policies = {
        client.get("/__admin/ui/accounts").headers["Content-Security-Policy"]
        for _ in range(3)
    }

    assert len(policies) == 3


OTHER_SITES = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "https://attacker.example.com"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://localhost.attacker.example.com"},
    {"Origin": "null"},
    {"Origin": ""},
]


@pytest.mark.parametrize("sent", OTHER_SITES, ids=str)
def test_another_site_changes_nothing(
    api: Any, checkout: str, sent: dict[str, str]
) -> None:
    """Neither by the form of a page nor by the control plane."""
    before = api.held()
    paid = api.app.test_client().post(
        checkout, data={"action": "approve"}, headers=sent
    )
    reset = api.admin("POST", "/reset", {}, headers=sent)

    assert (paid.status_code, reset.status) == (403, 403)
    assert "another site" in reset.detail
    assert api.held() == before


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://proxy.example.com"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost"},
    ],
    ids=str,
)
def test_the_page_itself_and_other_clients_may_change(
    api: Any, checkout: str, sent: dict[str, str]
) -> None:
    """Programs send no such header; a proxy may speak HTTPS or rewrite Host."""
    reply = api.app.test_client().post(
        checkout, data={"action": "cancel"}, headers=sent
    )

    assert reply.status_code == 303


def test_another_site_may_link_to_a_page(api: Any, checkout: str) -> None:
    """A shop redirects to the checkout."""
    reply = api.app.test_client().get(
        checkout, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert reply.status_code == 200
