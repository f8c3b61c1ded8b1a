from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.peers import SYSTEMS
from bench.peers.environments import REQUIREMENTS, Environment
from bench.peers.measuring import BUDGET, Measured, scores_of
from bench.peers.page import TaskResult, markdown, page
from bench.peers.tasks import Task
from bench.peers.worker import Finding, measure, opened
from tests.support.eval_fakes import EVIDENCE, make_query

QUERY = make_query()
OTHER = "风电装机容量180MW。"


@pytest.mark.parametrize(
    ("passages", "recall", "rr", "within"),
    [
        ([EVIDENCE, OTHER], 1.0, 1.0, 1.0),
        ([OTHER, f"前文。{EVIDENCE}后文。"], 1.0, 1 / 2, 1.0),
        ([OTHER] * 5 + [EVIDENCE], 0.0, 1 / 6, 1.0),  # the sixth counts for the rank only
        (["无" * BUDGET, EVIDENCE], 1.0, 1 / 2, 0.0),  # nobody gets that far within the budget
        ([EVIDENCE[:6], EVIDENCE[6:]], 0.0, 0.0, 0.0),  # cut in two
        ([], 0.0, 0.0, 0.0),
    ],
)
def test_evidence_counts_where_a_passage_holds_it_wholly(
    passages: list[str], recall: float, rr: float, within: float
) -> None:
    assert scores_of(QUERY, passages) == {"recall": recall, "rr": rr, "within": within}


def test_every_framework_is_pinned_to_a_version() -> None:
    for name in {system.environment for system in SYSTEMS} - {"yiju"} | {"sentence-transformers-onnx"}:
        first, *pins = (REQUIREMENTS / f"{name}.txt").read_text("utf-8").splitlines()
        assert first.startswith("# ")
        assert pins and all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)


def test_the_product_goes_through_the_same_door(tmp_path: Path) -> None:
    (tmp_path / "plan.txt").write_text(f"一、目标\n{EVIDENCE}。\n二、别的\n{OTHER}\n", encoding="utf-8")
    finding = measure("yiju", tmp_path, ["光伏装机目标是多少"], 5)
    assert EVIDENCE in finding["passages"][0][0]
    assert finding["pieces"] >= 1
    assert finding["index_seconds"] > 0 and finding["peak_mb"] > 0 and len(finding["milliseconds"]) == 1


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(ValueError, match="no system nobody"):
        opened("nobody")


def measured(place: int, right: float, index_seconds: float) -> Measured:
    finding: Finding = {
        "start_seconds": 1.0,
        "index_seconds": index_seconds,
        "pieces": 3,
        "passages": [],
        "milliseconds": [10.0],
        "peak_mb": 300.0,
    }
    scores = {f"q{n}": {"recall": right, "rr": right, "within": right} for n in range(40)}
    return Measured(SYSTEMS[place], finding, scores, 1500.0)


@pytest.fixture
def result(tmp_path: Path) -> TaskResult:
    (tmp_path / "a.txt").write_text("文", encoding="utf-8")
    task = Task("sample", "示例文件", tmp_path, (QUERY,))
    systems = (measured(0, 1.0, 2.0), measured(1, 0.0, 1.0))
    scores = {"answer_hit": 0.9}
    return TaskResult(task, systems, scores, {"answers": [], "milliseconds": [100.0], "peak_mb": 500.0})


ENVIRONMENTS = {system.environment: Environment(Path("python"), 321.0, "pinned 1.0") for system in SYSTEMS}


def test_the_page_marks_what_is_significant_and_tells_where_a_peer_is_better(result: TaskResult) -> None:
    text = markdown([result], ENVIRONMENTS, "make bench-peers")
    assert "| 依据 | 1.000 | 1.000 | 1.000 |" in text
    assert "| LangChain | 0.000↓ | 0.000↓ | 0.000↓ |" in text
    assert "示例文件，建索引（CPU 秒）：依据 2；LangChain 1。" in text
    assert "召回@5：依据" not in text  # where the product is ahead, nothing is said
    assert "pinned 1.0 | 321 |" in text


def test_the_page_for_a_browser_holds_the_same_and_asks_nobody(result: TaskResult) -> None:
    html = page([result], ENVIRONMENTS, "make bench-peers")
    assert "示例文件，建索引（CPU 秒）：依据 2；LangChain 1。" in html
    assert "0.000↓" in html
    assert not re.search("(?:src|href)=", html)
