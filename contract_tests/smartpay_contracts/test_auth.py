"""Authentication: forms of secret keys, and the objects that a key can see."""

from __future__ import annotations

import base64

import pytest

from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.redact import SECRETS
from smartpay_contracts.resources import (
    ARRANGE,
    RESOURCES,
    Resource,
    call,
    case,
    each,
    merchant_operations,
    resource_of,
    with_id,
)
from smartpay_contracts.shop import Shop
from smartpay_contracts.target import Target, fresh_key
from smartpay_schemas import OPERATIONS

MERCHANT = merchant_operations()
ABOUT_ONE = with_id(MERCHANT)
ANY_ID = "order_test_0000000000000000000000"

NO_KEYS = {
    "not a key": "Basic not-a-key",
    "nothing after Basic": "Basic ",
    "an unknown scheme": "Digest username=merchant",
    "a broken key": "Basic sk_test_",
    "a key with other characters": "Basic sk_test_<script>",
    "base64 of something else": f"Basic {base64.b64encode(b'user:word').decode()}",
}


@pytest.mark.clause("auth.missing-key")
@pytest.mark.parametrize("operation", MERCHANT)
def test_a_call_without_a_credential_is_refused(
    operation: str, api: Client, checks: Checks
) -> None:
    """With 401."""
    answer = api.with_authorization(None).call(operation, id=ANY_ID)

    checks.unauthorized(answer)


@pytest.mark.clause("auth.body")
@pytest.mark.parametrize("authorization", [None, "Basic not-a-key"])
@pytest.mark.parametrize("operation", MERCHANT)
def test_the_body_of_a_401_has_a_shape_of_its_own(
    operation: str, authorization: str | None, api: Client, checks: Checks
) -> None:
    """It has no errorCode and no message."""
    answer = api.with_authorization(authorization).call(operation, id=ANY_ID)

    checks.is_unauthorized_body(answer)


@pytest.mark.parametrize("operation", MERCHANT)
@pytest.mark.parametrize(
    "credential",
    [
        case("auth.missing-key", "missing"),
        case("auth.wrong-key", "wrong"),
        case("auth.public-key", "public"),
    ],
)
def test_a_good_call_needs_a_secret_key(
    credential: str, operation: str, shop: Shop, target: Target
) -> None:
    """Without one, with something else and with a public key the answer is 401."""
    arguments = ARRANGE[operation](shop)
    public = target.options.public_key or "pk_test_0123456789abcdefABCDEF"
    sent = {"missing": None, "wrong": "Basic not-a-key", "public": f"Basic {public}"}

    caller = shop.api.with_authorization(sent[credential])
    answer = caller.call(operation, arguments.body, id=arguments.id)

    shop.checks.unauthorized(answer)


@pytest.mark.clause("auth.wrong-key")
@pytest.mark.parametrize("authorization", NO_KEYS.values(), ids=NO_KEYS)
def test_what_is_no_key_is_refused(
    authorization: str, api: Client, checks: Checks
) -> None:
    """However it is spelled."""
    answer = api.with_authorization(authorization).call("list_orders")

    checks.unauthorized(answer)


@pytest.mark.clause("auth.unknown-key")
def test_a_key_that_was_never_issued_is_refused(
    api: Client, target: Target, checks: Checks
) -> None:
    """A well-formed key is not enough, except on the emulator."""
    if "own accounts" in target.can:
        pytest.skip("the emulator opens an account for every well-formed test key")

    answer = api.with_key(fresh_key()).call("list_orders")

    checks.unauthorized(answer)


@pytest.mark.clause("auth.live-key")
@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_the_sandbox_refuses_live_keys(
    scheme: str, api: Client, target: Target, checks: Checks
) -> None:
    """A live key in the wrong place must not work, and must not be kept."""
    target.require("control")

    live_key = "sk_" + "live_0123456789abcdefABCDEF"
    answer = api.with_authorization(f"{scheme} {live_key}").call("list_orders")

    checks.unauthorized(answer)


@pytest.mark.clause("auth.raw-key")
def test_the_raw_key_is_a_credential(api: Client, checks: Checks) -> None:
    """As the guide and every SDK send it."""
    answer = api.with_authorization(f"Basic {api.key}").call("list_orders")

    checks.ok(answer)


@pytest.mark.parametrize(
    "form",
    [
        case("auth.base64-key", "base64"),
        case("auth.bearer-key", "bearer"),
    ],
)
def test_the_key_has_other_forms(form: str, shop: Shop) -> None:
    """Base64 of the key and a colon, and Bearer, open the same account."""
    order, key = shop.order(), shop.api.key
    SECRETS.learn(key)
    encoded = base64.b64encode(f"{key}:".encode()).decode()

    authorization = f"Basic {encoded}" if form == "base64" else f"Bearer {key}"
    caller = shop.api.with_authorization(authorization)

    seen = shop.checks.ok(caller.call("get_order", id=order["id"]))
    assert seen["id"] == order["id"]


@pytest.mark.clause("auth.body-values")
def test_the_401_body_says_how_to_authenticate(api: Client, checks: Checks) -> None:
    """Its values follow HTTP's own words."""
    answer = api.with_authorization(None).call("list_orders")

    body = checks.unauthorized(answer)
    assert (body["statusCode"], body["scheme"]) == (401, "Basic")
    assert body["realm"]


@pytest.mark.clause("auth.before-everything")
@pytest.mark.parametrize(
    "operation", [name for name in MERCHANT if OPERATIONS[name].request]
)
def test_the_credential_is_looked_at_first(
    operation: str, api: Client, checks: Checks
) -> None:
    """Without a key the answer does not say what is wrong with the body."""
    anonymous = api.with_authorization(None)

    answer = anonymous.call(operation, id=ANY_ID, raw=b'{"broken')

    checks.unauthorized(answer)


@pytest.mark.clause("auth.refusal-changes-nothing")
def test_a_call_without_a_credential_makes_no_order(api: Client, shop: Shop) -> None:
    """Also when the connection was used with a key before."""
    body = shop.order_body()
    shop.checks.ok(api.call("list_orders"))

    shop.checks.unauthorized(api.with_authorization(None).call("create_order", body))

    made = shop.checks.search(
        api, "list_orders", lambda o: o.get("reference") == body["reference"]
    )
    assert made is None


@pytest.mark.clause("auth.account-isolation")
@pytest.mark.parametrize("operation", ABOUT_ONE)
def test_another_accounts_object_is_not_found(
    operation: str, shop: Shop, other: Client
) -> None:
    """As if it did not exist, and nothing happens to it."""
    if OPERATIONS[operation].tag == "tokens":
        arguments = ARRANGE["approve_token"](shop)
        shop.approve(str(arguments.id))
    else:
        arguments = ARRANGE[operation](shop)
    resource = resource_of(operation)
    before = shop.now(resource.name, str(arguments.id))

    answer = other.call(operation, arguments.body, id=arguments.id)

    shop.checks.refused_with(answer, 404)
    assert shop.now(resource.name, str(arguments.id)) == before


@pytest.mark.clause("auth.account-isolation")
@each(RESOURCES)
def test_another_accounts_object_is_in_no_list(
    resource: Resource, shop: Shop, other: Client
) -> None:
    """Neither plain nor expanded."""
    made = resource.make(shop)

    seen = shop.checks.listed(other, resource.list_operation)

    assert made["id"] not in [entry["id"] for entry in seen]


@pytest.mark.clause("auth.account-isolation")
@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("create_order", "token.not-found"),
        ("create_payment", "order.not-found"),
        ("create_refund", "payment.not-found"),
        ("create_promotion_code", "coupon.not-found"),
    ],
)
def test_another_accounts_object_cannot_be_named_in_a_body(
    operation: str, code: str, shop: Shop, other: Client
) -> None:
    """Neither charged, nor captured, nor refunded, nor built upon."""
    arguments = ARRANGE[operation](shop)
    body = dict(arguments.body)
    if operation == "create_order":
        body["token"] = RESOURCES["token"].make(shop)["id"]

    answer = other.call(operation, body)

    shop.checks.refused(answer, code)


@pytest.mark.clause("auth.mode-isolation")
@pytest.mark.parametrize("operation", ABOUT_ONE)
def test_an_id_of_live_mode_is_not_found(
    operation: str, api: Client, checks: Checks
) -> None:
    """A test key sees test objects only."""
    resource = resource_of(operation)
    body = dict(resource.update or {}) if OPERATIONS[operation].request else {}

    live = resource.unknown_id.replace("_test_", "_live_")
    answer = api.call(operation, body, id=live)

    checks.refused_with(answer, 404)


@pytest.mark.clause("auth.mode-isolation")
def test_the_same_suffix_in_live_mode_is_another_object(shop: Shop) -> None:
    """The mode in an id is not decoration."""
    order = shop.order()

    answer = shop.api.call("get_order", id=order["id"].replace("_test_", "_live_"))

    shop.checks.refused_with(answer, 404)


@pytest.mark.clause("auth.one-key")
@pytest.mark.parametrize("operation", ["create_order", "create_checkout_session"])
def test_no_public_key_is_needed(operation: str, shop: Shop) -> None:
    """The secret key alone is enough."""
    arguments = ARRANGE[operation](shop)

    shop.checks.ok(call(operation, shop, arguments))
