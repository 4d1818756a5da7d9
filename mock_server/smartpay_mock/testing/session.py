"""The emulators of one pytest process, and the accounts of its tests."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.ids import SUFFIX_LENGTH, Ids, random_base62
from smartpay_mock.kernel.settings import Settings, environment_name
from smartpay_mock.testing.client import API_PATH, AccountClient, Emulator
from smartpay_mock.testing.smartpay import AccountOptions, Smartpay

# The journal keeps every request of a test: checks and coverage read all of them.
_DEFAULTS: dict[str, Any] = {
    "port": 0,
    "journal": 100_000,
    "journal_bytes": 1 << 40,
}
_PRIVATE_STATE = "memory:"
_SALT_LENGTH = 8


class SmartpayServer:
    """The emulator of this pytest process, or the one that all workers share.

    A test gets its own account from the fixture ``smartpay``. For an account that
    lives longer than a test, call ``smartpay_server.account("shop")``.
    """

    def __init__(self, emulator: Emulator, *, salt: str) -> None:
        self._emulator = emulator
        self._salt = salt

    @property
    def emulator(self) -> Emulator:
        """The emulator behind this server."""
        return self._emulator

    @property
    def root_url(self) -> str:
        """Scheme and authority; the server starts when this is first read."""
        return self._emulator.root_url

    @property
    def url(self) -> str:
        """The URL to use in place of ``https://api.smartpay.co/v1``."""
        return self.root_url + API_PATH

    def account(self, name: str, options: AccountOptions | None = None) -> Smartpay:
        """Return the account with a name: the same name, the same account.

        The account is not reset or checked by itself.

        Args:
            name: Name, such as a test's node id, or ``shop``.
            options: How to set it up; with the standard seed data if not given.
        """
        chosen = options or AccountOptions()
        salt = self._salt if chosen.seed is None else f"seed {chosen.seed}"
        characters = Ids(0, f"{salt}\n{name}").characters(SUFFIX_LENGTH)
        client = AccountClient(self._emulator, f"sk_test_{characters}")
        return Smartpay(client, name=name, options=chosen)


class Session:
    """The emulators of one pytest process, one per distinct configuration.

    Args:
        shared_url: URL of the emulator that all workers share; empty for none.
        salt: Separates accounts of one emulator that have the same name.
    """

    def __init__(self, *, shared_url: str = "", salt: str = "") -> None:
        self._shared_url = shared_url
        self._salt = salt
        self._emulators: dict[str, Emulator] = {}
        self._uses: Counter[str] = Counter()

    def server(self, config: Mapping[str, Any]) -> SmartpayServer:
        """Return the server for a configuration; start one for a new configuration.

        Args:
            config: Settings by name; see ``smartpay-sandbox serve --help``.

        Raises:
            SandboxUsageError: There is no such setting.
        """
        key = json.dumps(dict(config), sort_keys=True, default=str)
        if key not in self._emulators:
            self._emulators[key] = self._start(config)
        salt = self._salt
        if config.get("state", _PRIVATE_STATE) != _PRIVATE_STATE:
            # Another run may use the same database at the same time.
            salt += random_base62(_SALT_LENGTH)
        return SmartpayServer(self._emulators[key], salt=salt)

    def name_for(self, nodeid: str) -> str:
        """Return the name of the account for a run of a test.

        A test that runs again in this process gets another account, because a thread
        of its first run may still send calls.
        """
        self._uses[nodeid] += 1
        count = self._uses[nodeid]
        return nodeid if count == 1 else f"{nodeid} #{count}"

    def failures(self) -> list[BaseException]:
        """Return the errors in the emulators since the last call."""
        emulators = self._emulators.values()
        return [error for emulator in emulators for error in emulator.failures()]

    def stop(self) -> None:
        """Stop every emulator."""
        while self._emulators:
            self._emulators.popitem()[1].stop()

    def _start(self, config: Mapping[str, Any]) -> Emulator:
        if self._shared_url and not config:
            from smartpay_mock.testing.remote import (  # noqa: PLC0415 - http.client
                RemoteEmulator,
            )

            return RemoteEmulator(self._shared_url)
        from smartpay_mock.testing.local import LocalEmulator  # noqa: PLC0415 - Flask

        return LocalEmulator(settings_from(config))


def settings_from(config: Mapping[str, Any]) -> Settings:
    """Return the emulator's settings for a configuration of the fixture.

    Raises:
        SandboxUsageError: There is no such setting.
    """
    known = {row.name for row in fields(Settings)}
    unknown = sorted(set(config) - known)
    if unknown:
        raise SandboxUsageError(
            f"smartpay_config: unknown setting {', '.join(unknown)}. The settings are "
            f"{', '.join(sorted(known))}."
        )
    # ``smartpay-sandbox mutants run`` sets this variable for the suite it tests.
    mutant = os.environ.get(environment_name("mutant"), "")
    return Settings(**{**_DEFAULTS, "mutant": mutant, **config})
