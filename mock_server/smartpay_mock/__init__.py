"""A stateful emulator of the Smartpay API. Unofficial.

It imports ``smartpay_fixtures`` and ``smartpay_schemas``, never ``smartpay_contracts``.
A layer imports only layers below it (ARCHITECTURE.md).
"""
