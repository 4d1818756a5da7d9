"""The contract kit: checks any server of this API, over HTTP only.

It imports ``smartpay_fixtures`` and ``smartpay_schemas``, never ``smartpay_mock``.

Run it with ``pytest --pyargs smartpay_contracts --smartpay-url URL
--smartpay-secret-key KEY`` or ``python -m smartpay_contracts``. Which tests check which
clause of the contract is said by ``@pytest.mark.clause("orders.create.succeeded")``.
"""
