"""What Markdown makes of a message of the chat."""

from __future__ import annotations

import html
import re

from markdown_it import MarkdownIt

MARKDOWN = MarkdownIt("commonmark", {"breaks": True, "html": True}).enable(["table", "strikethrough"])


TAGS = re.compile(
    r"</?(?:div|p|strong|ul|ol|li|del|mark|cite|details|summary|table|thead|tbody|tr|th|td)(?: class=\"yj-[a-z]+\")?>"
    r"|<a href=\"#[a-z]+(?:-[\w-]+)?\"(?: title=\"[^\"<>]*\")?>|</a>"
)
"""The only tags that a message may hold."""


def words_of(message: str) -> str:
    """What a reader sees of a message once Markdown is through with it, with white space squeezed."""
    shown = TAGS.sub("", MARKDOWN.render(message))
    assert "<" not in shown, shown
    return " ".join(html.unescape(shown).split())
