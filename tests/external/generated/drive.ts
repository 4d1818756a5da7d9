// Charges, reads, captures and refunds an order through the generated client.
import createClient from "openapi-fetch";
import type { paths } from "./made/api.js";

declare const process: { argv: string[] };
const [url, secretKey] = process.argv.slice(2);
const client = createClient<paths>({
  baseUrl: url,
  headers: { Authorization: `Basic ${secretKey}` },
});

function body<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const created = body(
  await client.POST("/v1/orders", {
    params: { header: { "Idempotency-Key": "typescript" } },
    body: {
      token: "paytok_test_approved",
      amount: 350,
      currency: "JPY",
      captureMethod: "manual",
      items: [{ name: "Tea", amount: 350, currency: "JPY", quantity: 1 }],
      customerInfo: { emailAddress: "hanako@example.com" },
      shippingInfo: {
        address: {
          line1: "1-1",
          locality: "Chiyoda",
          postalCode: "100-0001",
          country: "JP",
        },
      },
    },
  }),
);
const path = { id: created.id };
const shown = body(
  await client.GET("/v1/orders/{id}", { params: { path, query: { expand: "all" } } }),
);
const first: string | { id: string } | undefined = shown.lineItems[0];
const listed = body(
  await client.GET("/v1/orders", { params: { query: { maxResults: 5 } } }),
);
const payment = body(
  await client.POST("/v1/payments", {
    body: { order: created.id, amount: 350, currency: "JPY" },
  }),
);
const refund = body(
  await client.POST("/v1/refunds", {
    body: {
      payment: payment.id,
      amount: 50,
      currency: "JPY",
      reason: "requested_by_customer",
    },
  }),
);
console.log(
  JSON.stringify({
    status: created.status,
    lineItems: created.lineItems.length,
    expanded: typeof first === "object",
    listed: listed.data.map((order) => order.id === created.id),
    captured: payment.amount,
    refunded: refund.amount,
  }),
);
