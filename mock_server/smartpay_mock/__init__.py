"""A stateful emulator of the Smartpay API. Unofficial.

Law: may import ``smartpay_fixtures`` and ``smartpay_schemas``, never
``smartpay_contracts``. Inside, a floor imports only lower ones (ARCHITECTURE.md).
"""
