"""Keys of a WSGI environ that the servers and the application share."""

from __future__ import annotations

TRANSPORT = "smartpay.transport"
"""A callable that takes a transport fault and the response that the fault spoils.

``transport(fault, status_line, headers, body)`` returns the response body to send.
A server that cannot break connections does not set it.
"""

REPORT = "smartpay.report"
"""A callable that takes each unexpected exception, so that a test can fail for it."""

HEADER_NAMES = "smartpay.header_names"
"""The headers' names in lower case as the client sent them, a repeated one twice.

In the other members of an environ, ``_`` and ``-`` are one character, and the values of
a repeated header are joined. Only servers and clients of ours set this.
"""

TIMEOUT = "smartpay.timeout"
"""The client's timeout in seconds, or ``None``; in-process clients set it."""

ANSWER = "smartpay.answer"
"""The ``Answer`` that the API returned; the application sets it, for logs."""
