"""The checkout page, where a person pays a session's order or approves its token.

The page is a client of the API: it logs the consumer in and authorizes the order, or
approves the token, with the same calls as the SDKs' live suites.

Source: docs:/docs/checkout-flow (redirects); the page itself is *assumed*.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, g, redirect, render_template, request

from smartpay_fixtures import sandbox_values
from smartpay_mock.api.application import Application
from smartpay_mock.control.calls import call_operation
from smartpay_mock.control.pages import language
from smartpay_mock.control.texts import translate
from smartpay_mock.kernel.exchange import Answer
from smartpay_mock.kernel.json import decode
from smartpay_mock.resources.checkout_sessions import CHECKOUT_PATH

# The real host serves sessions at its root.
_PREFIX = "checkout_"
# Status of orders and tokens that wait for the consumer.
_OPEN = "requires_authorization"
_PAID = {"succeeded", "requires_capture", "active"}
# Query parameter under which three SDKs append the promotion code.
_CODE = "promotion-code"


def add_checkout(app: Flask, application: Application) -> None:
    """Register the checkout page, also under the path of the real host."""

    def view(id: str) -> Any:  # noqa: A002 - the path's parameter
        return _Page(application, id).answer()

    def real_view(rest: str) -> Any:
        return view(f"{_PREFIX}{rest}")

    rules = {f"{CHECKOUT_PATH}/<id>": view, f"/{_PREFIX}<rest>": real_view}
    for path, function in rules.items():
        app.add_url_rule(
            path,
            endpoint=f"checkout@{path}",
            view_func=function,
            methods=["GET", "POST"],
        )


class _Page:
    """One visit to one session's page."""

    def __init__(self, application: Application, session_id: str) -> None:
        self._application = application
        holders = application.store.locate("checkout_session", session_id)
        self._account = holders[0] if len(holders) == 1 else ""
        self._session = self._load("checkout_session", session_id)

    def answer(self) -> Any:
        """Show the page, or process the form and redirect to the shop."""
        if not self._session:
            return render_template("missing.html"), 404
        g.language = self._session.get("locale") or language()
        if request.method != "POST":
            return self._shown("")
        if request.form.get("action") == "cancel":
            return redirect(self._session["cancelUrl"], 303)
        problem = self._approve(request.form)
        status = self._subject()["status"]
        if status in _PAID:
            return redirect(self._session["successUrl"], 303)
        if status != _OPEN:
            return redirect(self._session["cancelUrl"], 303)
        return self._shown(problem or "Declined. Try another card."), 402

    def _load(self, kind: str, id_: str) -> dict[str, Any]:
        if not self._account:
            return {}
        with self._application.opened(self._account) as ctx:
            return ctx.load(kind, id_) or {}

    def _subject(self) -> dict[str, Any]:
        kind = "order" if "order" in self._session else "token"
        return self._load(kind, self._session[kind])

    def _shown(self, problem: str) -> str:
        subject = self._subject()
        consumer = sandbox_values().consumers["active"]
        return render_template(
            "checkout.html",
            problem=problem,
            session=self._session,
            order=subject if "order" in self._session else None,
            status=subject["status"],
            is_open=subject["status"] == _OPEN,
            email=request.form.get("email", consumer.email_address),
            password=request.form.get("password", consumer.password),
            code=request.values.get("code") or request.args.get(_CODE, ""),
            methods=[
                *sandbox_values().of_kind("card"),
                *sandbox_values().of_kind("payment_method"),
            ],
        )

    def _approve(self, form: Mapping[str, str]) -> str:
        """Act as the consumer; return the message of an error, or an empty string."""
        login = self._call(
            "consumer_login",
            {"emailAddress": form.get("email"), "password": form.get("password")},
        )
        session = decode(login.body)
        if "accessToken" not in session:
            return _message(session)
        bearer = f"Bearer {session['accessToken']}"
        if "token" in self._session:
            answer = self._call("approve_token", None, bearer)
        else:
            code = form.get("code", "").strip()
            body = {"paymentMethod": form.get("method"), "promotionCode": code or None}
            answer = self._call("authorize_order", body, bearer)
        return _message(decode(answer.body))

    def _call(self, operation_id: str, body: Any, bearer: str = "") -> Answer:
        headers = {"user-agent": "checkout page"}
        if bearer:
            headers["authorization"] = bearer
        return call_operation(
            self._application,
            operation_id,
            account=self._account,
            params={"id": self._session.get("order") or self._session["token"]},
            body=body,
            headers=headers,
            base_url=request.host_url.rstrip("/"),
        )


def _message(document: Mapping[str, Any]) -> str:
    """Return what the page says about an answer; nothing unless it is an error."""
    code = str(document.get("errorCode", ""))
    known = translate(code, language())
    return str(document.get("message", "")) if known == code else known
