"""Check answers; each failure says what was expected and what was found.

A third-party server is checked against the published facts only. It may send unknown
members and nulls. What is wrong with every answer, such as its label, is noted there
for the clause about it, so that no other clause fails for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from smartpay_contracts.client import Client
from smartpay_contracts.exchange import ContractFailure, Doc, Exchange
from smartpay_schemas import (
    ERRORS,
    OPERATIONS,
    Problem,
    problems,
    replace_number_texts,
    response_schema,
)

UNAUTHORIZED = 401
SUCCESS = range(200, 300)
PUBLISHED = frozenset({"type", "const"})
CHOICES = frozenset({"status", "kind"})
"""Members whose choices are published and that the server decides. What a merchant
once sent is echoed as it was."""

OPTIONAL = frozenset({"eventSubscriptions"})
"""Members that a server may leave out while they are empty. All others that our schemas
require are in the SDKs' types and in every published sample."""

MOST_PAGES = 200
"""How far a list is followed; a server that others use too may have more."""

JSON_TYPES = {"application/json", "text/json"}
OF_SUCCESS = {200: "service.success-200", 204: "service.delete-204"}
"""Status -> the clause about it."""

Noted = dict[str, ContractFailure]
"""Clause -> the first failure of it."""


class Checks:
    """Checks, less strict for a third-party server.

    Args:
        foreign: Whether the target is a third-party server.
        noted: Gets failures of other clauses than those of the running test.
    """

    def __init__(self, *, foreign: bool, noted: Noted | None = None) -> None:
        self.foreign = foreign
        self.noted: Noted = {} if noted is None else noted

    @contextmanager
    def about(self, clause: str) -> Iterator[None]:
        """Note a failure for a clause, on a third-party server.

        Raises:
            ContractFailure: The target is the emulator.
        """
        try:
            yield
        except ContractFailure as failure:
            if not self.foreign:
                raise
            self.noted.setdefault(clause, failure)

    def ok(self, exchange: Exchange) -> Doc:
        """Return the body of a successful answer, after checking it against its schema.

        Raises:
            ContractFailure: It is refused, or is not what the schema says.
        """
        row = OPERATIONS[_operation(exchange)]
        self.succeeded(exchange)
        schema = response_schema(row, expanded=exchange.expanded)
        if schema is None or (self.foreign and row.side == "consumer"):
            return Doc()
        document = exchange.doc
        with self.about("service.json-content-type"):
            self.is_json(exchange)
        with self.about("data.shape"):
            self.matches(schema, document, exchange)
        return document

    def succeeded(self, exchange: Exchange) -> Exchange:
        """Check that an answer has the operation's status of success."""
        row = OPERATIONS[_operation(exchange)]
        wanted = row.status
        failure = exchange.failure(
            f"{exchange.operation} to be answered with {wanted}", exchange.summary
        )
        if exchange.status not in SUCCESS:
            raise failure
        # Of the consumer's side is known only that the answer is some success.
        is_any = self.foreign and row.side != "merchant"
        if exchange.status != wanted and not is_any:
            with self.about(OF_SUCCESS[wanted]):
                raise failure
        return exchange

    def is_json(self, exchange: Exchange) -> None:
        """Check that an answer is labelled as JSON the way every SDK understands."""
        label = exchange.headers.get("Content-Type", "")
        if label.partition(";")[0].strip().lower() not in JSON_TYPES:
            raise exchange.failure(
                "Content-Type application/json or text/json", repr(label)
            )

    def complete(self, exchange: Exchange) -> None:
        """Check that an answer has every documented member.

        Only tests of shapes check this, so that no other clause fails for it.

        Raises:
            ContractFailure: A member is missing.
        """
        schema: str | dict[str, Any] | None = "common/error"
        if exchange.status in SUCCESS:
            row = OPERATIONS[_operation(exchange)]
            schema = response_schema(row, expanded=exchange.expanded)
        if schema is not None:
            self.matches(schema, exchange.doc, exchange, is_complete=True)

    def matches(
        self,
        schema: str | dict[str, Any],
        document: Any,
        exchange: Exchange | None,
        *,
        is_complete: bool = False,
    ) -> None:
        """Check a document against a schema.

        Args:
            schema: Its name, or itself.
            document: To check.
            exchange: The call that it comes from.
            is_complete: Whether a third-party server must send every documented
                member; the emulator always must.

        Raises:
            ContractFailure: It does not fit; the text lists every problem.
        """
        found = self._problems(schema, document, is_complete=is_complete)
        if found:
            name = schema if isinstance(schema, str) else "the list's schema"
            text = "; ".join(problem.message for problem in found[:10])
            raise ContractFailure(
                f"an answer that fits {name}", found=text, exchange=exchange
            )

    def _problems(
        self, schema: str | dict[str, Any], document: Any, *, is_complete: bool
    ) -> list[Problem]:
        if not self.foreign:
            return problems(schema, document)
        found = problems(schema, without_nulls(document), tolerate_extra=True)
        if found:  # a number that is text: no other clause fails for that
            replace_number_texts(schema, document)
        if isinstance(schema, dict):
            # What others put into the account is in its lists, whatever it was.
            found = [problem for problem in found if "data" not in problem.path]
        return [
            problem
            for problem in found
            if _is_published(problem) or (is_complete and _is_missing(problem))
        ]

    def refused(self, exchange: Exchange, code: str) -> Doc:
        """Return the body of a refusal, after checking its code, status and shape.

        Args:
            exchange: The call.
            code: A key of ``ERRORS``; the message is never looked at.
        """
        row = ERRORS[code]
        body = self.refused_with(exchange, row.status)
        if body["errorCode"] != code:
            raise exchange.failure(
                f"the refusal {row.status} {code}",
                f"{body['errorCode']}: {body.get('message')}",
            )
        return body

    def refused_with(self, exchange: Exchange, status: int) -> Doc:
        """Return the body of a refusal, after checking its status and shape."""
        if exchange.status != status:
            raise exchange.failure(f"a refusal with {status}", exchange.summary)
        document = exchange.doc
        with self.about("service.json-content-type"):
            self.is_json(exchange)
        with self.about("errors.shape"):
            self.matches("common/error", document, exchange)
        with self.about("errors.status-code"):
            self.names_its_status(exchange)
        return document

    def names_its_status(self, exchange: Exchange) -> None:
        """Check that the body of a refusal has the answer's status."""
        if exchange.doc["statusCode"] != exchange.status:
            raise exchange.failure(
                f"statusCode {exchange.status} in the body, as the answer's status",
                repr(exchange.doc["statusCode"]),
            )

    def unauthorized(self, exchange: Exchange) -> Doc:
        """Return the body of a 401, after checking its shape."""
        if exchange.status != UNAUTHORIZED:
            raise exchange.failure(
                "401 for a missing or wrong credential", exchange.summary
            )
        document = exchange.doc
        with self.about("service.json-content-type"):
            self.is_json(exchange)
        with self.about("auth.body"):
            self.is_unauthorized_body(exchange)
        return document

    def is_unauthorized_body(self, exchange: Exchange) -> None:
        """Check the shape of a 401."""
        if not {"errorCode", "message"}.isdisjoint(exchange.doc):
            raise exchange.failure(
                "a 401 body without errorCode and message", exchange.text[:300]
            )
        self.matches("common/unauthorized", exchange.doc, exchange)

    def page(self, exchange: Exchange) -> Doc:
        """Return one page of a list, after checking that its counts are true."""
        page = self.ok(exchange)
        entries = len(page["data"])
        with self.about("pagination.results"):
            results, most = page["results"], page.get("maxResults", entries)
            if results != entries or entries > most:
                raise exchange.failure(
                    "results to be the number of entries, and at most maxResults",
                    f"results {results}, maxResults {most} and {entries} entries",
                )
        return page

    def pages(
        self,
        api: Client,
        operation: str,
        *,
        headers: Mapping[str, str] | None = None,
        **query: object,
    ) -> Iterator[Doc]:
        """Yield the pages of a list, following nextPageToken.

        It ends at a page that has no entry but those of earlier ones.
        """
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            exchange = api.call(operation, query=query, headers=headers)
            page = self.page(exchange)
            ids = [entry["id"] for entry in page["data"]]
            self._check_progress(exchange, ids, seen)
            has_more = page.get("nextPageToken") and {*ids} - seen
            seen |= {*ids}
            yield page
            if not has_more:
                return
            query["pageToken"] = page["nextPageToken"]
        pytest.skip(f"the account lists more than {MOST_PAGES} pages; use a fresh one")

    def _check_progress(
        self, exchange: Exchange, ids: list[str], seen: set[str]
    ) -> None:
        with self.about("pagination.next-not-empty"):
            if "pageToken=" in exchange.url and not ids:
                raise exchange.failure(
                    "an entry at least on a page that nextPageToken led to",
                    "an empty page",
                )
        with self.about("pagination.walk"):
            if len({*ids} - seen) != len(ids):
                raise exchange.failure(
                    "every object once while following nextPageToken",
                    f"some of {ids} twice",
                )

    def listed(self, api: Client, operation: str, **query: Any) -> list[Doc]:
        """Return every entry of a list, page after page."""
        pages = self.pages(api, operation, **query)
        return [entry for page in pages for entry in page["data"]]

    def find(self, api: Client, operation: str, id_: str, **query: Any) -> Doc:
        """Return the entry of a list with this id.

        Raises:
            ContractFailure: The list ends without it.
        """
        entry = self.search(
            api, operation, lambda document: document["id"] == id_, **query
        )
        if entry is None:
            raise ContractFailure(
                f"{id_} in the answer to {operation}",
                found="a list without it",
                exchange=api.connection.exchanges[-1],
            )
        return entry

    def search(
        self, api: Client, operation: str, wanted: Callable[[Doc], bool], **query: Any
    ) -> Doc | None:
        """Return the first entry of a list that is ``wanted``, or ``None``."""
        for page in self.pages(api, operation, **query):
            for entry in page["data"]:
                if wanted(entry):
                    return entry  # type: ignore[no-any-return]  # parsed as Doc
        return None


def replay_headers(exchange: Exchange) -> list[str]:
    """Return the headers that mark an answer as a replay.

    Source: docs:/reference/idempotency, which shows how the name begins.
    """
    return [n for n in exchange.headers if n.lower().startswith("idempotency-r")]


def without_nulls(value: Any) -> Any:
    """Return a document without the members that are null."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(entry) for entry in value]
    return value


def _is_published(problem: Problem) -> bool:
    last = problem.path[-1] if problem.path else ""
    return problem.keyword in PUBLISHED or (
        problem.keyword == "enum" and last in CHOICES
    )


def _is_missing(problem: Problem) -> bool:
    return problem.keyword == "required" and problem.path[-1] not in OPTIONAL


def _operation(exchange: Exchange) -> str:
    if exchange.operation is None:
        raise ValueError("only a call of the table has a schema")
    return exchange.operation
