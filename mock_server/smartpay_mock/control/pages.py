"""What every HTML page has in common: its security headers, and a check of its origin.

A template gets ``nonce``, which its ``<script>`` and ``<style>`` elements need: the
policy allows no other script or style, no frame and no other host. It also gets
``language``, and the filter ``t``, which translates a text.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from jinja2 import pass_context
from jinja2.runtime import Context

from smartpay_mock.api.wsgi import to_response
from smartpay_mock.control.routes import problem
from smartpay_mock.control.texts import LANGUAGES, translate
from smartpay_mock.kernel.ids import SUFFIX_LENGTH, random_base62

_READING = {"GET", "HEAD", "OPTIONS"}
_OWN_SITES = {"same-origin", "none"}  # none: the user typed the address

# No form-action: the checkout's form redirects to the shop, and browsers apply
# form-action to redirects.
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def add_pages(app: Flask) -> None:
    """Set headers of pages, and refuse changes by other sites, from now on."""
    app.before_request(_refuse_other_sites)
    app.context_processor(lambda: {"nonce": _nonce(), "language": language()})
    app.add_template_filter(_translated, "t")
    app.after_request(_add_headers)


@pass_context
def _translated(_context: Context, text: object) -> str:
    """Return an English text in the language of the page.

    With a context, since Jinja applies other filters of a constant only once.
    """
    return translate(str(text), language())


def language() -> str:
    """Return the language of the current page: of the browser, unless it is set."""
    if "language" not in g:
        g.language = request.accept_languages.best_match(LANGUAGES, "en")
    return str(g.language)


def _refuse_other_sites() -> Response | None:
    """Refuse a change that a page of another site asks for, as a form can.

    Browsers send ``Sec-Fetch-Site``, older ones only ``Origin``; other clients send
    neither. Calls of the API need a header that such a page can't send.
    """
    if request.method in _READING:
        return None
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        is_own = site in _OWN_SITES
    else:
        is_own = origin is None or urlsplit(origin).netloc == request.host
    if is_own:
        return None
    detail = (
        f"A page of another site ({(origin or site or '')[:80]}) may change nothing "
        "here. Send the request from the emulator's own page, or without a browser."
    )
    return to_response(problem(403, detail))


def _add_headers(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == "text/html":
        policy = _POLICY.format(nonce=_nonce())
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Frame-Options"] = "DENY"
        # With no-referrer, forms would send "Origin: null".
        response.headers["Referrer-Policy"] = "same-origin"
    return response


def _nonce() -> str:
    """Return the nonce of the current response."""
    if "nonce" not in g:
        g.nonce = random_base62(SUFFIX_LENGTH)
    return str(g.nonce)
