"""The texts around quotes in English; quotes stay as they are."""

from __future__ import annotations

import re

from ui.wording import Words

_SAID = (
    (
        r"您好！我根据文档回答问题，每个答案都注明出处。",
        "Hello! I answer from the documents, and every answer names its source.",
    ),
    (r"我是文档问答助手，只回答与文档内容有关的问题。", "I only answer questions about what the documents say."),
    (r"文档中?没有找到(?:与)?这个问题(?:的答案|有关的内容)", "The documents do not answer this question"),
    (r"文档里没有找到这个问题的答案", "The documents do not answer this question"),
    (r"文档提到了相关内容，但没有给出所问的数字", "The documents mention the matter but give no such figure"),
    (
        r"文档提到了相关内容，但没有给出所问的姓名、号码或地址",
        "The documents mention the matter but give no such name, number or address",
    ),
    (r"文档未提及您所问的时间", "The documents do not speak of the time you ask about"),
    (r"文档没有(第[^，；。]+)，或者没有讲到所问的内容", r"The documents have no \1, or it does not speak of this"),
    (r"文档没有说到(「?[^；。]+?」?)(?=[；。]|$)", r"The documents do not speak of \1"),
    (r"文档给出的不是平均到每一个的数字", "The figure in the documents is not one for each"),
    (r"；最接近的内容是", "; the nearest is "),
    (r"文档中没有找到", "Not found in the documents: "),
    (r"无法计算：", "Cannot be computed: "),
    (r"无法比较：", "Cannot be compared: "),
    (r"在文档中没有找到可以引用的数字", " has no figure in the documents that can be quoted"),
    (r"文档中只有一个数字，分不清是哪一项的", "the documents have one figure only, of which item is not clear"),
    (
        r"这些数字出自不同的文档，说的不是同一个对象；请在问题里写明是哪个地方、哪份文档的",
        "the figures are from different documents and of different things; say of which place or document",
    ),
    (r"这些数字的单位不同（([^）]*)），不能放在一起算", r"the figures have different units (\1)"),
    (r"这些数字口径不同", "the figures are not counted alike"),
    (
        r"文档中这一部分的数字比总数还大，两个数字的口径不同",
        "the part is more than the whole: they are not counted alike",
    ),
    (r"作除数的数字是零", "the divisor is zero"),
    (r"原文的数字带有([^，]*)等限定，结果按所列数字计算", r"The figures are qualified (\1); computed as they stand"),
    (r"文档说法不一致：", "The documents disagree: "),
    (r"。上面用的是第一个", ". The first is used above"),
    (r"表中未给出：", "Not given in the table: "),
    (r"表中写明", "The table says "),
    (r"没有数字的格没有算在内", "cells without a figure are not counted"),
    (r"，与各项之和一致", ", which is the sum of the items"),
    (r"，与各项之和不一致，请核对原文", ", which is not the sum of the items: please check the source"),
    (r"语言模型正在归纳，每句与原文核对后才显示", "The language model is writing; sentences are shown once checked"),
    (
        r"语言模型暂时不可用，这里只有直接摘自原文的结果",
        "The language model is away; this is taken from the text itself",
    ),
    (r"语言模型没有写完，这里只有已核对的部分", "The language model did not finish; this is what was checked"),
    (r"没有通过核对的句子", "sentences that did not stand the check"),
    (r"语言模型写的句子都没有通过核对，没有采用", "No sentence of the language model stood the check"),
    (r"刚才无法连接语言模型，请稍后再试", "The language model could not be reached; try again later"),
    (
        r"问题有 (\d+) 个字，最多 (\d+) 个字：请缩短后再问",
        r"The question has \1 characters of at most \2",
    ),
    (r"现在提问的人太多，请稍后再试", "Too many are asking; please try again later"),
    (r"还没有文档；请先添加文档，或用 yiju-index build 建立索引", "There are no documents yet"),
    (
        r"(?:服务|回答时)出了错，已记入日志，请稍后再试",
        "Something went wrong; please try again later",
    ),
    (r"服务正在关闭(?:，请稍后再试)?", "The service is closing; please try again later"),
)
"""What the product says, and the same in English; what it quotes stands in 「」 and is left alone."""

_LABELS = (("另见：", "See also: "), ("两者相同：", "Both are the same: "))
"""What stands before a sentence of a document in an answer."""

_QUOTED = re.compile(r"(「[^」]*」)")


def said_in(words: Words, text: str) -> str:
    """Return a text as it is said in a language; line by line, with what is quoted as it stands."""
    if words.language != "en" or not text:
        return text
    return "\n".join(map(_line, text.split("\n")))


def labelled_in(words: Words, text: str) -> str:
    """Return an answer with the labels before its sentences in a language; the sentences are a document's, and stay."""
    if words.language == "en":
        for chinese, english in _LABELS:
            text = re.sub(rf"^{chinese}", english, text, flags=re.M)
    return text


def _line(line: str) -> str:
    if line.startswith("|"):
        return line
    parts = _QUOTED.split(line)
    said = [part if n % 2 else _in_english(part) for n, part in enumerate(parts)]
    whole = "".join(said)
    return re.sub(r"。$", ".", whole) if whole != line else line


def _in_english(text: str) -> str:
    for chinese, english in _SAID:
        text = re.sub(chinese, english, text)
    return text
