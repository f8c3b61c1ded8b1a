"""Read letters and saved web pages, .eml and .mhtml: sender, recipients, date, text and attachments."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

from index.errors import MissingDependency
from index.loaders import formats
from index.loaders.content import Content, Unreadable, Writer, tidy
from index.loaders.formats import Format

PARTS_MAX = 200
"""Parts of one message."""
_DEPTH_MAX = 5  # messages within messages
_FIELDS = (("subject", "主题"), ("from", "发件人"), ("to", "收件人"), ("cc", "抄送"), ("date", "日期"))


def read(data: bytes, depth: int = 0) -> Content:
    """Read a message that lies in `depth` others; Unreadable if it has no text, or lies in too many."""
    if depth >= _DEPTH_MAX:
        raise Unreadable("邮件套邮件，层数太多。")
    message = email.message_from_bytes(data, policy=email.policy.default)
    writer = Writer()
    if not isinstance(message, EmailMessage):
        raise Unreadable("不是合规的邮件。请从邮件软件重新导出。")
    sender = _field(message, "from")  # 「Saved by Blink」, by Mozilla, by Internet Explorer: whom a saved page is from
    page = message.get_content_type() == "multipart/related" and (not sender or "saved by" in sender.lower())
    writer.title = tidy(_field(message, "subject")) or None
    if not page:
        for name, label in _FIELDS:
            if said := tidy(_field(message, name)):
                writer.paragraph(f"{label}：{said}")
    _body(writer, message)
    for number, part in enumerate(message.iter_attachments() if not page else ()):
        if number >= PARTS_MAX:
            writer.notice(f"附件超过 {PARTS_MAX} 个，其余没有读取。")
            break
        _attached(writer, part, depth)
    return writer.content()


def _field(message: EmailMessage, name: str) -> str:
    """Return a header field; one that breaks the rules is passed over."""
    try:
        return str(message[name] or "")
    except (ValueError, LookupError, AttributeError, TypeError):
        return ""


def _body(writer: Writer, message: EmailMessage) -> None:
    """Write the plain text of a message, or the web page where there is none."""
    texts = [part for part in message.walk() if part.get_content_maintype() == "text" and not part.is_attachment()]
    for part in (message.get_body(("plain", "html")), *texts[:PARTS_MAX]):
        if not isinstance(part, EmailMessage):
            continue
        kind = Format.HTML if part.get_content_type() in ("text/html", "application/xhtml+xml") else Format.TEXT
        content = formats.of_format(_bytes(part, kind), kind)
        if content.text.strip():
            writer.title = writer.title or content.title
            writer.include(content, pages=False)
            return
    if not writer.length:
        raise Unreadable("邮件里没有文字。请确认内容。")


def _bytes(part: EmailMessage, kind: Format) -> bytes:
    """Return a part's content, in UTF-8 if it declares its encoding."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    named = part.get_content_charset()
    try:
        text = data.decode(named or "ascii")
    except (UnicodeDecodeError, LookupError):
        return data
    mark = "\ufeff" if kind is Format.HTML else ""  # so that what the page says of its encoding does not count
    return (mark + text).encode()


def _attached(writer: Writer, part: EmailMessage, depth: int) -> None:
    name = tidy(part.get_filename() or "") or "未命名"
    writer.paragraph(f"附件：{name}")
    try:
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload()
            message = inner[0] if isinstance(inner, list) and inner else None
            if isinstance(message, EmailMessage):
                writer.include(read(message.as_bytes(), depth + 1), pages=False)
            return
        payload = part.get_payload(decode=True)
        writer.include(formats.read(payload if isinstance(payload, bytes) else b"", name), pages=False)
    except (Unreadable, MissingDependency, ValueError, LookupError, OSError) as error:
        writer.notice(f"附件 {name} 没有读取：{error}")
