"""The texts of the pages, in Chinese and in English."""

from __future__ import annotations

import re
from dataclasses import dataclass

HINT = """## 您想了解什么？

答案逐条注明出处，点编号看原文；文档里没有的，会明确告知。
"""

TRANSLATIONS = {
    "chatbot.copy_message": "复制",
    "chatbot.copied_message": "已复制",
    "chatbot.retry": "重试",
    "chatbot.undo": "撤销",
    "chatbot.clear": "清空",
    "chatbot.submit": "发送",
    "chatbot.cancel": "取消",
    "chat_interface.message_placeholder": "就文档提问",
    "common.submit": "发送",
    "common.stop": "停止",
    "common.error": "出错了",
    "common.loading": "载入中",
    "status.queue_position": "排队中",
}
"""Gradio's own words. Given for every locale, so that no browser mixes languages; `app.js` makes them English."""


@dataclass(frozen=True, slots=True)
class Words:
    """What chat and pages say, in one language. Fields with braces are formats."""

    language: str = "zh-CN"
    # Answers
    understood: str = "理解为：{question}"
    sure: str = "可信度较高"
    fair: str = "可信度中等"
    unsure: str = "可信度较低，请核对原文"
    confidence: str = "{words}（{percent}%）"
    leads: str = "可能相关的原文（不一定能回答您的问题）"
    read: str = "检索到的 {n} 个片段"
    ask_next: str = "您可能还想问"
    try_asking: str = "您可以这样问"
    searching: str = "正在查找原文…"
    copy: str = "复制"
    copy_all: str = "复制全文"
    copy_link: str = "复制链接"
    expand: str = "展开说明"
    withheld: str = "语言模型另有 {n} 句没有通过核对，没有显示。"
    struck: str = "语言模型写的这些句子没有通过核对，不是回答："
    good: str = "有用"
    bad: str = "答错了"
    too_long: str = "问题太长：{n} 个字，最多 {limit} 个字，请缩短后再问。"
    # Exported conversations
    conversation: str = "问答记录"
    basis: str = "出处"
    colon: str = "："
    page: str = "第{n}页"
    # Document pages
    product: str = "依据"
    chat: str = "提问"
    documents: str = "文档"
    other_language: str = "English"
    find: str = "按标题、文号、机关或地区查找"
    search: str = "查找"
    count: str = "共 {n} 份"
    none: str = "未找到匹配的文档"
    no_documents: str = "还没有文档。"
    add_documents: str = "添加文档"
    drop_here: str = "把文件拖到这里"
    formats: str = "支持 PDF、Word、Excel、PPT、OFD、网页、文本、图片和压缩包；扫描件会识别文字。单个文件最大 300 MB。"
    choose_files: str = "选择文件"
    choose_folder: str = "选择文件夹"
    jobs: str = "进度"
    replace: str = "替换"
    rename: str = "改名"
    remove: str = "移除"
    sort: str = "排序"
    by_date: str = "按日期"
    by_name: str = "按文件名"
    by_length: str = "按篇幅"
    original: str = "下载原文件"
    table: str = "表格"
    left_out: str = "没有读入的内容："
    passages: str = "片段"
    count_of: str = "{n} 个"
    readers: str = "谁能读"
    everyone: str = "所有人"
    nobody: str = "无人"
    rights: str = "权限"
    comma: str = "、"
    number: str = "文号"
    issuer: str = "发文机关"
    issued: str = "发布"
    effective: str = "施行"
    period: str = "适用年份"
    region: str = "地区"
    validity: str = "效力"
    in_force: str = "现行有效"
    future: str = "尚未施行"
    replaced: str = "已被修改"
    repealed: str = "已废止"
    expired: str = "已过有效期"
    draft: str = "草案"
    other_versions: str = "其他版本"
    file: str = "文件"
    length: str = "篇幅"
    characters: str = "{n} 字"
    characters_and_pages: str = "{n} 字，{pages} 页"
    outline: str = "目录"
    more_headings: str = "目录很长，这里只列到第 {level} 级；各部分之内的标题见正文。"
    part: str = "第 {n} 部分，共 {of} 部分"
    steps: str = "翻页"
    before: str = "上一部分"
    after: str = "下一部分"
    highlighted: str = "所引原文"
    permanent: str = "这一处的固定链接"
    ask_this: str = "就这份文档提问"
    page_image: str = "第 {n} 页的图像"
    marked_page_image: str = "第 {n} 页的图像，所引各行已标出"
    plain_text: str = "纯文本"
    page_images: str = "页面图像"
    textual: str = "这种文件没有页面图像，以下是读出的文字和表格；版式请看原文件。"
    no_office: str = "服务器没有安装 LibreOffice，不能显示页面图像，以下是读出的文字和表格；版式请看原文件。"
    not_found: str = "没有这份文档，或您无权查看。"


CHINESE = Words()

ENGLISH = Words(
    language="en",
    understood="Understood as: {question}",
    sure="High confidence",
    fair="Fair confidence",
    unsure="Low confidence: please check the source",
    confidence="{words} ({percent}%)",
    leads="Possibly related text (it may not answer your question)",
    read="The {n} passages found",
    ask_next="You may also ask",
    try_asking="Try asking",
    searching="Searching the documents…",
    copy="Copy",
    copy_all="Copy all",
    copy_link="Copy link",
    expand="Explain",
    withheld="{n} more sentences of the language model did not stand the check and are not shown.",
    struck="These sentences of the language model did not stand the check and are no part of the answer:",
    good="Helpful",
    bad="Wrong",
    too_long="The question is too long: {n} characters of at most {limit}. Please shorten it.",
    conversation="Conversation",
    basis="Sources",
    colon=":",
    page="page {n}",
    product="Yiju",
    chat="Ask",
    documents="Documents",
    other_language="中文",
    find="Find by title, number, issuer or region",
    search="Find",
    count="{n} in all",
    none="No document matches",
    no_documents="No documents yet.",
    add_documents="Add documents",
    drop_here="Drop files here",
    formats="PDF, Word, Excel, PowerPoint, OFD, web pages, text, pictures, archives; scans are read. 300 MB a file.",
    choose_files="Choose files",
    choose_folder="Choose a folder",
    jobs="Progress",
    replace="Replace",
    rename="Rename",
    remove="Remove",
    sort="Order",
    by_date="By date",
    by_name="By file name",
    by_length="By length",
    original="Download the file",
    table="Table",
    left_out="Not read:",
    passages="Passages",
    count_of="{n}",
    readers="Readable by",
    everyone="everyone",
    nobody="nobody",
    rights="Rights",
    comma=", ",
    number="Number",
    issuer="Issuer",
    issued="Issued",
    effective="In force from",
    period="Years covered",
    region="Region",
    validity="Validity",
    in_force="in force",
    future="not yet in force",
    replaced="amended since",
    repealed="repealed",
    expired="expired",
    draft="draft",
    other_versions="Other versions",
    file="File",
    length="Length",
    characters="{n} characters",
    characters_and_pages="{n} characters, {pages} pages",
    outline="Contents",
    more_headings="A long outline: only levels 1 to {level} are listed; the others stand in the text.",
    part="Part {n} of {of}",
    steps="Pages",
    before="Previous part",
    after="Next part",
    highlighted="Quoted text",
    permanent="Permanent link to this place",
    ask_this="Ask about this document",
    page_image="Image of page {n}",
    marked_page_image="Image of page {n}, the quoted lines marked",
    plain_text="Plain text",
    page_images="Page images",
    no_office="The server lacks LibreOffice, which draws pages of this kind of file: this is its text and its tables.",
    textual="Pages of this kind of file cannot be shown as pictures: this is its text and its tables.",
    not_found="There is no such document, or you may not see it.",
)


_EXPANSION = re.compile(rf"^(?:{CHINESE.expand}|{ENGLISH.expand})\s*[:：]\s*(?=\S)", re.I)


def expansion(question: str, words: Words = CHINESE) -> str:
    """Return what is asked in the chat to have a question's answer explained at length."""
    return f"{words.expand}{words.colon}{question}"


def plain_question(question: str) -> tuple[str, bool]:
    """Return a question without what asks for more, and whether it did."""
    plain = _EXPANSION.sub("", question.lstrip(), count=1)
    return plain, plain != question.lstrip()


def words_for(language: str | None) -> Words:
    """Return the texts of the language that the address or the browser names: English for `en`, else Chinese."""
    return ENGLISH if language == ENGLISH.language else CHINESE
