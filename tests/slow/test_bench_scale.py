"""The curve by corpus size: texts that nest, vectors that stay themselves, laws with known answers, whole pages."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.__main__ import main
from bench.scale import STEPS, Curve, corpus, figures
from bench.scale.model import LAWS, Law, checks, fit, plans
from bench.scale.page import markdown, page
from bench.scale.plot import plot
from bench.scale.vectors import Known, Perturbing
from bench.scale.worker import Job, build, change, search
from index.codec import DOCUMENT_ID
from index.records import Document
from tests.support.fakes import HashEncoder

TEXTS = [
    Document(f"r{n}", f"{n}号条例", f"第一条 {n}号事项由{n}处负责。违反的，处{n}元罚款；情节严重的，加倍。", f"r{n}")
    for n in range(20)
]
LINEAR = Law("build_s", "秒", lambda n: n, "a + b·n")


def test_corpora_of_two_sizes_nest_and_what_is_beyond_real_texts_is_made_of_their_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "articles", lambda: TEXTS)
    monkeypatch.setattr(corpus, "policies", list)
    assert corpus.write(tmp_path / "small.jsonl", 10) == corpus.write(tmp_path / "large.jsonl", 50) == 20
    large = list(corpus.read(tmp_path / "large.jsonl", 50))
    assert list(corpus.read(tmp_path / "small.jsonl", 10)) == large[:10]
    assert len({document.id for document in large}) == 50
    sentences = {each for document in TEXTS for each in corpus._SENTENCE.findall(document.text)}
    for document in large[20:]:
        assert set(corpus._SENTENCE.findall(document.text)) <= sentences
    assert corpus.write(tmp_path / "large.jsonl", 30) == 20
    assert len(list(corpus.read(tmp_path / "large.jsonl", 99))) == 50


def test_known_vectors_are_kept_and_unknown_texts_get_the_same_perturbed_one_each_time(tmp_path: Path) -> None:
    encoder = HashEncoder()
    known = Known(tmp_path, encoder)
    assert known.learn(TEXTS) > 0.0
    again = Known(tmp_path, encoder)
    assert (len(again), again.learn(TEXTS)) == (len(known), 0.0)
    perturbing = Perturbing(again, HashEncoder())
    text = f"{TEXTS[3].title}\n{TEXTS[3].text}"
    first, second = perturbing.encode_passages([text, "没有编过的文本"]), perturbing.encode_passages(["没有编过的文本"])
    assert np.array_equal(first[0], encoder.encode_passages([text])[0])
    assert np.array_equal(first[1], second[0])
    assert np.linalg.norm(first, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (again.vectors @ first[1]).max() < 0.999


def test_two_copies_are_as_near_as_a_text_and_its_nearest(tmp_path: Path) -> None:
    known = Known(tmp_path, HashEncoder(dim=384))
    known.learn(TEXTS)
    likeness = known.vectors @ known.vectors.T - 2 * np.eye(len(known))
    copies = known.vectors[0] + known.noise() / np.sqrt(384) * np.random.default_rng(0).standard_normal((200, 384))
    copies /= np.linalg.norm(copies, axis=1, keepdims=True)
    assert np.median(copies[::2] @ copies[1::2].T) == pytest.approx(np.median(likeness.max(axis=1)), abs=0.03)


def test_a_law_is_found_again_in_points_that_follow_it() -> None:
    points = {n: {"build_s": 3 + 0.002 * n} for n in (100, 1000, 10_000)}
    fitted = fit(LINEAR, points)
    assert fitted is not None
    assert (fitted.constant, fitted.factor, fitted.at(1e6)) == pytest.approx((3, 0.002, 2003))
    assert fit(LINEAR, {100: {"build_s": 1.0}}) is None


def test_a_law_never_begins_below_nothing() -> None:
    # Through (10, 9) and (20, 21) goes -3 + 1.2 n; through the origin, in proportion, 2 · r / (r² + s²) with the ratios
    # n / value: r = 10/9, s = 20/21, so (10/9 + 20/21) / (100/81 + 400/441).
    fitted = fit(LINEAR, {10: {"build_s": 9.0}, 20: {"build_s": 21.0}})
    assert fitted is not None and fitted.constant == 0.0
    assert fitted.factor == pytest.approx((10 / 9 + 20 / 21) / (100 / 81 + 400 / 441))


def measured() -> Curve:
    """Points that follow the laws, but for the largest, which takes twice as long to build."""
    sizes = {}
    for n in (100, 10_000, 64_670, 100_000, 300_000, 1_000_000):
        values = {
            "passages": n,
            "documents": n,
            "segments": 10,
            "known_vectors": 10_000,
            "encode_passages_s": 40.0,
            "built_passages_s": 39.0,
        }
        values |= {
            "encode_characters_s": 6500,
            "build_s": 0.001 * n * (2 if n == 1_000_000 else 1),
            "build_cpu_s": 0.001 * n,
        }
        values |= {"disk_mb": 0.003 * n, "resident_own_mb": 50 + 0.0004 * n, "resident_mb": 80 + 0.0008 * n}
        values |= {"resident_mapped_mb": 30, "build_peak_mb": 900, "add_s": 0.3, "remove_s": 0.2, "open_ms": 50}
        values |= {
            "first_search_ms": 90,
            "dense_p50_ms": 0.5 + 0.005 * n**0.5,
            "dense_p95_ms": 9,
            "dense_recall": 0.985,
        }
        values |= {"lexical_p50_ms": 1 + 0.00001 * n, "lexical_p95_ms": 9, "fused_p50_ms": 9, "fused_p95_ms": 19}
        values |= {"fused_recall": 0.99, "exact_ms": 0.1 + 0.0002 * n, "read_ms": 0.00015 * n, "bound_ratio": 1.4}
        values |= {
            "read_gb_s": 10,
            "answer_p50_ms": 90,
            "answer_p95_ms": 190,
            "first_answer_ms": 900,
            "answering_mb": 700,
        }
        sizes[str(n)] = values
    about = {
        "processor": "<CPU>",
        "cores": "2",
        "memory": "24 GB",
        "python": "3.11",
        "date": "2026-11-25",
        "load": "0 / 0 / 0",
    }
    return {"machine": about, "program": {}, "real": 75_785, "sizes": sizes}


def test_the_largest_point_is_held_against_what_the_others_say_of_it() -> None:
    points = {int(size): values for size, values in measured()["sizes"].items()}
    found = {check.law.name: check.said / check.found for check in checks(points)}
    assert found == pytest.approx({law.name: 0.5 if law.name == "build_s" else 1.0 for law in LAWS}, rel=1e-6)


def test_what_lies_beyond_is_planned_from_the_laws() -> None:
    points = {int(size): values for size, values in measured()["sizes"].items()}
    ten, hundred, thousand = plans(points, 40.0, 2)
    # 20 passages a second a core, 16 cores: 10^7 / 320 s = 0.36 days; 3 kB on disk and 0.4 kB in memory a passage.
    assert ten.encoding_days == pytest.approx(1e7 / 320 / 86_400)
    assert (ten.disk_gb, ten.memory_gb) == pytest.approx((30, 4.05), rel=0.01)
    # Ten million in one part: by meaning 0.5 + 0.005 · √10⁷ = 16.3 ms, by wording 1 + 100 ms; two parts 63.
    assert (ten.machines, ten.yuan_a_month) == (2, 5000)
    assert ten.machines < hundred.machines < thousand.machines
    assert max(plan.search_ms for plan in (ten, hundred, thousand)) <= 100
    assert plans({100: points[100]}, 40.0, 2) == []


def test_both_pages_tell_every_size_the_goals_that_were_missed_and_how_far_the_model_is_off() -> None:
    text = markdown(measured())
    assert "| 1,000,000 | 语义检索 p50 毫秒 | ≤ 10 | 5.5 | 达到 |" in text
    assert "| 100,000 | 逐一比较与只读一遍之比 | ≤ 1.5 | 1.4 | 达到 |" in text
    assert "| 64,670 | 加一份 秒 | ≤ 1 | 0.3 | 达到 |" in text
    assert "0.50 |" in text and "10,000,000" in text and "<CPU>" in text
    html = page(measured())
    assert html.count("<svg") == 6 and "&lt;CPU&gt;" in html and "<CPU>" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_a_page_of_one_size_says_that_there_are_too_few_points() -> None:
    curve = measured()
    curve["sizes"] = {"100": curve["sizes"]["100"]}
    assert "点还不够" in markdown(curve)
    assert page(curve).count("<svg") == 6


def test_figures_carry_the_goals_of_their_size() -> None:
    goals = {figure.name: figure.goal for figure in figures(measured()) if figure.goal}
    assert goals["1000000: answer_p50_ms"] == "≤ 200" and goals["64670: add_s"] == "≤ 1"


def test_a_plot_puts_values_by_their_logarithm() -> None:
    svg = plot("毫秒 <p50>", {"a": [(100, 1), (10_000, 100)]}, goal=10)
    # Across 100 to 10,000, up 1 to 100: from corner to corner, the goal in the middle.
    assert '<polyline points="56.0,246.0 448.0,26.0"' in svg and 'y1="136.0"' in svg
    assert "毫秒 &lt;p50&gt;" in svg


def test_the_steps_measure_an_index_of_a_few_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = HashEncoder()
    monkeypatch.setattr("bench.scale.worker.load_encoder", lambda: encoder)
    monkeypatch.setattr("bench.scale.worker.questions", lambda count: ["三号事项由谁负责", "罚款多少"][:count])
    monkeypatch.setattr(corpus, "articles", lambda: TEXTS)
    monkeypatch.setattr(corpus, "policies", list)
    corpus.write(tmp_path / "corpus.jsonl", 30)
    Known(tmp_path, encoder).learn(TEXTS)
    np.save(tmp_path / f"questions-{encoder.revision}-2.npy", encoder.encode_queries(["三号事项由谁负责", "罚款多少"]))
    job: Job = {"size": 30, "corpus": str(tmp_path / "corpus.jsonl"), "vectors": str(tmp_path),
                "index": str(tmp_path / "index"), "questions": 2}  # fmt: skip
    built, before = build(job), None
    assert (built["documents"], built["tuned_recall"]) == (30, 1.0)
    before = {path.name for path in (tmp_path / "index").iterdir()}
    found = search(job)
    assert (found["dense_recall"], found["fused_recall"]) == (1.0, 1.0)
    assert min(found.values()) > 0
    assert set(change(job)) == {"add_s", "remove_s"}
    assert {path.name for path in (tmp_path / "index").iterdir()} == before


@pytest.mark.parametrize("sizes", ["", "many", "0"])
def test_sizes_that_are_none_are_refused(sizes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["scale", "--sizes", sizes])
    assert left.value.code == 2
    assert "应为逗号隔开的正整数" in capsys.readouterr().err


@pytest.mark.skipif(not (corpus.SHARED / "law").is_dir(), reason="needs ../shared/data")
def test_real_texts_are_all_articles_and_then_reports() -> None:
    articles, policies = corpus.articles(), corpus.policies()
    assert len(articles) == 64_670 and articles[0].text.startswith("第") and len(policies) > 10_000
    ids = {document.id for document in (*articles, *policies)}
    assert len(ids) == len(articles) + len(policies) and all(map(DOCUMENT_ID.fullmatch, ids))


def test_every_step_is_there() -> None:
    assert STEPS == ("encode", "build", "search", "change", "answer")
    assert json.loads(json.dumps(measured()))["real"] == 75_785
