"""A fixture for the tests of a project whose documents this product answers from: `yiju_eval`.

def test_our_documents_are_answered(yiju_eval):
    yiju_eval("questions.jsonl", index="data/index", require=["answer_hit>=0.9"])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from eval.report.report import ReportJson

Evaluate = Callable[..., "ReportJson"]


@pytest.fixture
def yiju_eval(tmp_path: Path) -> Evaluate:
    """Evaluate a question set and fails the test, with what was wrong, where a requirement is not met."""

    def evaluate(
        dataset: str | Path, *options: str, index: str | Path | None = None, require: Sequence[str] = ()
    ) -> ReportJson:
        from eval.__main__ import main
        from eval.report.baseline import load_report

        saved = tmp_path / "yiju-eval.json"
        argv = [str(dataset), "--json", str(saved), *options]
        argv += ["--index", str(index)] if index else []
        status = main([*argv, *(word for each in require for word in ("--require", each))])
        if status:
            pytest.fail(f"yiju-eval：以 {status} 退出，原因见输出", pytrace=False)
        return load_report(saved)

    return evaluate
