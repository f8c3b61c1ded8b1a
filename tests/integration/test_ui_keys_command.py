"""`yiju-serve keys` as it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from index.filters import Filter
from index.store.passage_index import PassageIndex
from tests.support.fake_answerer import PLAN, RULES
from tests.support.fakes import HashEncoder
from ui.__main__ import main
from ui.access.keys import KEY, KeyBook, keys_path
from ui.access.visitors import Role


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    PassageIndex.build([PLAN, RULES], HashEncoder()).save(folder)
    return folder


def keys(*arguments: str | Path) -> int:
    return main(["keys", *map(str, arguments)])


def test_a_key_is_made_shown_once_listed_and_revoked(index, capsys):
    assert keys("add", "门户", "--index", index, "--document", PLAN.id, "--per-day", "50", "--per-minute", "0") == 0
    whole, said = capsys.readouterr()
    assert KEY.fullmatch(whole.strip()) and "只显示这一次" in said
    key = KeyBook(keys_path(index)).find(whole.strip())
    assert key is not None
    assert (key.scope, key.per_day, key.per_minute) == (Filter(documents=frozenset({PLAN.id})), 50, None)
    assert keys("list", "--index", index, "--json") == 0
    listed = capsys.readouterr().out
    assert json.loads(listed)[0]["scope"] == {"documents": [PLAN.id]}
    assert whole.strip()[12:] not in listed
    assert keys("revoke", whole.strip(), "--index", index) == 0
    assert keys("list", "--index", index) == 0
    assert "已吊销" in (out := capsys.readouterr().out) and key.id in out
    assert KeyBook(keys_path(index)).find(whole.strip()) is None


def test_a_key_for_a_person_has_a_role(tmp_path, capsys):
    assert keys("add", "管理员", "--keys", tmp_path / "k.sqlite", "--role", "admin") == 0
    key = KeyBook(tmp_path / "k.sqlite").find(capsys.readouterr().out.strip())
    assert key is not None and (key.role, key.scope) == (Role.ADMIN, None)


def test_a_key_reads_what_its_groups_may(tmp_path, capsys):
    assert keys("add", "人事处", "--keys", tmp_path / "k.sqlite", "--group", "hr", "--group", "@boss") == 0
    key = KeyBook(tmp_path / "k.sqlite").find(capsys.readouterr().out.strip())
    assert key is not None and key.groups == {"hr", "boss"}
    assert keys("list", "--keys", tmp_path / "k.sqlite", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["groups"] == ["boss", "hr"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "x", "--document", "nowhere"], "没有文档「nowhere」"),
        (["add", "x", "--issuer", "nobody"], "没有一份文档符合"),
        (["add", "x", "--document", PLAN.id, "--role", "admin"], "只能是 reader"),
        (["revoke", "abcdefgh"], "没有可吊销的密钥 abcdefgh"),
    ],
)
def test_a_key_that_cannot_be_is_not_made(index, arguments, says, capsys):
    assert keys(*arguments, "--index", index) == 2
    out, said = capsys.readouterr()
    assert (out, says in said, said.count("\n")) == ("", True, 1)
    assert not keys_path(index).exists() or KeyBook(keys_path(index)).all() == []


def test_a_file_that_holds_no_keys_is_one_clear_line(tmp_path, capsys):
    (tmp_path / "k.sqlite").write_bytes(b"no database at all" * 100)
    assert keys("list", "--keys", tmp_path / "k.sqlite") == 2
    assert "密钥文件" in (said := capsys.readouterr().err) and said.count("\n") == 1
    assert keys("add", "x", "--keys", tmp_path / "none" / "k.sqlite") == 2
