"""Names of accounts: one secret key per test, the same one in every run."""

from __future__ import annotations

from smartpay_mock.kernel.ids import SUFFIX_LENGTH, Ids


def secret_key_for(name: str, salt: str = "") -> str:
    """Return the secret key of the account for ``name``.

    Args:
        name: What it is for, such as a test's node id.
        salt: Keeps two runs apart that use one emulator.
    """
    characters = Ids(0, f"{salt}\n{name}").characters(SUFFIX_LENGTH)
    return f"sk_test_{characters}"


def public_key_of(secret_key: str) -> str:
    """Return the public key that belongs to a secret key."""
    return secret_key.replace("sk_", "pk_", 1)
