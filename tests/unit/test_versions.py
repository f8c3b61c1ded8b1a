from __future__ import annotations

import pytest

from index.filters import Filter
from index.records import Description, Document, Metadata
from index.structure.versions import Validity, Versions, Wanted, spoken

TODAY = "2025-06-01"


def law(id: str, title: str = "中华人民共和国公司法", text: str = "", **said: str) -> Document:
    return Document(id, title, text, f"{id}.txt", metadata=Metadata(**said))


OLD = law("old", issued="1993-12-29", revised="2018-10-26 修正", effective="2006-01-01")
NEW = law("new", issued="1993-12-29", revised="2023-12-29 修订", effective="2024-07-01")


def names(versions: Versions, id: str) -> list[str]:
    return [each.name for each in versions.of(id)]


def test_documents_of_one_title_with_other_dates_are_versions_oldest_first() -> None:
    versions = Versions([NEW, OLD, law("other", "中华人民共和国合伙企业法", issued="1997-02-23")])
    assert names(versions, "old") == names(versions, "new") == ["2018年修正", "2023年修订"]
    assert versions.of("other") == versions.of("unknown") == ()


@pytest.mark.parametrize(
    "title",
    [
        "中华人民共和国公司法（2018年修正）",
        "中华人民共和国公司法(2018-10-26)",
        "《中华人民共和国公司法》",
        "中华人民共和国 公司法_20181026",
    ],
)
def test_what_tells_versions_apart_is_no_part_of_the_title(title: str) -> None:
    assert names(Versions([law("old", title, revised="2018-10-26 修正"), NEW]), "new") == ["2018年修正", "2023年修订"]


@pytest.mark.parametrize("title", ["最高人民法院关于适用公司法的规定（一）", "最高人民法院关于适用公司法的规定（二）"])
def test_numbered_parts_are_works_of_their_own(title: str) -> None:
    third = law("three", "最高人民法院关于适用公司法的规定（三）", issued="2011-01-27")
    assert not Versions([law("one", title, issued="2006-04-28"), third]).of("three")


def test_reports_of_two_years_are_two_works() -> None:
    reports = [
        law(y, f"{y}年河北省政府工作报告", issued=f"{y}-01-20", issuer="河北省人民政府") for y in ("2024", "2025")
    ]
    assert not Versions(reports).of("2025")


@pytest.mark.parametrize(
    ("one", "other", "are_versions"),
    [
        ({"issuer": "甲市人民政府"}, {"issuer": "甲市人民政府"}, True),
        ({"issuer": "甲市人民政府"}, {"issuer": "乙市人民政府"}, False),
        ({"region": "甲市"}, {"region": "甲市"}, True),
        ({}, {}, False),
    ],
)
def test_a_title_that_many_use_needs_the_same_issuer(
    one: dict[str, str], other: dict[str, str], are_versions: bool
) -> None:
    pair = [
        law("a", "政府工作报告", issued="2024-01-20", **one),
        law("b", "政府工作报告", issued="2025-01-20", **other),
    ]
    assert bool(Versions(pair).of("a")) == are_versions


def test_without_an_issuer_texts_tell_whether_they_are_of_one_work() -> None:
    shared = "\n".join(f"第{n}条 报销差旅费须附发票和审批单，逾期不予受理。" for n in range(9))
    old = law("old", "差旅费管理办法", shared + "\n住宿费每天不超过三百元，凭票报销。", issued="2020-03-01")
    new = law("new", "差旅费管理办法", shared + "\n住宿费每天不超过五百元，凭票报销。", issued="2024-03-01")
    foreign = law("new", "差旅费管理办法", "本公司员工出差须提前三日申请并经部门负责人同意。", issued="2024-03-01")
    assert names(Versions([old, new]), "old") == ["2020年3月1日公布", "2024年3月1日公布"]
    assert not Versions([old, foreign]).of("old")


def test_copies_of_one_version_are_no_versions_and_stand_or_fall_together() -> None:
    copy = law("copy", issued="1993-12-29", revised="2018-10-26 修正", effective="2006-01-01")
    assert not Versions([OLD, copy]).of("old")
    versions = Versions([OLD, copy, NEW])
    assert versions.left_out(Wanted(TODAY)) == {"old", "copy"}
    assert versions.left_out(Wanted("2020-01-01")) == {"new"}


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        (Wanted(TODAY), "new"),
        (Wanted("2024-06-30"), "old"),  # made, but not yet in force
        (Wanted("2024-07-01"), "new"),
        (Wanted("2000-12-31"), "old"),  # before all that is known: the first
        (Wanted("2023-12-31", made="2023", named=True), "new"),
        (Wanted("2018-12-31", made="2018", named=True), "old"),
        (Wanted(TODAY, former=True, named=True), "old"),
    ],
)
def test_the_version_that_is_wanted_is_kept(wanted: Wanted, meant: str) -> None:
    assert {"old", "new"} - Versions([OLD, NEW]).left_out(wanted) == {meant}


def test_a_year_that_is_named_leaves_out_nothing_of_what_is_issued_every_year() -> None:
    notices = [law(y, "春节放假安排", issued=f"{y}-01-05", issuer="市教育局") for y in ("2023", "2024", "2025")]
    versions = Versions(notices)
    assert versions.left_out(Wanted("2024-12-31", named=True)) == frozenset()
    assert versions.left_out(Wanted(TODAY)) == {"2023", "2024"}


def test_validity() -> None:
    coming = law("coming", "中华人民共和国矿产资源法", issued="2024-11-08", effective="2025-07-01")
    repealing = law("by", "中华人民共和国监察法", issued="2018-03-20", repeals="《中华人民共和国行政监察法》")
    repealed = law("gone", "中华人民共和国行政监察法", issued="1997-05-09", effective="1997-05-09")
    limited = law("limited", "某市补贴办法", issued="2020-01-01", effective="2020-01-01", expires="2024-12-31")
    draft = law("draft", "某市供水条例（征求意见稿）", issued="2025-01-01")
    bare = law("bare", "会议纪要")
    versions = Versions([OLD, NEW, coming, repealing, repealed, limited, draft, bare])
    found = {id: versions.validity(id, TODAY) for id in ("new", "old", "coming", "gone", "limited", "draft", "bare")}
    assert found == {
        "new": Validity.IN_FORCE,
        "old": Validity.REPLACED,
        "coming": Validity.FUTURE,
        "gone": Validity.REPEALED,
        "limited": Validity.EXPIRED,
        "draft": Validity.DRAFT,
        "bare": None,
    }
    assert versions.repealed_by("gone", TODAY) == repealing
    assert versions.validity("gone", "2000-01-01") is Validity.IN_FORCE
    assert versions.validity("limited", "2024-12-31") is Validity.IN_FORCE


def test_a_draft_replaces_nothing() -> None:
    draft = law("draft", "中华人民共和国公司法（修订草案）", issued="2025-01-01")
    assert Versions([OLD, draft]).left_out(Wanted(TODAY)) == frozenset()


def test_an_older_document_repeals_no_newer_one() -> None:
    older = law("older", "甲市办法", issued="2010-01-01", repeals="《甲市供水条例》")
    assert Versions([older, law("x", "甲市供水条例", issued="2015-01-01")]).repealed_by("x", TODAY) is None


def described(document: Document) -> Description:
    return document.description


def test_among_fewer_documents_versions_are_those_of_the_fewer() -> None:
    middle = law("middle", issued="1993-12-29", revised="2020-01-01 修正", effective="2020-01-01")
    by = law("by", "某市废止办法", issued="2019-01-01", repeals="《某市供水条例》")
    later = law("later", "某市再次废止办法", issued="2024-01-01", repeals="《某市供水条例》")
    gone = law("gone", "某市供水条例", issued="2010-01-01")
    everything = [OLD, middle, NEW, by, later, gone]
    whole = Versions(map(described, everything), {each.id: each for each in everything}.get)
    for without in (frozenset[str](), {"new"}, {"old", "middle"}, {"later"}, {"by", "later"}, {"gone"}):
        readable = Filter(without=frozenset(without))
        fewer = [each for each in everything if readable.admits(each)]
        limited, expected = whole.within(readable), Versions(fewer)
        for each in fewer:
            assert limited.of(each.id) == expected.of(each.id)
            assert limited.validity(each.id, TODAY) == expected.validity(each.id, TODAY)
            repealing = [versions.repealed_by(each.id, TODAY) for versions in (limited, expected)]
            assert [by.id if by else None for by in repealing] == [repealing[1].id if repealing[1] else None] * 2
        for wanted in (Wanted(TODAY), Wanted("2019-12-31"), Wanted(TODAY, former=True, named=True)):
            assert limited.left_out(wanted) == expected.left_out(wanted)


def test_only_texts_that_may_be_of_one_work_are_read() -> None:
    shared = "\n".join(f"第{n}条 报销差旅费须附发票和审批单，逾期不予受理。" for n in range(9))
    pair = [law(y, "差旅费管理办法", shared, issued=f"{y}-03-01") for y in ("2020", "2024")]
    held = {each.id: each for each in [*pair, OLD, NEW, law("other", "会议纪要", issued="2020-01-01")]}
    read: list[str] = []

    def reading(id: str) -> Document:
        read.append(id)
        return held[id]

    versions = Versions(map(described, held.values()), reading)
    assert names(versions, "2020") == ["2020年3月1日公布", "2024年3月1日公布"]
    assert names(versions, "old") == ["2018年修正", "2023年修订"]
    assert read == ["2020", "2024"]


def test_documents_that_are_gone_by_now_are_no_versions() -> None:
    pair = [
        law(y, "差旅费管理办法", "住宿费每天不超过五百元，凭票报销。", issued=f"{y}-03-01") for y in ("2020", "2024")
    ]
    assert names(Versions(pair), "2020") and not Versions(map(described, pair), lambda id: None).of("2020")


def test_dates_are_spoken_as_far_as_they_are_known() -> None:
    assert [spoken(date) for date in ("2018", "2018-10", "2018-10-06")] == ["2018年", "2018年10月", "2018年10月6日"]
