from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa.settings import Caution, ModelSettings, Settings


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


# --- A language model ---

URL = "http://127.0.0.1:11434/v1"


def test_without_an_address_or_a_file_there_is_no_language_model() -> None:
    assert ModelSettings.from_environment({"YIJU_LLM_KEY": "k", "YIJU_LLM_MODEL": "m"}) is None
    assert Settings.from_environment({}).model is None


def test_a_language_model_is_named_by_arguments_then_by_the_environment() -> None:
    environment = {"YIJU_LLM_URL": "http://10.0.0.1/v1", "YIJU_LLM_MODEL": "a", "YIJU_LLM_KEY": "k"}
    found = ModelSettings.from_environment(environment, url=URL + "/", name="b")
    assert found == ModelSettings(url=URL, name="b", key="k")
    assert ModelSettings.from_environment(environment) == ModelSettings(url="http://10.0.0.1/v1", name="a", key="k")


def test_an_argument_for_a_file_wins_over_an_address_of_the_environment() -> None:
    found = ModelSettings.from_environment({"YIJU_LLM_URL": URL}, file=Path("m.gguf"))
    assert found == ModelSettings(file=Path("m.gguf"))


def test_the_key_is_not_shown() -> None:
    assert "k-secret" not in repr(ModelSettings(url=URL, name="m", key="k-secret"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"url": URL}, "--llm-url 须与 --llm-model 同用"),
        ({"url": URL, "name": "m", "file": Path("m.gguf")}, "只能给出一个"),
        ({"url": "127.0.0.1:11434", "name": "m"}, "应为接口的地址"),
        ({"url": "ftp://10.0.0.1/v1", "name": "m"}, "应为接口的地址"),
        ({"url": "http://", "name": "m"}, "应为接口的地址"),
        ({"url": "http://[::1", "name": "m"}, "应为接口的地址"),
        ({"url": "http://10.0.0.1:99999/v1", "name": "m"}, "应为接口的地址"),
        ({"url": "http://me:secret@10.0.0.1/v1", "name": "m"}, "YIJU_LLM_KEY"),
        ({"url": "http://10.0.0.1/v1?key=secret", "name": "m"}, "YIJU_LLM_KEY"),
    ],
)
def test_what_names_no_language_model_is_told_without_repeating_a_secret(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        ModelSettings.from_environment({}, **given)
    assert "secret" not in str(caught.value)
