// Calls @smartpay/sdk-node in the order of the SDK's own live suite (test/live.js).
// ../test_recordings.py compares what arrives at the emulator with the recording.
// Variables: as in the live suite.

import Smartpay from '@smartpay/sdk-node';

const root = `https://${process.env.API_BASE}`;
const smartpay = new Smartpay(process.env.SECRET_KEY, {
  publicKey: process.env.PUBLIC_KEY,
});
const page = { maxResults: 10 };
const urls = { successUrl: 'https://smartpay.co', cancelUrl: 'https://smartpay.co' };
const reference = 'order_ref_1234567';
const product = (amount) => ({ name: '商品', amount, currency: 'JPY', quantity: 1 });
const shippingInfo = {
  address: { line1: 'line1', locality: 'locality', postalCode: '123', country: 'JP' },
  feeAmount: 100,
  feeCurrency: 'JPY',
};
const customerInfo = { email: 'john@example.com', firstName: 'John', lastName: 'Doe' };

const login = async () => {
  const { TEST_USERNAME, TEST_PASSWORD } = process.env;
  const body = `{"emailAddress":"${TEST_USERNAME}","password":"${TEST_PASSWORD}"}`;
  const answer = await fetch(`${root}/consumers/auth/login`, { method: 'POST', body });
  return { Authorization: `Bearer ${(await answer.json()).accessToken}` };
};
const authorize = async (order) =>
  fetch(`${root}/orders/${order}/authorizations`, {
    method: 'POST',
    headers: await login(),
    body: '{"paymentMethod":"pm_test_visaApproved","paymentPlan":"pay_in_three"}',
  });

const extra = (kind) => ({ kind, name: kind, amount: 10, currency: 'JPY' });
const first = await smartpay.createCheckoutSession({
  currency: 'JPY',
  items: [product(250), ...['discount', 'discount', 'tax', 'tax'].map(extra)],
  shippingInfo,
  captureMethod: 'manual',
  reference,
  promotionCode: 'ZOO',
  ...urls,
});
const second = await smartpay.createCheckoutSession({
  items: [product(350)],
  customerInfo,
  shippingInfo,
  captureMethod: 'manual',
  reference,
  ...urls,
});
await smartpay.getCheckoutSession({ id: second.id });
await smartpay.listCheckoutSessions(page);
const orders = await smartpay.listOrders({ maxResults: 1 });
await smartpay.listOrders({ pageToken: orders.nextPageToken });
await smartpay.getOrder({ id: orders.data[0].id });

const order = first.order.id;
await authorize(order);
const part = { order, currency: 'JPY', cancelRemainder: 'manual' };
await smartpay.createPayment({ ...part, amount: 150 });
const { id: payment } = await smartpay.capture({ ...part, amount: 151 });
await smartpay.updatePayment({ id: payment, reference: 'updated' });
await smartpay.getPayment({ id: payment });
await smartpay.listPayments(page);
const [paid] = (await smartpay.getOrder({ id: order })).payments;
const reason = Smartpay.REFUND_REQUEST_BY_CUSTOMER;
const back = { payment: paid, currency: 'JPY', reason };
await smartpay.createRefund({ ...back, amount: 1 });
const { id: refund } = await smartpay.refund({ ...back, amount: 2 });
await smartpay.updateRefund({ id: refund, reference: 'updated' });
await smartpay.getRefund({ id: refund });
await smartpay.listRefunds(page);
await authorize(second.order.id);
await smartpay.cancelOrder({ id: second.order.id });

const { id: endpoint } = await smartpay.createWebhookEndpoint({
  url: 'https://smartpay.co',
  eventSubscriptions: ['merchant_user.created'],
});
await smartpay.updateWebhookEndpoint({ id: endpoint, description: 'updated' });
await smartpay.getWebhookEndpoint({ id: endpoint });
await smartpay.listWebhookEndpoints(page);
await smartpay.deleteWebhookEndpoint({ id: endpoint });

const { id: coupon } = await smartpay.createCoupon({
  name: 'E2E Test coupon',
  discountType: Smartpay.COUPON_DISCOUNT_TYPE_AMOUNT,
  discountAmount: 100,
  currency: 'JPY',
});
await smartpay.updateCoupon({ id: coupon, name: 'updatedCoupon' });
await smartpay.updateCoupon({ id: coupon });
await smartpay.listCoupons(page);
const code = { coupon, code: 'THECODE0.8441' };
const { id: promotion } = await smartpay.createPromotionCode(code);
await smartpay.updatePromotionCode({ id: promotion, active: false });
await smartpay.updatePromotionCode({ id: promotion });
await smartpay.listPromotionCodes(page);

const session = await smartpay.createCheckoutSession({
  mode: 'token',
  customerInfo,
  reference,
  ...urls,
});
await smartpay.getCheckoutSession({ id: session.id });
await smartpay.getCheckoutSession({ id: session.id, expand: 'all' });
const { id } = session.token;
const consumer = { method: 'PUT', headers: await login() };
await fetch(`${root}/tokens/${id}/approve`, consumer);
await smartpay.listTokens(page);
await smartpay.getToken({ id });
await smartpay.createOrder({
  token: id,
  amount: 350,
  currency: 'JPY',
  items: [product(250)],
  customerInfo,
  shippingInfo,
  captureMethod: 'manual',
  reference,
});
await smartpay.disableToken({ id });
await smartpay.getToken({ id });
await smartpay.enableToken({ id });
await smartpay.getToken({ id });
await smartpay.deleteToken({ id });
await smartpay.getToken({ id }).catch((error) => console.log(error.errorCode));
