"""The chat: Gradio Blocks around one answer queue. Its state is what the browser shows; the server keeps none.

Three hidden boxes are the way between `app.js` and the events: `yj-state` brings language and filter, `yj-kept` takes
each finished turn to the browser's own memory, `yj-past` brings a remembered conversation back.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.block_function import BlockFunction
from gradio.utils import LRUCache

from index.errors import YijuError
from index.filters import Filter
from qa.answers import Answer
from qa.protocols import Answerer
from qa.settings import MAX_QUESTION_CHARACTERS
from qa.suggesting.examples import suggestions
from ui.access.visitors import GUEST, Visitor, visitor_of
from ui.answer_queue import AnswerQueue
from ui.bodies import filter_of, parse
from ui.chat.english import said_in
from ui.chat.examples import Examples
from ui.chat.rendering import REFUSAL, WAITING, render, render_question, render_refusal, render_waiting, unescape
from ui.chat.requests import Event, Events
from ui.errors import ApiError
from ui.wording import CHINESE, HINT, TRANSLATIONS, Words, plain_question, words_for

MESSAGES = 100
"""How many messages of a conversation are kept on the page; older ones leave it."""

CONVERSATIONS = 256
"""How many conversations Gradio keeps anything of; its own queue is no longer."""

FONTS = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
MONO = ("ui-monospace", "Consolas", "monospace")

HEAD = """
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="../static/tokens.css">
<link rel="stylesheet" href="../static/app.css">
<link rel="stylesheet" href="../static/viewer.css">
<script type="module" src="../static/app.js"></script>
<script src="../static/embed.js" defer></script>
"""

Messages = list[dict[str, Any]]
"""What Gradio's Chatbot holds: role and content, the latter as text or as a list of parts."""


@dataclass(frozen=True, slots=True)
class State:
    """What the page says beside a question."""

    words: Words = CHINESE  # of the page's language
    within: Filter | None = None  # the documents that were chosen
    embedded: bool = False  # whether the page is a widget's


def mount_chat(app: FastAPI, queue: AnswerQueue, examples: Examples) -> Events:
    """Return mounts the chat at `/chat/`, and says what its page may ask for."""
    chat = build_chat(queue, examples)
    gr.mount_gradio_app(
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
    _bound(chat)
    return {number: _event(fn) for number, fn in chat.fns.items() if fn.fn}


def _bound(chat: gr.Blocks) -> None:
    """Limit of how many conversations Gradio remembers what; each is as large as a body."""
    chat.state_holder.capacity = chat.state_session_capacity = CONVERSATIONS
    chat._queue.pending_messages_per_session = LRUCache(CONVERSATIONS)


def _event(fn: BlockFunction) -> Event:
    kinds = tuple(block.get_block_name() for block in fn.inputs)
    return Event(kinds, queued=fn.queue, chooses=fn.targets[0][1] == "example_select")


def build_chat(queue: AnswerQueue, examples: Examples) -> gr.Blocks:
    """Return the page with its events. Nothing on it comes from documents.

    Who may see them is only known at an event.
    """
    page: gr.Blocks
    with gr.Blocks(title="依据 · 文档问答", fill_height=True, fill_width=True, analytics_enabled=False) as page:
        chat = _chatbot()
        box = gr.Textbox(
            elem_id="yj-ask",
            placeholder="就文档提问，按回车发送",
            show_label=False,
            container=False,
            submit_btn=True,
            max_lines=6,
        )
        state, kept, past = (_hidden(name) for name in ("yj-state", "yj-kept", "yj-past"))
        _wire_asking(chat, box, state, kept, queue, examples)
        _wire_page(page, chat, past, examples)
    page.queue(max_size=CONVERSATIONS, api_open=False)  # the answer queue limits the work, this what waits before it
    return page


def question_of(message: dict[str, Any]) -> str:
    """Return the text that a user's message was made from."""
    return unescape(_content(message))


def history_of(messages: Messages) -> list[str]:
    """Return earlier questions, oldest first, without those that were refused."""
    pairs = itertools.pairwise(messages)
    asked = (question_of(asked) for asked, reply in pairs if asked["role"] == "user" and _is_answer(reply))
    return [plain_question(question)[0] for question in asked]


def state_of(text: str) -> State:
    """Return what the page's hidden box says; what is malformed counts for nothing, except a filter.

    Raises:
        ApiError: if the filter is malformed: to answer from all documents instead would mislead.
    """
    said = parse(text.encode("utf-8", "replace")) if text else {}
    if not isinstance(said, dict):
        return State()
    language = said.get("lang")
    words = words_for(language if isinstance(language, str) else None)
    return State(words, filter_of(said.get("filter")), said.get("embed") is True)


def remembered(text: str) -> Messages:
    """Return the messages of a conversation that the browser remembered: `turns`, pairs of a question and its reply.

    The page sanitises them like all others, and only questions are ever read again.
    """
    said = parse(text.encode("utf-8", "replace"))
    turns = said.get("turns") if isinstance(said, dict) else None
    pairs = [each for each in turns if _is_turn(each)] if isinstance(turns, list) else []
    messages = ((_said("user", render_question(question)), _said("assistant", reply)) for question, reply in pairs)
    return [*itertools.chain.from_iterable(messages)][-MESSAGES:]


def _is_turn(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) for each in value)


def _content(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _is_answer(message: dict[str, Any]) -> bool:
    return message["role"] == "assistant" and not _content(message).startswith((REFUSAL, WAITING))


def _chatbot() -> gr.Chatbot:
    return gr.Chatbot(
        elem_id="yj-chat",
        show_label=False,
        container=False,
        height="100%",
        placeholder=HINT,
        buttons=[],
        feedback_options=None,
        latex_delimiters=[],
        allow_tags=False,
        layout="bubble",
        autoscroll=False,  # static/turns.js does it
    )


def _hidden(name: str) -> gr.Textbox:
    return gr.Textbox(elem_id=name, visible="hidden", show_label=False, container=False)


# Without `preprocess` no component of Gradio's makes anything of what a page sends: handlers get it as it is.
_EVENT: dict[str, Any] = {"preprocess": False, "api_visibility": "private", "show_progress": "hidden"}
_QUICK: dict[str, Any] = {"queue": False, **_EVENT}
_SLOW: dict[str, Any] = {"concurrency_limit": None, **_EVENT}


def _wire_asking(
    chat: gr.Chatbot, box: gr.Textbox, state: gr.Textbox, kept: gr.Textbox, queue: AnswerQueue, examples: Examples
) -> None:
    """Connect the events of asking; private ones, since `/api/ask` is the interface for programs."""
    asked = (
        box.submit(_submitted, [box, chat, state], [box, chat], **_QUICK),
        chat.example_select(_chosen, [chat, state], [box, chat], **_QUICK),
    )
    respond = _respond_with(queue, examples)
    answers = [step.success(respond, [chat, state], [box, chat, kept], **_SLOW) for step in asked]
    box.stop(_stopped, None, box, cancels=answers, **_QUICK)


def _wire_page(page: gr.Blocks, chat: gr.Chatbot, past: gr.Textbox, examples: Examples) -> None:
    async def start(request: gr.Request) -> object:
        """Return what the empty page offers to who opened it."""
        questions = await examples.for_visitor(_visitor(request))
        whole = questions[: len(questions) // 2 * 2] or questions  # the grid has two columns
        return gr.update(examples=[{"text": each} for each in whole])

    page.load(start, None, chat, **_QUICK)
    past.change(remembered, past, chat, **_QUICK)


def _visitor(request: gr.Request) -> Visitor:
    return visitor_of(request.request) if request.request else GUEST


def _chosen(messages: Messages, state: str, chosen: gr.SelectData) -> tuple[object, Messages]:
    """Return an example was chosen."""
    return _submitted(str(chosen.value["text"]), messages, state)


def _submitted(text: str, messages: Messages, state: str) -> tuple[object, Messages]:
    """Move the question from the box into the conversation, and say that it is looked for.

    One that is too long stays in the box.
    """
    if not text.strip():
        return gr.skip(), messages
    if len(text) > MAX_QUESTION_CHARACTERS:
        why = state_of(state).words.too_long.format(n=len(text), limit=MAX_QUESTION_CHARACTERS)
        asked = _said("user", render_question(text[:40] + "…"))
        return gr.skip(), [*messages, asked, _said("assistant", render_refusal(why))]
    box = gr.update(value="", submit_btn=False, stop_btn=True)
    waiting = _said("assistant", render_waiting(state_of(state).words))
    return box, [*messages[-MESSAGES:], _said("user", render_question(text)), waiting]


def _stopped() -> object:
    """Return the box takes the next question."""
    return gr.update(submit_btn=True, stop_btn=False)


Step = tuple[object, object, object]
"""Updates of the question box, of the conversation, and of what the browser is to remember."""


def _respond_with(queue: AnswerQueue, examples: Examples) -> Callable[[Messages, str, gr.Request], AsyncIterator[Step]]:
    async def respond(messages: Messages, state: str, request: gr.Request) -> AsyncIterator[Step]:
        """Answer the last message, if it is a question, in the place of the one that says so."""
        if messages and _content(messages[-1]).startswith(WAITING):
            messages = messages[:-1]
        if not messages or messages[-1]["role"] != "user":
            yield gr.skip(), gr.skip(), gr.skip()
            return
        words = CHINESE
        try:
            said = state_of(state)
            words = said.words
            async for reply, kept in _replies(queue, messages, said, _visitor(request), examples):
                yield gr.skip(), [*messages, _said("assistant", reply)], kept
        except (ValueError, YijuError, ApiError) as error:
            refused = render_refusal(said_in(words, str(error)))
            yield gr.skip(), [*messages, _said("assistant", refused)], gr.skip()
        yield _stopped(), gr.skip(), gr.skip()

    return respond


async def _replies(
    queue: AnswerQueue, messages: Messages, state: State, visitor: Visitor, examples: Examples
) -> AsyncIterator[tuple[str, object]]:
    """Yield the growing message, and with the last one what the browser is to remember."""
    said = question_of(messages[-1])
    question, expand = plain_question(said)
    answer: Answer | None = None
    where = "widget" if state.embedded else "chat"
    async for answer in queue.stream(
        question, history_of(messages), state.within, expand=expand, visitor=visitor, where=where
    ):
        yield render(answer, state.words, done=False), gr.skip()
    if answer is not None:
        if answer.abstained and not answer.hits:  # a greeting, or nothing that documents could answer
            following: Sequence[str] = await examples.for_visitor(visitor)
        else:
            following = await asyncio.to_thread(_following, queue.seen_by(visitor), answer)
        reply = render(answer, state.words, suggestions=following, rated=queue.usage is not None)
        yield reply, json.dumps([said, reply, answer.id], ensure_ascii=False)


def _following(seen: Answerer, answer: Answer) -> Sequence[str]:
    """Return what to ask next; nothing where the document has just left the index."""
    quoted = answer.citations and seen.document(answer.citations[0].passage.document_id)
    several = len({each.metadata.region for each in seen.descriptions()}) > 1
    return suggestions(answer, quoted, named=several) if quoted else ()


def _said(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content}
