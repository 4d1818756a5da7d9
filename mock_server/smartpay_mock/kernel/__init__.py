"""The lowest layer: time, ids, errors, lifecycles, settings and faults.

It imports the standard library and ``smartpay_schemas`` only: no Flask and no SQL. Only
``clock`` reads the wall clock, and only ``ids`` draws random values.
"""
