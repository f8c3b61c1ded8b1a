"""Who may read which documents: the file of rules, the command about it, and an index that tells of nothing else."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.__main__ import main
from index.filters import Filter
from index.protocols import Library
from index.records import Document
from index.rights import Rights, RightsError, RightsFile, parse, rights_path
from index.store.passage_index import IndexView, PassageIndex
from index.text import terms
from qa.bootstrap import interpreter_of
from tests.support.fakes import HashEncoder

ENCODER = HashEncoder(dim=128)


def document(id: str, source: str, text: str = "正文") -> Document:
    return Document(id, source, text, source)


PAY, PUBLIC, PLAN = (
    document("pay", "人事/工资.xlsx"),
    document("public", "人事/公开/电话.docx"),
    document("plan", "方案 [2023]1号.pdf"),
)
INNER = document("inner", "年报.zip/人事/表.xlsx")
ALL = [PAY, PUBLIC, PLAN, INNER]


def readable(text: str, *reader: str) -> list[str]:
    within = parse(text, "rights.txt").readable(frozenset(reader), ALL)
    return [each.id for each in ALL if within is None or within.admits(each)]


def test_without_rules_everyone_reads_everything() -> None:
    assert readable("") == readable("# 只有注释\n\n") == ["pay", "public", "plan", "inner"]


def test_a_folder_a_file_an_archive_and_an_id_can_be_named() -> None:
    assert readable("@hr 人事") == ["plan", "inner"]
    assert readable("@hr 人事/", "@hr", "li.lei") == ["pay", "public", "plan", "inner"]
    assert readable("@hr 人事/工资.xlsx") == ["public", "plan", "inner"]
    assert readable("@hr 年报.zip") == ["pay", "public", "plan"]
    assert readable("@hr id:plan") == ["pay", "public", "inner"]
    assert readable("@hr 方案 [2023]1号.pdf") == ["pay", "public", "inner"]  # brackets are no pattern
    assert readable("@hr *.xlsx") == ["public", "plan"]
    assert readable("@hr 工资.xlsx") == ["pay", "public", "plan", "inner"]  # names begin where the index has them begin


def test_a_later_rule_covers_an_earlier_one() -> None:
    rules = "-\t*\n@hr,li.lei  人事\n* 人事/公开\n"
    assert readable(rules) == ["public"]
    assert readable(rules, "@hr") == readable(rules, "li.lei") == ["pay", "public"]
    assert readable(rules, "@li.lei") == readable(rules, "hr") == ["public"]  # a user is no group, nor the other way


def test_a_name_with_spaces_or_in_another_spelling_is_known() -> None:
    assert readable("@Domain%20Admins id:pay", "@Domain Admins") == ["pay", "public", "plan", "inner"]
    accent = [document("e", "re\u0301sume\u0301.txt")]
    assert parse("@hr résumé.txt", "").readable(frozenset(), accent) == Filter(documents=frozenset())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("人事", "文件"),
        ("@hr", "文件"),
        ("@ 人事", "读者须为"),
        (",@hr 人事", "读者须为"),
        ("*,@hr 人事", "单独写"),
        ("-,@hr 人事", "单独写"),
        ("@a@b,,c x", "读者须为"),
        ("@hr /", "文件"),
        ("@hr a\x1bb", "文件"),
    ],
)
def test_a_line_that_is_no_rule_is_named_with_its_number(line: str, told: str) -> None:
    with pytest.raises(RightsError, match=f"rights.txt 第 2 行.*{told}"):
        parse(f"* 公开\n{line}\n", "rights.txt")


@given(st.text(max_size=60))
def test_any_text_is_rules_or_an_error(text: str) -> None:
    try:
        rules = parse(text, "").rules
    except RightsError:
        return
    assert all(rule.documents for rule in rules)


# The file while the service runs


def test_a_file_that_is_being_written_gives_nothing(tmp_path: Path, monkeypatch) -> None:
    """As editors save in place: emptied, then a beginning, then all of it."""
    now = [100.0]
    monkeypatch.setattr("index.rights.time.monotonic", lambda: now[0])
    path = tmp_path / "rights.txt"
    path.write_text("@hr 人事\n@boss 人事/密\n", "utf-8")
    file, secret = RightsFile(path), replace(PAY, source="人事/密/一.txt")
    for text in ("", "\n", "# 草稿\n", "@hr 人事\n", "* 人事\n"):
        path.write_text(text, "utf-8")
        assert (file.current().readers(PAY), file.current().readers(secret)) in (
            ({"@hr"}, {"@boss"}),
            ({"@hr"}, frozenset()),
        ), text
    now[0] += 1.9
    assert "*" not in file.current().readers(PAY)
    now[0] += 0.2
    assert file.current().readers(PAY) == {"*"}
    path.write_text("- 人事\n", "utf-8")
    assert file.current().readers(PAY) == frozenset()  # what takes away need not wait


def test_rights_are_found_however_the_index_is_reached_and_two_files_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real-rights.txt").write_text("- *\n", "utf-8")
    assert rights_path(tmp_path / "link") == rights_path(tmp_path / "real") == tmp_path / "real-rights.txt"
    (tmp_path / "link-rights.txt").symlink_to(tmp_path / "real-rights.txt")
    assert rights_path(tmp_path / "link").samefile(tmp_path / "real-rights.txt")
    (tmp_path / "link-rights.txt").unlink()
    (tmp_path / "link-rights.txt").write_text("* *\n", "utf-8")
    with pytest.raises(RightsError, match="请只留一个"):
        rights_path(tmp_path / "link")


def test_a_change_of_the_file_holds_and_a_mistake_in_it_opens_nothing(tmp_path: Path, caplog, monkeypatch) -> None:
    monkeypatch.setattr("index.rights.SETTLED_SECONDS", 0.0)
    path = tmp_path / "rights.txt"
    file = RightsFile(path)
    assert file.current().readers(PAY) == {"*"}
    for text, holds in [
        ("@hr 人事\n", {"@hr"}),
        ("@hr,@boss 人事\n", {"@hr", "@boss"}),
        ("@hr\n", {"@hr", "@boss"}),
        ("\ufeff- 人事\r\n", frozenset()),
    ]:
        path.write_text(text, "utf-8")
        assert file.current().readers(PAY) == holds
        assert file.current() is file.current()
    assert "第 1 行" in caplog.text and "仍按原来的权限" in caplog.text
    path.write_bytes("@hr 人事".encode("gbk"))
    assert file.current().readers(PAY) == frozenset() and "UTF-8" in caplog.text
    path.unlink()
    assert file.current().readers(PAY) == frozenset()


@pytest.mark.parametrize("content", [b"@hr\n", "@hr 人事".encode("gbk"), b"# x\n" * 2**21, b"", b" \n"])
def test_a_service_does_not_begin_with_rules_that_it_cannot_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rights.txt"
    path.write_bytes(content)
    with pytest.raises(RightsError, match=r"rights\.txt"):
        RightsFile(path)


def test_rules_that_are_gone_when_a_service_begins_open_nothing(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "rights.txt"
    assert RightsFile(path).current().readers(PAY) == {"*"}  # there never were any
    path.write_text("@hr 人事\n", "utf-8")
    RightsFile(path)
    path.unlink()
    with pytest.raises(RightsError, match="找不到权限文件"):
        RightsFile(path)
    path.write_text("# 取消了\n", "utf-8")
    assert RightsFile(path).current().readers(PAY) == {"*"}
    path.unlink()
    RightsFile(path)


def test_rules_that_came_while_it_ran_are_known_at_the_next_start(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("index.rights.SETTLED_SECONDS", 0.0)
    path = tmp_path / "rights.txt"
    file = RightsFile(path)
    path.write_text("@hr 人事\n", "utf-8")
    assert file.current().readers(PAY) == {"@hr"}
    path.unlink()
    with pytest.raises(RightsError, match="找不到权限文件"):
        RightsFile(path)


# The command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("人事/工资.txt", "公开.md"):
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n第一条 内容。\n", "utf-8")
    index = tmp_path / "index"
    assert main(["build", str(tmp_path / "files"), "-o", str(index)], load_encoder=lambda name: ENCODER) == 0
    return index


def run(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[list[str]], str]:
    capsys.readouterr()
    status = main(["rights", str(folder), *arguments])
    said = capsys.readouterr()
    return status, [line.split("\t")[1:] for line in said.out.splitlines()], said.err


def test_rights_are_given_shown_and_taken_back(folder: Path, capsys) -> None:
    assert sorted(run(folder, capsys)[1]) == [["所有人", "人事/工资.txt"], ["所有人", "公开.md"]]
    status, rows, _ = run(folder, capsys, "人事/", "--readers", "@人事处,li.lei")
    assert (status, rows) == (0, [["@人事处、li.lei", "人事/工资.txt"]])
    assert sorted(run(folder, capsys)[1]) == [["@人事处、li.lei", "人事/工资.txt"], ["所有人", "公开.md"]]
    assert run(folder, capsys, "--as", "han")[1] == [["所有人", "公开.md"]]
    assert len(run(folder, capsys, "--as", "han,@人事处")[1]) == 2
    assert run(folder, capsys, "人事", "--readers", "-")[1] == [["无人", "人事/工资.txt"]]
    kept = rights_path(folder).read_text("utf-8")
    assert kept.startswith("# ") and kept.endswith("-\t人事\n") and kept.count("人事") == 1
    assert run(folder, capsys, "人事", "--forget")[1] == [["所有人", "人事/工资.txt"]]


def test_the_file_of_rights_is_not_for_other_users_and_keeps_its_owner(folder: Path, capsys) -> None:
    run(folder, capsys, "人事", "--readers", "@a")
    status = rights_path(folder).stat()
    assert status.st_mode & 0o007 == 0
    assert (status.st_uid, status.st_gid) == (folder.parent.stat().st_uid, folder.parent.stat().st_gid)
    if os.geteuid() == 0:
        os.chown(rights_path(folder), 1234, 1235)
        run(folder, capsys, "人事", "--readers", "@b")
        assert (rights_path(folder).stat().st_uid, rights_path(folder).stat().st_gid) == (1234, 1235)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--readers", "@a"], "哪些文件"), (["x", "--readers", "a b"], "读者"), (["x", "--readers", ""], "读者")],
)
def test_a_wrong_call_changes_nothing_and_says_why(folder: Path, capsys, arguments: list[str], told: str) -> None:
    status, _, said = run(folder, capsys, *arguments)
    assert (status, told in said, said.count("\n")) == (2, True, 1)
    assert not rights_path(folder).exists()


def test_rules_about_nothing_are_pointed_out(folder: Path, capsys) -> None:
    status, _, said = run(folder, capsys, "人亊", "--readers", "@a")
    assert status == 0 and "没有文档符合规则「人亊」" in said


# An index that tells of nothing else

TEXTS = {
    "plan": "綦江区绿色发展实施方案\n光伏发电计划装机容量70MW。\n风电计划装机容量180MW。\n",
    "pay": "工资办法\n第一条 为规范工资，制定本办法。\n第二条 光伏项目补贴每千瓦时0.1元。\n",
    "law": "中华人民共和国节约能源法\n第一条 为了推动全社会节约能源，制定本法。\n第二条 能源包括光伏、风电。\n",
    "note": "通知\n关于光伏项目申报的通知。\n请于2025年6月30日前申报。\n",
}
DOCUMENTS = [document(id, f"{id}.txt", text) for id, text in sorted(TEXTS.items())]
WHOLE = PassageIndex.build(DOCUMENTS, ENCODER)
QUESTIONS = ("光伏装机容量", "工资", "节约能源", "第一条", "申报期限是什么时候", "补贴每千瓦时", "量子")


def fresh(ids: frozenset[str]) -> PassageIndex:
    return PassageIndex.build([each for each in DOCUMENTS if each.id in ids], ENCODER)


@given(st.frozensets(st.sampled_from(sorted(TEXTS))), st.sampled_from(QUESTIONS), st.integers(1, 9))
@settings(max_examples=60)
def test_scores_and_frequencies_are_those_of_an_index_that_never_held_the_rest(ids, question, k) -> None:
    view, alone = WHOLE.limited_to(Filter(documents=ids)), fresh(ids)
    assert view.search(question, k) == alone.search(question, k)
    assert view.documents() == alone.documents()
    assert dict(view.vocabulary()) == dict(alone.vocabulary())
    assert [view.passages(id) for id in TEXTS] == [alone.passages(id) for id in TEXTS]
    for term in terms(question):
        assert view.document_frequency(term) == alone.document_frequency(term)
        assert view.rarity(term) == alone.rarity(term)
    chosen = Filter(documents=frozenset({"plan", "law"}))
    assert view.search(question, k, chosen) == alone.search(question, k, chosen)


def test_a_view_is_a_library() -> None:
    assert isinstance(WHOLE.limited_to(Filter(documents=frozenset({"plan"}))), Library)
    assert isinstance(WHOLE, Library)
    assert isinstance(WHOLE.limited_to(Filter()), IndexView)


def test_leaving_a_document_out_would_show_in_scores_if_it_counted() -> None:
    """What the test above guards against: the filter of a question leaves scores measured against all documents."""
    chosen = Filter(documents=frozenset({"plan", "law"}))
    narrowed = [hit.score for hit in WHOLE.search("光伏", 3, chosen)]
    assert not np.allclose(narrowed, [hit.score for hit in WHOLE.limited_to(chosen).search("光伏", 3)])


def test_words_of_a_document_that_may_not_be_read_correct_no_spelling() -> None:
    open_to = WHOLE.limited_to(Filter(documents=frozenset({"plan", "law", "note"})))
    assert interpreter_of(WHOLE).questions("工滋办法", ()) == ["工资办法"]
    assert interpreter_of(open_to).questions("工滋办法", ()) == ["工滋办法"]
    assert interpreter_of(WHOLE).questions("gongzi banfa", ()) == ["工资办法"]
    assert interpreter_of(open_to).questions("gongzi banfa", ()) == interpreter_of(
        fresh(frozenset({"plan", "law", "note"}))
    ).questions("gongzi banfa", ())


def test_rights_without_rules_name_nobody() -> None:
    assert Rights().named == frozenset()
