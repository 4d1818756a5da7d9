"""Find and read the JSON documents of this package, each of them once.

Nothing is ever fetched: every reference between schemas stays inside the package.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from smartpay_schemas.files import folder_of, stems

if TYPE_CHECKING:
    from referencing import Registry

BASE = "https://smartpay-sandbox.invalid/schemas/"
_HERE = folder_of("smartpay_schemas", __file__)
FOLDERS = ("common", "requests", "resources")


@cache
def read(path: str) -> Any:
    """Read one JSON document of the package.

    Args:
        path: Path inside the package, such as `operations.json`.

    Returns:
        The decoded document. It is shared between callers: do not change it.

    Raises:
        LookupError: If the package has no such file.
    """
    try:
        return json.loads((_HERE / path).read_bytes())
    except FileNotFoundError:
        raise LookupError(
            f"smartpay_schemas has no {path!r}; names() lists the schemas"
        ) from None


@cache
def names() -> tuple[str, ...]:
    """Return the name of every schema, sorted: `common/address`, and so on."""
    return tuple(
        sorted(
            f"{folder}/{stem}" for folder in FOLDERS for stem in stems(_HERE / folder)
        )
    )


def shared(name: str) -> dict[str, Any]:
    """Return a schema without copying it; for readers that leave it alone.

    Raises:
        LookupError: If there is no schema of this name.
    """
    if name not in names():
        raise LookupError(
            f"there is no schema {name!r}; there are {', '.join(names())}"
        )
    document: dict[str, Any] = read(f"{name}.json")
    return document


def schema(name: str) -> dict[str, Any]:
    """Return a fresh copy of a schema.

    Args:
        name: Path without extension, such as `requests/order-create`.

    Raises:
        LookupError: If there is no schema of this name.
    """
    return copy.deepcopy(shared(name))


def uri_of(name: str) -> str:
    """Return the `$id` of a schema, which follows from its name."""
    return f"{BASE}{name}.json"


def resolve(name: str, reference: str) -> str:
    """Return the name of the schema that a `$ref` inside another schema means.

    Args:
        name: Name of the schema that holds the reference.
        reference: Relative (`../common/address.json`) or absolute.
    """
    absolute = urljoin(uri_of(name), reference)
    return absolute.removeprefix(BASE).removesuffix(".json")


def collection_of(name: str) -> dict[str, Any]:
    """Return the schema of a page of resources.

    Args:
        name: Schema of one entry, such as `resources/order`.

    Raises:
        LookupError: If there is no schema of this name.
    """
    title = shared(name)["title"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Page of {title}",
        "description": f"One page of a list. Schema of its entries: {title}.",
        "$ref": uri_of("common/collection"),
        "properties": {"data": {"items": {"$ref": uri_of(name)}}},
        "unevaluatedProperties": False,
    }


@cache
def registry() -> Registry[Any]:
    """Return a registry that holds every schema of the package by its `$id`."""
    from referencing import Registry  # noqa: PLC0415 - importing schemas stays cheap
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415 - same

    return Registry[Any]().with_resources(
        (uri_of(name), DRAFT202012.create_resource(shared(name))) for name in names()
    )
