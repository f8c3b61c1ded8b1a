from __future__ import annotations

import pytest

from eval.bench import Figure
from eval.bench.__main__ import main, table


def test_figures_make_a_markdown_table_in_the_order_given() -> None:
    figures = [Figure("speed", 12345.6, "1/s"), Figure("ratio", 4.98765, goal="≥ 3")]
    assert table({"encoding": figures}).splitlines()[2:] == [
        "| encoding | speed | 12,346 1/s |  |",
        "| encoding | ratio | 4.988 | ≥ 3 |",
    ]


def test_an_unknown_benchmark_is_the_caller_s_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["nothing"])
    assert caught.value.code == 2
    assert "没有基准测试 nothing；有：encoding" in capsys.readouterr().err
