"""What one run of pytest keeps: its emulators, and the accounts of its tests."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.ids import random_base62
from smartpay_mock.kernel.settings import Settings, environment_name
from smartpay_mock.testing.beginnings import Beginning
from smartpay_mock.testing.desk import API_PATH, Emulator
from smartpay_mock.testing.keys import secret_key_for
from smartpay_mock.testing.smartpay import Smartpay

# Every request of a test is remembered: verdicts and coverage look at all of them.
_DEFAULTS: dict[str, Any] = {"port": 0, "journal": 100_000}
_PRIVATE_STATE = "memory:"
_SALT_LENGTH = 8


class SmartpayServer:
    """The emulator of this pytest process, or the one that all of a run share.

    Tests ask for an account of their own with the fixture ``smartpay``; what lives
    longer than a test asks here for one: ``smartpay_server.account("shop")``.
    """

    def __init__(self, emulator: Emulator, *, salt: str) -> None:
        self._emulator = emulator
        self._salt = salt

    @property
    def root_url(self) -> str:
        """Scheme and authority; the server starts when it is first asked for."""
        return self._emulator.root_url

    @property
    def url(self) -> str:
        """What to use in place of ``https://api.smartpay.co/v1``."""
        return self.root_url + API_PATH

    def account(self, name: str, beginning: Beginning | None = None) -> Smartpay:
        """Return the account of a name: the same name, the same account.

        Nobody resets it or judges what happened in it, unless asked to.

        Args:
            name: Such as a test's node id, or ``shop``.
            beginning: How it begins; with the standard world if not given.
        """
        begun = beginning or Beginning()
        salt = self._salt if begun.seed is None else f"seed {begun.seed}"
        desk = self._emulator.desk(secret_key_for(name, salt))
        smartpay = Smartpay(desk, name=name, beginning=begun)
        begun.set_up(desk)
        if begun.scenario:
            smartpay.scenario(begun.scenario)
        return smartpay


class Session:
    """The emulators of one pytest process, one per distinct configuration.

    Args:
        shared_url: Of the emulator that all workers share; empty for none.
        salt: Keeps accounts of one emulator apart that have the same name.
    """

    def __init__(self, *, shared_url: str = "", salt: str = "") -> None:
        self._shared_url = shared_url
        self._salt = salt
        self._emulators: dict[str, Emulator] = {}
        self._uses: Counter[str] = Counter()

    def server(self, config: Mapping[str, Any]) -> SmartpayServer:
        """Return the server for a configuration, a new one if it is a new one.

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
            # Another run may use the same database at this moment.
            salt += random_base62(_SALT_LENGTH)
        return SmartpayServer(self._emulators[key], salt=salt)

    def name_for(self, nodeid: str) -> str:
        """Return the name of the account for a run of a test.

        A test that runs again in this process gets another account: a thread of its
        first run may still be calling.
        """
        self._uses[nodeid] += 1
        again = self._uses[nodeid]
        return nodeid if again == 1 else f"{nodeid} #{again}"

    def failures(self) -> list[BaseException]:
        """Return what went wrong in the emulators since the last time."""
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
            f"smartpay_config: there is no setting {', '.join(unknown)}; the settings "
            f"are {', '.join(sorted(known))}."
        )
    # ``smartpay-sandbox mutants run`` grades a suite by what it makes of broken ones.
    mutant = os.environ.get(environment_name("mutant"), "")
    return Settings(**{**_DEFAULTS, "mutant": mutant, **config})
