from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.data.datasets import load_dataset
from eval.data.published import Source, own_collection, read_collection
from eval.data.rows import sentences_with
from eval.errors import EvaluationError
from eval.metrics.trec import read_qrels, read_run
from index.loaders import load
from index.store.passage_index import PassageIndex
from qa.settings import Settings
from tests.support.fakes import HashEncoder

TEXT = "綦江区发布方案。到2025年，光伏装机达到70MW，风电180MW。牵头单位是发展改革委。"


def as_json(tmp_path: Path, value: object, name: str = "set.json") -> Path:
    path = tmp_path / name
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def as_lines(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def squad(*questions: dict[str, object]) -> dict[str, object]:
    return {
        "version": "1",
        "data": [{"title": "綦江", "id": "a1", "paragraphs": [{"id": "p1", "context": TEXT, "qas": [*questions]}]}],
    }


ASKED: dict[str, object] = {
    "id": "q1",
    "question": "光伏装机多少",
    "answers": [{"id": "1", "text": "70MW", "answer_start": 22}, {"text": "70MW"}],
}


def test_squad_and_drcd_are_read_with_the_sentence_of_the_answer_as_evidence(tmp_path: Path) -> None:
    collection = read_collection(as_json(tmp_path, squad(ASKED)))
    assert collection.documents == (Source("p1", "綦江", TEXT),)
    (query,) = collection.queries
    assert (query.id, query.question, query.answers) == ("q1", "光伏装机多少", (("70MW",),))
    assert query.evidence == ("到2025年，光伏装机达到70MW，风电180MW。",)


def test_a_question_that_squad_calls_impossible_is_unanswerable(tmp_path: Path) -> None:
    (query,) = read_collection(as_json(tmp_path, squad({**ASKED, "is_impossible": True}))).queries
    assert (query.answerable, query.answers, query.evidence) == (False, (), ())


def test_the_list_of_cmrc_2018_is_read(tmp_path: Path) -> None:
    question = {"query_id": "D_0", "query_text": "谁牵头", "answers": ["发展改革委", "发展改革委"]}
    path = as_json(tmp_path, [{"context_id": "D", "context_text": TEXT, "title": "綦江", "qas": [question]}])
    (query,) = read_collection(path).queries
    assert (query.id, query.answers, query.evidence) == ("D_0", (("发展改革委",),), ("牵头单位是发展改革委。",))


def test_rows_share_their_contexts(tmp_path: Path) -> None:
    row = {
        "qid": "1",
        "question": "谁牵头",
        "answers": ["发展改革委"],
        "context_id": "c",
        "title": "綦江",
        "context": TEXT,
    }
    collection = read_collection(as_lines(tmp_path / "set.jsonl", row, {**row, "qid": "2"}))
    assert (len(collection.documents), [query.id for query in collection.queries]) == (1, ["1", "2"])


def test_rows_of_hugging_face_need_no_number_of_their_context(tmp_path: Path) -> None:
    row = {"id": "a", "title": "綦江", "context": TEXT, "question": "谁牵头"}
    lines = as_lines(
        tmp_path / "validation.jsonl",
        {**row, "answers": {"text": ["发展改革委"], "answer_start": [40]}},
        {**row, "id": "b", "answers": {"text": [], "answer_start": []}},
        {**row, "id": "c", "context": "另一段。牵头的是区府办。", "answers": {"text": ["区府办"], "answer_start": [8]}},
    )
    as_json = tmp_path / "validation.json"  # as `to_json` writes: lines all the same
    as_json.write_bytes(lines.read_bytes())
    for path in (lines, as_json):
        collection = read_collection(path)
        assert [(each.title, each.text[:3]) for each in collection.documents] == [
            ("綦江", "綦江区"),
            ("綦江", "另一段"),
        ]
        led, unknown, other = collection.queries
        assert (led.answers, led.evidence) == ((("发展改革委",),), ("牵头单位是发展改革委。",))
        assert (unknown.answerable, other.evidence) == (False, ("牵头的是区府办。",))
        assert [each.evidence for each in load_dataset(path).queries] == [each.evidence for each in collection.queries]


def test_of_a_test_set_of_ragas_the_reference_contexts_become_the_documents(tmp_path: Path) -> None:
    row = {"user_input": "谁牵头？", "reference": "发展改革委牵头。", "reference_contexts": [TEXT, "别的。"]}
    collection = read_collection(as_lines(tmp_path / "testset.jsonl", row, {**row, "user_input": "谁来牵头？"}))
    assert [each.text for each in collection.documents] == [TEXT, "别的。"]
    assert [(each.id, each.question) for each in collection.queries] == [("r0001", "谁牵头？"), ("r0002", "谁来牵头？")]
    assert collection.queries[0].answers == (("发展改革委牵头。",),)


def beir(tmp_path: Path, qrels: str = "q\td/1\t1\n") -> Path:
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    as_lines(
        folder / "corpus.jsonl",
        {"_id": "d/1", "title": "甲", "text": "光伏装机70MW。"},
        {"_id": "d2", "text": "风电。"},
    )
    as_lines(folder / "queries.jsonl", {"_id": "q", "text": "光伏装机"}, {"_id": "unjudged", "text": "风电"})
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels, encoding="utf-8")
    return folder


def test_beir_is_read_with_its_judged_questions(tmp_path: Path) -> None:
    collection = read_collection(beir(tmp_path))
    assert collection.topics == {"q": "光伏装机"}
    assert collection.qrels == {"q": {"d/1": 1}}
    assert collection.documents == (Source("d/1", "甲", "光伏装机70MW。"), Source("d2", "d2", "风电。"))


def test_beir_converted_indexed_and_searched_ranks_documents(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["convert", str(beir(tmp_path)), "-o", str(out)]) == 0
    index = PassageIndex.build([load(each) for each in sorted((out / "documents").iterdir())], HashEncoder(256))

    def opened(settings: Settings) -> PassageIndex:
        return index

    assert main(["retrieve", str(out), "--runs", str(tmp_path / "runs"), "--measures", "R@1", "RR"], index=opened) == 0
    assert "融合  1.000 [1.00,1.00]  1.000 [1.00,1.00]" in capsys.readouterr().out
    # The files that were written score the same.
    run = read_run(tmp_path / "runs" / "fused.run")
    assert next(iter(run["q"])) == "d/1"
    qrels, fused = tmp_path / "runs" / "qrels", tmp_path / "runs" / "fused.run"
    assert read_qrels(qrels) == {"q": {"d/1": 1}}
    assert main(["retrieve", str(qrels), "--run", str(fused), "--measures", "RR"]) == 0
    assert "1.000 [1.00,1.00]" in capsys.readouterr().out


def test_lecoqa_is_read_with_its_statutes(tmp_path: Path) -> None:
    as_lines(tmp_path / "x_statutes.jsonl", {"doc_id": "s1", "title": "民法典第一条", "text": "为了保护……"})
    questions = as_lines(
        tmp_path / "x_questions.jsonl", {"qid": "l1", "question": "为什么？", "answers": ["因为"], "doc_ids": ["s1"]}
    )
    collection = read_collection(questions)
    assert (collection.topics, collection.qrels) == ({"l1": "为什么？"}, {"l1": {"s1": 1}})


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"data": [{"paragraphs": [{"context": TEXT}]}]}, "字段 data[0].paragraphs[0].qas 没有，应为对象的数组"),
        (squad({"id": "1", "answers": []}), "字段 data[0].paragraphs[0].qas[0].question 没有，应为非空字符串"),
        (squad(ASKED, ASKED), "qas[1].id 是 q1，应为各不相同的编号"),
        (squad({**ASKED, "answers": ["90MW"]}), "qas[0].answers 是"),
        (squad({**ASKED, "answers": [3]}), "qas[0].answers 是 [3]，应为字符串的数组"),
        ({"data": []}, "里一个问题也没有"),
        ("text", "应是一个 JSON 对象"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_place_and_field(
    tmp_path: Path, content: object, complaint: str
) -> None:
    with pytest.raises(EvaluationError) as caught:
        read_collection(as_json(tmp_path, content))
    assert complaint in str(caught.value)


def test_judgements_of_unknown_documents_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="1 个不存在的文档（例如 gone）"):
        read_collection(beir(tmp_path, "q\tgone\t1\n"))


def test_a_folder_with_questions_becomes_a_data_set_in_one_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "plan.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "q.txt").write_text("光伏装机多少\t70MW\n核电装机多少\n水电多少\t5GW\n", encoding="utf-8")
    out = tmp_path / "out"
    assert main(["convert", str(tmp_path / "docs"), "--questions", str(tmp_path / "q.txt"), "-o", str(out)]) == 0
    solar, nuclear, water = load_dataset(out / "questions.jsonl").queries
    assert (solar.answers, solar.evidence) == ((("70MW",),), ("到2025年，光伏装机达到70MW，风电180MW。",))
    assert (nuclear.answerable, nuclear.answers) == (False, ())
    assert (water.answers, water.evidence) == ((("5GW",),), ())
    assert "第 3 行：没有文件含有答案「5GW」" in capsys.readouterr().err


def test_of_several_sentences_with_the_answer_the_one_nearest_the_question_is_evidence(tmp_path: Path) -> None:
    text = "风电装机70MW。光伏装机70MW。"
    collection, _ = own_collection(
        [Source("d", "d", text)], as_lines(tmp_path / "q.jsonl", {"question": "光伏装机多少", "answer": "70MW"})
    )
    assert collection.queries[0].evidence == ("光伏装机70MW。",)


def test_an_answer_across_sentences_is_its_own_evidence() -> None:
    assert sentences_with("甲。乙。丙。", "甲。乙") == ["甲。乙"]
    assert sentences_with("甲。", "丁") == []


def test_an_unusable_question_is_left_out_where_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = as_json(tmp_path, squad({**ASKED, "question": " "}, {**ASKED, "id": "q2"}))
    assert main(["convert", str(path), "-o", str(tmp_path / "out")]) == 2
    assert main(["convert", str(path), "-o", str(tmp_path / "out"), "--skip"]) == 0
    assert "略过：" in capsys.readouterr().err
    assert [query.id for query in load_dataset(tmp_path / "out" / "questions.jsonl").queries] == ["q2"]


def test_a_set_without_evidence_has_no_retrieval_to_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = {"id": "n", "question": "核电呢", "answers": [], "evidence": [], "answerable": False}
    path = as_lines(tmp_path / "set.jsonl", line)
    index = PassageIndex.build([], HashEncoder())
    assert main(["retrieve", str(path)], index=lambda settings: index) == 2
    assert "没有一个问题带证据" in capsys.readouterr().err
