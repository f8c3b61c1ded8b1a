"""Reading with the right passage given, and answering out of a thousand: small cases worked by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench.comprehension import open_domain, reading
from bench.comprehension.datasets import SETS, Comprehension, contexts, load, of_part, right_passages, sample, selection
from eval.errors import EvaluationError
from index.filters import Filter
from index.records import Description, Document, Hit
from index.store.passage_index import PassageIndex
from index.structure.versions import Versions
from qa.answers import Answer
from qa.reading.ranking import RankingModel
from tests.support.fakes import FakeSpans, HashEncoder, weights
from training.corpora.corpus import DEFAULT_DATA
from training.reader.partition import part_of

RIVER = "長江全長6300公里，發源於青藏高原。"
HILL = "泰山海拔1545米，位於山東省泰安市。"


def question(text: str, *answers: str, id: str = "q", context: str = RIVER, context_id: str = "river") -> Comprehension:
    return Comprehension(id, "DRCD", context_id, context_id, context, text, answers)


LONG = question("長江全長多少", "6300公里", "6300公里長")
SOURCE = question("長江發源於哪裡", "青藏高原", id="q2")
HIGH = question("泰山海拔多少", "1545米", id="q3", context=HILL, context_id="hill")


@dataclass
class TableReader:
    """Chooses what its table says, and gives only what it is sure of."""

    spans: dict[str, str] = field(default_factory=dict)
    sure: frozenset[str] = frozenset()
    seen: list[Sequence[Hit]] = field(default_factory=list)

    def best_span(self, question: str, hits: Sequence[Hit]) -> str | None:
        self.seen.append(hits)
        return self.spans.get(question)

    def read(self, question: str, hits: Sequence[Hit]) -> Iterator[Answer]:
        if question not in self.sure:
            yield Answer(question, question, "沒有。", hits=tuple(hits), abstained=True)
            return
        yield Answer(question, question, "草稿", confidence=0.1)
        yield Answer(question, question, f"{self.spans[question]}[1]", self.spans[question], confidence=0.9)


@pytest.fixture
def index() -> PassageIndex:
    return PassageIndex.build(contexts([LONG, SOURCE, HIGH]), HashEncoder())


def test_forced_and_given_scores_of_a_right_answer() -> None:
    reader = TableReader({LONG.question: "6300公里"}, frozenset({LONG.question}))
    assert reading.read(reader, LONG, []) == {"em_forced": 1, "f1_forced": 1, "em": 1, "f1": 1, "abstained": 0}


def test_an_abstention_earns_nothing_as_given_and_all_when_forced() -> None:
    reader = TableReader({LONG.question: "6300公里"})
    assert reading.read(reader, LONG, []) == {"em_forced": 1, "f1_forced": 1, "em": 0, "f1": 0, "abstained": 1}


def test_a_reader_with_nothing_to_choose_from_earns_nothing() -> None:
    scores = reading.read(TableReader(), LONG, [])
    assert (scores["em_forced"], scores["f1_forced"]) == (0, 0)


def test_part_of_the_span_earns_the_run_in_common() -> None:
    # 青 藏 of 青 藏 高 原: 2 · 2 / (2 + 4)
    scores = reading.read(TableReader({SOURCE.question: "青藏"}), SOURCE, [])
    assert (scores["em_forced"], scores["f1_forced"]) == (0, pytest.approx(2 / 3))


def test_each_question_is_read_in_its_own_context_whole(index: PassageIndex) -> None:
    reader = TableReader()
    assert len(list(reading.read_all(reader, index, [LONG, HIGH]))) == 2
    assert [[hit.passage.text for hit in hits] for hits in reader.seen] == [[RIVER], [HILL]]


def test_a_long_context_is_given_in_all_its_pieces_nearest_first() -> None:
    filler = "這裡說的是別的事情與天氣無關。" * 40
    long = question("長江全長多少", "6300公里", context=f"{filler}\n\n{RIVER}", context_id="long")
    index = PassageIndex.build(contexts([long, HIGH]), HashEncoder(256))
    hits = right_passages(index, long)
    assert sorted(hit.passage.text for hit in hits) == sorted(passage.text for passage in index.passages("long"))
    assert len(hits) > 1
    assert RIVER in hits[0].passage.text


def test_the_report_sums_up_each_set_and_all() -> None:
    other = Comprehension("x", "XQuAD-zh", "t", "c", "甲", "甲？", ("甲",))
    right, wrong = (dict.fromkeys(reading.LABELS, value) for value in (1.0, 0.0))
    report = reading.make_report("dev", [LONG, SOURCE, other], [right, wrong, right])
    assert [(name, scores["f1"]["value"], scores["f1"]["n"]) for name, scores in report["sets"].items()] == [
        ("DRCD", 0.5, 2),
        ("XQuAD-zh", 1, 1),
        (reading.ALL, pytest.approx(2 / 3, abs=1e-6), 3),
    ]
    assert "DRCD           2     50.0 [0.0, 100.0]" in reading.report_text(report)


@dataclass(frozen=True)
class FoundAnswerer:
    """An `Answerer` that finds the same passages for every question, and answers with its first words."""

    hits: tuple[Hit, ...]

    def ask(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Answer:
        return Answer(question, f"{question}（改）", "泰山[1]", "泰山", hits=self.hits, confidence=0.5)

    def stream(self, question: str, history: Sequence[str] = (), within: Filter | None = None) -> Iterator[Answer]:
        yield self.ask(question, history)

    def documents(self) -> Sequence[Document]:
        return ()

    def descriptions(self) -> Sequence[Description]:
        return ()

    def versions(self, within: Filter | None = None) -> Versions:
        return Versions(())

    def document(self, document_id: str) -> Document | None:
        return None

    def examples(self, n: int = 4, within: Filter | None = None) -> list[str]:
        return []


def test_open_domain_reads_what_was_found_and_what_is_right(index: PassageIndex) -> None:
    (hill,) = (Hit(passage, 1.0) for passage in index.passages("hill"))
    reader = TableReader({LONG.question: "6300公里", f"{LONG.question}（改）": "1545米"})
    asked = open_domain.ask(FoundAnswerer((hill,)), reader, index, LONG)
    given, found = reader.seen
    assert [hit.passage.text for hit in given] == [RIVER]
    assert tuple(found) == (hill,)
    # 1545 and 米 share nothing with 6300, 公, 里 and 長; nor does 泰山, which was answered.
    assert asked.scores == {"f1_given": 1, "f1_forced": 0, "f1": 0, "abstained": 0, "recall_at_5": 0}
    assert asked.seconds >= 0


@pytest.mark.parametrize(("place", "recall"), [(4, 1.0), (5, 0.0)])
def test_the_right_context_counts_among_the_first_five(index: PassageIndex, place: int, recall: float) -> None:
    (hill,), (river,) = ([Hit(passage, 1.0) for passage in index.passages(name)] for name in ("hill", "river"))
    found = (*[hill] * place, river)
    assert open_domain.ask(FoundAnswerer(found), TableReader(), index, LONG).scores["recall_at_5"] == recall


def test_what_finding_costs_is_the_difference_over_the_same_questions() -> None:
    scores = dict.fromkeys(open_domain.LABELS, 0.0)
    asked = [
        open_domain.OpenQuestion(scores | {"f1_given": 1.0, "f1_forced": 1.0}, 0.010),
        open_domain.OpenQuestion(scores | {"f1_given": 0.5, "f1_forced": 0.0}, 0.030),
    ]
    report = open_domain.make_report("dev", 1000, asked)
    assert report["loss"]["value"] == 0.25
    assert report["milliseconds"]["p50"] == pytest.approx(20)
    text = open_domain.report_text(report)
    assert "1000 份文件，2 题（dev）" in text
    assert "25.0 [0.0, 50.0]" in text


def row(**changes: object) -> str:
    fields = {
        "qid": "1",
        "question": "問？",
        "answers": ["甲"],
        "title": "甲乙",
        "context_id": "c",
        "context": "甲乙丙",
    }
    return json.dumps(fields | changes, ensure_ascii=False)


def test_questions_are_loaded_and_blank_ones_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(row() + "\n" + row(qid="2", question=" ") + "\n", encoding="utf-8")
    assert load(tmp_path, ["a.jsonl"], "甲集") == [Comprehension("1", "甲集", "甲乙", "c", "甲乙丙", "問？", ("甲",))]


@pytest.mark.parametrize(("changes", "field"), [({"answers": []}, "answers"), ({"context": ""}, "context")])
def test_an_unusable_line_is_named(tmp_path: Path, changes: dict[str, object], field: str) -> None:
    (tmp_path / "a.jsonl").write_text(row(**changes), encoding="utf-8")
    with pytest.raises(EvaluationError, match=f"第 1 行：字段 {field}"):
        load(tmp_path, ["a.jsonl"], "甲集")


def test_parts_hold_whole_articles_and_none_that_a_gold_set_asks_about() -> None:
    titles = [f"標題{n}" for n in range(60)] + ["Harvard_University", "Victoria_and_Albert_Museum"]
    every = [Comprehension(title, "s", title, "c", "x", "y", ("x",)) for title in titles]
    parts = {part: {each.title for each in of_part(every, part)} for part in ("train", "dev", "test")}
    assert set.union(*parts.values()) == set(titles[:60])
    assert all(part_of(title) == part for part, found in parts.items() for title in found)


def test_a_sample_repeats_and_keeps_the_order() -> None:
    every = [question("q", "a", id=str(n)) for n in range(50)]
    drawn = sample(every, 10)
    assert drawn == sample(every, 10)
    assert [int(each.id) for each in drawn] == sorted({int(each.id) for each in drawn})
    assert len(drawn) == 10
    assert sample(every, 99) == sample(every, None) == every


def test_a_part_without_questions_is_refused(tmp_path: Path) -> None:
    title = next(f"標題{n}" for n in range(60) if part_of(f"標題{n}") == "train")
    every = [Comprehension("1", "s", title, "c", "x", "y", ("x",))]
    assert selection(tmp_path, every, "train", None) == every
    with pytest.raises(EvaluationError, match="没有 test 部分的题目"):
        selection(tmp_path, every, "test", None)


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "十"])
def test_only_a_whole_number_of_questions_can_be_asked_for(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        reading.main(["--n", number])
    assert stopped.value.code == 2
    assert f"{number} 不是题数" in capsys.readouterr().err


@pytest.mark.parametrize("command", [reading.main, open_domain.main])
def test_absent_data_is_one_line_and_no_traceback(
    command: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reading, "load_encoder", HashEncoder)
    assert callable(command)
    assert command(["--data", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def data(tmp_path: Path) -> Path:
    """A data folder with 60 articles of one context and one question in each set."""
    folder = tmp_path / "mrc"
    folder.mkdir()
    for file in (file for files in SETS.values() for file in files):
        rows = [
            row(
                qid=f"{file}{n}",
                title=f"標題{n}",
                context_id=f"{file[:4]}-{n}",
                context=f"第{n}座山高{n}99米。",
                question=f"第{n}座山多高",
                answers=[f"{n}99米"],
            )
            for n in range(60)
        ]
        (folder / file).write_text("\n".join(rows), encoding="utf-8")
    return tmp_path


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands open their reader on a made-up network and made-up weights."""
    monkeypatch.setattr(reading, "load_span_model", FakeSpans)
    monkeypatch.setattr(RankingModel, "load", weights)
    monkeypatch.setattr("qa.bootstrap.load_span_model", FakeSpans)


@pytest.mark.usefixtures("made_up")
def test_the_reading_command_reports_every_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reading, "load_encoder", HashEncoder)
    output = tmp_path / "out.json"
    assert reading.main(["--part", "dev", "--n", "8", "--data", str(data(tmp_path)), "--json", str(output)]) == 0
    report = json.loads(output.read_text("utf-8"))
    assert report["part"] == "dev"
    assert report["sets"][reading.ALL]["f1_forced"]["n"] == 8
    assert (
        report["sets"][reading.ALL]["em_forced"]["value"] > 0.5
    )  # the one figure with a unit of a one-sentence context
    assert reading.ALL in capsys.readouterr().out


@pytest.mark.usefixtures("made_up")
def test_the_open_domain_command_keeps_its_index_and_refuses_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(open_domain, "load_encoder", HashEncoder)
    monkeypatch.setattr("index.encoding.encoders.load_encoder", lambda *_, **__: HashEncoder())
    folder, kept = data(tmp_path), tmp_path / "index"
    arguments = ["--part", "test", "--data", str(folder), "--index", str(kept), "--json", str(tmp_path / "out.json")]
    assert open_domain.main(arguments) == 0
    report = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert report["documents"] == 60
    assert report["scores"]["f1_given"]["value"] >= report["scores"]["f1_forced"]["value"] > 0
    assert "每题 p50" in capsys.readouterr().out

    PassageIndex.build([Document("else", "別的", "別的文字。", "else.txt")], HashEncoder()).save(kept)
    assert open_domain.main(arguments) == 2
    assert "请换一个文件夹" in capsys.readouterr().err


def test_the_sets_lie_where_they_are_looked_for() -> None:
    folder = Path(__file__).resolve().parents[2] / DEFAULT_DATA / "mrc"
    if not folder.is_dir():
        pytest.skip(f"没有 {folder}")
    questions = [each for name, files in SETS.items() for each in load(folder, files, name)]
    assert all(answer in each.context for each in questions for answer in each.answers[:1])
    assert {each.set for each in of_part(questions, "test")} == set(SETS)
