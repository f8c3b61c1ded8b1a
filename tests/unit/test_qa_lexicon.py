from __future__ import annotations

import re
from pathlib import Path

import pytest

from index.numerals import HEADING_NUMBER, cn_number, written
from qa.language import lexicon

FILES = sorted((Path(lexicon.__file__).parent / "data").glob("*.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_list_says_in_a_comment_what_it_is_for(file: Path) -> None:
    text = re.sub(r'(?s)""".*?"""', '""', file.read_text("utf-8"))
    plain = text.split("\n[")[0]
    silent = [m["name"] for m in re.finditer(r"(?m)^(.*)\n(?P<name>\w+) = ", plain) if not m[1].startswith("#")]
    silent += [m["name"] for m in re.finditer(r"(?m)^(.*)\n\[(?P<name>\w+)\]$", text) if not m[1].startswith("#")]
    assert silent == []


def test_every_pattern_compiles_with_what_it_refers_to() -> None:
    patterns = [name for name, value in lexicon.LISTS.items() if isinstance(value, list) and isinstance(value[0], str)]
    assert len(patterns) > 40
    for name in patterns:
        assert "${" not in lexicon.pattern(name)
        re.compile(lexicon.pattern(name))


def test_a_name_stands_for_one_list_in_all_files() -> None:
    names = [name for file in FILES for name in re.findall(r"(?m)^(?:\[(\w+)\]|(\w+) = \[)", file.read_text("utf-8"))]
    flat = [one or other for one, other in names]
    assert len(flat) == len(set(flat))


@pytest.mark.parametrize("number", [1, 9, 10, 11, 20, 21, 99, 100, 101, 110, 999, 1001, 9999])
def test_a_number_is_read_as_it_is_written(number: int) -> None:
    assert cn_number(written(number)) == number


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("三、重点任务", "重点任务"),
        ("（一）发展目标", "发展目标"),
        ("第一章 总则", "总则"),
        ("第二部分　补贴", "补贴"),
        ("一是加快建设", "加快建设"),
        ("## 1. 范围", "范围"),
        ("专栏2 重点工程", "重点工程"),
        ("1.1个百分点", "1.1个百分点"),
        ("第三产业增加值", "第三产业增加值"),
    ],
)
def test_the_number_before_a_heading_goes(title: str, words: str) -> None:
    assert HEADING_NUMBER.sub("", title) == words
