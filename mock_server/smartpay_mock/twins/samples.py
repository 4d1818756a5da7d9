"""Values that twins put where a body lacks some."""

from __future__ import annotations

from smartpay_mock.twins.seams import Document

APPROVED = "paytok_test_approved"

# A value for every mandatory member of every request.
SAMPLE: Document = {
    "name": "sweater",
    "amount": 1_000,
    "currency": "JPY",
    "order": "order_test_sample",
    "payment": "payment_test_sample",
    "reason": "requested_by_customer",
    "discountType": "amount",
    "discountAmount": 100,
    "discountPercentage": 10,
    "code": "SAMPLE",
    "coupon": "coupon_test_sample",
    "url": "https://example.com/hook",
    "token": APPROVED,
    "customerInfo": {},
    "successUrl": "https://example.com/success",
    "cancelUrl": "https://example.com/cancel",
    "items": [{"name": "sweater", "amount": 1_000, "currency": "JPY"}],
    "shippingInfo": {
        "address": {
            "line1": "1-17-1",
            "locality": "Minato",
            "postalCode": "105-6415",
            "country": "JP",
        }
    },
}

# What a choice becomes that is none.
DEFAULTS: Document = {
    "captureMethod": "automatic",
    "cancelRemainder": "automatic",
    "reason": "requested_by_customer",
    "discountType": "amount",
    "discountAmount": 100,
    "currency": "JPY",
}
