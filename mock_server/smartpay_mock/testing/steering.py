"""How a test steers its account: worlds, gates, tokens, seeds, snapshots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from smartpay_mock.testing.beginnings import Beginning
from smartpay_mock.testing.desk import Desk
from smartpay_mock.testing.doors import Doors
from smartpay_mock.testing.faults import Hold, When
from smartpay_mock.testing.worlds import play_scenario


class Steering(Doors):
    """What changes one account.

    Attributes:
        ids: What scenarios made, by their own names.
        before_forgetting: Called before the account forgets what happened in it.
    """

    def __init__(self, desk: Desk, beginning: Beginning) -> None:
        super().__init__(desk)
        self.ids: dict[str, str] = {}
        self.before_forgetting: Callable[[], object] | None = None
        self._beginning = beginning

    def scenario(self, name: str) -> dict[str, str]:
        """Build up a named world and return the ids in it, by the scenario's names.

        Every step is a call of the API, so the state is one that can be reached.
        ``smartpay_fixtures.scenarios.scenarios()`` lists them.

        Raises:
            NotFoundError: There is no such scenario; the text lists those there are.
        """
        made = play_scenario(self._desk, name)
        self.ids |= made
        return made

    def hold(self, operation: str, *, at: When = "before_commit") -> Hold:
        """Hold calls of an operation until the gate is released.

        Args:
            operation: An operation id; ``*`` for every one.
            at: Before or after the call's effect is kept.
        """
        body = {"operation": operation, "at": at}
        hold = self._desk.ask("POST", "/holds", body=body)
        return Hold(self._desk, hold["id"], operation)

    def set_token(
        self, id_: str, *, status: str | None = None, decision: str | None = None
    ) -> dict[str, Any]:
        """Set a token's status, or what charging it decides; return the token.

        Args:
            id_: Such as ``smartpay.tokens.approved``.
            status: ``active``, ``disabled``, ``requires_authorization``, ``rejected``.
            decision: ``approved`` or ``declined``.
        """
        return self._change("/tokens/{id}", id_, status=status, decision=decision)

    def set_consumer(
        self, id_: str, *, active: bool | None = None, decision: str | None = None
    ) -> dict[str, Any]:
        """Set whether a consumer is active, or what authorizing decides; return it.

        Args:
            id_: Such as ``smartpay.consumers.active``.
            active: Whether the consumer may still be charged.
            decision: ``approved``, ``declined`` or ``declined_softly``.
        """
        return self._change("/consumers/{id}", id_, active=active, decision=decision)

    def seed(self, number: int) -> None:
        """Make the account's ids repeatable from now on."""
        self._desk.ask("POST", "/seed", body={"seed": number})

    def snapshot(self) -> dict[str, Any]:
        """Return everything of the account as one JSON document."""
        taken: dict[str, Any] = self._desk.ask("GET", "/snapshots")
        return taken

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Replace everything of the account by a snapshot, of this or another one."""
        self._forget()
        self._desk.ask("PUT", "/snapshots", body=snapshot)

    def reset(self) -> None:
        """Forget everything of the account; it is as at the start of the test.

        The seed and the frozen time it began with are so again; a scenario is not
        played again.
        """
        self._forget()
        self._desk.ask("POST", "/reset")
        self._beginning.set_up(self._desk)

    def _forget(self) -> None:
        if self.before_forgetting is not None:
            self.before_forgetting()

    def _change(self, path: str, id_: str, **changes: Any) -> dict[str, Any]:
        body = {name: value for name, value in changes.items() if value is not None}
        changed: dict[str, Any] = self._desk.ask("PATCH", path, id_=id_, body=body)
        return changed
