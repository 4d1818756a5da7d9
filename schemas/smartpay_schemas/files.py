"""Find the data files of a package, also in a package inside a zip file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def folder_of(package: str, file: str) -> Traversable:
    """Return the folder of a package.

    Args:
        package: Its name, such as `smartpay_schemas`.
        file: `__file__` of a module in it.
    """
    folder = Path(file).parent
    if folder.is_dir():
        return folder
    from importlib.resources import files  # noqa: PLC0415 - slow, and only for zip files

    return files(package)


def stems(folder: Traversable) -> list[str]:
    """Return the names of the JSON files in a folder, sorted, without extension."""
    names = [file.name for file in folder.iterdir()]
    return sorted(name.removesuffix(".json") for name in names if name[-5:] == ".json")
