"""The dashboard's routes: pages, forms, live rows, files and the login."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.resources import files
from mimetypes import guess_type
from time import perf_counter
from typing import Any
from zlib import crc32

from flask import (
    Blueprint,
    Flask,
    Response,
    g,
    redirect,
    render_template,
    request,
)
from jinja2 import PackageLoader
from werkzeug.exceptions import NotFound

from smartpay_fixtures import sandbox_values
from smartpay_mock.api.application import Application
from smartpay_mock.api.auth import SERVER_ACCOUNT, Refusal, authenticate
from smartpay_mock.api.journal import KIND
from smartpay_mock.api.wsgi import read_head, to_response
from smartpay_mock.control.admin import METHODS, call_route
from smartpay_mock.control.guard import Guard
from smartpay_mock.control.routes import problem_of
from smartpay_mock.dashboard import details, lists, tools
from smartpay_mock.dashboard.actions import ACTIONS, perform
from smartpay_mock.dashboard.customers import customers
from smartpay_mock.dashboard.parts import Cell, Field, Form, Page, Table
from smartpay_mock.dashboard.visit import (
    PAGE_ROWS,
    ROOT,
    Document,
    Visit,
    known_key,
    read,
)
from smartpay_mock.dashboard.webhooks import webhooks
from smartpay_mock.kernel.clock import SECOND_MS
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.exchange import Call
from smartpay_mock.kernel.ids import account_id
from smartpay_mock.kernel.json import encode
from smartpay_mock.kernel.waiting import before_waiting
from smartpay_mock.kernel.wsgi import TRANSPORT

_COOKIE = "smartpay_sandbox_dashboard"
_DAY_S = 86_400
_EVENTS = "text/event-stream"
_RETRY_MS = 1_000
# A search of many orders is slow. It takes this share of the time at most.
_SHARE = 20

View = Callable[[Visit], Page]

SECTIONS: dict[str, tuple[str, View, View | None]] = {
    "orders": ("Orders", lists.orders, details.order),
    "customers": ("Customers", customers, None),
    "requests": ("Requests", lists.requests, details.request),
    "webhooks": ("Webhooks", webhooks, details.delivery),
    "faults": ("Faults", tools.faults, None),
    "clock": ("Clock", tools.clock, None),
    "state": ("Data", tools.state, None),
}
"""Part of the URL -> title, page with the list, page of one object."""

# Path below the dashboard -> method of _Pages.
_RULES = {
    "": "home",
    "/login": "log_in",
    "/accounts": "accounts",
    "/static/<name>": "file",
    "/<account>/state/snapshot.json": "snapshot",
    "/<account>/<section>": "show",
    "/<account>/<section>/<id>": "show",
}


def add_dashboard(app: Flask, application: Application, guard: Guard) -> None:
    """Register the dashboard, and the way to it from ``/``."""
    pages = _Pages(application, guard)
    site = Blueprint("dashboard", __name__, url_prefix=ROOT)
    site.jinja_loader = PackageLoader("smartpay_mock.dashboard")
    site.before_request(pages.enter)
    for path, name in _RULES.items():
        site.add_url_rule(path, name, getattr(pages, name), methods=["GET", "POST"])
    site.register_error_handler(SandboxUsageError, pages.failed)
    site.register_error_handler(NotFound, pages.failed)
    site.context_processor(pages.context)
    site.add_app_template_filter(_utc, "utc")
    site.add_app_template_filter(lambda text: crc32(text.encode()), "version")
    app.register_blueprint(site)
    app.add_url_rule(
        "/",
        "dashboard@root",
        _root,
        methods=METHODS,
        provide_automatic_options=False,
    )


def _root() -> Any:
    """Lead a browser to the dashboard; other clients get what they got before."""
    is_page = "text/html" in request.headers.get("Accept", "")
    if not is_page or request.method not in {"GET", "HEAD"}:
        raise NotFound
    return redirect(ROOT)


def _utc(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / SECOND_MS, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class _Pages:
    """The views.

    Args:
        application: The emulator's components.
        guard: Decides who may see them.
    """

    def __init__(self, application: Application, guard: Guard) -> None:
        self._application = application
        self._guard = guard
        token = guard.admin_token.encode()
        self._session = hmac.digest(token, b"dashboard", "sha256").hex()
        static = files(__package__) / "static"
        self._files = {one.name: one.read_bytes() for one in static.iterdir()}
        self._version = crc32(
            b"".join(self._files[name] for name in sorted(self._files))
        )

    def enter(self) -> Any:
        """Refuse a browser without the admin token, where one is needed."""
        g.started = perf_counter()
        before_waiting()  # a page reads far more than a call of the API
        is_open = request.endpoint in {"dashboard.log_in", "dashboard.file"}
        cookie = request.cookies.get(_COOKIE, "")
        if hmac.compare_digest(cookie.encode(), self._session.encode()):
            return None
        if self._guard.refuse(read_head(request.environ), is_open=is_open) is None:
            return None
        return self._login_page("")

    def log_in(self) -> Any:
        """Accept the admin token."""
        if request.method == "GET":
            return self._login_page("", HTTPStatus.OK)
        call = Call(
            "POST",
            "",
            headers={"authorization": f"Bearer {request.form.get('token', '')}"},
        )
        if self._guard.refuse(call):
            return self._login_page("This is not the admin token. serve prints it.")
        wanted = request.form.get("next", "")
        is_own = wanted.startswith((f"{ROOT}/acct_", f"{ROOT}/accounts"))
        response = redirect(wanted if is_own else ROOT, 303)
        response.set_cookie(
            _COOKIE,
            self._session,
            path=ROOT,
            httponly=True,
            samesite="Strict",
            secure=request.is_secure,
        )
        return response

    def _login_page(self, problem: str, status: int = HTTPStatus.UNAUTHORIZED) -> Any:
        token = Field("token", "Admin token", "password", is_required=True)
        form = Form(
            *("", "Log in", [token]),
            hidden={"next": request.form.get("next", request.full_path)},
            title="Log in",
            to=f"{ROOT}/login",
        )
        note = "serve prints the admin token when it starts."
        return self._shown(Page("Log in", forms=[form], note=note), problem, status)

    def home(self) -> Any:
        """Lead to the orders of the first account."""
        keys = self._application.settings.accounts or (sandbox_values().secret_key,)
        return redirect(f"{ROOT}/{account_id(keys[0])}/orders")

    def file(self, name: str) -> Response:
        """Return the style or the script."""
        if name not in self._files:
            raise NotFound
        response = Response(self._files[name], mimetype=guess_type(name)[0])
        response.headers["Cache-Control"] = f"max-age={_DAY_S}"
        return response

    def accounts(self) -> Any:
        """List the accounts; open the one of a secret key."""
        problem, status = "", 200
        if request.method == "POST":
            key = request.form.get("key", "").strip()
            found = authenticate(
                f"Bearer {key}", frozenset(self._application.settings.accounts)
            )
            if not isinstance(found, Refusal):
                with self._application.opened(found.account):
                    pass
                return redirect(f"{ROOT}/{found.account}/orders", 303)
            problem, status = f"{found.reason[:1].upper()}{found.reason[1:]}.", 400
        return self._shown(self._accounts_page(), problem, status)

    def _accounts_page(self) -> Page:
        text = request.args.get("text", "")
        known = self._application.store.accounts()
        ids = [id_ for id_ in known if text in id_ and id_ != SERVER_ACCOUNT]
        rows = [(id_, self._account_row(id_)) for id_ in ids[:PAGE_ROWS]]
        heads = ("Account", "Secret key", "Orders", "Last request")
        key = Field("key", "Secret key (sk_test_…)", is_required=True)
        return Page(
            "Accounts",
            note="Each secret key is an account of its own. Keys are not stored.",
            filters=[Field("text", "Text", "search")],
            forms=[Form("", "Open", [key], title="Open the account of a key")],
            tables=[Table("accounts", "", heads, rows, "No accounts yet.")],
        )

    def _account_row(self, id_: str) -> list[Cell]:
        with self._application.store.read(id_) as unit:
            newest = unit.page(KIND, limit=1)
            count = unit.count("order")
        entry: Document = read(newest[0]) if newest else {"headers": {}, "at": ""}
        key = known_key(self._application, id_)
        return [
            Cell(id_, "code", f"{ROOT}/{id_}/orders"),
            Cell(key or entry["headers"].get("authorization", ""), "code"),
            Cell(count, "number"),
            Cell(entry["at"], "time"),
        ]

    def snapshot(self, account: str) -> Response:
        """Return a snapshot of the account as a file."""
        visit = self._visit(account, "state")
        call = Call("GET", "/snapshots")
        response = to_response(
            call_route(self._application, "/snapshots", visit.account, call)
        )
        response.headers["Content-Disposition"] = (
            f'attachment; filename="{account}.json"'
        )
        return response

    def show(self, account: str, section: str, id: str = "") -> Any:  # noqa: A002 - the path's parameter
        """Show a page, or do what its form asks for and show it again."""
        visit = self._visit(account, section, id)
        problem, status = "", 200
        visit.update()
        if request.method == "POST":
            status, problem = self._perform(visit)
            if not problem:
                query = {**request.args, "done": request.form["action"]}
                return redirect(visit.url(section, id, **query), 303)
        elif section == "orders" and not id and "id" in request.args:
            order = _find_order(visit, request.args["id"].strip())
            if order:
                return redirect(visit.url("orders", order))
            problem = "This account has no such order, payment or refund."
        _title, table, detail = SECTIONS[section]
        page = detail(visit) if id and detail else table(visit)
        if _EVENTS in request.headers.get("Accept", ""):
            return self._events(page)
        return self._shown(page, problem, status, visit)

    def _visit(self, account: str, section: str, id_: str = "") -> Visit:
        """Return the visit that the URL asks for.

        Raises:
            NotFoundError: The account or the section is unknown.
        """
        if section not in SECTIONS or (id_ and SECTIONS[section][2] is None):
            raise NotFoundError.among("section", section, list(SECTIONS))
        with self._application.store.read(account) as unit:
            is_known = unit.get("account", account) is not None
        if not is_known and not known_key(self._application, account):
            raise NotFoundError(
                f"There is no account {account[:40]!r}: it never got a call, or its "
                "state is gone. Open it with its secret key."
            )
        return Visit(
            self._application,
            account,
            section,
            id_,
            request.args,
            request.host_url.rstrip("/"),
            TRANSPORT in request.environ,
        )

    def _perform(self, visit: Visit) -> tuple[int, str]:
        if request.form.get("action") == "reset" and not request.form.get("sure"):
            return 400, "Tick the box to delete everything of this account."
        file = request.files.get("file")
        done = perform(visit, request.form, file.read() if file else b"")
        visit.update()  # a reset deleted the account
        return done

    def _events(self, page: Page) -> Response:
        """Return the rows of all tables as one server-sent event, if they changed.

        The answer ends at once, and the browser asks again: it holds neither a thread
        of the server nor one of the six connections that a browser has for a host.
        """
        rows = {
            table.id: render_template("rows.html", table=table) for table in page.tables
        }
        data = encode(rows)
        took_ms = (perf_counter() - g.started) * SECOND_MS
        retry = max(_RETRY_MS, int(_SHARE * took_ms))
        lines = [f"retry: {retry}".encode()]
        id_ = f"{crc32(data):08x}"
        if request.headers.get("Last-Event-ID") != id_:
            lines += [b"id: " + id_.encode(), b"data: " + data]
        return Response(
            b"\n".join([*lines, b"", b""]),
            mimetype=_EVENTS,
            headers={"Cache-Control": "no-store"},
        )

    def failed(self, error: Exception) -> Any:
        """Show why there is no page."""
        status = (
            problem_of(error).status if isinstance(error, SandboxUsageError) else 404
        )
        page = Page(
            "No such page" if status == HTTPStatus.NOT_FOUND else "Error",
            links=[("All accounts", f"{ROOT}/accounts")],
        )
        return self._shown(page, str(error), status)

    def _shown(
        self, page: Page, problem: str, status: int, visit: Visit | None = None
    ) -> Any:
        done = ACTIONS.get(request.args.get("done", ""))
        now = self._application.now_of(visit.account) if visit else 0
        text = render_template(
            "dashboard.html",
            page=page,
            visit=visit,
            problem=problem,
            done=done.done if done and not problem else "",
            now=now,
            is_live=visit is not None
            and not any("-before" in name for name in request.args),
        )
        response = Response(text, status, mimetype="text/html")
        response.headers["Cache-Control"] = "no-store"
        return response

    def context(self) -> dict[str, Any]:
        """Return what every template of the dashboard gets."""
        return {
            "root": ROOT,
            "sections": {name: row[0] for name, row in SECTIONS.items()},
            "version": self._version,
        }


def _find_order(visit: Visit, id_: str) -> str:
    """Return the id of an order by its own id, or by that of a payment or refund."""
    with visit.read() as (unit, _account):
        for kind, member in (("refund", "payment"), ("payment", "order")):
            row = unit.row(kind, id_)
            id_ = read(row)[member] if row else id_
        return id_ if unit.row("order", id_) else ""
