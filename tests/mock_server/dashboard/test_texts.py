"""The texts of all pages, in English and Japanese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smartpay_mock.control import pages
from smartpay_mock.control.texts import translate
from smartpay_mock.dashboard.actions import ACTIONS
from smartpay_mock.dashboard.site import SECTIONS
from smartpay_mock.events.outbox import STATES
from smartpay_mock.kernel.faults import WHENS
from smartpay_mock.kernel.ids import account_id
from smartpay_mock.kernel.json import decode
from smartpay_schemas import ERRORS, LIFECYCLES

JAPANESE = {"Accept-Language": "ja,en;q=0.5"}
CONTROL = Path(pages.__file__).parent
FOLDERS = (CONTROL, CONTROL.parent / "dashboard")

NAME = re.compile(
    r"[a-z_.*0-9]*|[2-5]xx|curl|JSON|URL|Request-Id|(GET|POST|PUT) .*|\w+_test_\w+"
)
"""Names of the API, and calls: they are the same in both languages."""


def paths_of(api: Any) -> Iterator[str]:
    """Yield the path of each kind of page, for an account that has everything."""
    api.ok("create_webhook_endpoint", {"url": "http://127.0.0.1:9/hook"})
    for name in ("partly-captured", "rejected-order"):
        api.control("POST", f"/scenarios/{name}")
    api.control("POST", "/faults", {"operation": "*", "kind": "latency", "times": 0})
    root = f"/__admin/ui/{account_id(api.key)}"
    yield from (f"{root}/{section}" for section in SECTIONS)
    yield from (f"{root}/{name}?text=x&status=x" for name in ("orders", "requests"))
    yield f"{root}/orders/{api.control('GET', '/orders')[0]['id']}"
    yield f"{root}/requests/{api.control('GET', '/requests')[0]['id']}"
    delivery = api.control("GET", "/webhooks/deliveries")[0]["id"]
    yield f"{root}/webhooks/{delivery}"
    yield from ("/__admin/ui/accounts", "/__admin/ui/login")
    yield f"/checkout/{api.session()['id']}"
    yield f"/checkout/{api.token_session()['id']}"
    yield "/checkout/checkout_test_x"


def test_every_text_of_a_page_has_a_translation(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Except names of the API."""
    shown = {action.done for action in ACTIONS.values()}
    paths = list(paths_of(api))

    def record(text: str, language: str) -> str:
        shown.add(text)
        return translate(text, language)

    monkeypatch.setattr(pages, "translate", record)
    for path in paths:
        reply = api.app.test_client().get(path, headers=JAPANESE)
        assert '<html lang="ja">' in reply.text, path

    missing = {text for text in shown if translate(text, "ja") == text}
    assert not {text for text in missing if not NAME.fullmatch(text)}


def test_every_translation_is_used() -> None:
    """A text that no page has any more is deleted."""
    texts = decode((CONTROL / "ja.json").read_bytes())
    source = "".join(
        path.read_text(encoding="utf-8").replace('" \n', "").replace("\n", " ")
        for folder in FOLDERS
        for path in (*folder.glob("*.py"), *folder.glob("templates/*.html"))
    )
    source = re.sub(r'" +"', "", source)
    states = {state for row in LIFECYCLES.values() for state in row.states}

    unused = {text for text in texts if text not in source}
    assert unused <= {*states, *STATES, *ERRORS, *WHENS}


@pytest.mark.parametrize("status", [*LIFECYCLES["order"].states, *STATES])
def test_every_status_is_shown_in_japanese(status: str) -> None:
    """With its colour and a word, not by the colour alone."""
    assert translate(status, "ja") != status


@pytest.mark.parametrize(
    ("session", "browser", "language"),
    [("ja", "en", "ja"), ("en", "ja", "en"), (None, "ja", "ja"), (None, "fr", "en")],
)
def test_the_checkout_speaks_the_language_of_its_session(
    api: Any, session: str | None, browser: str, language: str
) -> None:
    """Without a locale, that of the browser, as far as it is known."""
    made = api.session(**({"locale": session} if session else {}))

    reply = api.app.test_client().get(
        f"/checkout/{made['id']}", headers={"Accept-Language": browser}
    )

    assert f'<html lang="{language}">' in reply.text
    assert translate("Back to the shop", language) in reply.text


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"email": "mei@example.com", "password": "x"}, "consumer.unauthorized"),
        ({"code": "NO-SUCH-CODE"}, "promotion-code.not-applicable"),
    ],
)
def test_a_problem_at_the_checkout_is_in_its_language(
    api: Any, language: str, inputs: dict[str, str], code: str
) -> None:
    """And names no file of the emulator."""
    session = api.session(locale=language)
    form = {"email": "mei+test@example.com", "password": "x", "action": "approve"}
    form |= {"method": "pm_test_visaApproved", **inputs}

    reply = api.app.test_client().post(f"/checkout/{session['id']}", data=form)

    (problem,) = re.findall(r'role="alert">([^<]+)<', reply.text)
    assert reply.status_code == 402
    assert (problem == translate(code, "ja")) == (language == "ja")
    assert ".json" not in problem
