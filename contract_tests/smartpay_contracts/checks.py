"""What the tests ask of an answer; each failure names the promise and what came.

A foreign target (one without our control plane) is held to what is published: it may
send members that we do not know and nulls for what is not set, and need not send
what only our schemas require.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from smartpay_contracts.client import Client
from smartpay_contracts.exchange import ContractFailure, Doc, Exchange
from smartpay_schemas import ERRORS, OPERATIONS, Problem, problems, response_schema

UNAUTHORIZED = 401
SUCCESS = range(200, 300)
PUBLISHED = frozenset({"type", "const"})
CHOICES = frozenset({"status", "kind"})
"""Members whose choices are published and that the server decides. What a merchant
once sent is echoed as it was, and which members must be there is our decision."""

MOST_PAGES = 200
"""How far a list is followed; a server that others use too may have more."""

JSON_TYPES = {"application/json", "text/json"}


class Checks:
    """The checks, as strict as the target deserves.

    Args:
        foreign: Whether the target owes nothing to our own decisions.
    """

    def __init__(self, *, foreign: bool) -> None:
        self.foreign = foreign

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
        self.is_json(exchange)
        self.matches(schema, exchange.doc, exchange)
        return exchange.doc

    def succeeded(self, exchange: Exchange) -> Exchange:
        """Check that an answer has the operation's status of success."""
        row = OPERATIONS[_operation(exchange)]
        wanted = row.status
        # Of the consumer's side is known only that the answer is some success.
        is_any = self.foreign and row.side != "merchant"
        if exchange.status != wanted and not (is_any and exchange.status in SUCCESS):
            raise ContractFailure(
                f"{exchange.operation} to be answered with {wanted}",
                found=f"{exchange.status} {exchange.text[:300]}",
                exchange=exchange,
            )
        return exchange

    def is_json(self, exchange: Exchange) -> None:
        """Check that an answer is labelled as JSON the way every SDK understands."""
        told = exchange.headers.get("Content-Type", "")
        if told.partition(";")[0].strip().lower() not in JSON_TYPES:
            raise ContractFailure(
                "Content-Type application/json or text/json",
                found=repr(told),
                exchange=exchange,
            )

    def matches(
        self, schema: str | dict[str, Any], document: Any, exchange: Exchange | None
    ) -> None:
        """Check a document against a schema.

        Raises:
            ContractFailure: It does not fit; the text lists every problem.
        """
        found = self._problems(schema, document)
        if found:
            name = schema if isinstance(schema, str) else "the list's schema"
            raise ContractFailure(
                f"an answer that fits {name}",
                found="; ".join(problem.message for problem in found[:10]),
                exchange=exchange,
            )

    def _problems(self, schema: str | dict[str, Any], document: Any) -> list[Problem]:
        if not self.foreign:
            return problems(schema, document)
        found = problems(schema, without_nulls(document), tolerate_extra=True)
        if isinstance(schema, dict):
            # What others put into the account is in its lists, whatever it was.
            found = [problem for problem in found if "data" not in problem.path]
        return [problem for problem in found if _is_published(problem)]

    def refused(self, exchange: Exchange, code: str) -> Doc:
        """Return the body of a refusal, after checking its code, status and shape.

        Args:
            exchange: The call.
            code: A key of ``ERRORS``; the message is never looked at.
        """
        row = ERRORS[code]
        body = self.refused_with(exchange, row.status)
        if body["errorCode"] != code:
            raise ContractFailure(
                f"the refusal {row.status} {code}",
                found=f"{body['errorCode']}: {body.get('message')}",
                exchange=exchange,
            )
        return body

    def refused_with(self, exchange: Exchange, status: int) -> Doc:
        """Return the body of a refusal, after checking its status and shape."""
        if exchange.status != status:
            raise ContractFailure(
                f"a refusal with {status}",
                found=f"{exchange.status} {exchange.text[:300]}",
                exchange=exchange,
            )
        self.is_json(exchange)
        self.matches("common/error", exchange.doc, exchange)
        if exchange.doc["statusCode"] != status:
            raise ContractFailure(
                f"statusCode {status} in the body, as the answer's status",
                found=repr(exchange.doc["statusCode"]),
                exchange=exchange,
            )
        return exchange.doc

    def unauthorized(self, exchange: Exchange) -> Doc:
        """Return the body of a 401, after checking its shape."""
        if exchange.status != UNAUTHORIZED:
            raise ContractFailure(
                "401 for a missing or wrong credential",
                found=f"{exchange.status} {exchange.text[:300]}",
                exchange=exchange,
            )
        self.is_json(exchange)
        document = exchange.doc
        if not {"errorCode", "message"}.isdisjoint(document):
            raise ContractFailure(
                "a 401 body without errorCode and message",
                found=exchange.text[:300],
                exchange=exchange,
            )
        self.matches("common/unauthorized", document, exchange)
        return document

    def page(self, exchange: Exchange) -> Doc:
        """Return one page of a list, after checking that its counts are true."""
        page = self.ok(exchange)
        entries, told = page["data"], page["results"]
        if told != len(entries) or len(entries) > page["maxResults"]:
            raise ContractFailure(
                "results to be the number of entries, and at most maxResults",
                found=f"results {told}, maxResults {page['maxResults']} and "
                f"{len(entries)} entries",
                exchange=exchange,
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

        Raises:
            ContractFailure: A page repeats an entry of an earlier one, or is empty.
        """
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            exchange = api.call(operation, query=query, headers=headers)
            page = self.page(exchange)
            ids = [entry["id"] for entry in page["data"]]
            if query.get("pageToken") and not ids:
                raise ContractFailure(
                    "an entry at least on a page that nextPageToken led to",
                    found="an empty page",
                    exchange=exchange,
                )
            if len({*ids} - seen) != len(ids):
                raise ContractFailure(
                    "every object once while following nextPageToken",
                    found=f"some of {ids} twice",
                    exchange=exchange,
                )
            seen |= {*ids}
            yield page
            if not page.get("nextPageToken"):
                return
            query["pageToken"] = page["nextPageToken"]
        pytest.skip(f"the account lists more than {MOST_PAGES} pages; use a fresh one")

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
    """Return the headers by which a replay can be told.

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


def _operation(exchange: Exchange) -> str:
    if exchange.operation is None:
        raise ValueError("only a call of the table has a schema")
    return exchange.operation
