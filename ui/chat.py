"""The chat: Gradio Blocks around one desk. Its state is what the browser shows; the server keeps none."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import gradio as gr
from fastapi import FastAPI

from index.errors import YijuError
from qa.settings import MAX_QUESTION_CHARACTERS
from ui.desk import Desk
from ui.render import REFUSAL, escape, render, render_refusal, unescape
from ui.wording import CLAIM, HINT, TRANSLATIONS

MESSAGES = 100
"""How many messages of a conversation are kept on the page; older ones leave it."""

FONTS = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
MONO = ("ui-monospace", "Consolas", "monospace")

HEAD = """
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="../static/app.css">
<script src="../static/app.js" defer></script>
"""

Messages = list[dict[str, Any]]
"""What Gradio's Chatbot holds: role and content, the latter as text or as a list of parts."""


def mount_chat(app: FastAPI, desk: Desk) -> FastAPI:
    """Mounts the chat at `/chat/`."""
    chat = build_chat(desk)
    app = gr.mount_gradio_app(
        app,
        chat,
        path="/chat",
        app_kwargs={"openapi_url": None, "docs_url": None, "redoc_url": None},
        theme=gr.themes.Base(primary_hue="emerald", neutral_hue="slate", font=[*FONTS], font_mono=[*MONO]),
        head=HEAD,
        i18n=gr.I18n(**dict.fromkeys(("zh-CN", "zh", "en"), TRANSLATIONS)),
        footer_links=[],
        run_history=False,
        show_error=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        max_file_size="1kb",
    )
    # Without this a mounted app skips the check that keeps callers from naming any file on this machine.
    chat.has_launched = True
    return app


def build_chat(desk: Desk) -> gr.Blocks:
    """The page with its events."""
    page: gr.Blocks
    with gr.Blocks(title="依据 · 文档问答", fill_height=True, fill_width=True, analytics_enabled=False) as page:
        gr.Markdown(_header(desk), elem_id="yj-head")
        chat = _chatbot(desk.answerer.examples())
        box = gr.Textbox(
            elem_id="yj-ask",
            placeholder="就文档提问，按回车发送",
            show_label=False,
            container=False,
            submit_btn=True,
            max_lines=6,
        )
        _wire(page, chat, box, desk)
    page.queue(max_size=256, api_open=False)  # the desk limits the work; this bounds what waits before it
    return page


def question_of(message: dict[str, Any]) -> str:
    """The text that a user's message was made from."""
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return unescape(content) if isinstance(content, str) else ""


def history_of(messages: Messages) -> list[str]:
    """Earlier questions, oldest first, without those that were refused."""
    pairs = itertools.pairwise(messages)
    return [question_of(asked) for asked, reply in pairs if asked["role"] == "user" and _is_answer(reply)]


def _is_answer(message: dict[str, Any]) -> bool:
    return message["role"] == "assistant" and not question_of(message).startswith(REFUSAL)


def _header(desk: Desk) -> str:
    return f"# 依据\n\n{CLAIM}\n\n*{len(desk.answerer.documents())} 份文档* [新对话](./)"


def _chatbot(examples: Sequence[str]) -> gr.Chatbot:
    return gr.Chatbot(
        elem_id="yj-chat",
        show_label=False,
        container=False,
        height="100%",
        placeholder=HINT,
        examples=[{"text": each} for each in examples],
        buttons=["copy"],
        feedback_options=None,
        latex_delimiters=[],
        allow_tags=False,
        layout="bubble",
    )


def _wire(page: gr.Blocks, chat: gr.Chatbot, box: gr.Textbox, desk: Desk) -> None:
    """Events; private ones, since `/api/ask` is the interface for programs."""
    quick: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    slow: dict[str, Any] = {"concurrency_limit": None, "api_visibility": "private", "show_progress": "hidden"}
    asked = (
        box.submit(_submitted, [box, chat], [box, chat], **quick),
        chat.example_select(_chosen, [chat], [box, chat], **quick),
    )
    answers = [step.success(_respond_with(desk), [chat], [box, chat], **slow) for step in asked]
    box.stop(_stopped, None, box, cancels=answers, **quick)


def _chosen(messages: Messages, chosen: gr.SelectData) -> tuple[object, Messages]:
    """An example was chosen."""
    return _submitted(str(chosen.value["text"]), messages)


def _submitted(text: str, messages: Messages) -> tuple[object, Messages]:
    """Moves the question from the box into the conversation; one that is too long stays in the box."""
    if not text.strip():
        return gr.skip(), messages
    if len(text) > MAX_QUESTION_CHARACTERS:
        why = f"问题太长：{len(text)} 个字，最多 {MAX_QUESTION_CHARACTERS} 个字，请缩短后再问。"
        return gr.skip(), [*messages, _said("user", escape(text[:40] + "…")), _said("assistant", render_refusal(why))]
    box = gr.update(value="", submit_btn=False, stop_btn=True)
    return box, [*messages[-MESSAGES:], _said("user", escape(text))]


def _stopped() -> object:
    """The box takes the next question."""
    return gr.update(submit_btn=True, stop_btn=False)


def _respond_with(desk: Desk) -> Callable[[Messages], AsyncIterator[tuple[object, object]]]:
    async def respond(messages: Messages) -> AsyncIterator[tuple[object, object]]:
        """Answers the last message, if it is a question."""
        if not messages or messages[-1]["role"] != "user":
            yield gr.skip(), gr.skip()
            return
        try:
            async for answer in desk.stream(question_of(messages[-1]), history_of(messages)):
                yield gr.skip(), [*messages, _said("assistant", render(answer))]
        except (ValueError, YijuError) as error:
            yield gr.skip(), [*messages, _said("assistant", render_refusal(str(error)))]
        yield _stopped(), gr.skip()

    return respond


def _said(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content}
