"""A server takes up a new index: no question is lost, none sees half of each, a broken index changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread

import pytest

from index.errors import IndexCorrupt, IndexNotFound, ModelUnavailable, StoreUnavailable
from index.filters import Filter
from index.records import Document
from index.store.folder_store import FolderStore
from index.store.passage_index import PassageIndex
from index.store.storage import MANIFEST, read_manifest
from qa.answers import Answer
from qa.bootstrap import Opener
from qa.protocols import Answerer
from qa.settings import Settings
from tests.support.fake_answerer import FakeAnswerer
from tests.support.fakes import HashEncoder
from tests.support.folders import overwrite
from ui.answer_queue import AnswerQueue
from ui.reloading import RETRY, Reloader, Source, reloading, stamp_of
from ui.unavailable import Unavailable

ENCODER = HashEncoder()


@dataclass(frozen=True)
class Generation(FakeAnswerer):
    """Answers with the number of documents that its index holds, twice in one answer, with time between."""

    index: PassageIndex = field(default_factory=lambda: PassageIndex.build([], ENCODER))

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        first = len(self.index.documents())
        time.sleep(0.002)
        hits = self.index.search(question, 100)
        return Answer(question, question, f"{first}/{len({hit.passage.document_id for hit in hits})}", hits=tuple(hits))


def write(folder: Path, count: int) -> None:
    made = [Document(f"d{n}", f"方案{n}", f"光伏装机{n}MW。", f"{n}.txt") for n in range(count)]
    PassageIndex.build(made, ENCODER).save(folder)


def source_of(folder: Path) -> Source:
    store = FolderStore(folder)
    return Source(store, lambda: Generation(index=store.open(ENCODER)), store.stamp())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "index", 1)
    return tmp_path / "index"


@pytest.fixture
def watched(folder: Path) -> tuple[AnswerQueue, Reloader]:
    source = source_of(folder)
    queue = AnswerQueue(source.open())
    return queue, Reloader(queue, source)


def count(queue: AnswerQueue) -> int:
    assert isinstance(queue.answerer, Generation)
    return len(queue.answerer.index.documents())


def test_nothing_new_changes_nothing(watched: tuple[AnswerQueue, Reloader]) -> None:
    queue, reloader = watched
    before = queue.answerer
    assert not reloader.look() and queue.answerer is before and queue.warning is None


def test_a_new_index_takes_the_place_of_the_old_one(folder: Path, watched: tuple[AnswerQueue, Reloader]) -> None:
    queue, reloader = watched
    write(folder, 3)
    assert reloader.look() and count(queue) == 3
    assert not reloader.look()


def test_a_broken_index_is_told_and_the_old_one_stays_until_it_is_whole(
    folder: Path, watched: tuple[AnswerQueue, Reloader]
) -> None:
    queue, reloader = watched
    write(folder, 2)
    contents = folder / next(iter(read_manifest(folder).files))
    content = contents.read_bytes()
    overwrite(contents, content[:-1])
    assert not reloader.look() and count(queue) == 1
    assert queue.warning and str(contents) in queue.warning and "仍用原来的索引" in queue.warning
    overwrite(contents, content)
    assert reloader.look() and count(queue) == 2 and queue.warning is None


def test_a_file_that_was_written_over_is_told_until_it_is_whole(
    folder: Path, watched: tuple[AnswerQueue, Reloader]
) -> None:
    queue, reloader = watched
    vectors = next(folder.glob("vectors-*"))
    content = vectors.read_bytes()
    overwrite(vectors, bytes(len(content)))
    assert not reloader.look() and queue.warning and vectors.name in queue.warning
    overwrite(vectors, content)
    assert reloader.look() and queue.warning is None


def test_an_index_that_is_gone_is_told_and_all_is_well_when_it_is_back(
    folder: Path, watched: tuple[AnswerQueue, Reloader]
) -> None:
    queue, reloader = watched
    folder.rename(folder.with_name("away"))
    assert not reloader.look() and queue.warning and "索引" in queue.warning
    assert queue.problem() is None
    folder.with_name("away").rename(folder)
    assert not reloader.look() and queue.warning is None


def test_a_model_that_is_back_answers_without_a_restart(folder: Path) -> None:
    source, missing = source_of(folder), [ModelUnavailable("没有模型文件 model.onnx。")]

    def opened() -> Answerer:
        if missing:
            raise missing[0]
        return source.open()

    queue = AnswerQueue(Unavailable(ModelUnavailable("没有模型文件 reader.onnx。")))
    reloader = Reloader(queue, replace(source, open=opened))
    assert not reloader.look() and queue.problem() == "没有模型文件 model.onnx。"
    missing.clear()
    assert [reloader.look() for _ in range(RETRY + 1)] == [*[False] * RETRY, True]
    assert queue.problem() is None and count(queue) == 1 and not reloader.look()


@pytest.mark.parametrize(
    "error", [IndexCorrupt(Path("x"), "坏了。"), IndexNotFound(Path("x"), "没有。"), OSError(5, "io")]
)
def test_a_broken_index_is_not_opened_again_at_every_look(folder: Path, error: Exception) -> None:
    opened: list[int] = []

    def fail() -> Answerer:
        opened.append(1)
        raise error

    queue = AnswerQueue(FakeAnswerer())
    reloader = Reloader(queue, replace(source_of(folder), open=fail))
    write(folder, 2)
    for _ in range(RETRY + 1):
        assert not reloader.look()
    assert len(opened) == 1
    write(folder, 3)  # another state is tried at once
    assert not reloader.look() and len(opened) == 2


def test_no_question_is_lost_and_none_sees_half_of_each_while_the_index_is_replaced(folder: Path) -> None:
    """Two hundred questions, sixteen at a time, while another thread writes thirty generations."""
    written = Event()

    def change() -> None:
        for generation in range(30):
            write(folder, 1 + generation % 4)
        written.set()

    async def ask(queue: AnswerQueue, questions: range) -> list[str]:
        return [(await queue.ask(f"光伏装机{n}MW")).text for n in questions]

    async def run() -> list[list[str]]:
        source = source_of(folder)
        queue = AnswerQueue(source.open(), workers=4)
        with reloading(Reloader(queue, source), every=0.001):
            writer = Thread(target=change)
            writer.start()
            answers: list[list[str]] = []
            while not written.is_set() or not answers:
                answers += await asyncio.gather(*(ask(queue, range(i, i + 12)) for i in range(16)))
            writer.join()
            await until(lambda: count(queue) == 2)  # the last generation of 30
        await queue.close()
        assert queue.warning is None
        return answers

    answers = [text for texts in asyncio.run(run()) for text in texts]
    assert len(answers) >= 192
    assert all(first == second for first, second in (text.split("/") for text in answers))
    assert len(set(answers)) > 1, "the index was never replaced under a question"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_question_at_work_keeps_the_index_it_began_with(folder: Path) -> None:
    async def run() -> None:
        queue = AnswerQueue(FakeAnswerer(pause=0.05))
        snapshots = queue.stream("光伏和补贴")
        first = await anext(snapshots)
        queue.answerer = Generation()
        last = [answer async for answer in snapshots][-1]
        assert last.citations and last.text.startswith(first.text)
        assert (await queue.ask("光伏")).text == "0/0"
        await queue.close()

    asyncio.run(run())


def test_the_watching_ends_with_the_block(folder: Path) -> None:
    queue = AnswerQueue(FakeAnswerer())
    with reloading(Reloader(queue, source_of(folder)), every=0.001):
        pass
    write(folder, 2)
    before = queue.answerer
    time.sleep(0.02)
    assert queue.answerer is before


def test_models_are_loaded_once_for_all_generations(tmp_path: Path) -> None:
    from index.encoding.encoders import load_encoder

    folder = tmp_path / "index"
    text = "綦江区方案\n光伏发电计划装机容量70MW。"
    PassageIndex.build([Document("a", "方案", text, "a.txt")], load_encoder("multilingual-e5-small")).save(folder)
    opener = Opener(Settings(index=folder))
    first = opener.open()
    encoder = opener._encoder
    PassageIndex.open(folder).add([Document("b", "另一方案", "风电180MW。", "b.txt")]).save(folder)
    second = opener.open()
    assert (len(first.documents()), len(second.documents())) == (1, 2)
    assert opener._encoder is encoder and encoder is not None
    assert second.ask("光伏装机容量是多少").short == "70MW"


def test_a_stamp_tells_states_apart(folder: Path, tmp_path: Path) -> None:
    one = FolderStore(folder).stamp()
    write(folder, 2)
    assert one and FolderStore(folder).stamp() not in (None, one)
    assert FolderStore(tmp_path).stamp() is None and (folder / MANIFEST).exists()


class Flaky(FolderStore):
    """A folder behind a server that comes and goes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.away = False

    def stamp(self) -> str | None:
        if self.away:
            raise StoreUnavailable("milvus://x", "Milvus 没有回应。")
        return super().stamp()


def test_health_follows_the_server_of_the_index_without_a_restart(folder: Path) -> None:
    store = Flaky(folder)
    source = Source(store, lambda: Generation(index=store.open(ENCODER)), stamp_of(store))
    queue = AnswerQueue(source.open())
    reloader = Reloader(queue, source)
    store.away = True
    before = queue.answerer
    assert not reloader.look() and queue.problem() == "Milvus 没有回应。" and stamp_of(store) is None
    store.away = False
    assert not reloader.look() and queue.problem() is None and queue.answerer is before
