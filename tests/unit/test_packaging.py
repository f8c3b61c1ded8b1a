from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]


@pytest.mark.parametrize("package", ["index", "qa", "ui", "eval", "yiju"])
def test_every_file_beside_the_code_goes_into_the_wheel(package: str) -> None:
    folder = ROOT / package
    beside = {
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"} and path.parent.name != "__pycache__"
    }
    # Question sets are in the wheel; the documents that they ask about, and headings marked by hand, are not.
    beside -= {path for path in beside if "gold" in path.parts and path.parent.name != "gold"} | {
        folder / "gold/README.md"
    }
    taken = {path for name in NAMED.get(package, []) for path in folder.glob(name)}
    assert sorted(str(path.relative_to(ROOT)) for path in beside - taken) == []
