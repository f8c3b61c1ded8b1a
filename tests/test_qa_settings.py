from __future__ import annotations

from pathlib import Path

import pytest

from qa.settings import Caution, Settings


def test_the_index_is_named_by_the_argument_then_the_environment_then_by_default() -> None:
    environment = {"YIJU_INDEX": "/there"}
    assert Settings.from_environment(environment, index=Path("/here")).index == Path("/here")
    assert Settings.from_environment(environment).index == Path("/there")
    assert Settings.from_environment({}).index == Path("data/index")


def test_an_empty_variable_is_no_index() -> None:
    assert Settings.from_environment({"YIJU_INDEX": ""}).index == Path("data/index")


def test_caution_is_named_by_the_argument_then_the_environment_then_normal() -> None:
    environment = {"YIJU_CAUTION": "high"}
    assert Settings.from_environment(environment, caution=Caution.LOW).caution is Caution.LOW
    assert Settings.from_environment(environment).caution is Caution.HIGH
    assert Settings.from_environment({}).caution is Caution.NORMAL
    assert Settings.from_environment({"YIJU_CAUTION": ""}).caution is Caution.NORMAL


def test_an_unknown_caution_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="环境变量 YIJU_CAUTION 是 'brave'：应为 low、normal、high 之一"):
        Settings.from_environment({"YIJU_CAUTION": "brave"})


def test_an_argument_wins_over_a_variable_that_is_wrong() -> None:
    assert Settings.from_environment({"YIJU_CAUTION": "brave"}, caution=Caution.HIGH).caution is Caution.HIGH
