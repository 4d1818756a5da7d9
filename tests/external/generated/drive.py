"""Charge, read, capture and refund an order through the generated client."""

from __future__ import annotations

import json
import sys
from typing import TypeVar

from made_client import AuthenticatedClient
from made_client.api.orders import create_order, get_order, list_orders
from made_client.api.payments import create_payment
from made_client.api.refunds import create_refund
from made_client.models import (
    Address,
    CaptureAnOrder,
    CaptureMethod,
    CreateAnOrderFromAToken,
    CustomerInformation,
    Error,
    GetOrderExpand,
    Item,
    LineItem,
    ListOrdersPageOfOrder,
    OrderExpanded,
    Payment,
    Refund,
    RefundAPayment,
    RefundAPaymentReason,
    ShippingInformation,
    Unauthorized,
)

Made = TypeVar("Made")


def accepted(answer: Made | Error | Unauthorized | None) -> Made:
    """Return the object that was answered."""
    if answer is None or isinstance(answer, Error | Unauthorized):
        raise SystemExit(f"refused: {answer}")
    return answer


def main(url: str, secret_key: str) -> None:
    """Print what came back."""
    client = AuthenticatedClient(base_url=url, token=secret_key, prefix="Basic")
    address = Address(
        line1="1-1", locality="Chiyoda", postal_code="100-0001", country="JP"
    )
    order: OrderExpanded = accepted(
        create_order.sync(
            client=client,
            idempotency_key="python",
            body=CreateAnOrderFromAToken(
                token="paytok_test_approved",
                amount=350,
                currency="JPY",
                capture_method=CaptureMethod.MANUAL,
                items=[Item(name="Tea", amount=350, currency="JPY", quantity=1)],
                customer_info=CustomerInformation(email_address="hanako@example.com"),
                shipping_info=ShippingInformation(address=address),
            ),
        )
    )
    shown = get_order.sync(order.id, client=client, expand=GetOrderExpand.ALL)
    assert isinstance(shown, OrderExpanded)
    page = list_orders.sync(client=client, max_results=5)
    assert isinstance(page, ListOrdersPageOfOrder)
    capture = CaptureAnOrder(order=order.id, amount=350, currency="JPY")
    payment: Payment = accepted(create_payment.sync(client=client, body=capture))
    refund: Refund = accepted(
        create_refund.sync(
            client=client,
            body=RefundAPayment(
                payment=payment.id,
                amount=50,
                currency="JPY",
                reason=RefundAPaymentReason.REQUESTED_BY_CUSTOMER,
            ),
        )
    )
    print(
        json.dumps(
            {
                "status": order.status.value,
                "lineItems": len(order.line_items),
                "expanded": isinstance(shown.line_items[0], LineItem),
                "listed": [one.id == order.id for one in page.data],
                "captured": payment.amount,
                "refunded": refund.amount,
            }
        )
    )


main(*sys.argv[1:])
