// Calls every method of @smartpay/sdk-node on a running emulator and prints, as JSON,
// what came back. ../test_node_sdk.py checks it.
//
// SDK_BUILD         esm or cjs, the two builds in the package
// API_PREFIX_OPTION base URL handed to the constructor; empty: only the SDK's own
//                   variable SMARTPAY_API_PREFIX says where the API is
// SECRET_KEY        the key
// SANDBOX           the emulator's root, for its control plane
// API_BASE, TEST_USERNAME, TEST_PASSWORD: as in the SDK's live suite

import { createRequire } from 'node:module';

import { approve, authorize } from './consumer.mjs';
import { byToken, forOrder, forToken, withDiscounts } from './payloads.mjs';
import { startReceiver } from './receiver.mjs';
import { methodsOf, watched } from './watch.mjs';

const sdk =
  process.env.SDK_BUILD === 'cjs'
    ? createRequire(import.meta.url)('@smartpay/sdk-node')
    : await import('@smartpay/sdk-node');
const called = { instance: new Set(), static: new Set() };
const Smartpay = watched(sdk.default, called.static);
const secretKey = process.env.SECRET_KEY;
const options = process.env.API_PREFIX_OPTION
  ? { apiPrefix: process.env.API_PREFIX_OPTION }
  : {};
const client = new sdk.default(secretKey, options);
if (new URL(client._apiPrefix).hostname !== '127.0.0.1') {
  throw new Error(`${client._apiPrefix} is not this machine; nothing was called.`);
}
const smartpay = watched(client, called.instance);
const results = {};

/** What an SDK call throws, as data. */
async function refusal(call) {
  try {
    await call();
  } catch (error) {
    const { name, errorCode, statusCode, message, details } = error;
    return { name, errorCode, statusCode, message, details };
  }
  return null;
}

/** The first page, the page after it, and their counts. */
async function twoPages(list) {
  const first = await list({ maxResults: 1 });
  const second = await list({ pageToken: first.nextPageToken });
  return { first, second };
}

async function sessions() {
  const flat = await smartpay.createCheckoutSession(withDiscounts());
  const order = await smartpay.createFlatCheckoutSession(forOrder());
  const token = await smartpay.createTokenCheckoutSession(forToken());
  Object.assign(results, {
    createCheckoutSession: flat,
    createFlatCheckoutSession: order,
    createTokenCheckoutSession: token,
    createCheckoutSessionForToken: await smartpay.createCheckoutSession(forToken()),
    getCheckoutSession: await smartpay.getCheckoutSession({ id: order.id }),
    getCheckoutSessionExpanded: await smartpay.getCheckoutSession({
      id: order.id,
      expand: 'all',
    }),
    getTokenSession: await smartpay.getCheckoutSession({ id: token.id }),
    listCheckoutSessions: await twoPages((page) => smartpay.listCheckoutSessions(page)),
    getSessionUrl: Smartpay.getSessionUrl(order, { promotionCode: 'SAVE 10' }),
    getSessionURL: Smartpay.getSessionURL(order),
    normalizeCheckoutSessionPayload:
      Smartpay.normalizeCheckoutSessionPayload(withDiscounts()),
    normalizeFlatCheckoutSessionPayload:
      Smartpay.normalizeFlatCheckoutSessionPayload(withDiscounts()),
    normalizeTokenCheckoutSessionPayload:
      Smartpay.normalizeTokenCheckoutSessionPayload(forToken()),
  });
  return { captured: flat.order.id, canceled: order.order.id, token: token.token.id };
}

async function payments(order) {
  await authorize(order);
  const part = { order, currency: 'JPY', cancelRemainder: 'manual' };
  const first = await smartpay.createPayment({ ...part, amount: 150 });
  const second = await smartpay.capture({ ...part, amount: 151, reference: 'second' });
  Object.assign(results, {
    createPayment: first,
    capture: second,
    updatePayment: await smartpay.updatePayment({ id: second.id, reference: 'third' }),
    getPayment: await smartpay.getPayment({ id: second.id }),
    getPaymentExpanded: await smartpay.getPayment({ id: second.id, expand: 'all' }),
    listPayments: await twoPages((page) => smartpay.listPayments(page)),
    excessivePayment: await refusal(() =>
      smartpay.createPayment({ ...part, amount: 10_000 }),
    ),
  });
  return first.id;
}

async function refunds(payment) {
  const part = { payment, currency: 'JPY', reason: sdk.default.REFUND_FRAUDULENT };
  const first = await smartpay.createRefund({ ...part, amount: 1 });
  const second = await smartpay.refund({ ...part, amount: 2 });
  Object.assign(results, {
    createRefund: first,
    refund: second,
    updateRefund: await smartpay.updateRefund({ id: first.id, reference: 'changed' }),
    getRefund: await smartpay.getRefund({ id: first.id }),
    listRefunds: await twoPages((page) => smartpay.listRefunds(page)),
    excessiveRefund: await refusal(() => smartpay.refund({ ...part, amount: 10_000 })),
  });
}

async function orders({ captured, canceled }) {
  await authorize(canceled);
  Object.assign(results, {
    getOrder: await smartpay.getOrder({ id: captured }),
    getOrderExpanded: await smartpay.getOrder({ id: captured, expand: 'all' }),
    listOrders: await twoPages((page) => smartpay.listOrders(page)),
    listOrdersExpanded: await smartpay.listOrders({ expand: 'all', maxResults: 1 }),
    cancelOrder: await smartpay.cancelOrder({ id: canceled }),
    cancelPartlyCapturedOrder: await smartpay.cancelOrder({ id: captured }),
    cancelSucceededOrder: await refusal(() => smartpay.cancelOrder({ id: captured })),
  });
}

async function tokens(id) {
  const chargeTooEarly = await refusal(() => smartpay.createOrder(byToken(id)));
  await approve(id);
  const status = async () => (await smartpay.getToken({ id })).status;
  Object.assign(results, {
    chargeTooEarly,
    getToken: await smartpay.getToken({ id }),
    listTokens: await smartpay.listTokens({ maxResults: 10 }),
    normalizeOrderPayload: Smartpay.normalizeOrderPayload(byToken(id)),
    createOrder: await smartpay.createOrder(byToken(id)),
    createOrderMisspelt: await smartpay.createOrder({
      ...byToken(id),
      captureMethod: sdk.default.CAPTURE_METHOD_AUTOMATIC,
    }),
    disableToken: [await smartpay.disableToken({ id }), await status()],
    chargeDisabled: (await smartpay.createOrder(byToken(id))).status,
    enableToken: [await smartpay.enableToken({ id }), await status()],
    deleteToken: await smartpay.deleteToken({ id }),
    getDeletedToken: await refusal(() => smartpay.getToken({ id })),
  });
}

async function coupons() {
  const coupon = await smartpay.createCoupon({
    name: 'E2E Test coupon',
    discountType: sdk.default.COUPON_DISCOUNT_TYPE_AMOUNT,
    discountAmount: 100,
    currency: 'JPY',
  });
  const { id } = coupon;
  const code = { coupon: id, code: `THECODE${Math.random()}` };
  const promotionCode = await smartpay.createPromotionCode(code);
  Object.assign(results, {
    createCoupon: coupon,
    updateCoupon: await smartpay.updateCoupon({ id, name: 'updatedCoupon' }),
    updateCouponNothing: await smartpay.updateCoupon({ id }),
    getCoupon: await smartpay.getCoupon({ id }),
    listCoupons: await smartpay.listCoupons({ maxResults: 10 }),
    createPromotionCode: promotionCode,
    createPromotionCodeAgain: await refusal(() => smartpay.createPromotionCode(code)),
    updatePromotionCode: await smartpay.updatePromotionCode({
      id: promotionCode.id,
      active: false,
      idempotencyKey: 'in-the-body',
    }),
    getPromotionCode: await smartpay.getPromotionCode({ id: promotionCode.id }),
    listPromotionCodes: await smartpay.listPromotionCodes({ maxResults: 10 }),
  });
}

async function webhooks() {
  const receiver = await startReceiver(Smartpay);
  const endpoint = await smartpay.createWebhookEndpoint({
    url: receiver.url,
    eventSubscriptions: ['order.authorized', 'payment.created'],
  });
  const { id } = endpoint;
  receiver.secret = endpoint.signingSecret;
  const { order } = await smartpay.createCheckoutSession({
    ...forOrder(),
    captureMethod: 'automatic',
  });
  await authorize(order.id);
  Object.assign(results, {
    deliveries: await receiver.has(2),
    createWebhookEndpoint: endpoint,
    updateWebhookEndpoint: await smartpay.updateWebhookEndpoint({
      id,
      description: 'updated',
    }),
    getWebhookEndpoint: await smartpay.getWebhookEndpoint({ id }),
    listWebhookEndpoints: await smartpay.listWebhookEndpoints({ maxResults: 10 }),
    deleteWebhookEndpoint: await smartpay.deleteWebhookEndpoint({ id }),
    getDeletedWebhookEndpoint: await refusal(() => smartpay.getWebhookEndpoint({ id })),
  });
  receiver.stop();
}

async function refusals() {
  const wrongKey = new sdk.default('sk_live_no', { apiPrefix: client._apiPrefix });
  Object.assign(results, {
    wrongKey: await refusal(() => wrongKey.listOrders()),
    badQuery: await refusal(() => smartpay.listOrders({ maxResults: 0 })),
    unknownOrder: await refusal(() => smartpay.getOrder({ id: 'order_test_unknown' })),
    request: await smartpay.request('/orders', { params: { maxResults: 1 } }),
    setPublicKey: smartpay.setPublicKey('pk_test_public'),
  });
}

async function failOnce(fault) {
  const response = await fetch(`${process.env.SANDBOX}/__admin/faults`, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${secretKey}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ operation: 'create_payment', ...fault }),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** The SDK calls once more after a failure; how many payments does that make? */
async function paymentsAfter(fault) {
  const { order } = await smartpay.createCheckoutSession(forOrder());
  await authorize(order.id);
  await failOnce(fault);
  const payment = await smartpay.capture({
    order: order.id,
    amount: 100,
    currency: 'JPY',
    cancelRemainder: sdk.default.CANCEL_REMAINDER_MANUAL,
  });
  const after = await smartpay.getOrder({ id: order.id });
  return { payment: payment.id, payments: after.payments };
}

async function retries() {
  Object.assign(results, {
    afterBusy: await paymentsAfter({ kind: 'status' }),
    afterLostStatus: await paymentsAfter({ kind: 'status', when: 'after_commit' }),
    afterReset: await paymentsAfter({ kind: 'reset', when: 'after_commit' }),
  });
}

const made = await sessions();
await refunds(await payments(made.captured));
await orders(made);
await tokens(made.token);
await coupons();
await webhooks();
await refusals();
await retries();

const end = { instance: Object.prototype, static: Function.prototype };
const targets = { instance: client, static: sdk.default };
console.log(
  JSON.stringify({
    apiPrefix: client._apiPrefix,
    results,
    methods: Object.fromEntries(
      Object.keys(targets).map((kind) => [kind, methodsOf(targets[kind], end[kind])]),
    ),
    called: Object.fromEntries(
      Object.keys(called).map((kind) => [kind, [...called[kind]].sort()]),
    ),
    validators: {
      isValidCheckoutSessionId: sdk.isValidCheckoutSessionId(
        results.createCheckoutSession.id,
      ),
      isValidOrderId: sdk.isValidOrderId(results.getOrder.id),
      isValidPaymentId: sdk.isValidPaymentId(results.capture.id),
    },
  }),
);
