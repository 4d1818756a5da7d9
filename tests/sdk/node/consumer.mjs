// What the consumer does in a checkout, spelled as the SDK's own live suite does it:
// https:// before the host, JSON bodies that nobody labels as JSON.

const root = `https://${process.env.API_BASE}`;

async function call(method, path, { token, body } = {}) {
  const response = await fetch(`${root}${path}`, {
    method,
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return response.json();
}

async function logIn() {
  const body = {
    emailAddress: process.env.TEST_USERNAME,
    password: process.env.TEST_PASSWORD,
  };
  return (await call('POST', '/consumers/auth/login', { body })).accessToken;
}

/** Authorizes an order with the payment method the live suite uses. */
export async function authorize(order) {
  return call('POST', `/orders/${order}/authorizations`, {
    token: await logIn(),
    body: { paymentMethod: 'pm_test_visaApproved', paymentPlan: 'pay_in_three' },
  });
}

/** Approves a token. */
export async function approve(token) {
  return call('PUT', `/tokens/${token}/approve`, { token: await logIn() });
}
