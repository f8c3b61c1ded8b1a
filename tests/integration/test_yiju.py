"""The front door for programmers, and the examples behind it."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

import yiju
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built, serving

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SAMPLE = ROOT / "data" / "documents"


def example(name: str) -> dict[str, object]:
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


def test_an_index_is_built_asked_and_searched_in_four_lines(tmp_path: Path) -> None:
    yiju.build_index([SAMPLE], tmp_path / "index")
    assistant = yiju.open_assistant(tmp_path / "index", caution="low")
    answer = assistant.ask("光伏装机目标是多少")
    assert answer.short == "70MW" and isinstance(answer.citations[0], yiju.Citation)
    (hit,) = assistant.search("光伏装机目标是多少", k=1)
    assert hit.source.endswith(".txt") and hit.dense is not None and hit.lexical is not None
    vectors = assistant.encode(["光伏"], queries=True)
    assert vectors.shape == (1, 384)


def test_a_file_that_cannot_be_read_is_an_error_of_the_tree(tmp_path: Path) -> None:
    with pytest.raises(yiju.YijuError, match="missing"):
        yiju.build_index([tmp_path / "missing.txt"])


def test_the_version_is_that_of_the_distribution() -> None:
    assert yiju.__version__.startswith("0.") and (Path(yiju.__file__).parent / "py.typed").is_file()


def test_the_first_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["ask.py", str(SAMPLE)])
    runpy.run_path(str(EXAMPLES / "ask.py"), run_name="__main__")
    assert capsys.readouterr().out.startswith("70MW\n[1] ")


def test_langchain_retrieves_over_the_interface() -> None:
    pytest.importorskip("langchain_core")
    with serving(built(FakeAnswerer())) as address:
        found = example("langchain_retriever")["YijuRetriever"](address=address, k=1).invoke("光伏装机目标是多少")
    assert [each.metadata["title"] for each in found] == ["綦江区绿色发展实施方案"]
