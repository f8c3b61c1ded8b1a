"""What trains the reader: examples that are right, a run that can be cut off, a model that is what was trained."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from random import Random
from types import SimpleNamespace
from zlib import crc32

import numpy as np
import onnxruntime as ort
import pytest
import torch
from numpy.typing import NDArray

from index.encoding.model_files import load_tokenizer
from index.records import Span
from index.text import fold
from qa.reading.model_input import InputTokenizer, Window
from qa.reading.span_model import MODEL, load_span_model
from training.encoder.e5_tokenizer import kept_rows
from training.encoder.e5_weights import BLOCK, Blocks, Shape
from training.reader import export, mistakes, mrc, policy, train, written
from training.reader.examples import Example, Judgement
from training.reader.judging import judgements
from training.reader.network import HEADS, SpanNetwork
from training.reader.partition import GOLD, part_of
from training.reader.shipped import shipped_state

TOKENIZER = load_tokenizer()
INPUT = InputTokenizer(TOKENIZER)
SHARED = Path(__file__).parents[3] / "shared/data"
TRAIN_TITLES = [title for n in range(200) if part_of(title := f"示例县绿色发展方案{n}") == "train"]


# --- Partition ---


def test_every_form_of_a_title_is_in_one_part() -> None:
    pairs = [("台湾总统府", "臺灣總統府"), ("ABC公司", "ａｂｃ 公司"), ("長江—黃河", "长江-黄河")]
    pairs += [(f"国会议员{n}", f"國會議員{n}") for n in range(50)]
    assert [part_of(one) for one, _ in pairs] == [part_of(other) for _, other in pairs]


def test_the_parts_are_as_large_as_they_are_meant_to_be() -> None:
    counted = Counter(part_of(f"文件{n}") for n in range(5000))
    assert counted["dev"] == pytest.approx(400, rel=0.2) and counted["test"] == pytest.approx(600, rel=0.2)


# --- Reading sets ---


def put(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with articles, policies and laws made up for it."""
    folder = tmp_path_factory.mktemp("data")
    for name in mrc.FILES:
        put(folder / "mrc" / f"{name}.jsonl", [article(title) for title in articles()])
    rows = [
        {"doc_id": f"p{n}", "title": t, "text": text, "region": "示例县"}
        for n, (t, text) in enumerate(zip(TRAIN_TITLES, [POLICY, OTHER_POLICY] * 3, strict=False))
    ]
    gold = {**rows[0], "doc_id": next(iter(sorted(GOLD))), "text": POLICY.replace("光伏", "核电")}
    put(folder / "policy" / "business_climate_2023.jsonl", [*rows, gold])
    report = {"doc_id": "r", "title": TRAIN_TITLES[7], "text": POLICY, "region": "示例省"}
    put(folder / "policy" / "work_reports.jsonl", [report])
    law = {"doc_id": "l", "title": TRAIN_TITLES[8], "text": LAW}
    put(folder / "law" / "laws.jsonl", [law, {**law, "doc_id": "short", "text": "第一条 略。"}])
    return folder


def articles() -> list[str]:
    return [*(f"第{n}座山" for n in range(60)), *sorted(GOLD)]


def article(title: str) -> dict[str, object]:
    context = (
        f"{title}位于中部，风景优美。{title}海拔1545米，是有名的高山。" + "当地气候温和，雨水充足，适合旅行。" * 12
    )
    context += f"{title}的主人是金星红，住在山下。"
    row = {"title": title, "context_id": title, "context": context, "question": f"{title}海拔多少"}
    return {**row, "answers": ["1545米", "1545"], "answer_start": context.index("1545米")}


POLICY = """示例县绿色发展实施方案
一、主要目标
到2025年，光伏发电装机容量达到70兆瓦，风电装机容量达到180兆瓦，森林覆盖率达到24.1%。
培育绿色工厂12家，奖励资金500万元，单位能耗下降13%。
二、重点任务
（一）加快新能源开发。推进分布式光伏规模化开发，建设风电场5座。（牵头单位：县发展改革委；责任单位：县经济信息委、县财政局）
（二）发展循环经济。建设废旧物资回收站点30个，年处理再生铝200万吨。（牵头单位：县经济信息委；责任单位：县商务委）
"""
OTHER_POLICY = """示例县畜牧发展实施方案
一、主要目标
到2026年，生猪出栏数量达到30万头，肉牛存栏数量达到2万头，牧草种植面积达到5000亩。
新建养殖场8座，发放贷款300万元，疫苗接种率达到95%。
二、重点任务
（一）健全防疫体系。建设兽医实验室3个，培训兽医120名。（牵头单位：县农业农村委；责任单位：县财政局、县卫生健康委）
"""
LAW = "\n".join(
    f"第{n}条 本法所称绿色产品{n}，是指在生产和使用中节约资源、减少污染物排放的产品。违反前款规定的，"
    f"由生态环境主管部门责令改正，处{n}万元以上{n + 5}万元以下的罚款。申请人应当在{n + 3}日内提交材料。"
    for n in range(1, 30)
)


def test_questions_of_a_part_and_of_no_gold_document(data: Path) -> None:
    found = {part: mrc.readings(data / "mrc", part) for part in ("train", "dev", "test")}
    titles = {part: {each.title for each in each_part} for part, each_part in found.items()}
    assert set.union(*titles.values()) == set(articles()) - GOLD
    assert sum(map(len, titles.values())) == 60 and all(titles.values())
    assert sum(map(len, found.values())) == 60 * len(mrc.FILES)


def test_an_answer_stands_verbatim_in_its_window_and_a_decoy_never_holds_it(data: Path) -> None:
    readings = mrc.readings(data / "mrc", "train")
    made = list(mrc.examples(readings, seed=3))
    answered = {(each.question, each.source) for each in made if each.answer}
    assert answered == {(each.question, each.corpus) for each in readings}
    decoys = [each for each in made if each.answer is None]
    assert 0.5 < len(decoys) / (len(made) - len(decoys)) < 0.9
    for each in made:
        assert each.window.text in article(each.question.removesuffix("海拔多少"))["context"]
        if each.answer is None:
            assert each.source.endswith(" decoy") and "1545米" not in fold(each.window.text)
        else:
            assert each.answer.slice(each.window.text) == "1545米"


def test_the_seed_decides_every_draw(data: Path) -> None:
    readings = mrc.readings(data / "mrc", "train")
    assert list(mrc.examples(readings, seed=3)) == list(mrc.examples(readings, seed=3))
    assert list(mrc.examples(readings, seed=3)) != list(mrc.examples(readings, seed=4))


# --- Official documents ---


@pytest.fixture(scope="module")
def pairs(data: Path) -> list[Example]:
    return list(policy.pairs(data, "train", seed=3))


def test_answers_stand_in_their_window_and_spoilt_questions_have_none(pairs: list[Example]) -> None:
    assert len(pairs) > 40
    for each in pairs:
        if each.source.endswith("spoilt"):
            assert each.answer is None
        else:
            assert each.answer and each.answer.slice(each.window.text)
            assert Span(0, len(each.window.text)).contains(each.answer)
    spoilt = sum(each.answer is None for each in pairs)
    assert len(pairs) / 4 < spoilt <= len(pairs) / 2


def test_what_is_asked_for_is_not_given_away(pairs: list[Example]) -> None:
    answered = [each for each in pairs if each.answer and len(each.answer) > 2]
    told = [each for each in answered if each.answer and each.answer.slice(each.window.text) in each.question]
    assert told == []


def test_figures_bodies_and_meanings_are_asked_for(pairs: list[Example]) -> None:
    sources = {each.source for each in pairs}
    assert {"policy quantity", "policy organisation", "law quantity", "law clause", "policy spoilt"} <= sources
    assert not any(source.startswith("report") for source in sources)  # a provincial report is left to the gold set
    meanings = [each.answer.slice(each.window.text) for each in pairs if each.source == "law clause" and each.answer]
    assert all(meaning.endswith("的产品") for meaning in meanings)


def test_no_pair_is_made_of_a_gold_document(pairs: list[Example]) -> None:
    assert not any("核电" in each.window.text for each in pairs)


def test_a_year_that_was_put_in_place_is_none_of_the_window(pairs: list[Example], data: Path) -> None:
    maker = policy.Maker(1, ["核电", "煤炭"])
    window = Window("方案", (), "到2025年，光伏发电装机容量达到70兆瓦。")
    for _ in range(20):
        spoilt = maker._other_year("2025年光伏装机是多少", window)
        assert spoilt and "2025年" not in spoilt[0] and spoilt[0].endswith("年光伏装机是多少") and spoilt[1] == window


def test_a_noun_that_was_put_in_place_is_not_in_the_window() -> None:
    maker = policy.Maker(1, ["核电", "光伏", "煤炭"])
    window = Window("方案", (), "到2025年，光伏装机达到70兆瓦。")
    for _ in range(20):
        spoilt = maker._other_noun("光伏装机是多少", window)
        assert spoilt is None or any(noun in spoilt[0] for noun in ("核电", "煤炭"))


def test_the_same_seed_makes_the_same_pairs(pairs: list[Example], data: Path) -> None:
    assert list(policy.pairs(data, "train", seed=3)) == pairs
    assert list(policy.pairs(data, "train", seed=4)) != pairs


# --- Written questions ---


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    rows = [
        {"doc": "p0", "q": "太阳能要装多少", "a": "70兆瓦", "e": "光伏发电装机容量达到70兆瓦", "k": "number"},
        {"doc": "p0", "q": "核电要装多少", "a": None, "e": "风电装机容量达到180兆瓦", "k": "none"},
        {"doc": "p1", "q": "猪要养到多少头", "a": "30万头", "e": "生猪出栏数量达到30万头", "k": "number"},
        {"doc": "p1", "q": "什么也没有", "a": "甲", "e": "这一句不在文中：甲", "k": "fact"},
    ]
    put(tmp_path / "one.jsonl", rows)
    return tmp_path


def test_a_written_question_is_read_where_its_answer_stands_and_where_it_does_not(data: Path, questions: Path) -> None:
    made = list(written.examples(data, "train", 3, questions))
    answers = {(each.question, each.answer.slice(each.window.text)) for each in made if each.answer}
    assert answers == {("太阳能要装多少", "70兆瓦"), ("猪要养到多少头", "30万头")}
    decoys = [each for each in made if each.source == "written decoy"]
    assert {each.question for each in decoys} == {"太阳能要装多少", "核电要装多少", "猪要养到多少头"}
    for each in decoys:
        assert each.answer is None
        if each.question == "太阳能要装多少":
            assert "70兆瓦" not in each.window.text
    near = [each for each in made if each.source == "written none"]
    assert near and all("风电装机容量达到180兆瓦" in each.window.text and each.answer is None for each in near)
    assert list(written.examples(data, "train", 3, questions)) == made


def test_some_written_questions_are_asked_again_with_a_word_or_the_window_spoilt(data: Path, questions: Path) -> None:
    made = [each for seed in range(30) for each in written.examples(data, "train", seed, questions)]
    spoilt = [each for each in made if each.source == "written spoilt"]
    assert 10 < len(spoilt) < 45  # 0.4 of two questions in thirty draws are 24
    for each in spoilt:
        assert each.answer is None
        asked_otherwise = each.question not in ("太阳能要装多少", "猪要养到多少头")
        assert asked_otherwise or not any(value in each.window.text for value in ("70兆瓦", "30万头"))


def test_written_questions_of_another_part_are_left_out(data: Path, questions: Path) -> None:
    assert list(written.examples(data, "test", 3, questions)) == []


@pytest.mark.skipif(
    not SHARED.is_dir(), reason="../shared/data is not here: it holds the documents that are asked about"
)
def test_every_written_question_holds_its_answer_and_asks_about_no_gold_document() -> None:
    questions = written.read()
    found = policy.documents(SHARED, {each.document for each in questions})
    assert len(questions) > 1000 and len({(each.document, each.question) for each in questions}) == len(questions)
    assert not GOLD.intersection(found)
    for each in questions:
        assert each.clause in found[each.document].text, each
        assert each.answer is None or each.answer in each.clause, each


# --- Judgements ---


def test_the_answer_is_supported_and_other_candidates_of_its_kind_are_not() -> None:
    text = "风电装机容量达到180兆瓦，光伏装机容量达到70兆瓦，由县发展改革委牵头。"
    asked = Example("光伏装机多少", Window("方案", ("一",), text), Span(text.index("70"), text.index("70") + 4), "test")
    for seed in range(20):
        made = list(judgements(asked, Random(seed)))
        told = {each.candidate.slice(each.window.text): each.supported for each in made}
        assert told == {"70兆瓦": True, "180兆瓦": False}
        assert all((each.window.title, each.window.path) == ("方案", ("一",)) for each in made)
        assert list(judgements(asked, Random(seed))) == made


def test_nothing_is_supported_where_there_is_no_answer() -> None:
    text = "风电装机容量达到180兆瓦，光伏装机容量达到70兆瓦。"
    made = [
        each
        for seed in range(20)
        for each in judgements(Example("核电装机多少", Window("方案", (), text), None, "test"), Random(seed))
    ]
    assert len(made) >= 20 and not any(each.supported for each in made)
    assert {"180兆瓦", "70兆瓦"} <= {each.candidate.slice(each.window.text) for each in made}


@pytest.mark.parametrize("verdict", [True, False])
def test_only_the_answer_to_yes_or_no_says_which(verdict: bool) -> None:
    asked = replace(example("70MW"), verdict=verdict)
    made = list(judgements(asked, Random(1)))
    assert {(each.supported, each.verdict) for each in made} == {(True, verdict), (False, None)}


def test_candidates_in_a_file_are_read_as_they_were_found(tmp_path: Path) -> None:
    row = {"q": "光伏", "title": "方案", "path": ["一"], "text": TEXT, "span": [10, 14], "ok": True, "v": None}
    put(tmp_path / "found.jsonl", [row])
    (found,) = mistakes.read(tmp_path / "found.jsonl")
    assert found == Judgement("光伏", Window("方案", ("一",), TEXT), Span(10, 14), True, "mistakes")


# --- Labels, batches, loss ---

TEXT = "光伏发电计划装机容量70MW。总投资5亿元。"


def example(answer: str | None, text: str = TEXT) -> Example:
    span = None if answer is None else Span(text.index(answer), text.index(answer) + len(answer))
    return Example("光伏装机是多少", Window("方案", (), text), span, "test")


def judgement(candidate: str, supported: bool, verdict: bool | None = None) -> Judgement:
    span = Span(TEXT.index(candidate), TEXT.index(candidate) + len(candidate))
    return Judgement("光伏装机是多少", Window("方案", (), TEXT), span, supported, "test", verdict)


def test_a_label_is_where_the_answer_s_first_and_last_token_stand() -> None:
    made, tokens = train.labelled(example("70MW"), INPUT), INPUT("光伏装机是多少", Window("方案", (), TEXT))
    assert made is not None and made.ids == tokens.ids
    spans = [tokens.spans[place - tokens.first] for place in (made.start, made.end)]
    assert TEXT[spans[0].start : spans[1].end] == "70MW"


def test_without_an_answer_the_label_is_the_first_position() -> None:
    made = train.labelled(example(None), INPUT)
    assert made is not None and (made.start, made.end) == (0, 0)


def test_an_answer_that_was_cut_off_makes_no_label() -> None:
    assert train.labelled(example("70MW", "装机的" * 400 + "70MW"), INPUT) is None
    assert train.labelled(example("装机的" * 400, "装机的" * 400), INPUT) is None


@pytest.mark.parametrize(("verdict", "affirmed"), [(None, train.IGNORED), (True, 1), (False, 0)])
def test_a_marked_candidate_is_labelled_with_its_verdicts_and_with_no_place(
    verdict: bool | None, affirmed: int
) -> None:
    for supported in (True, False):
        made = train.labelled(judgement("70MW", supported, verdict), INPUT)
        assert made is not None and (made.start, made.end) == (train.IGNORED, train.IGNORED)
        assert (made.supported, made.affirmed) == (supported, affirmed)
        assert made.ids == INPUT.marked("光伏装机是多少", Window("方案", (), TEXT), Span(10, 14))


def test_an_answer_in_its_place_is_labelled_with_no_verdict() -> None:
    made = train.labelled(example("70MW"), INPUT)
    assert made is not None and (made.supported, made.affirmed) == (train.IGNORED, train.IGNORED)


def test_every_example_of_an_official_document_can_be_learnt(pairs: list[Example]) -> None:
    for each in pairs:
        made = train.labelled(each, INPUT)
        assert made is not None
        if each.answer:
            tokens = INPUT(each.question, each.window)
            start, end = (tokens.spans[place - tokens.first] for place in (made.start, made.end))
            assert start.start <= each.answer.start and each.answer.end <= end.end


def test_batches_hold_everything_once_and_keep_the_size() -> None:
    made = [train.Labelled(tuple(range(n)), 0, 0) for n in range(5, 60)]
    found = train.batches(made, 100, Random(1))
    assert sorted(chain(*found), key=lambda each: len(each.ids)) == made
    # They are sorted but for a draw of up to 8 tokens, by which a batch may be wider than it was taken for.
    assert all(len(batch) * (max(len(each.ids) for each in batch) - 8) <= 100 for batch in found)
    assert found == train.batches(made, 100, Random(1))


def test_padding_is_masked() -> None:
    batch = [train.Labelled((0, 5, 2), 1, 1), train.Labelled((0, 5, 6, 7, 2), train.IGNORED, train.IGNORED, 1, 0)]
    ids, mask, labels = train.tensors(batch)
    assert ids.tolist() == [[0, 5, 2, 0, 0], [0, 5, 6, 7, 2]]
    assert mask.sum(dim=1).tolist() == [3, 5] and mask[0].tolist() == [True] * 3 + [False] * 2
    none = train.IGNORED
    assert labels.tolist() == [[1, 1, none, none], [none, none, 1, 0]]


LOGITS = torch.tensor([[[1.0, 3.0], [2.0, 1.0], [50.0, 50.0]]])
"""Of a text of two tokens and one of padding."""
PLACES = np.log(np.exp([1, 2]).sum()) - 2 + np.log(np.exp([3, 1]).sum()) - 3
"""What a start at 1 and an end at 0 cost by `LOGITS`."""
NONE = train.IGNORED


def loss(scores: torch.Tensor, support: list[list[float]], labels: list[list[int]]) -> float:
    mask = torch.tensor([[True, True, False]] * len(labels))
    return train.loss_of(scores, torch.tensor(support), mask, torch.tensor(labels)).item()


def test_the_loss_is_that_of_start_and_end_and_padding_costs_nothing() -> None:
    # What the second head says of a text without a marked candidate costs nothing either.
    assert loss(LOGITS, [[9.0, -9.0]], [[1, 0, NONE, NONE]]) == pytest.approx(PLACES, abs=1e-5)


def test_the_loss_of_verdicts_is_weighted_and_no_place_costs_anything() -> None:
    supported, denied = np.log1p(np.exp(-2)), np.log1p(np.exp(-1))  # logit 2 for a yes, -1 for a no
    only = train.SUPPORT_WEIGHT * supported
    assert loss(LOGITS, [[2.0, -1.0]], [[NONE, NONE, 1, NONE]]) == pytest.approx(only, abs=1e-5)
    both = train.SUPPORT_WEIGHT * (supported + denied)
    assert loss(LOGITS, [[2.0, -1.0]], [[NONE, NONE, 1, 0]]) == pytest.approx(both, abs=1e-5)


def test_a_batch_s_loss_is_the_mean_over_places_and_verdicts_of_its_texts() -> None:
    verdict = train.SUPPORT_WEIGHT * np.log1p(np.exp(-2))
    found = loss(LOGITS.repeat(2, 1, 1), [[9.0, 9.0], [2.0, -1.0]], [[1, 0, NONE, NONE], [NONE, NONE, 1, NONE]])
    assert found == pytest.approx((PLACES + verdict) / 2, abs=1e-5)


# --- The network ---

SHAPE = Shape(96, 3, HEADS, 64, len(TOKENIZER.get_vocab()), 512, 2, 1e-12)


class TinyCheckpoint:
    """A checkpoint of three narrow layers over the product's vocabulary; weights drawn by name."""

    shape = SHAPE
    vocabulary = SimpleNamespace(
        pieces=[(piece, 0.0) for piece, _ in sorted(TOKENIZER.get_vocab().items(), key=lambda item: item[1])]
    )

    def floats(self, name: str) -> NDArray[np.float32]:
        sizes = {"emb.pos": 512 * 96, "emb.type": 2 * 96, "fi.b": 64}
        size = sizes.get(name) or sizes.get(name.split(".", 1)[1], 96)
        values = np.random.default_rng(crc32(name.encode())).normal(0, 0.1, size)
        return (values + name.endswith("ln.w")).astype(np.float32)

    def blocks(self, name: str, rows: int) -> Blocks:
        columns = 64 if name.endswith("fo.w") else 96
        random = np.random.default_rng(crc32(name.encode()))
        quants = random.integers(-8, 8, (rows, columns)).astype(np.int8)
        return Blocks(quants, np.full((rows, columns // BLOCK), 0.03, np.float32))

    def dense(self, layer: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        bias = self.floats(f"{layer}.b")
        return self.blocks(f"{layer}.w", len(bias)).dense(), bias


CHECKPOINT = TinyCheckpoint()


def network(frozen: int = 1) -> SpanNetwork:
    torch.manual_seed(5)
    return SpanNetwork(CHECKPOINT, kept_rows(TOKENIZER, CHECKPOINT.vocabulary), frozen=frozen).eval()


def state(of: SpanNetwork) -> dict[str, NDArray[np.float32]]:
    return {name: value.float().numpy() for name, value in of.state_dict().items()}


@dataclass(frozen=True)
class Scored:
    """A text's ids, and what the two heads say of it."""

    ids: tuple[int, ...]
    spans: NDArray[np.float32]
    support: NDArray[np.float32]


def scored(of: SpanNetwork, texts: list[str]) -> list[Scored]:
    """Both heads' scores of some texts, all in one padded batch."""
    made = [train.labelled(example(None, text), INPUT) for text in texts]
    batch = [each for each in made if each]
    ids, mask, _ = train.tensors(batch)
    with torch.inference_mode():
        spans, support = (output.numpy() for output in of(ids, mask))
    return [
        Scored(each.ids, row[: len(each.ids)], verdicts)
        for each, row, verdicts in zip(batch, spans, support, strict=True)
    ]


def test_padding_changes_no_score() -> None:
    together, _ = scored(network(), [TEXT, TEXT * 3])
    (alone,) = scored(network(), [TEXT])
    np.testing.assert_allclose(together.spans, alone.spans, atol=1e-5)
    np.testing.assert_allclose(together.support, alone.support, atol=1e-5)


def test_the_second_head_tells_candidates_of_the_same_window_apart() -> None:
    marked = [train.labelled(judgement(candidate, True), INPUT) for candidate in ("70MW", "5亿元")]
    ids, mask, _ = train.tensors([each for each in marked if each])
    with torch.inference_mode():
        _, support = network()(ids, mask)
    assert not torch.allclose(support[0], support[1], atol=1e-3)


def test_the_frozen_layers_and_the_embeddings_are_not_trained() -> None:
    trained = {name for name, each in network(frozen=2).named_parameters() if each.requires_grad}
    assert {name.split(".")[0] for name in trained} == {"layers", "span", "support"}
    assert {name.split(".")[1] for name in trained if name.startswith("layers")} == {"2"}


def test_the_exported_graph_scores_as_the_network_does() -> None:
    trained = network()
    model = export.reader(state(trained), CHECKPOINT, quantised=False)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for each in scored(trained, [TEXT, "总投资5亿元。", TEXT * 3]):
        spans, support = session.run(["scores", "support"], {"ids": np.array([each.ids], dtype=np.int64)})
        np.testing.assert_allclose(spans[0], each.spans, atol=1e-4)
        np.testing.assert_allclose(support[0], each.support, atol=1e-4)


def test_training_goes_on_from_what_was_shipped(tmp_path: Path) -> None:
    trained = network()
    path = tmp_path / MODEL
    path.write_bytes(export.reader(state(trained), CHECKPOINT).SerializeToString())
    again = network()
    found = shipped_state(path, frozen=1)
    again.load_state_dict(found, strict=False)
    kept = {name for name in state(trained) if name.startswith(("layers.1", "layers.2", "span", "support"))}
    assert set(found) == kept
    for name in kept:
        expected = state(trained)[name]
        np.testing.assert_allclose(found[name].numpy(), expected, atol=np.abs(expected).max() / 100)


# --- A run ---

SETTINGS = train.Settings(passes=2, tokens=100, frozen=1, rate=1e-3)
EXAMPLES = [
    *(example("70MW"), example("5亿元"), example(None, "总投资5亿元。"), example("70MW", TEXT * 2)),
    *(judgement("70MW", True, True), judgement("5亿元", False)),
]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training and export begin from the tiny checkpoint and learn from four examples and two judgements."""
    for module in (train, export):
        monkeypatch.setattr(module, "locate_weights", lambda: None)
        monkeypatch.setattr(module, "load_checkpoint", lambda _: CHECKPOINT)
    monkeypatch.setattr(train, "examples_of_pass", lambda settings, data, number: EXAMPLES)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = torch.load(folder / "checkpoint.pt", weights_only=True)["network"]
    return found


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_run_that_was_cut_off_ends_as_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    # Which type of number is faster is measured, and may come out otherwise later: a run keeps the one it began with.
    monkeypatch.setattr(train, "bfloat16_is_faster", lambda: True)
    whole = train.Run(SETTINGS, tmp_path, tmp_path / "whole")
    before = {name: value.clone() for name, value in whole.network.state_dict().items()}
    whole.train(every=1e9)
    assert whole.step > cut
    learn = train.Run._learn

    def cut_off(self: train.Run, *arguments: object) -> float:
        if self.step == cut:
            raise KeyboardInterrupt
        return learn(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(train.Run, "_learn", cut_off)
    with pytest.raises(KeyboardInterrupt):
        train.Run(SETTINGS, tmp_path, tmp_path / "cut").train(every=-1)
    monkeypatch.setattr(train.Run, "_learn", learn)
    monkeypatch.setattr(train, "bfloat16_is_faster", lambda: False)
    again = train.Run(SETTINGS, tmp_path, tmp_path / "cut")
    again.train(every=1e9)
    assert again.step == whole.step
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(one[name], other[name]) for name in one)
    for head in ("span.weight", "support.weight"):
        assert not torch.equal(one[head], before[head])
    assert torch.equal(one["layers.0.qkv.weight"], before["layers.0.qkv.weight"])


@pytest.mark.usefixtures("tiny")
def test_a_run_may_begin_with_all_of_another_s_weights(tmp_path: Path) -> None:
    train.Run(SETTINGS, tmp_path, tmp_path).train(every=1e9)
    begun = train.Run(replace(SETTINGS, begin=str(tmp_path / "checkpoint.pt")), tmp_path, tmp_path / "next")
    known = begun.network.state_dict()
    assert all(torch.equal(known[name], value) for name, value in weights(tmp_path).items())
    assert begun.step == 0


@pytest.mark.usefixtures("tiny")
def test_a_head_that_a_checkpoint_lacks_begins_as_it_was_drawn(tmp_path: Path) -> None:
    train.Run(SETTINGS, tmp_path, tmp_path).train(every=1e9)
    path = tmp_path / "checkpoint.pt"
    kept = {name: value for name, value in weights(tmp_path).items() if not name.startswith("support.")}
    torch.save({"network": kept}, path)
    fresh = train.Run(SETTINGS, tmp_path, tmp_path / "fresh").network.state_dict()
    begun = train.Run(replace(SETTINGS, begin=str(path)), tmp_path, tmp_path / "next").network.state_dict()
    assert all(torch.equal(begun[name], value) for name, value in kept.items())
    assert torch.equal(begun["support.weight"], fresh["support.weight"])


@pytest.mark.usefixtures("tiny")
def test_a_checkpoint_of_other_settings_is_refused_by_name(tmp_path: Path) -> None:
    train.Run(SETTINGS, tmp_path, tmp_path).train(every=1e9)
    with pytest.raises(SystemExit, match=f"{tmp_path / 'checkpoint.pt'} is of a run with other settings.*move it away"):
        train.Run(replace(SETTINGS, seed=12), tmp_path, tmp_path).train(every=1e9)


@pytest.mark.usefixtures("tiny")
def test_what_was_trained_is_exported_to_the_same_bytes_and_reads(tmp_path: Path) -> None:
    train.Run(SETTINGS, tmp_path, tmp_path).train(every=1e9)
    for folder in ("one", "other"):
        given = ["--checkpoint", str(tmp_path / "checkpoint.pt"), "--folder", str(tmp_path / folder)]
        assert export.main(given) == 0
    assert (tmp_path / "one" / MODEL).read_bytes() == (tmp_path / "other" / MODEL).read_bytes()
    window, candidate = Window("方案", (), TEXT), Span(10, 14)
    model, trained = load_span_model(tmp_path / "one"), network()
    trained.load_state_dict(weights(tmp_path))
    (told,) = model.read("光伏装机是多少", [window])
    (expected,) = scored(trained, [TEXT])
    relative = (expected.spans - expected.spans[0])[-1 - len(told.spans) : -1]
    # 8-bit integers: near the network's scores, not equal to them.
    assert np.abs(told.starts - relative[:, 0]).max() < 0.25 * np.ptp(relative[:, 0]) + 0.1
    (support,) = model.judge("光伏装机是多少", [(window, candidate)])
    ids = torch.tensor([INPUT.marked("光伏装机是多少", window, candidate)])
    with torch.inference_mode():
        _, verdicts = trained(ids, torch.ones_like(ids, dtype=torch.bool))
    assert [support.answers, support.affirms] == pytest.approx(verdicts[0].tolist(), abs=0.25)
