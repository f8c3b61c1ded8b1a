"""A plain question takes one way: how much of our code it goes through, and each stage once."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType

from index.encoding.encoders import load_encoder
from index.loaders import load
from index.store.passage_index import PassageIndex
from qa.bootstrap import open_assistant
from qa.question.analysis import analyse
from qa.question.operations import understand
from qa.settings import Settings

ROOT = Path(__file__).parents[2]
SAMPLE = next((ROOT / "data/documents").glob("*.txt"))
FILES, FUNCTIONS = 44, 296
"""Of the product, for one plain question of a warm assistant. May fall; who lets them rise says why."""
ONCE = (
    "Interpreter.questions",
    "understand",
    "analyse",
    "PassageIndex.search",
    "ExtractiveReader.find",
    "second_look",
    "ExtractiveReader.compose",
)


@contextmanager
def called() -> Iterator[Counter[CodeType]]:
    """Count the calls of functions of `qa` and `index` in this thread, those that are written as `def`."""
    calls: Counter[CodeType] = Counter()
    rooms = (f"{ROOT / 'qa'}/", f"{ROOT / 'index'}/")

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and not code.co_name.startswith("<") and code.co_filename.startswith(rooms):
            calls[code] += 1

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def test_a_plain_question_goes_through_few_files_and_functions_and_enters_each_stage_once(tmp_path: Path) -> None:
    PassageIndex.build([load(SAMPLE)], load_encoder()).save(tmp_path / "index")
    assistant = open_assistant(Settings(index=tmp_path / "index"))
    assistant.ask("牵头单位是谁")  # what is read once and kept is read
    for kept in (analyse, understand):  # other tests ask the same
        kept.cache_clear()
    with called() as calls:
        answer = assistant.ask("光伏装机目标是多少")
    assert answer.short == "70MW"
    assert len({code.co_filename for code in calls}) <= FILES
    assert len(calls) <= FUNCTIONS, sorted(code.co_qualname for code in calls)
    assert {name: sum(n for code, n in calls.items() if code.co_qualname == name) for name in ONCE} == dict.fromkeys(
        ONCE, 1
    )
