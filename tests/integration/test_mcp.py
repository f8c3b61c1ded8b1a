"""The tools for language models, with the protocol's own client: in process, over standard input and over HTTP."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the extra mcp is not installed")

from mcp import Client, StdioServerParameters

from index.store.passage_index import PassageIndex
from tests.support.fake_answerer import PLAN, FakeAnswerer
from tests.support.served import built, serving
from ui.answer_queue import AnswerQueue
from ui.api.mcp_server import server_of
from ui.usage.log import UsageLog, read_rows, usage_file

Session = Callable[[Client], Coroutine[Any, Any, None]]


def within(server: object, session: Session) -> None:
    """Runs a session with a client of `server`."""

    async def run() -> None:
        async with Client(server) as client:
            await session(client)

    asyncio.run(run())


async def call(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def refusal(client: Client, tool: str, **arguments: object) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(result.content[0].text)


def test_there_are_three_tools_and_each_says_what_it_takes():
    async def session(client: Client) -> None:
        tools = {each.name: each for each in (await client.list_tools()).tools}
        assert sorted(tools) == ["ask", "get_passage", "search"]
        assert tools["ask"].input_schema["required"] == ["question"]
        assert sorted(tools["get_passage"].input_schema["required"]) == ["document_id", "end", "start"]
        assert "abstain" in tools["ask"].description

    within(server_of(AnswerQueue(FakeAnswerer())), session)


def test_an_answer_leads_to_the_passage_it_rests_on():
    async def session(client: Client) -> None:
        answer = await call(client, "ask", question="那风电呢？", history=["光伏装机目标是多少"])
        assert (answer["short_answer"], answer["standalone_question"]) == ("180MW", "风电的装机目标是多少？")
        (quote,) = answer["citations"]
        place = {key: quote[key] for key in ("document_id", "start", "end")}
        passage = await call(client, "get_passage", **place)
        assert passage["text"] == quote["quote"]
        assert passage["section"] == ["三、重点任务", "（三）加快新能源开发"]
        found = await call(client, "search", query="光伏", documents=["rules-3c4d"])
        assert {each["document_id"] for each in found["passages"]} == {"rules-3c4d"}

    within(server_of(AnswerQueue(FakeAnswerer())), session)


def test_what_cannot_be_done_is_said_in_words_that_a_model_can_act_on():
    async def session(client: Client) -> None:
        assert "请输入问题" in await refusal(client, "ask", question=" ")
        assert "没有文档" in await refusal(client, "get_passage", document_id="../etc/passwd", start=0, end=9)
        assert "4000" in await refusal(client, "get_passage", document_id=PLAN.id, start=0, end=99_999)
        assert "4000" in await refusal(client, "get_passage", document_id=PLAN.id, start=-5, end=3)
        assert "a bug" not in await refusal(client, "ask", question="崩溃")

    within(server_of(AnswerQueue(FakeAnswerer())), session)


def test_over_http_it_answers_beside_everything_else_and_keeps_foreign_pages_out(tmp_path):
    usage = UsageLog(tmp_path / "index-usage.sqlite")

    async def session(client: Client) -> None:
        assert (await call(client, "ask", question="光伏装机目标是多少"))["short_answer"] == "70MW"

    with serving(built(FakeAnswerer(), usage=usage, mcp=True)) as address:
        within(f"{address}/mcp", session)
        assert _post(f"{address}/mcp", {"Origin": "http://elsewhere.example"}) == 403
    assert [tuple(row) for row in read_rows(usage.path, "SELECT place, short FROM answers")] == [("mcp", "70MW")]


def _post(address: str, headers: dict[str, str]) -> int:
    import httpx

    kind = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    return httpx.post(
        address, json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers={**kind, **headers}
    ).status_code


def test_the_command_serves_a_client_over_standard_input(tmp_path: Path):
    (tmp_path / "光伏办法.txt").write_text("光伏办法\n第一条 光伏发电计划装机容量70MW。\n", encoding="utf-8")
    from index.__main__ import main as build

    assert build(["build", str(tmp_path / "光伏办法.txt"), "-o", str(tmp_path / "index")]) == 0
    assert PassageIndex.open(tmp_path / "index").documents()

    async def session(client: Client) -> None:
        found = await call(client, "search", query="光伏装机容量", k=1)
        (passage,) = found["passages"]
        assert "70MW" in passage["text"] and passage["scores"]["lexical"] > 0
        await call(client, "ask", question="光伏装机容量是多少？")

    command = ["-m", "ui.api.mcp_server", "--index", str(tmp_path / "index")]
    root = Path(__file__).parents[2]
    within(StdioServerParameters(command=sys.executable, args=command, cwd=root), session)
    assert len(read_rows(usage_file(tmp_path / "index"), "SELECT id FROM answers")) == 1


def test_a_missing_index_is_one_line_and_status_two(tmp_path, capsys):
    from ui.api.mcp_server import main

    with pytest.raises(SystemExit) as ended:
        main(["--index", str(tmp_path / "nowhere")])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("yiju-mcp：")
