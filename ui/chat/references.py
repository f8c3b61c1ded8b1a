"""Where a passage stands, as people cite it: 《…实施方案》三（一）3, 《…法》第五条."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.records import Passage

_NUMERAL = "[一二三四五六七八九十百零〇]{1,6}"
_NUMBER = re.compile(
    rf"(?P<named>第(?:{_NUMERAL}|\d+)(?:编|分编|篇|章|节|条(?:之{_NUMERAL})?|款|项|部分)|附件\s?(?:\d+|{_NUMERAL})?|专栏\s?\d*)"
    rf"|[（(](?P<bracketed>{_NUMERAL}|\d{{1,3}})[）)]"
    rf"|(?P<decimal>\d{{1,2}}(?:[.．]\d{{1,2}})+)"
    rf"|(?P<plain>{_NUMERAL}|\d{{1,3}})(?=[、．.]|是)"
)
_ARTICLE = re.compile(r"第.+条")


def reference(passage: Passage) -> str:
    """Return the title in quotation marks, then the sections by number, or by name where they have none."""
    return f"《{quoted(passage.title)}》{section_number(passage.section_path)}"


def quoted(title: str) -> str:
    """Return a title as it stands between 《》: those inside become 〈〉, those around it go."""
    if title.startswith("《") and title.endswith("》") and title.count("《") == 1:
        title = title[1:-1]
    return title.replace("《", "〈").replace("》", "〉")


def section_number(path: Sequence[str]) -> str:
    """Return the numbers of a section path run together.

    Articles are counted through a law, so what is above them goes.
    """
    numbers = [number for title in path if (number := _number(title))]
    articles = [at for at, number in enumerate(numbers) if _ARTICLE.fullmatch(number)]
    if articles:
        numbers = numbers[articles[-1] :]
    return "".join(numbers) or (f"“{path[-1]}”" if path else "")


def _number(title: str) -> str:
    found = _NUMBER.match(title)
    if found is None:
        return ""
    if bracketed := found["bracketed"]:
        return f"（{bracketed}）"
    return found[0].strip()
