"""Describe a document by the metadata in its head, in words that questions use.

「綦江府发〔2023〕16号」 stands in the text without the word 文号, and a date of issue without 印发. A passage that
holds such a fact is indexed under its names; what is quoted stays the text.
"""

from __future__ import annotations

import re

from index.records import Document, Span

_NUMBER = "文号、发文字号、文件编号"
_ISSUER = "发文机关、发布单位、印发机关、谁发的文"
_ISSUED = "印发日期、发布时间、成文日期、落款日期、什么时候发的"
_ADDRESSEES = "主送单位、发给哪些单位"
_ADDRESS = "链接、网址、来源"

_SALUTATION = re.compile(r"^[^\n。；]{2,200}[：:][ \t]*$", re.M)
_URL = re.compile(r"https?://", re.I)


def labels(document: Document, span: Span) -> tuple[str, ...]:
    """Return the names of the facts about the document that a part of its head holds; empty for other parts.

    Args:
        document: with metadata and headings.
        span: the part.
    """
    head = document.headings[0].start if document.headings else len(document.text)
    if span.start >= head:
        return ()
    text = span.slice(document.text)
    metadata = document.metadata
    year = metadata.issued[:4] if metadata.issued else None
    held = (
        (_NUMBER, metadata.number is not None and metadata.number in text),
        (_ISSUER, metadata.issuer is not None and metadata.issuer in text),
        (_ISSUED, year is not None and f"{year}年" in text),
        (_ADDRESSEES, metadata.number is not None and bool(_SALUTATION.search(text))),
        (_ADDRESS, bool(_URL.search(text))),
    )
    return tuple(name for name, holds in held if holds)
