from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from bench import encoding
from index.errors import YijuError


@contextmanager
def running(code: str) -> Iterator[encoding.Export]:
    command = [sys.executable, "-c", f"import json, sys\n{code}"]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield encoding.Export(process)
        process.kill()


def test_speeds_are_medians_and_ratios_those_of_each_round() -> None:
    # Seconds for 100 characters. Against the second: 2/1, 6/2, 5/1; against the third: 1.5/1, 2/2, 3/1.
    rounds = np.array([[1, 2, 1.5], [2, 6, 2], [1, 5, 3]], np.float32)
    figures = list(encoding._speeds(rounds, 100))
    assert [figure.value for figure in figures] == pytest.approx([100, 20, 50, 3, 1.5])
    assert [figure.goal for figure in figures] == ["", "", "", "≥ 4", "≥ 1.3"]
    assert [figure.value for figure in encoding._speeds(rounds[:, :2], 100)] == pytest.approx([100, 20, 3])


def test_the_export_is_given_texts_with_their_prompt_and_tells_how_long_it_took() -> None:
    with running("for line in sys.stdin: print(json.dumps([len(json.loads(line)[1]), []]), flush=True)") as export:
        assert export.seconds(["甲", "乙丙"]) == len("passage: 乙丙")
        assert export.seconds(["甲", ""]) == len("passage: ")


def test_an_export_that_ends_is_named() -> None:
    with running("input(); sys.exit(3)") as export, pytest.raises(YijuError, match="以 3 退出"):
        export.seconds(["甲"])


def test_questions_about_the_sample_know_the_passages_that_answer_them() -> None:
    sample = encoding._sample()
    assert len(sample.questions) > 50 and len(sample.questions) == len(sample.answering)
    place = sample.answering[sample.questions.index(next(each for each in sample.questions if "光伏" in each))]
    assert any("光伏" in sample.texts[at] for at in place)
