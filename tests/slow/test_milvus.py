"""What is particular to an index in a Milvus: broken-off changes, snapshots, servers that go away, odd addresses."""

from __future__ import annotations

import fcntl
import json
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from index.__main__ import main as yiju_index
from index.errors import (
    IndexBusy,
    IndexCorrupt,
    IndexNotFound,
    IndexStoreError,
    MissingDependency,
    StoreUnavailable,
)
from index.filters import Filter
from index.locations import MilvusAddress, beside, location
from index.milvus import MilvusStore
from index.milvus.rows import NOTHING, RECORD, expression, tokens
from index.store.passage_index import PassageIndex
from index.stores import store_at
from index.text import terms
from tests.support.managed import ended, running, send, sources
from tests.support.milvus import free_port, opened, serving
from tests.support.stores import DOCUMENTS, ENCODER, assert_equal, build, document

MakeStore = Callable[[], MilvusStore]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeStore]:
    with opened(tmp_path_factory.mktemp("milvus")) as store:
        numbers = count()
        yield lambda: store(f"laws{next(numbers)}")


def names_of(store: MilvusStore) -> list[str]:
    return sorted(name for name in store._connection.collections() if name.startswith(store._address.collection + "_g"))


def test_a_change_that_was_broken_off_is_not_seen_and_made_good_by_the_next(
    make: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make()
    build(store, DOCUMENTS[:2])
    replaced = document("alpha", "第九版规定了退役电池九吨。\n")
    with pytest.raises(TypeError), store.writing(lambda name: ENCODER) as writer:
        monkeypatch.setattr(writer, "_write", None)  # passages are written, their document is not
        writer.add([replaced, DOCUMENTS[2]])
    assert_equal(store.open(ENCODER), PassageIndex.build(DOCUMENTS[:2], ENCODER))
    assert "没有做完" in store.damage()[0]
    with store.writing(lambda name: ENCODER) as writer:
        assert store.damage() == []
        writer.add([replaced])
    expected = PassageIndex.build([replaced, DOCUMENTS[1]], ENCODER)
    assert_equal(store.open(ENCODER), expected)
    rows = store._connection.rows(store._current().name("passages"), "", ("key",))
    assert len(list(rows)) == expected.passage_count


def test_a_change_that_was_broken_off_between_terms_and_record_is_counted_anew(make: MakeStore) -> None:
    store = make()
    build(store, DOCUMENTS[:2])
    generation = store._current()
    with store.writing(lambda name: ENCODER) as writer:
        writer._begin()
        writer._count(Counter({"光伏": 5, "乱码": 2}))
    with store.writing(lambda name: ENCODER):
        pass
    assert_equal(store.open(ENCODER), PassageIndex.build(DOCUMENTS[:2], ENCODER))
    assert store._current() == generation


def test_who_opened_the_index_before_a_change_sees_none_of_it(make: MakeStore) -> None:
    store = make()
    build(store, DOCUMENTS[:2])
    before = store.open(ENCODER)
    longer = document("alpha", "光伏装机目标是多少？目标是八百兆瓦。\n")
    with store.writing(lambda name: ENCODER) as writer:
        writer.add([longer, document("zeta", "光伏装机目标是九百兆瓦。\n")])
    hits = before.search("光伏装机目标是多少", 30)
    assert {hit.passage.document_id for hit in hits} == {"id-beta"}
    assert all(hit.passage.span.slice(DOCUMENTS[1].text) == hit.passage.text for hit in hits)
    assert (before.document("id-alpha"), before.document("id-beta")) == (None, DOCUMENTS[1])
    assert {hit.passage.document_id for hit in store.open(ENCODER).search("光伏装机目标是多少", 30)} >= {
        "id-alpha",
        "id-zeta",
    }


def test_the_generation_before_stays_until_the_next_build_for_who_still_searches_it(make: MakeStore) -> None:
    store = make()
    build(store, DOCUMENTS[:2])
    first = store.open(ENCODER)
    build(store, DOCUMENTS[2:])
    assert_equal(first, PassageIndex.build(DOCUMENTS[:2], ENCODER))
    assert {name.split("_")[1] for name in names_of(store)} == {"g1", "g2"}
    build(store, DOCUMENTS)
    assert {name.split("_")[1] for name in names_of(store)} == {"g2", "g3"}
    assert_equal(store.open(ENCODER), PassageIndex.build(DOCUMENTS, ENCODER))


def test_a_build_that_died_is_not_there_and_swept_by_the_next(make: MakeStore) -> None:
    store = make()
    dying = store.building("hash", lambda name: ENCODER)
    dying.__enter__().add(DOCUMENTS)
    assert store.stamp() is None
    with pytest.raises(IndexNotFound, match="建了一半的不算"):
        store.open(ENCODER)
    build(store, DOCUMENTS[:1])
    assert {name.split("_")[1] for name in names_of(store)} == {"g2"}
    assert not dying.__exit__(RuntimeError, RuntimeError("ended late"), None)
    assert_equal(store.open(ENCODER), PassageIndex.build(DOCUMENTS[:1], ENCODER))


def test_a_collection_of_somebody_else_is_left_alone(make: MakeStore) -> None:
    store = make()
    store._connection.create(store._address.collection, "documents", 2)
    for use in (store.stamp, store.open, store.building("hash", lambda name: ENCODER).__enter__):
        with pytest.raises(IndexStoreError, match="其他程序的集合"):
            use()


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"manifest": {}, "tokens": 1, "unfinished": false, "changes": 1}']
)
def test_a_record_that_says_nothing_is_named_as_damage(make: MakeStore, content: str) -> None:
    store = make()
    build(store, DOCUMENTS[:1])
    documents = store._current().name("documents")
    numbers = dict.fromkeys(("change", "pieces", "passages", "tokens"), 0)
    row = {"key": RECORD, "document": "", "part": RECORD, "content": content, **numbers, "unused": [0.0, 0.0]}
    store._connection.upsert(documents, [row])
    with pytest.raises(IndexCorrupt, match="请重新建立"):
        store.open(ENCODER)
    assert "已损坏" in store.damage()[0]


def test_what_is_missing_is_counted(make: MakeStore) -> None:
    store = make()
    build(store, DOCUMENTS[:2])
    passages = store._current().name("passages")
    keys = [row["key"] for row in store._connection.rows(passages, "", ("key",))]
    store._connection.delete(passages, keys[:3])
    assert store.damage()[0].endswith(f"实有 2 份文档、{len(keys) - 3} 个片段；请重新建立。")


def test_terms_become_tokens_that_any_tokenizer_leaves_whole() -> None:
    assert tokens(["光伏", "70.5", "mw", "2025", "é"]) == "0u5149u4f0f 0u37u30u2eu35 mw 2025 0ue9"
    found = terms("綦江区2022—2025年，光伏裝機70.5 MW；Ａ４ ㎡ 𠮷 café 其「一」カ・タ")
    words = tokens(found).split(" ")
    assert len(words) == len(found) and len(set(words)) == len(set(found))
    assert all(word.isascii() and word.isalnum() for word in words)


def test_a_filter_becomes_an_expression_that_values_cannot_leave() -> None:
    assert expression(None) == expression(Filter()) == ""
    assert expression(Filter(years=frozenset({2025, 2024}))) == "(array_contains_any(years, [2024,2025]))"
    hostile = expression(Filter(issuers=frozenset({'a"] or true or ["\\', "\ud800"})))
    assert hostile == '(array_contains_any(issuers, ["a\\"] or true or [\\"\\\\","\\ud800"]))'
    assert expression(Filter(regions=frozenset({""}))) == f"({NOTHING})"
    both = Filter(documents=frozenset({"a"})).both(Filter(without=frozenset({"b"})))
    assert expression(both) == '(document in ["a"]) and ((document not in ["b"]))'


@pytest.mark.parametrize(
    ("text", "expected", "shown"),
    [
        ("milvus://host/laws", MilvusAddress("http://host:19530", "laws"), "milvus://host:19530/laws"),
        ("milvus+https://h:443/d/laws", MilvusAddress("https://h:443", "laws", "d"), "milvus+https://h:443/d/laws"),
        ("milvus://[::1]:1/c", MilvusAddress("http://[::1]:1", "c"), "milvus://[::1]:1/c"),
        ("milvus+file:/srv/a.db/c", MilvusAddress("/srv/a.db", "c"), "milvus+file:/srv/a.db/c"),
        ("milvus+file:///srv/a.db/c", MilvusAddress("/srv/a.db", "c"), "milvus+file:/srv/a.db/c"),
        ("milvus+file:a.db/c", MilvusAddress("a.db", "c"), "milvus+file:a.db/c"),
        (
            "milvus://root:pa%3Ass@host/laws",
            MilvusAddress("http://host:19530", "laws", "", "root:pa:ss"),
            "milvus://host:19530/laws",
        ),
    ],
)
def test_an_address_is_read_and_shown_without_its_password(text: str, expected: MilvusAddress, shown: str) -> None:
    found = location(text)
    assert found == expected
    assert str(found) == repr(found) == shown
    assert location(shown) == MilvusAddress(expected.uri, expected.collection, expected.database)


@pytest.mark.parametrize("text", ["data/index", "./milvus", "C:/index", "milvus", "http://host/x"])
def test_anything_else_is_a_folder(text: str) -> None:
    assert location(text) == Path(text)


@pytest.mark.parametrize(
    "text",
    [
        "milvus:",
        "milvus://",
        "milvus://host",
        "milvus://host/",
        "milvus://host/1laws",
        "milvus://host/法规",
        "milvus://host:port/laws",
        "milvus://host/a/b/c",
        "milvus://u:secret@host/la-ws",
        "milvus+file:/srv/store/laws",
        "milvus+file:laws",
    ],
)
def test_a_bad_address_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"应为 milvus://主机:19530/集合") as refused:
        location(text)
    assert "secret" not in str(refused.value)


def test_what_goes_with_an_index_lies_beside_it() -> None:
    assert beside(Path("/srv/index"), "-keys.sqlite") == Path("/srv/index-keys.sqlite")
    assert beside(MilvusAddress("http://h:1", "laws"), "-keys.sqlite") == Path("data/laws-keys.sqlite")


def test_without_its_packages_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("index.milvus")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(MissingDependency, match=r"yiju\[milvus\]") as missing:
        store_at(MilvusAddress("http://127.0.0.1:1", "laws"))
    assert missing.value.extra == "milvus"


def test_a_server_that_refuses_is_tried_for_some_seconds_and_then_named() -> None:
    store = MilvusStore(MilvusAddress(f"http://127.0.0.1:{free_port()}", "laws"))
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"milvus://127\.0\.0\.1:\d+/laws 的 Milvus 没有回应") as away:
        store.stamp()
    assert 1 < time.monotonic() - began < 30
    assert "请确认它在运行" in str(away.value) and "Traceback" not in str(away.value)


def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = MilvusAddress(f"http://127.0.0.1:{silent.getsockname()[1]}", "laws")
        with pytest.raises(StoreUnavailable):
            MilvusStore(address).stamp()


def test_a_server_that_comes_back_is_found_again_by_what_was_open(tmp_path: Path) -> None:
    with serving(tmp_path / "milvus") as server:
        store = MilvusStore(server.address("laws"))
        build(store, DOCUMENTS)
        index, expected = store.open(ENCODER), PassageIndex.build(DOCUMENTS, ENCODER)
        assert_equal(index, expected)
        server.stop()
        with pytest.raises(StoreUnavailable):
            index.search("光伏", 3)
        server.start()
        assert_equal(index, expected)
        assert_equal(store.open(ENCODER), expected)
        store.close()


def test_a_file_that_another_process_holds_is_busy(tmp_path: Path) -> None:
    (tmp_path / "store.db").mkdir()
    with (tmp_path / "store.db" / "LOCK").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(IndexBusy, match="正被另一个进程使用"):
            MilvusStore(MilvusAddress(str(tmp_path / "store.db"), "laws")).stamp()


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "a.txt").write_text("光伏方案\n一、目标\n到2025年光伏装机容量达到70MW。\n", "utf-8")
    (folder / "b.txt").write_text("风电方案\n一、目标\n到2025年风电装机容量达到180MW。\n", "utf-8")
    return folder


def test_the_commands_work_on_an_address_as_on_a_folder(
    make: MakeStore, papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = str(make()._address)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = yiju_index(list(arguments), load_encoder=lambda name: ENCODER)
        return status, *capsys.readouterr()

    assert run("info", address)[0] == 2
    status, out, _ = run("build", str(papers / "a.txt"), "--store", address)
    assert (status, out) == (0, f"已建立索引 {address}：1 份文档，2 个片段\n")
    status, out, _ = run("add", address, str(papers))
    assert (status, out) == (0, f"已加入 1 份文档，1 个文件没有变化；索引 {address}：2 份文档，4 个片段\n")
    assert run("add", address, str(papers))[1].startswith("没有新的内容，2 个文件没有变化")
    said = json.loads(run("info", address, "--json")[1])
    assert (said["path"], said["passages"], [each["source"] for each in said["documents"]]) == (
        address,
        4,
        ["a.txt", "b.txt"],
    )
    assert "到2025年风电装机容量达到180MW。" in run("show", address, "风电")[1]
    assert run("verify", address)[:2] == (0, f"索引 {address} 完好：2 份文档，4 个片段\n")
    (papers / "b.txt").unlink()
    assert "移除 1 份（文件已不在）" in run("add", address, str(papers))[1]
    assert run("remove", address, "nobody") == (
        2,
        "",
        "yiju-index：索引里没有这些文档：nobody；文档编号可用 yiju-index info 查看。\n",
    )
    assert run("remove", address, said["documents"][0]["id"])[0] == 0
    assert run("verify", address)[1].endswith("0 份文档，0 个片段\n")


def test_documents_are_handed_in_replaced_removed_and_had_back(
    make: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where files and jobs of a collection are kept
    store = make()
    build(store, [])
    with running(store._address, store) as client:
        job = ended(client, send(client, "放假.txt", "关于放假的通知\n国庆节放假七天。\n"))
        assert (job["state"], sources(client)) == ("done", ["放假.txt"])
        ended(client, send(client, "放假.txt", "关于放假的通知\n国庆节放假八天。\n", replace="1"))
        (id,) = job["documents"]
        assert "八天" in client.get(f"/api/documents/{id}/text").text
        removal = ended(client, client.delete(f"/api/documents/{id}"))
        assert (removal["state"], sources(client)) == ("done", [])
        ended(client, client.post(f"/api/jobs/{removal['id']}/undo"))
        assert sources(client) == ["放假.txt"]
    assert (tmp_path / f"data/{store._address.collection}-documents/放假.txt").is_file()


def test_a_bad_address_ends_a_command_in_one_line(papers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        yiju_index(["build", str(papers), "--store", "milvus://u:secret@host"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "milvus+file:/路径/库.db/集合" in said and "secret" not in said
