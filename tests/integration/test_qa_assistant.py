from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest

from index.errors import ModelError
from index.filters import Filter
from index.records import Description, Document, Hit, Passage
from index.store.passage_index import PassageIndex
from qa.answers import Answer, Citation
from qa.assistant import Assistant, clean_question
from qa.protocols import Answerer
from qa.settings import MAX_QUESTION_CHARACTERS
from tests.support.fakes import HashEncoder

INDEX = PassageIndex.build(
    [Document("b", "乙", "风电装机180MW。", "乙.txt"), Document("a", "甲", "光伏装机70MW。", "甲.txt")], HashEncoder()
)


class EchoReader:
    """Answers with what it was asked to read."""

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        yield Answer(question, question, "…")
        yield Answer(question, question, question, hits=tuple(hits))


class PlusInterpreter:
    """Takes what a + parts for questions, and shows which earlier turns arrived."""

    def questions(self, turn: str, history: Sequence[str]) -> list[str]:
        return ["|".join([*history, part]).upper() for part in turn.split("+")]


class BrokenReader:
    """Fails as numpy would."""

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        raise ValueError("shapes (2,3) and (4,) not aligned")


def assistant(reader: EchoReader | BrokenReader | PartReader | None = None, k: int = 10) -> Assistant:
    return Assistant(INDEX, INDEX, reader or EchoReader(), PlusInterpreter(), k=k)


def test_is_an_answerer() -> None:
    assert isinstance(assistant(), Answerer)


def test_the_question_stands_as_typed_and_the_search_as_understood() -> None:
    answer = assistant().ask(" 光伏\tpv ", ["风电"])
    assert (answer.question, answer.standalone_question) == ("光伏 pv", "风电|光伏 PV")
    assert answer.text == "风电|光伏 PV"


def test_at_most_k_passages_are_read() -> None:
    assert len(assistant().ask("装机").hits) == 2
    assert len(assistant(k=1).ask("装机").hits) == 1


def test_time_is_measured_and_adds_up() -> None:
    timing = assistant().ask("光伏").timing
    assert 0 <= timing.retrieve <= timing.total and timing.retrieve + timing.read == pytest.approx(timing.total)


def test_snapshots_come_in_order() -> None:
    assert [answer.text for answer in assistant().stream("光伏")] == ["…", "光伏"]


class WatchedReader(EchoReader):
    """Notes what it reads, and fails where it is a language model that does not answer."""

    def __init__(self, fails: bool = False) -> None:
        self.asked: list[str] = []
        self.fails = fails

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        self.asked.append(question)
        if self.fails:
            raise ModelError("模型没有回答")
        yield from super().read(question, hits)


@pytest.mark.parametrize("fails", [False, True])
def test_warming_takes_every_way_of_understanding_and_fails_nothing(fails: bool) -> None:
    turns: list[str] = []

    class Noting(PlusInterpreter):
        def questions(self, turn: str, history: Sequence[str]) -> list[str]:
            turns.append(turn)
            return super().questions(turn, history)

    reader = WatchedReader(fails)
    Assistant(INDEX, INDEX, reader, Noting()).warm()
    assert len(reader.asked) == 1
    assert any(turn.isascii() and " " in turn for turn in turns) and not all(turn.isascii() for turn in turns)


def test_warming_asks_no_language_model() -> None:
    reader, expanding = WatchedReader(), WatchedReader()
    Assistant(INDEX, INDEX, reader, PlusInterpreter(), expanding=expanding).warm()
    assert not reader.asked and not expanding.asked


@pytest.mark.parametrize("question", ["", "  \n", "\x00\x1f", "\ud800", "\u3000"])
def test_an_empty_question_is_the_callers_mistake(question: str) -> None:
    with pytest.raises(ValueError, match="问题是空的"):
        assistant().ask(question)


def test_a_question_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert clean_question("光" * MAX_QUESTION_CHARACTERS)
    with pytest.raises(ValueError, match="问题有 20000 个字，最多 2000 个字"):
        assistant().ask("光" * 20_000)


def test_control_characters_and_lone_surrogates_are_no_words() -> None:
    assert clean_question("光\x00伏\ud83d装机\u200b？") == "光 伏 装机 ？"
    assert clean_question("𠮷野家👨\u200d👩") == "𠮷野家👨\u200d👩"


def test_earlier_turns_are_cleaned_and_what_is_no_question_is_passed_over() -> None:
    answer = assistant().ask("光伏", ["", "\ud800", "长" * 5000, "风\x00电"])
    assert answer.standalone_question == "风 电|光伏"


class PartReader:
    """Answers what it finds in the first passage and refuses the rest."""

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        hit = next((hit for hit in hits if question[:2] in hit.passage.text), None)
        if hit is None:
            yield Answer(question, question, "没有。", hits=tuple(hits), abstained=True)
            return
        citation = Citation(1, hit.passage, hit.passage.title, hit.passage.span)
        short = hit.passage.text[4:-1]
        yield Answer(question, question, short)
        yield Answer(question, question, f"{citation.text}[1]", short, (citation,), tuple(hits), confidence=0.9)


def test_each_part_of_a_turn_is_answered() -> None:
    answer = assistant(PartReader()).ask("光伏+风电")
    assert answer.standalone_question == "光伏？风电？"
    assert answer.text == "1. 光伏？\n光伏装机70MW。[1]\n\n2. 风电？\n风电装机180MW。[2]"
    assert (answer.short, [citation.n for citation in answer.citations]) == ("70MW；180MW", [1, 2])


def test_snapshots_of_several_answers_continue_each_other_and_only_the_last_has_citations() -> None:
    snapshots = list(assistant(PartReader()).stream("核电+光伏+风电"))
    assert all(newer.text.startswith(older.text) for older, newer in itertools.pairwise(snapshots))
    assert [len(answer.citations) for answer in snapshots] == [0, 2]


def test_several_refusals_are_one() -> None:
    answer = assistant(PartReader()).ask("核电+氢能")
    assert answer.abstained and answer.text == "没有。" and not answer.citations and answer.hits


def test_an_error_inside_is_not_told_as_the_callers_mistake() -> None:
    with pytest.raises(RuntimeError, match="not aligned"):
        assistant(BrokenReader()).ask("光伏")


def test_documents_are_those_of_the_index() -> None:
    assert [document.id for document in assistant().documents()] == ["a", "b"]
    assert assistant().document("a") is not None and assistant().document("c") is None


def test_only_the_documents_of_a_filter_are_read_for_every_part_and_every_example() -> None:
    within = Filter(documents=frozenset({"b"}))
    hits = assistant().ask("光伏", within=within).hits
    assert [hit.passage.document_id for hit in hits] == ["b"]
    answer = assistant(PartReader()).ask("光伏+风电", within=within)
    assert answer.text == "2. 风电？\n风电装机180MW。[1]" or "70MW" not in answer.text
    assert {citation.passage.document_id for citation in answer.citations} == {"b"}
    assert assistant().ask("光伏", within=Filter(documents=frozenset())).hits == ()


class Unread:
    """The index, of which no document may be read as a whole."""

    def documents(self) -> Sequence[Document]:
        raise RuntimeError("every document would be read")

    def document(self, document_id: str) -> Document | None:
        raise RuntimeError(f"{document_id} would be read")

    def descriptions(self) -> Sequence[Description]:
        return INDEX.descriptions()

    def passages(self, document_id: str) -> Sequence[Passage]:
        return INDEX.passages(document_id)


@pytest.mark.parametrize("within", [None, Filter(documents=frozenset({"a"})), Filter(without=frozenset({"a"}))])
def test_questions_and_examples_read_no_document_that_is_not_cited(within: Filter | None) -> None:
    unread = Assistant(Unread(), INDEX, EchoReader(), PlusInterpreter())
    assert unread.ask("装机", within=within).hits == assistant().ask("装机", within=within).hits
    assert unread.examples(within=within) == assistant().examples(within=within)
    assert [each.id for each in unread.descriptions()] == ["a", "b"]


def test_a_command_that_asks_in_chinese_loads_no_lists_of_sounds() -> None:
    code = "import sys, qa.bootstrap; print('pypinyin' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
