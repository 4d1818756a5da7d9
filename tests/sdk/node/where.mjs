// Prints where the SDK would call, given its environment and nothing else.

import Smartpay from '@smartpay/sdk-node';

console.log(new Smartpay('sk_test_where')._apiPrefix);
