"""The contract kit: what any server of this API must do, seen over HTTP only.

Law: may import ``smartpay_fixtures`` and ``smartpay_schemas``, never ``smartpay_mock``.
"""
