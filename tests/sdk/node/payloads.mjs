// Payloads as the SDK's documentation writes them: e-mail address, gender and phone
// under the names that the API does not have, no total where the SDK computes it.

const ADDRESS = {
  line1: 'line1',
  locality: 'locality',
  postalCode: '123',
  country: 'JP',
};

const CUSTOMER = {
  accountAge: 20,
  email: 'merchant-support@example.com',
  firstName: '太郎',
  lastName: '田中',
  firstNameKana: 'たろう',
  lastNameKana: 'たなか',
  address: { ...ADDRESS, administrativeArea: '東京都' },
  dateOfBirth: '1985-06-30',
  gender: 'male',
  phone: '+818000000000',
  reference: 'id_in_merchant_system',
};

const URLS = {
  successUrl: 'https://example.com/ok',
  cancelUrl: 'https://example.com/no',
};

const SHIPPING = { address: ADDRESS, feeAmount: 100, feeCurrency: 'JPY' };

/** 250 − 10 − 10 + 10 + 10 and 100 for shipping: 350, which the SDK adds up. */
export const withDiscounts = () => ({
  ...URLS,
  currency: 'JPY',
  items: [
    { name: '商品', amount: 250, currency: 'JPY', quantity: 1 },
    { kind: 'discount', name: 'discount', amount: 10, currency: 'JPY' },
    { kind: 'discount', name: 'discount', amount: 10, currency: 'JPY' },
    { kind: 'tax', name: 'tax', amount: 10, currency: 'JPY' },
    { kind: 'tax', name: 'tax', amount: 10, currency: 'JPY' },
  ],
  shippingInfo: SHIPPING,
  captureMethod: 'manual',
  reference: 'order_ref_1234567',
  promotionCode: 'ZOO',
});

/** 350 and 100 for shipping. */
export const forOrder = () => ({
  ...URLS,
  amount: 450,
  currency: 'JPY',
  items: [{ name: '商品', amount: 350, currency: 'JPY', quantity: 1 }],
  customerInfo: CUSTOMER,
  shippingInfo: SHIPPING,
  captureMethod: 'manual',
  reference: 'order_ref_1234567',
});

export const forToken = () => ({
  ...URLS,
  mode: 'token',
  customerInfo: CUSTOMER,
  reference: 'order_ref_1234567',
});

export const byToken = (token) => ({
  token,
  amount: 350,
  currency: 'JPY',
  items: [{ name: '商品', amount: 250, currency: 'JPY', quantity: 1 }],
  customerInfo: CUSTOMER,
  shippingInfo: SHIPPING,
  captureMethod: 'manual',
  reference: 'order_ref_1234567',
});
