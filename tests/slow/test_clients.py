"""Other people's libraries against the real service, each in an environment of its own: `make test-clients`."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.records import Dataset, Outcome
from eval.report.report import make_report
from eval.report.traces import langfuse_scores, openinference
from tests.support.eval_fakes import make_answer, make_query
from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built, serving

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / "build" / "clients" / "bin" / "python"
QUESTION = "光伏装机目标是多少"
TITLE = "綦江区绿色发展实施方案"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="needs `make test-clients`")

RETRIEVERS = {
    "langchain": "[each.metadata['title'] for each in Retriever(address=address, k=1).invoke(question)]",
    "llama_index": "[each.node.metadata['title'] for each in Retriever(address, k=1).retrieve(question)]",
    "haystack": "[each.meta['title'] for each in Retriever(address, k=1).run(question)['documents']]",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(built(FakeAnswerer(), mcp=True)) as address:
        yield address


def run(code: str, *arguments: str) -> str:
    """What a program prints in the environment of the clients, of which none may tell anybody of its use."""
    silent = {"HAYSTACK_TELEMETRY_ENABLED": "False", "ANONYMIZED_TELEMETRY": "False", "NO_PROXY": "127.0.0.1"}
    begun = "import json, runpy, sys; "
    done = subprocess.run(
        [PYTHON, "-c", begun + code, *arguments],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, **silent}, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("library", RETRIEVERS)
def test_an_adapter_retrieves_with_title(library: str, address: str) -> None:
    example = str(ROOT / "examples" / f"{library}_retriever.py")
    code = "path, address, question = sys.argv[1:]; Retriever = runpy.run_path(path)['YijuRetriever']; "
    said = run(f"{code}print(json.dumps({RETRIEVERS[library]}))", example, address, QUESTION)
    assert json.loads(said) == [TITLE]


def test_langchains_chat_model_gets_the_answer_with_its_sources(address: str) -> None:
    code = "from langchain_openai import ChatOpenAI; address, question = sys.argv[1:]; "
    code += "print(ChatOpenAI(base_url=address + '/v1', api_key='-', model='yiju').invoke(question).content)"
    said = run(code, address, QUESTION)
    assert "70MW" in said and "依据：" in said and TITLE in said


def test_openais_own_client_asks_streams_embeds_and_is_refused_in_words(address: str) -> None:
    code = """
import openai
address, question = sys.argv[1:]
client = openai.OpenAI(base_url=address + '/v1', api_key='-', max_retries=0)
asked = [{'role': 'user', 'content': question}]
whole = client.chat.completions.create(model='yiju', messages=asked)
parts = client.chat.completions.create(model='yiju', messages=asked, stream=True)
streamed = ''.join(part.choices[0].delta.content or '' for part in parts if part.choices)
try:
    client.chat.completions.create(model='yiju', messages=asked, n=2)
except openai.BadRequestError as error:
    refused = error.code
print(json.dumps({
    'whole': whole.choices[0].message.content, 'streamed': streamed, 'used': whole.usage.total_tokens,
    'responded': client.responses.create(model='yiju', input=question).output_text,
    'vectors': len(client.embeddings.create(model='yiju-embedding', input=[question, question]).data),
    'models': [each.id for each in client.models.list()], 'refused': refused,
}))"""
    said = json.loads(run(code, address, QUESTION).splitlines()[-1])
    assert "70MW" in said["whole"] and said["whole"] == said["streamed"] and "70MW" in said["responded"]
    assert said["used"] > 0 and said["vectors"] == 2 and "yiju" in said["models"]
    assert said["refused"] == "unsupported_parameter"


def test_the_protocols_own_client_finds_the_tools_and_asks(address: str) -> None:
    code = """
import asyncio
from mcp import Client
address, question = sys.argv[1:]
async def talk():
    async with Client(address + '/mcp') as client:
        tools = [each.name for each in (await client.list_tools()).tools]
        answer = await client.call_tool('ask', {'question': question})
        return {'tools': tools, 'text': answer.content[0].text, 'failed': answer.is_error}
print(json.dumps(asyncio.run(talk())))"""
    said = json.loads(run(code, address, QUESTION).splitlines()[-1])
    assert {"ask", "search", "get_passage"} <= set(said["tools"])
    assert "70MW" in said["text"] and not said["failed"]


OUTCOMES = [Outcome(make_query(), make_answer())]
REPORT = make_report(Dataset("set.jsonl", (OUTCOMES[0].query,)), OUTCOMES)


def test_langfuses_own_types_take_traces_and_scores(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(openinference(REPORT, OUTCOMES), encoding="utf-8")
    (tmp_path / "scores.json").write_text(langfuse_scores(REPORT), encoding="utf-8")
    code = "from langfuse.api.core.pydantic_utilities import parse_obj_as; "
    code += "from langfuse.api.opentelemetry import OtelResourceSpan; "
    code += "from langfuse.api.scores import CreateScoreRequest; "
    code += "run, scores = (json.load(open(path, encoding='utf-8')) for path in sys.argv[1:]); "
    code += "(resource,) = [parse_obj_as(OtelResourceSpan, each) for each in run['resourceSpans']]; "
    code += "trace = resource.scope_spans[0].spans[0].trace_id; "
    code += "print({parse_obj_as(CreateScoreRequest, each).trace_id == trace for each in scores})"
    assert run(code, str(tmp_path / "run.json"), str(tmp_path / "scores.json")) == "{True}"


def test_the_attributes_are_those_of_openinference(tmp_path: Path) -> None:
    (resource,) = json.loads(openinference(REPORT, OUTCOMES))["resourceSpans"]
    used = {key["key"] for span in resource["scopeSpans"][0]["spans"] for key in span["attributes"]}
    code = "from openinference.semconv.trace import DocumentAttributes as D, SpanAttributes as S; "
    code += "print(json.dumps([v for c in (D, S) for k, v in vars(c).items() if k.isupper()]))"
    known = set(json.loads(run(code)))
    flat = {key.split(".", 3)[3] if key.startswith("retrieval.documents.") else key for key in used}
    assert {key for key in flat if not key.startswith("yiju.")} <= known
