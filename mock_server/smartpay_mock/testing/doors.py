"""How the code under test reaches the emulator: over a socket, or in-process."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from smartpay_mock.testing.desk import API_PATH, SDK_PATH, Desk
from smartpay_mock.testing.keys import public_key_of

if TYPE_CHECKING:
    import httpx
    from requests.adapters import BaseAdapter
    from responses import RequestsMock


class Doors:
    """The ways in to one account.

    Attributes:
        secret_key: The secret key, ``sk_test_...``.
        public_key: The public key beside it; no credential.
    """

    def __init__(self, desk: Desk) -> None:
        self.secret_key = desk.secret_key
        self.public_key = public_key_of(desk.secret_key)
        self._desk = desk

    @property
    def root_url(self) -> str:
        """Scheme and authority of the emulator, such as ``http://127.0.0.1:40123``."""
        return self._desk.root_url

    @property
    def url(self) -> str:
        """What to use in place of ``https://api.smartpay.co/v1``."""
        return self.root_url + API_PATH

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables that point the official SDKs here.

        They suit the SDKs for Python, Node, PHP and Ruby. Go's takes ``root_url`` as
        ``SMARTPAY_API_PREFIX``.
        """
        return {
            "SMARTPAY_URL": self.url,
            "SMARTPAY_API_PREFIX": self.root_url + SDK_PATH,
            "SMARTPAY_SECRET_KEY": self.secret_key,
            "SMARTPAY_PUBLIC_KEY": self.public_key,
            "SECRET_KEY": self.secret_key,
            "PUBLIC_KEY": self.public_key,
        }

    def intercept(self) -> AbstractContextManager[RequestsMock]:
        """Answer calls made with ``requests`` to ``https://api.smartpay.co`` here.

        They are answered in-process, without a socket::

            with smartpay.intercept():
                requests.post("https://api.smartpay.co/v1/orders", ...)
        """
        from smartpay_mock.intercept import intercept  # noqa: PLC0415 - responses

        return intercept(self._desk.app)

    def adapter(self) -> BaseAdapter:
        """Return an adapter to mount on a ``requests.Session``; no socket either.

        ``session.mount("https://api.smartpay.co", smartpay.adapter())``
        """
        from smartpay_mock.intercept import SmartpayAdapter  # noqa: PLC0415 - requests

        return SmartpayAdapter(self._desk.app)

    def transport(self) -> httpx.BaseTransport:
        """Return a transport for ``httpx.Client``; no socket either.

        ``httpx.Client(transport=smartpay.transport())``
        """
        from smartpay_mock.intercept import smartpay_transport  # noqa: PLC0415 - httpx

        return smartpay_transport(self._desk.app)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport for ``httpx.AsyncClient``; no socket either."""
        from smartpay_mock.intercept import (  # noqa: PLC0415 - imports httpx
            async_smartpay_transport,
        )

        return async_smartpay_transport(self._desk.app)
