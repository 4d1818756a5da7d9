"""Compare two servers: make the same calls on both and compare the answers.

``python -m smartpay_contracts.drift LEFT RIGHT`` prints only real differences. Ids
become references (``<order:1>``). Times, secrets and wording do not count. A field that
differs between two runs on the same server does not count either.

Exit codes: 0 no difference, 2 wrong usage, 3 a server was lost, 10 drift.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from smartpay_contracts import payloads
from smartpay_contracts.client import NOTHING, Client
from smartpay_contracts.compare import (
    Difference,
    References,
    Step,
    differences,
    normalised,
    without_volatile,
)
from smartpay_contracts.connection import Connection, TargetLost
from smartpay_contracts.exchange import ContractFailure, Doc, Exchange
from smartpay_contracts.options import Options, check_secret_key
from smartpay_contracts.redact import SECRETS
from smartpay_contracts.resources import RESOURCES
from smartpay_contracts.shop import APPROVED
from smartpay_contracts.target import ABSENT, Target, connect, find_target, fresh_key
from smartpay_contracts.values import unique
from smartpay_fixtures import sandbox_values
from smartpay_schemas import OPERATIONS

SAME, USAGE, LOST, DRIFT = 0, 2, 3, 10

MISSING = "0000000000000000000000"
HEADERS = ("Content-Type", "Idempotency-Replayed", "Allow")
MANUAL = {"cancelRemainder": "manual"}

SIDES = ("left", "right")
SIDED = ("secret-key", "token", "consumer-email", "consumer-password", "consumer-url")
"""Options that either side has of its own."""

KEY_VARIABLE = "SMARTPAY_SECRET_KEY"


class Player:
    """Plays steps on one server and keeps what it answers.

    Args:
        target: The server.
        api: The merchant.
        with_words: Whether messages are kept as they are.
    """

    def __init__(self, target: Target, api: Client, *, with_words: bool) -> None:
        self.steps: list[Step] = []
        self.api = api
        self._with_words = with_words
        self._references = References()
        self._target = target

    def play(
        self, name: str, operation: str, body: Any = NOTHING, /, **more: Any
    ) -> Doc:
        """Play one step and return what can be used of its answer."""
        caller = more.pop("caller", self.api)
        exchange = caller.call(operation, body, **more)
        self.steps.append(Step(name, self._seen(exchange), operation))
        return _document(exchange)

    def name(self, value: str, reference: str) -> str:
        """Let a value of this side look like the other side's."""
        self._references.name(value, reference)
        return value

    def token(self) -> str:
        """Return the token to charge."""
        given = self._target.options.token
        token = given or sandbox_values().tokens["guide"].id
        return self.name(token, "<token to charge>")

    def consumer(self) -> Client | None:
        """Return a caller who is logged in as a consumer, where there is one."""
        if self._target.consumer is None:
            return None
        email, password = self._target.consumer
        body = {"emailAddress": email, "password": password}
        answer = self.play("log in", "consumer_login", body)
        return self.api.with_authorization(f"Bearer {answer.get('accessToken')}")

    def _seen(self, exchange: Exchange) -> dict[str, Any]:
        headers = {
            name: exchange.headers[name].partition(";")[0]
            for name in HEADERS
            if name in exchange.headers
        }
        return {
            "status": exchange.status,
            "headers": headers,
            "body": self._body(exchange),
        }

    def _body(self, exchange: Exchange) -> Any:
        if not exchange.body:
            return None
        try:
            value = exchange.json
        except ContractFailure:
            return "<not JSON>"
        if isinstance(value, dict) and value.get("object") == "collection":
            value = self._references.own_entries(value)
        return normalised(value, self._references, with_words=self._with_words)


def play(target: Target, api: Client, *, with_words: bool = False) -> list[Step]:
    """Play the whole script on one server and return what it answered."""
    player = Player(target, api, with_words=with_words)
    for part in (_orders, _captures, _refusals, _sessions, _coupons, _endpoints):
        part(player)
    _consumer(player)
    return player.steps


def _id(document: Doc, prefix: str) -> str:
    return str(document.get("id", f"{prefix}_test_{MISSING}"))


def _order_body(player: Player, **changes: Any) -> dict[str, Any]:
    return payloads.order(player.token(), reference="drift", **changes)


def _orders(player: Player) -> None:
    token = player.token()
    player.play("get the token", "get_token", id=token)
    body, key = _order_body(player), unique(32)
    order = player.play("order, automatic", "create_order", body, idempotency_key=key)
    player.play("order, the same key", "create_order", body, idempotency_key=key)
    other = {**body, "amount": 1}
    player.play("order, another body", "create_order", other, idempotency_key=key)
    id_ = _id(order, "order")
    player.play("get the order", "get_order", id=id_)
    player.play("get it expanded", "get_order", id=id_, query={"expand": "all"})
    player.play("list one order", "list_orders", query={"maxResults": 1})
    player.play("cancel a succeeded order", "cancel_order", id=id_)
    payments: list[Doc] = order.get("payments", [])
    payment = payments[0] if payments else Doc()
    refund = payloads.refund(_id(payment, "payment"), 100)
    player.play("refund a part", "create_refund", refund)
    too_much = {**refund, "amount": payloads.AMOUNT}
    player.play("refund too much", "create_refund", too_much)


def _captures(player: Player) -> None:
    body = _order_body(player, captureMethod="manual")
    id_ = _id(player.play("order, manual", "create_order", body), "order")
    part = payloads.payment(id_, 500, reference="drift", **MANUAL)
    payment = player.play("capture a part", "create_payment", part)
    over = payloads.payment(id_, payloads.AMOUNT, **MANUAL)
    player.play("capture too much", "create_payment", over)
    update = {"description": "drift", "metadata": {"a": "1"}}
    payment_id = _id(payment, "payment")
    player.play("update the payment", "update_payment", update, id=payment_id)
    empty: dict[str, Any] = {"description": None, "metadata": {}}
    player.play("update with nulls", "update_payment", empty, id=payment_id)
    player.play("release the rest", "cancel_order", id=id_)
    player.play("capture what was released", "create_payment", part)
    player.play("get the order after that", "get_order", id=id_)
    body = _order_body(player, captureMethod="manual")
    id_ = _id(player.play("another, manual", "create_order", body), "order")
    player.play("cancel it", "cancel_order", id=id_)
    player.play("cancel it again", "cancel_order", id=id_)


def _refusals(player: Player) -> None:
    body = _order_body(player)
    for name, broken in {
        "no amount": payloads.without(body, "amount"),
        "a negative amount": {**body, "amount": -1},
        "nothing": {**body, "amount": 0},
        "another currency": {**body, "currency": "USD"},
        "a long reference": {**body, "reference": "x" * 41},
        "an unknown token": {**body, "token": f"paytok_test_{MISSING}"},
        "a live token": {**body, "token": f"paytok_live_{MISSING}"},
    }.items():
        player.play(f"order with {name}", "create_order", broken)
    player.play("order, no JSON", "create_order", raw=b"{")
    anonymous = player.api.with_authorization(None)
    player.play("order, no key", "create_order", body, caller=anonymous)
    for name, resource in RESOURCES.items():
        operation = resource.get_operation
        player.play(f"get an unknown {name}", operation, id=resource.unknown_id)
    player.play("a page of nothing", "list_orders", query={"maxResults": 0})
    player.play("a page of too many", "list_orders", query={"maxResults": 101})


def _sessions(player: Player) -> None:
    body = payloads.order_session(reference="drift", captureMethod="manual")
    made = player.play("session for an order", "create_checkout_session", body)
    id_ = _id(made, "checkout")
    player.play("get the session", "get_checkout_session", id=id_)
    query = {"expand": "all"}
    player.play("session, expanded", "get_checkout_session", id=id_, query=query)
    order = _id(Doc(made.get("order", {})), "order")
    player.play("cancel its order", "cancel_order", id=order)
    body = payloads.token_session(reference="drift")
    made = player.play("session for a token", "create_checkout_session", body)
    token = _id(Doc(made.get("token", {})), "paytok")
    player.play("get its token", "get_token", id=token)
    player.play("enable its token", "enable_token", id=token)
    charge = {**_order_body(player), "token": token}
    player.play("charge its token", "create_order", charge)


def _coupons(player: Player) -> None:
    coupon = player.play("coupon", "create_coupon", payloads.coupon())
    id_ = _id(coupon, "coupon")
    player.play("rename it", "update_coupon", {"name": "new"}, id=id_)
    player.play("update it with nothing", "update_coupon", {}, id=id_)
    player.play(
        "a coupon of 101 %",
        "create_coupon",
        payloads.percentage_coupon(discountPercentage=101),
    )
    code = player.name(f"drift-{unique(8)}", "<code>")
    body = payloads.promotion_code(id_, code)
    made = player.play("promotion code", "create_promotion_code", body)
    again = {**body, "code": player.name(code.upper(), "<CODE>")}
    player.play("the same in capitals", "create_promotion_code", again)
    off = {"active": False}
    id_ = _id(made, "promotioncode")
    player.play("switch it off", "update_promotion_code", off, id=id_)


def _endpoints(player: Player) -> None:
    made = player.play("endpoint", "create_webhook_endpoint", payloads.endpoint())
    id_ = _id(made, "webhookendpoint")
    off = {"active": False, "description": None}
    player.play("switch the endpoint off", "update_webhook_endpoint", off, id=id_)
    player.play("delete it", "delete_webhook_endpoint", id=id_)
    player.play("get it after that", "get_webhook_endpoint", id=id_)


def _consumer(player: Player) -> None:
    caller = player.consumer()
    if caller is None:
        return
    body = payloads.order_session(reference="drift", captureMethod="manual")
    made = player.play("session to authorize", "create_checkout_session", body)
    order = _id(Doc(made.get("order", {})), "order")
    for name in ("authorize it", "authorize it again"):
        player.play(name, "authorize_order", APPROVED, id=order, caller=caller)
    player.play("get the authorized order", "get_order", id=order)
    player.play("cancel the authorized order", "cancel_order", id=order)
    made = player.play(
        "session to approve", "create_checkout_session", payloads.token_session()
    )
    token = _id(Doc(made.get("token", {})), "paytok")
    player.play("approve it", "approve_token", id=token, caller=caller)
    player.play("disable it", "disable_token", id=token)
    player.play("disable it again", "disable_token", id=token)
    charge = {**_order_body(player), "token": token}
    player.play("charge it, disabled", "create_order", charge)
    player.play("delete it for good", "delete_token", id=token)
    player.play("get the deleted token", "get_token", id=token)


def _document(exchange: Exchange) -> Doc:
    try:
        return exchange.doc if exchange.body else Doc()
    except ContractFailure:
        return Doc()


@dataclass(frozen=True, slots=True)
class Drift:
    """The result of a comparison.

    Attributes:
        left: The URL of the left server.
        right: The URL of the right server.
        not_served: Side -> operations that only the other side serves.
        differences: Field by field, in the order of the script, without the calls of
            these operations.
        steps: How many calls were made.
    """

    left: str
    right: str
    not_served: dict[str, list[str]]
    differences: tuple[Difference, ...]
    steps: int

    @property
    def is_same(self) -> bool:
        """Whether the servers do not differ."""
        return not self.differences and not any(self.not_served.values())

    def document(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return {
            "left": self.left,
            "right": self.right,
            "steps": self.steps,
            "notServed": self.not_served,
            "differences": [one.document() for one in self.differences],
        }


def run_drift(left: Options, right: Options, *, with_words: bool = False) -> Drift:
    """Play the script on two servers and compare what they answer.

    Args:
        left: Options of the left server.
        right: Options of the right server.
        with_words: Whether the wording of messages counts too.

    Raises:
        pytest.UsageError: A server may not be called, or does not answer.
        TargetLost: A server stopped answering in the middle.
    """
    sides = zip(SIDES, (left, right), strict=True)
    seen = [_seen(side, options, with_words=with_words) for side, options in sides]
    (left_target, mine), (right_target, theirs) = seen
    missing = dict(
        zip(SIDES, (_not_served(mine, theirs), _not_served(theirs, mine)), strict=True)
    )
    hidden = set().union(*missing.values())
    compared = [
        [step for step in steps if step.operation not in hidden]
        for steps in (mine, theirs)
    ]
    return Drift(
        left_target.base_url,
        right_target.base_url,
        missing,
        tuple(differences(*compared)),
        len(mine),
    )


def _not_served(mine: Sequence[Step], theirs: Sequence[Step]) -> list[str]:
    """Return the operations that one side does not serve and the other does.

    All calls of such an operation were answered with ``ABSENT``. If the script only
    asks for an unknown object, the other operations of the resource decide.
    """
    served, others = _served(mine), _served(theirs)
    called = {step.operation for step in mine} - served
    tags = {OPERATIONS[name].tag for name in served}
    other_tags = {OPERATIONS[name].tag for name in others}
    return sorted(
        name
        for name in called
        if name in others or OPERATIONS[name].tag in other_tags - tags
    )


def _served(steps: Sequence[Step]) -> set[str]:
    """Return the operations that were answered with more than ``ABSENT``."""
    return {step.operation for step in steps if step.seen["status"] not in ABSENT}


def _seen(
    side: str, options: Options, *, with_words: bool
) -> tuple[Target, list[Step]]:
    connection = connect(options)
    try:
        target = _found(side, options, connection)
        plays = [_play(target, connection, with_words=with_words) for _ in range(2)]
        pairs = zip(*plays, strict=True)
        return target, [
            Step(a.name, without_volatile(a.seen, b.seen), a.operation)
            for a, b in pairs
        ]
    finally:
        connection.close()


def _found(side: str, options: Options, connection: Connection) -> Target:
    """Return what is known of a server; messages name the options of its side.

    Raises:
        pytest.UsageError: It must not be called, or does not answer.
    """
    try:
        return find_target(options, connection)
    except pytest.UsageError as error:
        text = str(error).replace("--smartpay-url", side.upper())
        for name in SIDED:
            text = text.replace(f"--smartpay-{name}", f"--{side}-{name}")
        raise pytest.UsageError(text) from None


def _play(target: Target, connection: Connection, *, with_words: bool) -> list[Step]:
    has_own = "own accounts" in target.can
    key = fresh_key() if has_own else str(target.options.secret_key)
    return play(target, target.client(connection, key), with_words=with_words)


def _sides(command: Callable[..., None]) -> Callable[..., None]:
    """Add URL and options of both sides to a command."""
    for side in reversed(SIDES):
        for name in reversed(SIDED):
            help_ = f"{name.replace('-', ' ').capitalize()} of the {side} server"
            is_key = name == "secret-key"
            note = f" [default: that in {KEY_VARIABLE}]." if is_key else "."
            command = click.option(f"--{side}-{name}", help=help_ + note)(command)
    for side in reversed(SIDES):
        command = click.argument(side, metavar=side.upper())(command)
    return command


@click.command()
@_sides
@click.option("--messages", is_flag=True, help="Compare the wording of messages too.")
@click.option("--allow-remote", is_flag=True, help="Allow servers on other hosts.")
@click.option(
    "--rate-limit", type=float, metavar="NUMBER", help="Maximum of calls per second."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the differences as JSON to this file.",
)
def command(
    *, messages: bool, as_json: bool, output: Path | None, **values: Any
) -> None:
    """Compare two servers: make the same calls on both, field by field.

    LEFT and RIGHT are their URLs. Ids, times and secrets are left out. Exits with 0 if
    there is no difference, 2 for wrong usage, 3 if a server was lost, 10 for drift.
    """
    try:
        options = [_options(values, side) for side in SIDES]
        drift = run_drift(options[0], options[1], with_words=messages)
    except (pytest.UsageError, ValueError) as error:
        raise _failed(error, USAGE) from None
    except (TargetLost, ContractFailure) as error:
        raise _failed(error, LOST) from None
    document = json.dumps(drift.document(), ensure_ascii=False, indent=2)
    click.echo(SECRETS.clean(document if as_json else describe(drift)))
    if output:
        output.write_text(SECRETS.clean(document) + "\n", encoding="utf-8")
    raise SystemExit(SAME if drift.is_same else DRIFT)


def _failed(error: Exception, code: int) -> SystemExit:
    # The options here have no prefix.
    text = SECRETS.clean(str(error)).replace("--smartpay-", "--")
    click.echo(f"drift: {text}", err=True)
    return SystemExit(code)


def describe(drift: Drift) -> str:
    """Return the comparison for a person to read."""
    lines = [f"left  {drift.left}", f"right {drift.right}", ""]
    for side, names in drift.not_served.items():
        if names:
            lines += [f"{side} does not serve: {', '.join(names)}", ""]
    last = ""
    for one in drift.differences:
        if one.step != last:
            lines.append(one.step)
            last = one.step
        lines += [f"  {one.path}", f"    left  {one.left}", f"    right {one.right}"]
    number = len(drift.differences)
    noun = "difference" if number == 1 else "differences"
    result = f"{number} {noun}" if number else "no difference"
    if not drift.is_same and not number:
        result += " in what both serve,"
    return "\n".join([*lines, f"{result} in {drift.steps} calls"])


def _options(given: Mapping[str, Any], side: str) -> Options:
    own = {name: given[f"{side}_{name.replace('-', '_')}"] for name in SIDED}
    key = own["secret-key"] or os.environ.get(KEY_VARIABLE)
    return Options(
        url=given[side],
        secret_key=check_secret_key(key) if key else None,
        token=own["token"],
        consumer_email=own["consumer-email"],
        consumer_password=own["consumer-password"],
        consumer_url=own["consumer-url"],
        allow_remote=given["allow_remote"],
        rate_limit=given["rate_limit"],
    )


if __name__ == "__main__":
    command(prog_name="drift")
