// Charges the order in the file SMARTPAY_PAYLOAD, once, as the SDK's documentation does;
// exits with 0 if it was charged. `smartpay-sandbox grade` and ../test_grade_node.py run
// it; the SDK reads SMARTPAY_API_PREFIX itself.

import { readFileSync } from 'node:fs';

import Smartpay from '@smartpay/sdk-node';

const smartpay = new Smartpay(process.env.SMARTPAY_SECRET_KEY);
const payload = JSON.parse(readFileSync(process.env.SMARTPAY_PAYLOAD, 'utf-8'));
try {
  const order = await smartpay.createOrder(payload);
  console.log(order.status);
  process.exitCode = order.status === 'succeeded' ? 0 : 1;
} catch (error) {
  console.log(`${error.statusCode} ${error.errorCode}: ${error.message}`);
  process.exitCode = 1;
}
