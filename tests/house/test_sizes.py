"""Files stay small enough to be read in one go."""

from __future__ import annotations

from pathlib import Path
from statistics import median

LIMITS = {
    "mock_server": 300,
    "schemas": 400,
    "fixtures": 400,
    "contract_tests": 400,
}
"""Most lines a Python file of a room may have. JSON is data and may be long."""


def size_table(sizes: dict[Path, int]) -> str:
    """Return the sizes as a table: per room files, median, largest."""
    lines = [f"{'room':16}{'files':>6}{'median':>8}{'largest':>9}  largest file"]
    for room, limit in LIMITS.items():
        mine = {path: size for path, size in sizes.items() if path.parts[0] == room}
        if mine:
            largest = max(mine, key=lambda path: mine[path])
            lines.append(
                f"{room:16}{len(mine):6}{median(mine.values()):8.0f}"
                f"{mine[largest]:9}  {largest} (limit {limit})"
            )
    return "\n".join(lines)


def test_no_file_is_longer_than_its_room_allows(
    root: Path, modules: list[Path]
) -> None:
    """A file over the limit holds two things; give each a file of its own."""
    sizes = {
        path: len((root / path).read_text(encoding="utf-8").splitlines())
        for path in modules
        if path.parts[0] in LIMITS
    }
    print(size_table(sizes))

    too_long = [
        f"{path}: {size} lines, {size - LIMITS[path.parts[0]]} too many"
        for path, size in sizes.items()
        if size > LIMITS[path.parts[0]]
    ]

    assert not too_long, "\n".join(too_long)
