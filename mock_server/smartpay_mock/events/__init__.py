"""Events: stored in the same unit as the change, signed, delivered until a 200.

Imports ``storage``, ``kernel`` and ``smartpay_schemas`` only. Nothing here uses the
network while it holds a unit of work.
"""
