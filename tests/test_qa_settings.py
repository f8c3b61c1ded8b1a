from __future__ import annotations

from pathlib import Path

from qa.settings import Settings


def test_the_index_is_named_by_the_argument_then_the_environment_then_by_default() -> None:
    environment = {"YIJU_INDEX": "/there"}
    assert Settings.from_environment(environment, index=Path("/here")).index == Path("/here")
    assert Settings.from_environment(environment).index == Path("/there")
    assert Settings.from_environment({}).index == Path("data/index")


def test_an_empty_variable_is_no_index() -> None:
    assert Settings.from_environment({"YIJU_INDEX": ""}).index == Path("data/index")
