"""No module imports itself through others, not even for type checking."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PACKAGES = ("schemas", "fixtures", "mock_server", "contract_tests")
"""Each is a source root with one import package."""


def module_name(path: Path) -> str:
    """Return the import name of a file below a source root."""
    parts = path.with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(module: str, source: str, *, is_package: bool) -> Iterator[str]:
    """Yield what a module imports at any place, as dotted names.

    Imports in functions and below ``if TYPE_CHECKING`` count too.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")
            parents = parents[: len(parents) - node.level + is_package]
            base = [*(parents if node.level else []), *filter(None, [node.module])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def import_graph(sources: Mapping[Path, str]) -> dict[str, set[str]]:
    """Return the modules that each module imports, among those given.

    ``from package import name`` means the submodule if there is one, else the
    package itself.
    """
    graph: dict[str, set[str]] = {module_name(path): set() for path in sources}
    for path, source in sources.items():
        module = module_name(path)
        names = imported_names(module, source, is_package=path.stem == "__init__")
        for name in names:
            parent = name.rpartition(".")[0]
            found = next((x for x in (name, parent) if x in graph), None)
            if found is not None:
                graph[module].add(found)
    return graph


def shortest_path(
    graph: Mapping[str, set[str]], start: str, end: str
) -> list[str] | None:
    """Return the modules from ``start`` to ``end``; ``None`` if there is no way."""
    paths, seen = [[start]], {start}
    for path in paths:
        for module in sorted(graph[path[-1]]):
            if module == end:
                return [*path, end]
            if module not in seen:
                seen.add(module)
                paths.append([*path, module])
    return None


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return a shortest circle through each module that is part of one."""
    found = (shortest_path(graph, module, module) for module in sorted(graph))
    return [circle for circle in found if circle]


def test_no_module_is_part_of_an_import_circle(root: Path, modules: list[Path]) -> None:
    """A circle is named with the modules on it, in order."""
    sources = {
        path: (root / path).read_text(encoding="utf-8")
        for path in modules
        if path.parts[0] in PACKAGES
    }

    found = [" -> ".join(circle) for circle in circles(import_graph(sources))]

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "statement",
    [
        "import shop.cart",
        "from shop import cart",
        "from . import cart",
        "from shop.cart import Cart",
        "from .cart import Cart",
        "if TYPE_CHECKING:\n    from shop.cart import Cart",
        "def pay():\n    from shop.cart import Cart",
    ],
)
def test_a_circle_is_found(statement: str) -> None:
    """Type-only and function-level imports count like all others."""
    sources = {
        Path("src/shop/__init__.py"): "",
        Path("src/shop/cart.py"): "from shop.till import Till",
        Path("src/shop/till.py"): statement,
    }

    assert circles(import_graph(sources)) == [
        ["shop.cart", "shop.till", "shop.cart"],
        ["shop.till", "shop.cart", "shop.till"],
    ]


def test_importing_a_submodule_is_no_circle() -> None:
    """A package may import its modules, which may import each other one way."""
    sources = {
        Path("src/shop/__init__.py"): "from shop.cart import Cart",
        Path("src/shop/cart.py"): "from shop.till import Till",
        Path("src/shop/till.py"): "import json",
    }

    assert not circles(import_graph(sources))
