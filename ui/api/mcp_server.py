"""Tools for language models (Model Context Protocol): ask, search, read a passage. Needs the extra `mcp`.

`yiju-mcp` speaks over standard input and output; `yiju-serve --mcp` serves `/mcp` beside everything else, where the
layers in front check host, origin and key as they do for every request.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from index.command_line import Parser
from index.errors import MissingDependency, YijuError
from index.filters import Filter
from index.locations import add_index_argument
from index.records import Span
from qa.answers import Answer, PassageJson, passage_json
from qa.settings import Settings, add_caution_option
from ui.access.visitors import OWNER, Visitor, visitor_of
from ui.answer_queue import AnswerQueue
from ui.bodies import MOST_PASSAGES
from ui.errors import ApiError
from ui.options import add_audit_options, add_usage_options, audit_of, mask_of, usage_of

try:
    from mcp.server import MCPServer
    from mcp.server.mcpserver import Context
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp.server.transport_security import TransportSecuritySettings
except ImportError as error:
    raise MissingDependency("mcp", "MCP 服务需要软件包 mcp：请运行 pip install 'yiju[mcp]'。") from error

if TYPE_CHECKING:
    from fastapi import FastAPI

INSTRUCTIONS = """Answers questions about the Chinese documents of one index, always with verbatim quotes.
Use `ask` first. When it abstains, the documents do not answer: say so, or look through what `search` finds.
Quotes and passages are verbatim; cite them with title and section. Ask in Chinese."""

MAX_PASSAGE = 4_000
"""Longest passage that is read at once, in code points."""

Json = dict[str, Any]


def server_of(queue: AnswerQueue) -> MCPServer[Any]:
    """Return the tools that ask one answer queue."""
    server: MCPServer[Any] = MCPServer("yiju", title="依据 Yiju", instructions=INSTRUCTIONS, log_level="WARNING")

    @server.tool()
    async def ask(
        question: str, context: Context[Any, Any], history: list[str] | None = None, documents: list[str] | None = None
    ) -> Json:
        """Answers a question from the documents, with the quotes it rests on, or abstains.

        Args:
            question: in Chinese, e.g. 光伏装机目标是多少.
            history: earlier questions of the conversation, oldest first; a follow-up like 那风电呢 needs them.
            documents: ids of the documents to answer from; all by default.
        """
        answer = await _answer(queue, _visitor(context), question, history or [], documents)
        said: Json = {**answer.to_json()}
        return {key: value for key, value in said.items() if key not in ("passages", "timing_ms")}

    @server.tool()
    async def search(query: str, context: Context[Any, Any], documents: list[str] | None = None, k: int = 10) -> Json:
        """Find the passages that are nearest to a query by meaning and wording, best first.

        Args:
            query: a question or keywords, in Chinese.
            documents: ids of the documents to search; all by default.
            k: how many passages, 1 to 100.
        """
        return {"passages": await _found(queue, _visitor(context), query, min(k, MOST_PASSAGES), documents)}

    @server.tool()
    async def get_passage(document_id: str, start: int, end: int, context: Context[Any, Any]) -> Json:
        """Read a document's text between two offsets, as citations and passages give them, with title and section.

        Args:
            document_id: of a citation or passage.
            start: first code point.
            end: behind the last code point; at most 4000 further on.
        """
        return _passage(queue, _visitor(context), document_id, start, end)

    return server


def add_routes(app: FastAPI, queue: AnswerQueue) -> Callable[[], AbstractAsyncContextManager[None]]:
    """Add `/mcp`; stateless, so that several processes can share the work.

    Returns:
        What the application enters while it runs.
    """
    server = server_of(queue)
    # Host and origin are checked in front, where the operator said which are right.
    unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    routes = server.streamable_http_app(stateless_http=True, json_response=True, transport_security=unchecked).routes
    app.router.routes.extend(routes)
    return server.session_manager.run


def _visitor(context: Context[Any, Any]) -> Visitor:
    """Return who asks; the owner, over standard input."""
    request = context.request_context.request
    return OWNER if request is None else visitor_of(request)


async def _answer(
    queue: AnswerQueue, visitor: Visitor, question: str, history: Sequence[str], documents: Sequence[str] | None
) -> Answer:
    within = None if documents is None else Filter(documents=frozenset(documents))
    try:
        return await queue.ask(question, history, within, visitor=visitor, where="mcp")
    except (ValueError, YijuError, ApiError) as error:
        raise ToolError(str(error)) from error


async def _found(
    queue: AnswerQueue, visitor: Visitor, query: str, k: int, documents: Sequence[str] | None
) -> list[PassageJson]:
    within = None if documents is None else Filter(documents=frozenset(documents))
    try:
        hits = await queue.search(query, k, within, visitor=visitor, where="mcp")
    except (ValueError, YijuError, ApiError) as error:
        raise ToolError(str(error)) from error
    return [passage_json(hit) for hit in hits]


def _passage(queue: AnswerQueue, visitor: Visitor, document_id: str, start: int, end: int) -> Json:
    try:
        document = queue.document(document_id, visitor, "mcp")
    except YijuError as error:
        raise ToolError(str(error)) from error
    if document is None:
        raise ToolError(f"没有文档 {document_id}；请用 search 查找文档编号。")
    if not 0 <= start < end <= min(len(document.text), start + MAX_PASSAGE):
        raise ToolError(f"start 和 end 须在全文 {len(document.text)} 字之内，start < end，且相距不超过 {MAX_PASSAGE}。")
    return {
        "document_id": document.id,
        "title": document.title,
        "section": list(document.section_path(start)),
        "page": document.page(start),
        "text": Span(start, end).slice(document.text),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """`yiju-mcp`: serves one client over standard input and output until it hangs up.

    Returns:
        0 after a proper end; ends with status 2 for the caller's mistake or an unusable index.
    """
    parser = Parser("yiju-mcp", description="经标准输入输出为 MCP 客户端提供 ask、search、get_passage。")
    add_index_argument(parser)
    add_caution_option(parser)
    add_usage_options(parser)
    add_audit_options(parser)
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    from qa.bootstrap import open_assistant

    try:
        settings = Settings.from_environment(
            index=arguments.index, caution=arguments.caution, mask_personal=arguments.mask_personal
        )
        queue = AnswerQueue(
            open_assistant(settings),
            usage=usage_of(arguments, settings.index),
            audit=audit_of(arguments, settings.index),
            mask=mask_of(arguments),
        )
    except (ValueError, YijuError) as error:
        parser.exit(2, f"yiju-mcp：{error}\n")
    try:
        server_of(queue).run("stdio")
    finally:
        for log in (queue.usage, queue.audit):
            if log is not None:
                log.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
