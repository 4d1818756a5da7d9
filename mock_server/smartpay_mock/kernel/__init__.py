"""The lowest floor: time, ids, errors, lifecycles, settings, faults.

Law: the standard library and ``smartpay_schemas`` only. No Flask, no SQL; only
``clock`` reads the wall clock and only ``ids`` draws chance.
"""
