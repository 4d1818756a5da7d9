// A merchant's receiver of webhooks that trusts nothing but the SDK's own checks.

import { createServer } from 'node:http';

const DEADLINE_MS = 10_000;

async function rawBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What the SDK says about one delivery, as it came and with one byte changed. */
function verify(Smartpay, request, raw, secret) {
  const { headers } = request;
  const signature = headers['smartpay-signature'];
  const data = `${headers['smartpay-signature-timestamp']}.${raw}`;
  const tampered = data.replace('"amount":', '"amount":1');

  // express.json({ verify }) calls verify(request, response, buffer) with the raw body.
  Smartpay.expressWebhookMiddleware(secret)(request, null, raw);
  const calculated = headers['calculated-signature'];
  Smartpay.expressWebhookMiddleware(() => secret)(request, null, Buffer.from('{}'));

  return {
    event: JSON.parse(raw),
    contentType: headers['content-type'],
    subscription: headers['smartpay-subscription-id'],
    eventId: headers['smartpay-event-id'],
    timestamp: headers['smartpay-signature-timestamp'],
    isVerified: Smartpay.verifyWebhookSignature({ data, secret, signature }),
    isTamperedVerified: Smartpay.verifyWebhookSignature({
      data: tampered,
      secret,
      signature,
    }),
    isCalculatedEqual:
      Smartpay.calculateWebhookSignature({ data, secret }) === signature,
    isMiddlewareEqual: calculated === signature,
    isMiddlewareEqualForAnotherBody: headers['calculated-signature'] === signature,
  };
}

/** Listens on loopback; `secret` may be set once the endpoint is known. */
export async function startReceiver(Smartpay) {
  const receiver = { secret: '', deliveries: [], waiting: () => {} };
  const server = createServer(async (request, response) => {
    const raw = await rawBody(request);
    receiver.deliveries.push(verify(Smartpay, request, raw, receiver.secret));
    response.end('ok');
    receiver.waiting();
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  receiver.url = `http://127.0.0.1:${server.address().port}/webhooks`;
  receiver.stop = () => server.close();

  /** Resolves once `count` deliveries are there. */
  receiver.has = (count) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${receiver.deliveries.length} of ${count} webhooks`)),
        DEADLINE_MS,
      );
      receiver.waiting = () => {
        if (receiver.deliveries.length < count) return;
        clearTimeout(late);
        resolve(receiver.deliveries);
      };
      receiver.waiting();
    });
  return receiver;
}
