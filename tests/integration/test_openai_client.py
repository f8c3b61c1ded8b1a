"""OpenAI's own package against a real server: whole, streamed, and when something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import openai
import pytest
from openai import OpenAI

from index.errors import ModelUnavailable
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built, serving
from ui.unavailable import Unavailable


@dataclass(frozen=True)
class BreaksDown(FakeAnswerer):
    """Fails behind the first snapshot."""

    def stream(self, question, history=(), within=None):
        yield next(iter(super().stream(question, history, within)))
        raise ModelUnavailable("模型没有应答。")


@dataclass(frozen=True)
class ChangesItsMind(FakeAnswerer):
    """Its second snapshot does not continue the first."""

    def stream(self, question, history=(), within=None):
        *_, answer = super().stream(question, history, within)
        yield replace(answer, text="先说的", citations=())
        yield answer


@pytest.fixture(scope="module")
def client() -> Iterator[OpenAI]:
    with serving(built(FakeAnswerer())) as address, OpenAI(base_url=f"{address}/v1", api_key="none") as client:
        yield client


def asked(question: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}]


def test_a_completion_has_text_and_citations(client):
    reply = client.chat.completions.create(model="gpt-4o", messages=asked("光伏装机目标是多少"), temperature=0.2)
    (choice,) = reply.choices
    text, sources = choice.message.content.split("\n\n依据：\n")
    assert (text, choice.finish_reason) == ("光伏发电计划装机容量70MW。[1]", "stop")
    assert sources == (
        "[1] 綦江区绿色发展实施方案 › 三、重点任务 › （三）加快新能源开发（綦江方案.txt）："
        "「光伏发电计划装机容量70MW。」"
    )
    assert [each["quote"] for each in choice.message.citations] == ["光伏发电计划装机容量70MW。"]
    assert (choice.message.short_answer, choice.message.abstained) == ("70MW", False)
    assert reply.usage.prompt_tokens > 3
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


def test_a_stream_adds_up_and_ends_with_the_citations(client):
    stream = client.chat.completions.create(
        model="yiju",
        messages=[*asked("光伏装机目标是多少"), {"role": "assistant", "content": "70MW"}, *asked("那风电呢？")],
        stream=True,
        stream_options={"include_usage": True},
        extra_body={"sources": False},
    )
    *chunks, last, counted = list(stream)
    assert "".join(each.choices[0].delta.content or "" for each in chunks) == "风电计划装机容量180MW[1]"
    assert (last.choices[0].finish_reason, [each["n"] for each in last.choices[0].delta.citations]) == ("stop", [1])
    assert counted.choices == [] and counted.usage.completion_tokens > 0


def test_streamed_and_whole_text_are_equal_even_where_a_snapshot_takes_something_back():
    with serving(built(ChangesItsMind())) as address, OpenAI(base_url=f"{address}/v1", api_key="none") as client:
        whole = client.chat.completions.create(model="yiju", messages=asked("光伏")).choices[0].message.content
        stream = client.chat.completions.create(model="yiju", messages=asked("光伏"), stream=True)
        assert "".join(each.choices[0].delta.content or "" for each in stream) == whole
        assert whole.startswith("先说的\n\n光伏发电计划装机容量70MW。[1]\n\n依据：")


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_what_would_be_ignored_is_refused_by_name(client, given, param):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="yiju", messages=asked("光伏"), **given)
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", param)


def test_embeddings_are_those_of_the_encoder(client):
    reply = client.embeddings.create(model="yiju-embedding", input=["光伏", "风电"])
    expected = FakeAnswerer().encode(["光伏", "风电"])
    assert [each.embedding for each in reply.data] == [pytest.approx(row) for row in expected.tolist()]
    assert reply.usage.prompt_tokens > 0
    with pytest.raises(openai.UnprocessableEntityError, match="dimensions"):
        client.embeddings.create(model="yiju-embedding", input="光伏", dimensions=3)


def test_a_filter_goes_as_an_extra_field(client):
    extra = {"filter": {"documents": ["rules-3c4d"]}}
    reply = client.chat.completions.create(model="yiju", messages=asked("风电装机目标"), extra_body=extra)
    assert reply.choices[0].message.abstained is True


def test_models_are_listed_and_found_by_name(client):
    assert [each.id for each in client.models.list()] == ["yiju", "yiju-embedding"]
    assert client.models.retrieve("yiju").owned_by == "yiju"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-4o")
    assert caught.value.code == "model_not_found"


def test_a_mistake_is_the_clients_own_error_with_our_message(client):
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.chat.completions.create(model="yiju", messages=asked(" "))
    assert (caught.value.code, caught.value.type) == ("invalid_question", "invalid_request_error")
    assert "请输入问题" in caught.value.message


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_before_and_amid_an_answer_is_an_error(stream):
    with (
        serving(built(BreaksDown())) as address,
        OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client,
        pytest.raises(openai.APIError, match="模型没有应答"),
    ):
        list(client.chat.completions.create(model="yiju", messages=asked("光伏装机目标是多少"), stream=stream))


def test_a_server_that_cannot_answer_says_when_to_come_back():
    broken = Unavailable(ModelUnavailable("模型文件 reader.onnx 已损坏。"))
    with serving(built(broken)) as address, OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client:
        with pytest.raises(openai.InternalServerError, match=r"reader\.onnx") as caught:
            client.chat.completions.create(model="yiju", messages=asked("光伏"))
        assert (caught.value.status_code, caught.value.type) == (503, "server_error")
        assert caught.value.response.headers["retry-after"] == "5"


def test_a_response_is_whole_or_a_stream_of_the_same_text_with_its_basis(client):
    whole = client.responses.create(model="yiju", input="光伏装机目标是多少")
    assert whole.status == "completed" and "依据：" in whole.output_text
    assert whole.output_text.startswith("光伏发电计划装机容量70MW。[1]")
    assert [each["quote"] for each in whole.output[0].citations] == ["光伏发电计划装机容量70MW。"]
    assert whole.usage.total_tokens == whole.usage.input_tokens + whole.usage.output_tokens > 3
    earlier = [{"role": "user", "content": [{"type": "input_text", "text": "光伏装机目标是多少"}]}]
    events = list(client.responses.create(model="yiju", input=earlier, stream=True))
    assert [each.sequence_number for each in events] == list(range(len(events)))
    deltas = "".join(each.delta for each in events if each.type == "response.output_text.delta")
    assert deltas == whole.output_text == events[-1].response.output_text


def test_a_follow_up_of_a_response_brings_its_questions_along_and_nothing_is_stored(client):
    asked = [{"role": "user", "content": "光伏装机目标是多少"}, {"role": "user", "content": "那风电呢"}]
    assert "180MW" in client.responses.create(model="yiju", input=asked).output_text
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        client.responses.create(model="yiju", input="那风电呢", previous_response_id="resp_1")


def test_a_response_that_breaks_down_ends_with_an_error():
    with serving(built(BreaksDown())) as address, OpenAI(base_url=f"{address}/v1", api_key="none") as client:
        *_, last = client.responses.create(model="yiju", input="光伏", stream=True)
        assert (last.type, last.message) == ("error", "模型没有应答。")
        with pytest.raises(openai.InternalServerError, match="模型没有应答"):
            client.with_options(max_retries=0).responses.create(model="yiju", input="光伏")
