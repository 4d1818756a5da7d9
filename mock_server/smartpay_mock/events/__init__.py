"""Events: written in the same unit as the change, signed, delivered until a 200.

Law: imports ``storage``, ``kernel`` and ``smartpay_schemas`` only. No rule of a
resource, no web framework. Nothing here talks to the network while it holds a unit.

``outbox`` records, ``delivery`` sends what is due, ``worker`` does so in the
background; ``signing``, ``schedule``, ``destinations`` and ``adversary`` decide how,
when, where to and how badly.
"""
