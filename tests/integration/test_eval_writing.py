"""What a language model contributed to an evaluation: counts, truth, cost; three ways of answering side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.generation.perturbation import Kind
from eval.generation.scripted import key, scripted_model
from eval.generation.writing import ways_json, writing_json
from eval.metrics.answer_metrics import SCORES
from eval.records import Outcome
from eval.report.report_text import report_text
from index.records import Document
from index.store.passage_index import PassageIndex
from qa.answers import AnswerJson, SentenceJson
from qa.generating.chat_http import HttpChatModel
from qa.generating.context import messages_of
from qa.protocols import Answerer
from qa.settings import Answering, Settings
from tests.support.eval_fakes import EVIDENCE, TEXT, TableAnswerer, make_answer, make_query, refusal
from tests.support.fakes import HashEncoder

GOOD = TableAnswerer({"光伏装机目标是多少": ("70MW", EVIDENCE)})
SCRIPT = """第一条 光伏发电计划装机容量70MW，风电计划装机容量180MW，由区发展改革委负责。
第二条 引进培育5家太阳能光伏组件企业，建设期为2022—2025年，投资1.2亿元。
第三条 页岩气产能达到12亿立方米，比上年增长8%以上；不得新建燃煤电厂。
"""


def sentence(text: str, citations: Sequence[int] = (1,), problem: str | None = None) -> SentenceJson:
    return {"text": text, "citations": list(citations), "support": 0.9, "problem": problem}


def written(*sentences: SentenceJson, prompt: int = 100, completion: int = 20, ms: float = 10.0) -> AnswerJson:
    usage = {"requests": 1, "prompt_tokens": prompt, "completion_tokens": completion, "estimated": False, "ms": ms}
    return {**make_answer(), "sentences": list(sentences), "usage": usage}  # type: ignore[typeddict-item]


GOOD_SENTENCE = sentence("光伏发电装机容量为70MW[1]。")
BAD_SENTENCE = sentence("光伏发电装机容量为90MW。", (), "所引原文里没有“90MW”")


def test_without_a_language_model_there_is_nothing_to_tell() -> None:
    assert writing_json([Outcome(make_query(), make_answer()), Outcome(make_query(), None, "出错")]) is None


def test_sentences_are_counted_as_shown_or_struck_with_reasons_of_one_kind_together() -> None:
    other = sentence("由区教育局牵头。", (), "所引原文里没有“区教育局”")
    told = writing_json([Outcome(make_query(), written(GOOD_SENTENCE, BAD_SENTENCE, other))])
    assert told is not None
    assert (told["answers"], told["extended"], told["sentences"], told["shown"]) == (1, 1, 3, 1)
    assert told["share_struck"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert told["reasons"] == {"所引原文里没有…": 2}
    assert [each["text"] for each in told["struck"]] == [BAD_SENTENCE["text"], other["text"]]


def test_a_shown_figure_must_be_in_a_quote_that_its_sentence_cites() -> None:
    elsewhere = sentence("风电计划装机容量180MW[1]。")  # the quote of [1] is about 光伏
    told = writing_json([Outcome(make_query(), written(GOOD_SENTENCE, elsewhere))])
    assert told is not None and (told["figures_carried"]["value"], told["figures_carried"]["n"]) == (0.5, 2)


def test_support_is_measured_against_what_is_known_of_the_sentences() -> None:
    lost = sentence("风电计划装机容量180MW。", (), "所引原文不足以支持")
    slipped = sentence("光伏发电由区教育局牵头[1]。")
    unknown = sentence("另外写的一句[1]。")
    truth = {
        key("光伏发电装机容量为70MW。"): Kind.VERBATIM,
        key("光伏发电装机容量为90MW。"): Kind.DIGIT,
        key("风电计划装机容量180MW"): Kind.REORDERED,
        key("光伏发电由区教育局牵头"): Kind.NAME,
    }
    answer = written(GOOD_SENTENCE, BAD_SENTENCE, lost, slipped, unknown)
    told = writing_json([Outcome(make_query(), answer)], truth)
    assert told is not None
    # shown and known: one true, one false; true and known: one shown, one struck
    assert (told["support_precision"]["value"], told["support_recall"]["value"]) == (0.5, 0.5)
    assert (told["false_figures_shown"]["value"], told["false_names_shown"]["value"]) == (0.0, 1.0)
    assert told["by_kind"]["digit"] == {"written": 1, "shown": 0}
    assert told["by_kind"]["name"] == {"written": 1, "shown": 1}


def test_cost_is_the_sum_of_tokens_and_the_time_of_the_middle_answer() -> None:
    answers = [written(prompt=100, completion=20, ms=ms) for ms in (10.0, 20.0, 90.0)]
    told = writing_json([Outcome(make_query(id=str(n)), each) for n, each in enumerate(answers)])
    assert told is not None
    cost = told["cost"]
    assert (cost["requests"], cost["prompt_tokens"], cost["completion_tokens"]) == (3, 300, 60)
    assert (cost["tokens_per_answer"], cost["ms_p50"], cost["estimated"]) == (120.0, 20.0, 0)


def test_ways_are_compared_question_by_question_with_the_first() -> None:
    queries = [make_query(id=str(n)) for n in range(30)]
    right, wrong = [Outcome(each, make_answer()) for each in queries], [Outcome(each, refusal()) for each in queries]
    told = ways_json({Answering.EXTRACTIVE: wrong, Answering.GENERATIVE: wrong, Answering.BOTH: right})
    assert told is not None
    assert [(each["name"], each["scores"]["answer_hit"]["value"]) for each in told["ways"]] == [
        ("extractive", 0.0),
        ("generative", 0.0),
        ("both", 1.0),
    ]
    (moved,) = [each for each in told["contrasts"] if (each["name"], each["score"]) == ("both", "answer_hit")]
    assert moved["difference"] == 1.0 and moved["p"] < 0.05


def test_one_way_alone_is_not_compared() -> None:
    assert ways_json({Answering.BOTH: [Outcome(make_query(), make_answer())]}) is None


# --- The scripted model ---


def reply(passages_of: str = SCRIPT) -> tuple[str, dict[str, Kind]]:
    index = PassageIndex.build([Document("plan", "方案", passages_of, "方案.txt")], HashEncoder())
    with scripted_model() as model:
        chat = HttpChatModel(model.url, "scripted")
        return "".join(chat.stream(messages_of("总结一下", index.passages("plan")), 2000)), dict(model.written)


def test_the_scripted_model_writes_true_and_false_sentences_by_turns_and_knows_which() -> None:
    text, truth = reply()
    said = [each for each in text.split("。") if each]
    kinds = [truth[key(each[: each.index("[")])] for each in said]
    assert len(said) == len(kinds) and 6 <= len(said) <= 12
    assert [kind in (Kind.VERBATIM, Kind.CONVERTED, Kind.REORDERED) for kind in kinds] == [
        place % 2 == 0 for place in range(len(kinds))
    ]
    assert all(each.endswith("[1]") for each in said)


def test_the_scripted_model_says_the_same_to_the_same_question() -> None:
    assert reply() == reply()


def test_where_passages_hold_no_sentence_the_scripted_model_refuses() -> None:
    assert reply("光伏。\n") == ("资料中没有这个问题的答案。", {})


# --- The command ---


def dataset(path: Path) -> Path:
    line = {
        "id": "s", "question": "光伏装机目标是多少", "answers": [["70MW"]], "evidence": [EVIDENCE],
        "answerable": True, "type": "number", "history": [],
    }  # fmt: skip
    path.write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def test_a_scripted_model_is_evaluated_over_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "方案.txt"
    source.write_text(SCRIPT, encoding="utf-8")
    from index.__main__ import main as build

    assert build(["build", str(source), "-o", str(tmp_path / "index")]) == 0
    argv = [str(dataset(tmp_path / "set.jsonl")), "--index", str(tmp_path / "index"), "--llm-scripted", "--expand"]
    files = {name: tmp_path / f"r.{name}" for name in ("json", "html", "markdown")}
    argv += [word for name, path in files.items() for word in (f"--{name}", str(path))]
    assert main([*argv, "--compare-ways"]) == 0
    report = json.loads(files["json"].read_text("utf-8"))
    writing = report["writing"]
    # Of twelve sentences one is what the quoted answer says already.
    assert writing["answers"] == 1 and writing["sentences"] == 11
    assert writing["support_recall"]["value"] == 1.0 and writing["false_figures_shown"]["value"] == 0.0
    assert writing["figures_carried"]["value"] == 1.0
    assert writing["cost"]["prompt_tokens"] > 0 and writing["cost"]["estimated"] == 0
    assert [each["name"] for each in report["ways"]["ways"]] == ["extractive", "generative", "both"]
    assert [each["cost"] is None for each in report["ways"]["ways"]] == [True, False, False]
    assert report["provenance"]["settings"]["model_name"] == "scripted"
    for shown in (capsys.readouterr().out, files["html"].read_text("utf-8"), files["markdown"].read_text("utf-8")):
        assert "句子支持准确率" in shown and "只用语言模型" in shown
    assert sorted(path.name for path in tmp_path.iterdir() if "answers" in path.name) == []


def test_every_way_is_opened_with_its_own_settings(tmp_path: Path) -> None:
    opened: list[tuple[str, bool]] = []

    def opener(settings: Settings) -> Answerer:
        opened.append((settings.answering, settings.model is not None))
        return GOOD

    assert main([str(dataset(tmp_path / "set.jsonl")), "--llm-scripted", "--compare-ways"], opener=opener) == 0
    assert sorted(opened) == [("both", True), ("extractive", True), ("generative", True)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--expand"], "--llm-url"),
        (["--compare-ways"], "--llm-url"),
        (["--llm-scripted", "--llm-url", "http://127.0.0.1:9/v1"], "--llm-scripted"),
        (["--llm-url", "http://127.0.0.1:9/v1"], "--llm-model"),
        (["--llm-url", "127.0.0.1", "--llm-model", "m"], "--llm-url"),
    ],
)
def test_options_that_do_not_go_together_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main([str(dataset(tmp_path / "set.jsonl")), *options], opener=lambda settings: GOOD) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1


def test_saved_answers_are_scored_with_what_a_model_wrote_in_them(tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answer = {"id": "s", **written(GOOD_SENTENCE, BAD_SENTENCE)}
    answers.write_text(json.dumps(answer, ensure_ascii=False) + "\n", encoding="utf-8")
    report = tmp_path / "r.json"
    assert main([str(dataset(tmp_path / "set.jsonl")), "--answers", str(answers), "--json", str(report)]) == 0
    assert json.loads(report.read_text("utf-8"))["writing"]["share_struck"]["value"] == 0.5


def test_a_report_without_a_language_model_says_nothing_of_one() -> None:
    from eval.records import Dataset
    from eval.report.report import make_report

    report = make_report(Dataset("s", (make_query(),)), [Outcome(make_query(), make_answer())])
    assert (report["writing"], report["ways"]) == (None, None)
    assert "语言模型" not in report_text(report) and list(report["scores"]) == list(SCORES) and TEXT
