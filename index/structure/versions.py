"""Versions of one law or plan: which exist, which is in force at a date, which were repealed.

Documents are versions of each other when they share their title, but for what tells versions apart (（2018年修正）,
（试行）, a date), and whose they are, and when it is known from when each applies. A title that many bodies may use
(「政府工作报告」) makes versions only where issuer or region is the same, or where the texts share many lines.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from unicodedata import normalize

from index.filters import Filter
from index.records import Described, Document

_EDITION = re.compile(
    r"[(\[〔](?:(?:19|20)\d{2}年?)?(?:第[一二三四五六七八九十]+次)?"
    r"(?:修正|修订|修改|试行|暂行|新版|现行|失效|废止|已?被?修改|版|本|年版|年本)[版本稿]?[)\]〕]"
    r"|[(\[〔](?:19|20)\d{2}[-年.]?\d{1,2}[-月.]?\d{1,2}日?[)\]〕]|_(?:19|20)\d{6}$"
)
_DRAFT = re.compile(r"征求意见稿|送审稿|草案|讨论稿|公开征求意见")
_NAMES_ITS_OWNER = re.compile(
    r"(?:(?<![办方做])法|条例)$|^(?:20\d{2}年)?(?:中华人民共和国|中国|最高人民|全国|[\u4e00-\u9fff]{2,9}?(?:省|市|自治区|自治州|县|区))"
)
"""Law carries the name of its place where it is not the state's; other titles may begin with a name."""
_ALIKE = 0.1
"""Share of the longer lines of the shorter text that two versions have in common at least."""
_WANTED = 64
"""For how many wanted versions it is remembered what they leave out."""


class Validity(StrEnum):
    """Whether a document applies."""

    IN_FORCE = "现行有效"
    FUTURE = "尚未施行"
    REPLACED = "已被修改"
    REPEALED = "已废止"
    EXPIRED = "已过有效期"
    DRAFT = "草案"


@dataclass(frozen=True, slots=True)
class Version:
    """One version."""

    document: str  # id of the document
    dated: str  # when it was amended, else issued: ISO 8601, maybe a year alone
    since: str  # from when it applies
    how: str | None = None  # 修正, 修订 or 修改 for an amendment; None for a first version
    binding: bool = True  # whether it replaces the one before, as law does; what is issued every year does not

    @property
    def name(self) -> str:
        """Return what people call it: 「2018年修正」, 「2023年12月29日公布」 where nothing was amended."""
        year = self.dated[:4]
        return f"{year}年{self.how}" if self.how else f"{spoken(self.dated)}公布"

    def is_twin_of(self, other: Version) -> bool:
        """Return whether both are the same version, in two copies."""
        return (self.since, self.dated) == (other.since, other.dated)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which version a question means."""

    on: str  # the one that applies on this date, ISO 8601
    made: str | None = None  # rather the one that was made in this year, where there is one
    former: bool = False  # the one before
    named: bool = False  # whether the question names a time; otherwise it is about today


class Versions:
    """The versions among documents that may be seen; `read` gives one with its text, where they are descriptions."""

    def __init__(self, documents: Iterable[Described], read: Callable[[str], Described | None] | None = None) -> None:
        self._documents = {document.id: document for document in documents}
        self._read = read or self._documents.get
        self._settle(_works(self._documents.values()), _repealing(self._documents.values()))

    def _settle(self, works: Iterable[tuple[Version, ...]], repealing: Mapping[str, Sequence[Described]]) -> None:
        """Take what may be versions of one work, oldest first, and by document those that repeal it."""
        self._works = [work for work in works if len(work) > 1]
        self._groups = [work for work in self._works if self._are_one(work)]
        self._of = {each.document: group for group in self._groups for each in group}
        self._repealing = repealing
        self._left_out: dict[Wanted, frozenset[str]] = {}

    def within(self, admitted: Filter) -> Versions:
        """Return the same among the documents that a filter admits: versions outside are not known of."""
        works = [tuple(each for each in work if self._is_in(admitted, each.document)) for work in self._works]
        repealing = {
            id: [each for each in found if admitted.admits(each)]
            for id, found in self._repealing.items()
            if self._is_in(admitted, id)
        }
        limited = copy(self)
        limited._settle(works, repealing)
        return limited

    def _is_in(self, admitted: Filter, document_id: str) -> bool:
        return admitted.admits(self._documents[document_id])

    def _are_one(self, work: Sequence[Version]) -> bool:
        """Return whether documents of one title are versions of one work."""
        if len({(each.since, each.dated) for each in work}) == 1:
            return False
        if all(_work(self._documents[work[0].document])):
            return True
        texts = [document.text for each in work if isinstance(document := self._read(each.document), Document)]
        return len(texts) == len(work) and all(_alike(old, new) for old, new in pairwise(texts))

    def of(self, document_id: str) -> Sequence[Version]:
        """Return all versions of a document's work, itself included, oldest first; empty where there is but one."""
        return self._of.get(document_id, ())

    def in_force(self, document_id: str, on: str) -> Version | None:
        """Return the version of a work that applies on a date, the first if none did yet; None if there is but one."""
        group = self.of(document_id)
        return next((each for each in reversed(group) if each.since <= on), group[0]) if group else None

    def left_out(self, wanted: Wanted) -> frozenset[str]:
        """Return the documents that a question does not mean: other versions of the work than the one wanted."""
        if (found := self._left_out.get(wanted)) is None:
            found = frozenset(self._outside(wanted))
            if len(self._left_out) >= _WANTED:
                self._left_out.clear()
            self._left_out[wanted] = found
        return found

    def _outside(self, wanted: Wanted) -> Iterator[str]:
        for group in self._groups:
            if wanted.named and not any(each.binding for each in group):
                continue  # what is issued every year tells of other years, too
            meant = self._meant(group, wanted)
            yield from (each.document for each in group if not each.is_twin_of(meant))

    def _meant(self, group: tuple[Version, ...], wanted: Wanted) -> Version:
        made = [each for each in group if each.dated[:4] == wanted.made]
        if made:
            return made[-1]
        applies = next((each for each in reversed(group) if each.since <= wanted.on), group[0])
        earlier = [each for each in group if each.since < applies.since]
        return earlier[-1] if wanted.former and earlier else applies

    def validity(self, document_id: str, on: str) -> Validity | None:
        """Return whether a document applies on a date; None where it does not say from when."""
        document = self._documents[document_id]
        version = _version(document)
        if _DRAFT.search(document.title):
            return Validity.DRAFT
        if self.repealed_by(document_id, on):
            return Validity.REPEALED
        if version is None:
            return None
        if version.since > on:
            return Validity.FUTURE
        current = self.in_force(document_id, on)
        if current and current.binding and not version.is_twin_of(current):
            return Validity.REPLACED
        if (document.metadata.expires or on) < on:
            return Validity.EXPIRED
        return Validity.IN_FORCE if current or document.metadata.effective else None

    def repealed_by(self, document_id: str, on: str) -> Described | None:
        """Return the later document that says of this one that it is out of force, from a date on."""
        by = next(reversed(self._repealing.get(document_id, ())), None)
        version = _version(by) if by else None
        return by if version and version.since <= on else None


def _version(document: Described) -> Version | None:
    """Return when a document was made and from when it applies; None if it does not say."""
    said = document.metadata
    revised, _, how = (said.revised or "").partition(" ")
    dated = revised or said.issued or said.effective
    if not dated or _DRAFT.search(document.title):
        return None
    # The closing article of an amended law keeps the date on which the law first applied.
    binding = bool(revised or said.effective or said.repeals)
    return Version(document.id, dated, max(dated, said.effective or ""), how or None, binding)


def _work(document: Described) -> tuple[str, str]:
    """Return what versions of one work share: the title without what tells them apart, and whose it is, if known."""
    title = _plain(document.title)
    if _NAMES_ITS_OWNER.search(title):
        return title, title
    return title, document.metadata.issuer or document.metadata.region or ""


def _works(documents: Iterable[Described]) -> list[tuple[Version, ...]]:
    """Return the documents that share title and owner, each group by the dates from when they apply."""
    works: dict[tuple[str, str], list[Version]] = defaultdict(list)
    for document in documents:
        if version := _version(document):
            works[_work(document)].append(version)
    return [tuple(sorted(work, key=lambda each: (each.since, each.dated, each.document))) for work in works.values()]


def _alike(one: str, other: str) -> bool:
    lines = [{line for line in map(str.strip, each.split("\n")) if len(line) > 12} for each in (one, other)]
    return len(lines[0] & lines[1]) > _ALIKE * min(map(len, lines))


def _plain(title: str) -> str:
    folded = re.sub(r"[\s《》〈〉<>“”\"]", "", normalize("NFKC", title)).replace("【", "[").replace("】", "]")
    return _EDITION.sub("", folded)


def _repealing(documents: Collection[Described]) -> dict[str, list[Described]]:
    """Return by document the later ones that repeal it by its title."""
    said = [(each, titles) for each in documents if (titles := re.findall("《.+?》", each.metadata.repeals or ""))]
    if not said:
        return {}
    by_title: dict[str, list[Described]] = defaultdict(list)
    for document in documents:
        by_title[_plain(document.title)].append(document)
    found: dict[str, list[Described]] = defaultdict(list)
    for document, titles in said:
        after = _version(document)
        for old in (each for title in titles for each in by_title.get(_plain(title), ())):
            before = _version(old)
            if after and before and before.dated < after.dated:
                found[old.id].append(document)
    return dict(found)


def spoken(date: str) -> str:
    """Return an ISO 8601 date, maybe without day or month, as Chinese writes it."""
    return "".join(f"{int(part)}{unit}" for part, unit in zip(date.split("-"), "年月日", strict=False))
