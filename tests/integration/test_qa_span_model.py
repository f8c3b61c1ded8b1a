from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import qa.bootstrap
from index.encoding.encoders import load_encoder
from index.encoding.model_files import MANIFEST, load_model, load_tokenizer
from index.errors import ModelUnavailable
from index.records import Document, Span
from index.store.passage_index import PassageIndex
from qa.__main__ import main as ask_main
from qa.reading.model_input import InputTokenizer, Window
from qa.reading.span_model import LONGEST, MODEL, Scores, SpanModel, load_span_model
from training.encoder.manifests import write_manifest

TEXT = "光伏发电计划装机容量70MW。总投资5亿元。"
WEIGHTS = np.array([0.01, -0.02], dtype=np.float32)


def graph() -> onnx.ModelProto:
    """A network that scores a token by its number: starts by 0.01 of it, ends by -0.02."""
    nodes = [
        helper.make_node("Cast", ["ids"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["floats", "axis"], ["column"]),
        helper.make_node("Mul", ["column", "weights"], ["scores"]),
    ]
    constants = [numpy_helper.from_array(np.array([2]), "axis"), numpy_helper.from_array(WEIGHTS, "weights")]
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["texts", "tokens"])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["texts", "tokens", 2])
    body = helper.make_graph(nodes, "small", [ids], [scores], constants)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that holds the small network."""
    folder = tmp_path_factory.mktemp("models")
    (folder / MODEL).write_bytes(graph().SerializeToString())
    write_manifest(folder, (MODEL,), source="made up", recipe="by hand")
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> SpanModel:
    return load_span_model(folder)


def scores(starts: list[float], ends: list[float]) -> Scores:
    """Scores of a text whose every character is a token."""
    spans = tuple(Span(i, i + 1) for i in range(len(starts)))
    return Scores(spans, np.array(starts, dtype=np.float32), np.array(ends, dtype=np.float32))


def windows(n: int = 20) -> list[Window]:
    return [Window("方案", ("一、目标",), TEXT[i:] + TEXT * (i % 3)) for i in range(n)]


# --- Scores ---


def test_the_best_span_starts_before_it_ends() -> None:
    told = scores([0, 0, 5], [4, 0, 0])
    # 5 + 4 would end before it starts: then the last token alone, and of both ends the first token
    assert told.best(2) == [(Span(2, 3), 5.0), (Span(0, 1), 4.0)]


def test_equal_spans_come_in_text_order() -> None:
    assert [span for span, _ in scores([1, 1, 0], [1, 1, 0]).best(3)] == [Span(0, 1), Span(0, 2), Span(1, 2)]


def test_no_span_is_longer_than_the_longest_answer() -> None:
    told = scores([9] + [0] * 99, [0] * 99 + [9])
    ((best, _),) = told.best()
    assert len(best) <= LONGEST
    assert max(len(span) for span, _ in told.best(10_000)) == LONGEST


def test_more_spans_than_there_are_gives_all_of_them_once() -> None:
    found = [span for span, _ in scores([0, 1, 2], [2, 1, 0]).best(100)]
    assert len(found) == len(set(found)) == 6


def test_a_window_without_tokens_has_no_span() -> None:
    told = scores([], [])
    assert told.best() == told.best(5) == []
    assert told.of(Span(0, 3)) == -np.inf


def test_the_score_of_a_span_is_that_of_the_tokens_at_its_ends() -> None:
    told = scores([1, 2, 4], [10, 20, 40])
    assert told.of(Span(0, 2)) == 21.0
    assert told.of(Span(1, 9)) == 42.0
    assert told.of(Span(3, 9)) == told.of(Span(1, 1)) == -np.inf


@settings(max_examples=80)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.integers(0, 20), st.integers(0, 20))
def test_a_span_is_scored_by_the_first_and_last_token_it_touches(widths: list[int], start: int, size: int) -> None:
    """Tokens as wide as given, some of them nothing wide, the way a tokenizer leaves them."""
    ends = np.cumsum(widths).tolist()
    spans = tuple(Span(end - width, end) for end, width in zip(ends, widths, strict=True))
    told = Scores(spans, np.arange(len(spans), dtype=np.float32), 100 * np.arange(len(spans), dtype=np.float32))
    touched = [i for i, span in enumerate(spans) if span.overlap(Span(start, start + size))]
    assert told.of(Span(start, start + size)) == (touched[0] + 100 * touched[-1] if touched else -np.inf)


@settings(max_examples=80)
@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), max_size=80), st.integers(1, 12))
def test_the_best_spans_are_those_that_trying_all_finds(pairs: list[tuple[int, int]], n: int) -> None:
    told = scores([a for a, _ in pairs], [b for _, b in pairs])
    every = [
        (Span(i, j + 1), float(pairs[i][0] + pairs[j][1]))
        for i in range(len(pairs))
        for j in range(i, min(len(pairs), i + LONGEST))
    ]
    assert told.best(n) == sorted(every, key=lambda each: -each[1])[:n]
    assert all(told.of(span) == score for span, score in told.best(n))


# --- The network ---


def test_scores_are_differences_to_no_answer(model: SpanModel) -> None:
    window = Window("方案", (), TEXT)
    tokens = InputTokenizer(load_tokenizer())("多少", window)
    (told,) = model.read("多少", [window])
    numbers = np.array(tokens.ids[tokens.first : -1]) - tokens.ids[0]
    assert told.spans == tokens.spans
    np.testing.assert_allclose(told.starts, numbers * 0.01, rtol=1e-5)
    np.testing.assert_allclose(told.ends, numbers * -0.02, rtol=1e-5)


def test_windows_are_read_in_order_whatever_is_read_beside_them(model: SpanModel) -> None:
    together = model.read("光伏装机是多少", windows())
    alone = [model.read("光伏装机是多少", [window])[0] for window in windows()]
    assert same(together, alone)
    assert same(model.read("光伏装机是多少", windows()[::-1]), alone[::-1])


def test_threads_give_what_one_gives(folder: Path) -> None:
    session, tokenizer = load_model(folder, MODEL), InputTokenizer(load_tokenizer())
    one, many = (SpanModel(session, tokenizer, threads=threads) for threads in (1, 8))
    expected = one.read("多少", windows())
    with ThreadPoolExecutor(8) as pool:
        for told in pool.map(lambda _: many.read("多少", windows()), range(16)):
            assert same(told, expected)


def same(some: list[Scores], others: list[Scores]) -> bool:
    return all(
        a.spans == b.spans and np.array_equal(a.starts, b.starts) and np.array_equal(a.ends, b.ends)
        for a, b in zip(some, others, strict=True)
    )


def test_no_windows_have_no_scores(model: SpanModel) -> None:
    assert model.read("多少", []) == []


@pytest.mark.parametrize(
    "text", ["", " ", "\u200b", "70 80 90\n100", "字" * 10_000, "\ud800", "</s><s>" * 50, "光a伏\x00가カ😀"]
)
def test_any_text_and_question_is_read(model: SpanModel, text: str) -> None:
    (told,) = model.read(text, [Window(text, (text,), text)])
    assert len(told.spans) == len(told.starts) == len(told.ends)
    assert np.isfinite(told.starts).all() and np.isfinite(told.ends).all()
    assert all(Span(0, len(text)).contains(span) for span, _ in told.best(3))


# --- Its file ---


@pytest.fixture
def damaged(folder: Path, tmp_path: Path) -> Path:
    """A copy of the folder with one byte of the network changed."""
    copy = Path(shutil.copytree(folder, tmp_path / "models"))
    content = bytearray((copy / MODEL).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / MODEL).write_bytes(content)
    return copy


def test_an_altered_network_is_refused_by_name(damaged: Path) -> None:
    with pytest.raises(ModelUnavailable, match=f"{damaged / MODEL}.*已损坏或被改动.*请重新安装"):
        load_span_model(damaged)


@pytest.mark.parametrize("name", [MODEL, MANIFEST])
def test_a_missing_file_is_named(damaged: Path, name: str) -> None:
    (damaged / name).unlink()
    with pytest.raises(ModelUnavailable, match=f"{damaged / name}.*请重新安装"):
        load_span_model(damaged)


def test_asking_with_an_altered_network_ends_with_one_line(
    damaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    PassageIndex.build([Document("d", "方案", TEXT, "方案.txt")], load_encoder()).save(tmp_path / "index")
    monkeypatch.setattr(qa.bootstrap, "load_span_model", partial(load_span_model, damaged))
    assert ask_main(["光伏装机是多少", "--index", str(tmp_path / "index")]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert captured.err.startswith("yiju-ask: ") and str(damaged / MODEL) in captured.err
    assert "请重新安装" in captured.err
