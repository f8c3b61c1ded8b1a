"""Choose the version of a law or plan that a question means, and describe the version an answer is from."""

from __future__ import annotations

import re
from datetime import date

from index.records import Document
from index.structure.versions import Validity, Versions, Wanted, spoken
from qa.language.periods import periods, without_periods

_MADE = re.compile(
    r"(?<!\d)((?:19|20)\d{2})年?(?:第[一二三四五六七八九十]+次)?(?:修正|修订|修改|公布|颁布|发布|出台|版)的?"
)
_FORMER = re.compile(r"(?:(?:修正|修订|修改|废止)(?:之|以)?前|旧版|旧(?=法|条例|规定)|老版|上一版|原来的?版本)的?")


def wanted_version(question: str, today: date) -> Wanted:
    """Return which version a question means: the one of a year or made in it, the former one, or the one of today."""
    now = today.isoformat()
    if match := _MADE.search(question):
        return Wanted(min(f"{match[1]}-12-31", now), match[1], named=True)
    if _FORMER.search(question):
        return Wanted(now, former=True, named=True)
    if named := periods(question, today.year):
        return Wanted(min(f"{max(period.last for period in named)}-12-31", now), named=True)
    return Wanted(now)


def without_time(question: str) -> str:
    """Return a question without the time that chose the version: the text of a law does not mention it."""
    return without_periods(_FORMER.sub("", _MADE.sub("", question))).strip("，、 ") or question


def version_note(documents: list[Document], versions: Versions, today: date) -> str | None:
    """Return what an answer says of the documents it cites: which version, whether it applies; None if all is plain."""
    notes = dict.fromkeys(filter(None, (_of_one(document, versions, today.isoformat()) for document in documents)))
    return "；".join(notes) + "。" if notes else None


def _of_one(document: Document, versions: Versions, now: str) -> str | None:
    group = versions.of(document.id)
    own = next((each for each in group if each.document == document.id), None)
    validity = versions.validity(document.id, now)
    since = own.since if own else document.metadata.effective or document.metadata.issued or ""
    state = _state(document, since, versions, validity, now)
    if own:
        return f"据《{document.title}》{own.name}的版本" + (f"（{state}）" if state else "")
    return f"《{document.title}》{state}" if state and validity is not Validity.IN_FORCE else None


def _state(document: Document, since: str, versions: Versions, validity: Validity | None, now: str) -> str | None:
    match validity:
        case Validity.REPEALED:
            by = versions.repealed_by(document.id, now)
            return f"已被《{by.title}》废止" if by else None
        case Validity.REPLACED:
            current = versions.in_force(document.id, now)
            return f"已被{current.name}的版本取代" if current else None
        case Validity.FUTURE:
            return f"自{spoken(since)}起施行"
        case Validity.EXPIRED:
            return f"有效期至{spoken(document.metadata.expires or '')}"
        case Validity.DRAFT:
            return "是草案，尚未生效"
        case _:
            return None
