from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from index.errors import DocumentError, DocumentTooLarge, DocumentUnreadable, UnsupportedFormat
from index.loaders import MAX_BYTES, find_files, load, open_file

TEXT = "綦江区光伏发电计划装机容量70MW。\n一、指导思想\n深入贯彻新发展理念。\n"
SAMPLE = Path(__file__).parents[2] / "data/documents/qijiang_green_manufacturing_2022_2025.txt"


def write(folder: Path, data: bytes | str, name: str = "文.txt") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


# --- encodings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_the_text_is_the_same_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    assert load(write(tmp_path, TEXT.encode(encoding))).text == TEXT


def test_utf_16_without_mark_is_recognised_without_a_single_ascii_character(tmp_path: Path) -> None:
    text = "推动装配式建筑产业发展。"  # no zero byte gives it away
    assert load(write(tmp_path, text.encode("utf-16-be"))).text == text


def test_traditional_characters_in_gb18030_are_recognised(tmp_path: Path) -> None:
    text = "發展綠色產業，推動風電與光伏發電裝機容量增長。"
    assert load(write(tmp_path, text.encode("gb18030"))).text == text


def test_line_ends_become_newlines_and_nothing_else_changes(tmp_path: Path) -> None:
    data = "一、总则\r\n　甲 \r乙\x0b\ufeff\n\n丙\t".encode()
    assert load(write(tmp_path, data)).text == "一、总则\n　甲 \n乙\x0b\ufeff\n\n丙\t"


def test_a_single_control_character_does_not_make_a_text_binary(tmp_path: Path) -> None:
    text = TEXT * 10 + "\x07"
    assert load(write(tmp_path, text)).text == text


def test_four_byte_characters_count_once(tmp_path: Path) -> None:
    assert len(load(write(tmp_path, "𠮷野𠮷")).text) == 3


# --- what cannot be read ----------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \r\n\t\n", "\u3000\n".encode()])
def test_a_file_without_visible_text_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DocumentUnreadable, match=r"是空的.*请提供"):
        load(write(tmp_path, data))


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 100,
        bytes(range(1, 32)) * 8,
        "综".encode() + b"\x00\x01\x02" * 30,
    ],
)
def test_binary_files_are_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DocumentUnreadable, match="二进制文件"):
        load(write(tmp_path, data))


@pytest.mark.parametrize("length", [20, 200, 5000])
def test_random_bytes_are_not_taken_for_text(tmp_path: Path, length: int) -> None:
    noise = random.Random(length)
    for _ in range(50):
        with pytest.raises(DocumentUnreadable):
            load(write(tmp_path, noise.randbytes(length)))


def test_random_double_bytes_are_not_taken_for_gb18030(tmp_path: Path) -> None:
    noise = random.Random(0)
    for _ in range(50):
        with pytest.raises(DocumentUnreadable):
            load(write(tmp_path, bytes(noise.randrange(0x81, 0xFF) for _ in range(200))))


def test_big5_is_refused_rather_than_read_as_other_characters(tmp_path: Path) -> None:
    data = "發展綠色產業，推動風電與光伏發電裝機容量增長。".encode("big5")
    with pytest.raises(DocumentUnreadable, match=r"编码.*第 1 字节.*另存为 UTF-8"):
        load(write(tmp_path, data))


def test_a_truncated_utf_16_file_says_where_it_breaks(tmp_path: Path) -> None:
    with pytest.raises(DocumentUnreadable, match=r"UTF-16-LE.*第 5 字节"):
        load(write(tmp_path, b"\xff\xfe" + "甲乙".encode("utf-16-le") + b"\x11"))


def test_text_needs_no_ending(tmp_path: Path) -> None:
    assert load(write(tmp_path, TEXT, "通知")).text == TEXT


@pytest.mark.parametrize("name", ["空.docx", "空.pdf", "空.txt", "空"])
def test_a_file_of_no_bytes_is_called_empty_whatever_its_name_promises(tmp_path: Path, name: str) -> None:
    with pytest.raises(DocumentUnreadable, match="是空的（0 字节）"):
        load(write(tmp_path, "", name))


def test_an_unknown_ending_is_named_with_what_is_supported(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat, match=r"\.xyz.*\.txt") as caught:
        load(write(tmp_path, TEXT, "文.xyz"))
    assert caught.value.path == tmp_path / "文.xyz"


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "大.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # sparse: reading it would say "binary"
    with pytest.raises(DocumentTooLarge, match=r"20\.0 MB，上限是 20 MB"):
        load(path)


def test_a_missing_file_and_a_folder_are_document_errors(tmp_path: Path) -> None:
    with pytest.raises(DocumentUnreadable, match="找不到"):
        load(tmp_path / "无.txt")
    with pytest.raises(DocumentUnreadable, match="不是普通文件"):
        load(tmp_path)


# --- the document -----------------------------------------------------------------------------


def test_the_id_depends_on_the_source_alone(tmp_path: Path) -> None:
    first, second = load(write(tmp_path, TEXT, "a/文.txt")), load(write(tmp_path, "另一篇。", "b/文.txt"))
    assert first.id == second.id == load(tmp_path / "a/文.txt", source="文.txt").id
    assert first.id != load(tmp_path / "a/文.txt", source="a/文.txt").id
    assert len(first.id) == 12
    assert first.id.isascii()


def test_the_sample_document_is_loaded_with_title_headings_and_particulars() -> None:
    document = load(SAMPLE)
    assert document.source == SAMPLE.name
    assert document.text == SAMPLE.read_text(encoding="utf-8")
    assert document.title == "綦江区以实现碳达峰碳中和目标为引领深入推进制造业高质量绿色发展实施方案（2022—2025年）"
    assert document.section_path(document.text.index("光伏发电计划装机容量70MW。面", 500)) == (
        "三、重点任务",
        "（一）培育壮大绿色新兴产业",
        "3．加快新能源产业发展",
    )
    assert document.metadata.number == "綦江府发〔2023〕16号"


# --- files and folders ------------------------------------------------------------------------


def test_a_folder_gives_its_files_sorted_and_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("乙.txt", "a/b.txt", "甲.png", ".hidden", ".git/config", "a/.x.txt"):
        write(tmp_path, "文", name)
    assert find_files([tmp_path]) == [
        (tmp_path / "a/b.txt", "a/b.txt"),
        (tmp_path / "乙.txt", "乙.txt"),
        (tmp_path / "甲.png", "甲.png"),
    ]


def test_a_file_is_known_by_its_name_and_listed_once(tmp_path: Path) -> None:
    path = write(tmp_path, "文", "a/文.txt")
    assert find_files([path, tmp_path / "a", path]) == [(path, "文.txt")]


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    paths = [write(tmp_path, name, f"{name}/共/文.txt") for name in ("甲", "乙")] + [write(tmp_path, "丙", "丙.txt")]
    assert [source for _, source in find_files(paths)] == ["甲/共/文.txt", "乙/共/文.txt", "丙.txt"]


def test_folders_with_equal_contents_are_told_apart(tmp_path: Path) -> None:
    for name in ("甲", "乙"):
        write(tmp_path, name, f"{name}/深/文.txt")
    sources = [source for _, source in find_files([tmp_path / "甲", tmp_path / "乙"])]
    assert sources == ["甲/深/文.txt", "乙/深/文.txt"]


def test_decomposed_file_names_give_composed_sources(tmp_path: Path) -> None:
    write(tmp_path, "文", "cafe\u0301.txt")
    assert [source for _, source in find_files([tmp_path])] == ["caf\u00e9.txt"]


def test_links_in_a_folder_are_not_followed_and_those_that_lead_out_of_it_are_named(tmp_path: Path) -> None:
    write(tmp_path, "密", "closed/密.txt")
    write(tmp_path, "内", "root/closed/内.txt")
    (tmp_path / "root/open").mkdir()
    (tmp_path / "root/open/甲.txt").symlink_to(tmp_path / "root/closed/内.txt")
    (tmp_path / "root/open/乙.txt").symlink_to(tmp_path / "closed/密.txt")
    (tmp_path / "root/open/丙").symlink_to(tmp_path / "closed")
    said: list[str] = []
    assert [source for _, source in find_files([tmp_path / "root"], said.append)] == ["closed/内.txt"]
    assert [Path(line.split(" 是链接")[0]).name for line in said] == ["丙", "乙.txt"]


def test_what_was_exchanged_for_a_link_since_it_was_found_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, "文", "root/a/文.txt")
    write(tmp_path, "密", "closed/文.txt")
    (found, _), *_ = find_files([tmp_path / "root"])
    with open_file(found, tmp_path / "root") as file:
        assert file.read() == "文".encode()
    (tmp_path / "root/a/文.txt").unlink()
    (tmp_path / "root/a/文.txt").symlink_to(tmp_path / "closed/文.txt")
    with pytest.raises(DocumentUnreadable, match="是链接"):
        open_file(found, tmp_path / "root")
    (tmp_path / "root/a/文.txt").unlink()
    (tmp_path / "root/a").rmdir()
    (tmp_path / "root/a").symlink_to(tmp_path / "closed")
    with pytest.raises(DocumentUnreadable, match="是链接"):
        open_file(found, tmp_path / "root")


def test_a_pipe_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "管.txt")
    with pytest.raises(DocumentUnreadable, match="不是普通文件"):
        load(tmp_path / "管.txt")


def test_a_link_to_a_folder_above_does_not_loop(tmp_path: Path) -> None:
    write(tmp_path, "文", "a/文.txt")
    (tmp_path / "a/回").symlink_to(tmp_path)
    (tmp_path / "a/断.txt").symlink_to(tmp_path / "无")
    assert [source for _, source in find_files([tmp_path])] == ["a/文.txt"]


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"找不到.*请检查路径"):
        find_files([tmp_path / "无"])


@pytest.mark.parametrize(
    ("name", "meant"),
    [("方案.docx", "Word 文档"), ("表.xlsx", "Excel 表格"), ("文.pdf", "PDF")],
)
def test_random_bytes_are_said_to_be_no_such_file(tmp_path: Path, name: str, meant: str) -> None:
    with pytest.raises(UnsupportedFormat, match=f"不是 ?{meant}：内容与 {Path(name).suffix} 不符"):
        load(write(tmp_path, random.Random(7).randbytes(4_000), name))
