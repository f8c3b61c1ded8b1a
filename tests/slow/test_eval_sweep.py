from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import eval.commands.sweeping
import index.encoding.encoders
from eval.__main__ import main
from eval.commands.sweeping import Measured, Setting, Sweep
from eval.records import Dataset
from index.protocols import Encoder, Vectors
from index.records import Document
from tests.support.eval_fakes import DOCUMENT, EVIDENCE, make_query
from tests.support.fakes import HashEncoder

DATASET = Dataset("s", (make_query(),))
SETTINGS = [Setting("hash", size, weight) for size in (50, 100) for weight in (0.3, 0.7)]
OTHER = Document("other", "别的", "水电站完成改造。" * 30, "other.txt")


class CountingEncoder(HashEncoder):
    """Counts the texts it encodes, to be found and to search with."""

    def __init__(self, revision: str | None = None) -> None:
        super().__init__(64, "hash", revision)
        self.encoded = 0
        self.asked = 0

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        self.asked += len(texts)
        return super().encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.encoded += len(texts)
        return super().encode_passages(texts)


def sweep(tmp_path: Path, encoder: Encoder, *documents: Document) -> Sweep:
    return Sweep(DATASET, documents or (DOCUMENT,), tmp_path / "cache", lambda name: encoder, [1, 5])


def test_every_setting_is_measured(tmp_path: Path) -> None:
    found = list(sweep(tmp_path, HashEncoder()).run(SETTINGS))
    assert [each.setting for each in found] == SETTINGS
    assert found[0].scores == {"q1": {"Success@1": 1.0, "Success@5": 1.0, "RR": 1.0, "nDCG@5": 1.0}}
    assert all(each.latency_ms > 0 and each.index_mb > 0 for each in found)


def test_a_second_sweep_computes_nothing_and_gives_the_same(tmp_path: Path) -> None:
    first = list(sweep(tmp_path, HashEncoder()).run(SETTINGS))
    encoder = CountingEncoder(HashEncoder().revision)
    assert list(sweep(tmp_path, encoder).run(SETTINGS)) == first
    assert encoder.encoded == 0


def test_only_what_changed_is_computed(tmp_path: Path) -> None:
    one = CountingEncoder()
    list(sweep(tmp_path, one).run(SETTINGS))
    two = CountingEncoder()
    list(sweep(tmp_path, two, DOCUMENT, OTHER).run(SETTINGS))
    alone = CountingEncoder()
    list(sweep(tmp_path / "fresh", alone, OTHER).run(SETTINGS))
    assert two.encoded == alone.encoded  # the new document's passages only
    changed = CountingEncoder("another revision")
    list(sweep(tmp_path, changed).run(SETTINGS))
    assert changed.encoded == one.encoded


def test_a_result_cut_off_in_writing_is_computed_again(tmp_path: Path) -> None:
    first = list(sweep(tmp_path, HashEncoder()).run(SETTINGS[:1]))
    (kept,) = (tmp_path / "cache").glob("measured-*.json")
    kept.write_text(kept.read_text(encoding="utf-8")[:20], encoding="utf-8")
    again = list(sweep(tmp_path, HashEncoder()).run(SETTINGS[:1]))
    assert again[0].scores == first[0].scores


def test_answers_are_scored_beside_what_was_found_and_remembered_too(tmp_path: Path) -> None:
    dataset = Dataset("s", (make_query(), make_query(id="q2", answerable=False)))
    encoder = CountingEncoder()

    def found() -> Measured:
        folder = tmp_path / "cache"
        sweep = Sweep(dataset, [DOCUMENT], folder, lambda name: encoder, [1], answers=True)
        return next(sweep.run(SETTINGS[:1]))

    first = found()
    assert set(first.scores["q1"]) == {"Success@1", "RR", "nDCG@1", "answer_hit", "short_hit", "false_refusal"}
    assert set(first.scores["q2"]) == {"false_answer"}
    asked = encoder.asked
    assert asked > 1  # searching and answering both encode the question
    assert found() == first
    assert encoder.asked == asked


def test_another_program_is_measured_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list(sweep(tmp_path, HashEncoder()).run(SETTINGS[:1]))
    monkeypatch.setattr(eval.commands.sweeping, "program_sha256", lambda: "another")
    list(sweep(tmp_path, HashEncoder()).run(SETTINGS[:1]))
    assert len(list((tmp_path / "cache").glob("measured-*.json"))) == 2


def test_questions_without_evidence_are_refused() -> None:
    with pytest.raises(ValueError, match="没有一个问题带证据"):
        Sweep(Dataset("s", (make_query(answerable=False),)), [DOCUMENT], Path("none"), lambda name: HashEncoder(), [1])


def test_the_command_writes_table_json_and_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index.encoding.encoders, "load_encoder", lambda name: HashEncoder())
    (tmp_path / "plan.txt").write_text(DOCUMENT.text, encoding="utf-8")
    line = {"id": "a", "question": "光伏目标", "answers": [["70MW"]], "evidence": [EVIDENCE], "answerable": True}
    (tmp_path / "set.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    argv = ["sweep", tmp_path / "set.jsonl", tmp_path / "plan.txt", "--cache", tmp_path / "cache", "--size", 50, 100]
    files = ["--json", tmp_path / "s.json", "--html", tmp_path / "s.html"]
    assert main([str(each) for each in (*argv, *files)]) == 0
    assert "multilingual-e5-small · 50 字 · 语义 0.3" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))) == 6
    first = (tmp_path / "s.html").read_bytes()
    assert main([str(each) for each in (*argv, *files)]) == 0
    assert (tmp_path / "s.html").read_bytes() == first
