"""Files that texts name: help, messages, code and documentation send nobody to a file that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("index", "qa", "ui", "eval", "yiju", "bench", "training")
CODE = sorted(
    each for package in PACKAGES for each in (ROOT / package).rglob("*") if each.suffix in (".py", ".html", ".js")
)
TEXTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMED = re.compile(r"\bdocs/[\w./-]*\w")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def test_code_and_help_name_only_pages_of_the_documentation_that_are_there():
    named = {(found, each.relative_to(ROOT)) for each in CODE for found in NAMED.findall(each.read_text("utf-8"))}
    assert named
    assert [(name, where) for name, where in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_links_of_the_documentation_lead_somewhere(text: Path):
    links = LINK.findall(text.read_text("utf-8"))
    assert [link for link in links if not (text.parent / link).exists()] == []
