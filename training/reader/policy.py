"""Questions made by rule from official documents, each with a window that answers it or only seems to.

A candidate of the grammar is taken out of its clause and asked for: a figure by 多少, a date by 什么时候, a body by
哪个部门, an enumeration by 哪些. What the reader has to learn from them is binding: which figure belongs to which
subject, year, region and measure, and which department to which task. So most questions are asked a second
time, spoilt in one of those, of the same window, which then does not answer them.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.loaders import document_id, load
from index.records import Document, Passage, Span
from index.structure.metadata import describe
from index.structure.outline import outline
from index.structure.splitter import split
from index.text import align, fold, sentence_spans, terms
from qa.language.grammar import Candidate, Kind, candidates, tagged
from qa.language.periods import periods
from qa.reading.model_input import Window, window_spans
from training.reader.examples import Example
from training.reader.partition import GOLD, Part, part_of

OWN = Path(__file__).parent / "documents"
"""Documents written for training."""

_LAWS = 130
"""Laws that are read, drawn from all of the part."""
_LONGEST, _SHORTEST = 44, 5
"""Characters of a question without its wrapping."""
_A_DOCUMENT = 60
"""Pairs made of one document at most, so that none of the long ones sets the tone."""
_SPOILT = 0.5
"""Share of questions that are asked a second time, spoilt."""
_ELSEWHERE = 0.3
"""Share of the spoilt ones that are asked of another window of the document."""
_SPACED_DIGITS = re.compile(r"\d [\d ]+ ?\d")

_NOUN_TAGS = "njlaev"
_TRAILING = re.compile(
    "(?:是|为|达到?|约|近|超过?|突破|共计?|合计|有|至少|不(?:低|少|高|多)于|不超过|控制在|保持在|稳定在|力争|将|可|已经?|实现|完成|至|到|了|在|"
    "要|提高到|增长到|增加到|扩大到|提升到|提升至|提高至|降至|降到|增至|左右)+$"
)
_CHANGES = re.compile("(?:增长|下降|提高|减少|增加|降低|上升|缩短|压减|回落|提升|下调|上调|占[^，]{0,12})了?$")
_LEADING = re.compile(
    "^(?:其中|并且|并|而且|且|同时|此外|另外|但是?|如|即|包括|以及|和|与|及|、|还|也|又|就|则|都|现在|目前|全年|当年|共)+"
)
_NUMBERING = re.compile(
    r"^\s*(?:#+\s*)?(?:第[一二三四五六七八九十百零\d]{1,6}[编章节条款项]|[（(]?[一二三四五六七八九十\d]{1,3}(?:[、.．)）]|是))\s*"
)
_POLITE = ("请问", "我想问一下，", "麻烦查一下", "想了解一下", "问一下，")
_ENDS = ("", "", "", "？", "?", "呢", "啊？")
_INDICATORS = (
    *("产量", "产值", "投资额", "投资", "面积", "人数", "收入", "数量", "金额", "利润", "增速", "比例", "价格", "里程"),
    *("容量", "装机容量", "产能", "销售额", "用电量", "用水量", "贷款余额", "出口额", "税收", "补贴标准", "罚款金额"),
    *("期限", "工资", "成本", "能耗", "排放量", "覆盖率", "合格率", "利用率", "户数"),
)
_DEFINITION = re.compile(
    r"本(?:法|条例|办法|规定|细则|决定)(?:所称|中)的?(?P<term>[^，,。；：]{2,20}?)[，,]?(?:是|，)?指(?P<meaning>[^。；]{6,160})[。；]"
)
_DEFINED = ("什么是{}", "{}是什么意思", "{}指的是什么", "{}是指什么", "怎么理解{}", "{}的定义是什么", "啥叫{}")
_LEADS, _SHARES = re.compile("牵头|主管|责任人|审核"), re.compile("责任|配合|协办|参加|参与|协同")
_LED = ("{}由谁牵头", "{}由哪个部门牵头", "哪个单位牵头{}", "牵头{}的是谁", "{}的{label}是谁", "{}的{label}是哪个")
_SHARED = ("{}的{label}有哪些", "{}的{label}是哪些", "哪些单位是{}的{label}", "{}由哪些部门负责", "哪些部门负责{}")
_ASSIGNED = ("{}由谁负责", "{}由哪个部门负责", "谁负责{}", "哪些部门负责{}", "{}归哪个部门管", "{}的{label}是谁")
_PREAMBLE = re.compile(r"[（(\[【][^（(）)]{0,12}$")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question before it is wrapped, and the words that may be spoilt."""

    text: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class _Source:
    document: Document
    region: str
    corpus: str


class Maker:
    """Makes pairs of documents.

    Args:
        seed: of the draw; the same seed makes the same pairs.
        nouns: words that may take the place of another, commonest first.
    """

    def __init__(self, seed: int, nouns: Sequence[str]) -> None:
        self._draw = random.Random(seed)
        self._nouns = nouns
        self._own_nouns: Sequence[str] = nouns

    def pairs(self, source: _Source) -> Iterator[Example]:
        """Pairs of one document, at most `_A_DOCUMENT`, in random order."""
        passages = split(source.document)
        self.turn_to(passages)
        made = [pair for passage in passages for pair in self._of_passage(passage, source, passages)]
        self._draw.shuffle(made)
        yield from made[:_A_DOCUMENT]

    def _of_passage(self, passage: Passage, source: _Source, passages: Sequence[Passage]) -> Iterator[Example]:
        text = passage.text
        if _SPACED_DIGITS.search(text):
            return
        for span in window_spans(text, self._draw.randint(90, 190)):
            window = Window(passage.title, passage.section_path, span.slice(text))
            for asked, answer in self._questions(window.text):
                yield from self._pair(asked, answer, window, source, passages)

    def _pair(
        self, asked: _Asked, answer: Span, window: Window, source: _Source, passages: Sequence[Passage]
    ) -> Iterator[Example]:
        if not _SHORTEST <= len(asked.text) <= _LONGEST or not _has_noun(asked.text) or "、谁" in asked.text:
            return
        placed = self._placed(asked.text, answer, window, source)
        yield Example(self._wrapped(placed), window, answer, f"{source.corpus} {asked.kind.value}")
        if self._draw.random() < _SPOILT and (spoilt := self._spoilt(asked, placed, answer, window, passages)):
            yield Example(self._wrapped(spoilt[0]), spoilt[1], None, f"{source.corpus} spoilt")

    def turn_to(self, passages: Sequence[Passage]) -> None:
        """Take the nouns of one document for those that replace others."""
        self._own_nouns = common_nouns([passage.text for passage in passages]) or self._nouns

    def near_miss(self, question: str, kind: Kind, answer: Span, window: Window) -> tuple[str, Window] | None:
        """Return a paraphrased question with one word perturbed, or its window; None if nothing fits.

        Args:
            question: that the window answers.
            kind: of the answer.
            answer: in the window's text.
            window: that is read.
        """
        spoil: Callable[[], tuple[str, Window] | None] = self._draw.choice(
            (
                lambda: self._other_noun(question, window),
                lambda: self._other_noun(question, window),
                lambda: self._other_year(question, window),
                lambda: self._other_indicator(kind, question, window),
                lambda: self._without(question, answer, window),
            )
        )
        return spoil() or self._other_noun(question, window)

    def _spoilt(
        self, asked: _Asked, placed: str, answer: Span, window: Window, passages: Sequence[Passage]
    ) -> tuple[str, Window] | None:
        if self._draw.random() < _ELSEWHERE:
            found = self._other_window(placed, answer.slice(window.text), passages)
            return found or self._other_noun(placed, window)
        return self.near_miss(placed, asked.kind, answer, window)

    # --- Questions ---

    def _questions(self, text: str) -> Iterator[tuple[_Asked, Span]]:
        yield from self._definitions(text)
        found = candidates(text)
        for candidate in self._draw.sample(found, len(found)):
            if candidate.labelled:
                question = self._labelled(text, candidate)
            elif candidate.kind is Kind.QUANTITY:
                question = self._quantity(text, candidate)
            elif candidate.kind in (Kind.DATE, Kind.ORGANISATION, Kind.LIST):
                question = self._in_place(text, candidate) if self._draw.random() < 0.45 else None
            else:
                question = None
            if question:
                yield _Asked(question, candidate.kind), candidate.span

    def _definitions(self, text: str) -> Iterator[tuple[_Asked, Span]]:
        for match in _DEFINITION.finditer(text):
            question = self._draw.choice(_DEFINED).format(match["term"])
            yield _Asked(question, Kind.CLAUSE), Span(*match.span("meaning"))

    def _quantity(self, text: str, candidate: Candidate) -> str | None:
        value = candidate.span.slice(text)
        if not candidate.unit or len(value) > 16 or re.match("[一二两几][个种项位条次些]", value):
            return None
        left, _, right = candidate.own.partition(" ")
        left, right = _LEADING.sub("", _NUMBERING.sub("", left.strip())), right.strip()
        if _CHANGES.search(left) and not right:
            return self._changed(self._subject(left, text, candidate), candidate.unit)
        head = _TRAILING.sub("", left)
        if right and len(right) >= 2:
            return self._thinned(head) + self._how_many(candidate.unit) + self._thinned(right)
        return self._head(self._subject(head, text, candidate), candidate.unit, text, candidate)

    def _subject(self, head: str, text: str, candidate: Candidate) -> str:
        """`head` with the subject of the clause before, where it names none itself."""
        if _has_noun(_CHANGES.sub("", head)):
            return self._thinned(head)
        before = re.split("[，,。；;：:]", text[: candidate.clause.start].rstrip("，,：:"))[-1]
        words = re.split("[0-9一二三四五六七八九十百千万亿%]{2,}|[0-9]", before)[0]
        return self._thinned(_TRAILING.sub("", _LEADING.sub("", words))) + head

    def _changed(self, head: str, unit: str) -> str:
        tails = [
            "多少",
            "了多少",
            "几成" if unit == "成" else "多少",
            "的幅度是多少",
            "多少" + unit if unit != "%" else "百分之几",
        ]
        return head.removesuffix("了") + self._draw.choice(tails)

    def _head(self, head: str, unit: str, text: str, candidate: Candidate) -> str:
        tails = [
            "是多少",
            "是多少",
            "有多少",
            "达到多少",
            "要达到多少",
            "为多少",
            "多少",
            "是多少" + (unit if unit != "%" else ""),
        ]
        if unit == "%":
            tails.append("是百分之几")
        sentence = text[max(0, candidate.span.start - 40) : candidate.span.end + 20]
        if re.search("目标|力争|到20|将|计划|预期", sentence):
            tails += ["目标是多少", "的目标是多少", "要达到多少", "计划达到多少"]
        return head + self._draw.choice(tails)

    def _how_many(self, unit: str) -> str:
        shown = "" if unit == "%" else unit
        return self._draw.choice(
            [f"多少{shown}", f"多少{shown}", "多少", f"几{shown}" if len(shown) == 1 else f"多少{shown}"]
        )

    def _labelled(self, text: str, candidate: Candidate) -> str | None:
        label = _squeezed(candidate.own)
        before = _PREAMBLE.sub("", text[: candidate.clause.start])
        task = self._task(before)
        if not task or len(label) > 8 or "]" in candidate.span.slice(text):
            return None
        if candidate.kind is Kind.ORGANISATION or "单位" in label or "部门" in label:
            wordings = _LED if _LEADS.search(label) else _SHARED if _SHARES.search(label) else _ASSIGNED
            return self._draw.choice(wordings).format(task, label=label)
        return f"{task}的{label}是什么"

    def _task(self, before: str) -> str | None:
        """Return a clause that says what is to be done, from the sentences in front of a label."""
        sentences = [span.slice(before) for span in sentence_spans(before)][-3:]
        clauses = [
            _NUMBERING.sub("", clause) for sentence in sentences for clause in re.split("[，,。；;：:（(）)]", sentence)
        ]
        long = [clause for clause in clauses if 6 <= len(clause) <= 34]
        return self._thinned(self._draw.choice(long)) if long else None

    def _in_place(self, text: str, candidate: Candidate) -> str | None:
        """Return the clause with an interrogative where the candidate stands."""
        span, clause = candidate.span, candidate.clause
        left = _LEADING.sub("", _NUMBERING.sub("", text[clause.start : span.start].strip()))
        right = text[span.end : clause.end].strip()
        if candidate.kind is Kind.LIST:
            if len(span) < 5 or not left:
                return None
            noun = re.match("等?([\u4e00-\u9fff]{2,8})$", right)
            asks = self._draw.choice(["哪些", "什么", "哪几个" if noun else "哪些"])
            return self._thinned(left) + asks + (noun[1] if noun else right.removeprefix("等"))
        if candidate.kind is Kind.DATE:
            asks = self._draw.choice(
                ["什么时候", "何时", "哪一年" if re.search("年$", span.slice(text)) else "什么时间"]
            )
            return (
                self._thinned(left.removesuffix("自").removesuffix("于").removesuffix("在"))
                + asks
                + self._thinned(right)
            )
        first = tagged(span.slice(text))[0][1]
        if first[0] not in "nj" or left.endswith(("、", "和")) or right.startswith(("、", "员会", "和", "及")):
            return None
        asks = self._draw.choice(["哪个部门", "谁", "哪些部门", "哪个单位", "什么单位"])
        return self._thinned(left) + asks + self._thinned(right)

    # --- Wording ---

    def _thinned(self, words: str) -> str:
        """Return words without some modifiers, as people leave them out who do not copy the text."""
        kept = [
            word
            for word, tag in tagged(words)
            if not (tag[0] in "dcuabt" and len(word) < 5 and self._draw.random() < 0.4)
        ]
        if len(kept) > 4 and self._draw.random() < 0.4:
            del kept[self._draw.randrange(len(kept) - 2)]
        return _squeezed("".join(kept)).lstrip("的、和与及")

    def _placed(self, question: str, answer: Span, window: Window, source: _Source) -> str:
        """With the year of its sentence or the region of its document, now and then."""
        if self._draw.random() < 0.3:
            sentence = next((s for s in sentence_spans(window.text) if s.overlap(answer)), answer).slice(window.text)
            years = re.findall(r"(?:到|至)?(?:19|20)\d\d年", align(sentence))
            value = answer.slice(window.text)
            if len(set(years)) == 1 and years[0] not in value and value not in years[0]:
                question = years[0] + question
        if source.region and self._draw.random() < 0.4 and source.region not in question:
            question = source.region + question
        return question

    def _wrapped(self, question: str) -> str:
        start = self._draw.choice(_POLITE) if self._draw.random() < 0.08 else ""
        return start + question + self._draw.choice(_ENDS)

    # --- Spoiling ---

    def _other_noun(self, question: str, window: Window) -> tuple[str, Window] | None:
        """Return a noun of the question replaced by one that the window does not hold."""
        nouns = [w for w, tag in tagged(question) if tag[0] in "nj" and len(w) >= 2 and w in window.text]
        if not (nouns and self._own_nouns and self._nouns):
            return None
        held = fold(" ".join((window.title, *window.path, window.text)))
        for attempt in range(12):
            # Nouns of the same document make the better near misses.
            other = self._draw.choice(self._own_nouns if attempt < 8 else self._nouns)
            if other not in held and other not in question and not set(terms(other)) & set(terms(held)):
                return question.replace(self._draw.choice(nouns[-3:]), other, 1), window
        return None

    def _other_year(self, question: str, window: Window) -> tuple[str, Window] | None:
        """Return the question's year, or one that is put to it, is none of those the window speaks of."""
        told = {period.first for period in periods(" ".join((window.title, *window.path, window.text)))}
        if not told:
            return None
        near = self._draw.choice(sorted(told))
        years = [near + step for step in (-5, -3, -2, -1, 1, 2, 3, 5) if near + step not in told]
        year = f"{self._draw.choice(years)}年"
        named = re.search(r"(?:19|20)\d\d年", align(question))
        return (question[: named.start()] + year + question[named.end() :] if named else year + question), window

    def _other_indicator(self, kind: Kind, question: str, window: Window) -> tuple[str, Window] | None:
        """Return what is measured replaced by another measure: 投资 in place of 产量."""
        if kind is not Kind.QUANTITY:
            return None
        named = next((name for name in sorted(_INDICATORS, key=len, reverse=True) if name in question), None)
        others = [name for name in _INDICATORS if name not in window.text and name not in question]
        if named is None or not others:
            return None
        return question.replace(named, self._draw.choice(others), 1), window

    def _other_window(self, question: str, answer: str, passages: Sequence[Passage]) -> tuple[str, Window] | None:
        """Return another window of the document that shares words with the question, but neither all nor the answer."""
        wanted, best = set(terms(question)), None
        for passage in self._draw.sample(list(passages), min(12, len(passages))):
            for span in window_spans(passage.text):
                text = span.slice(passage.text)
                shared = len(wanted.intersection(terms(text)))
                if answer not in text and shared < 0.6 * len(wanted) and (best is None or shared > best[0]):
                    best = (shared, Window(passage.title, passage.section_path, text))
        return (question, best[1]) if best else None

    def _without(self, question: str, answer: Span, window: Window) -> tuple[str, Window] | None:
        """Return the window with the sentence of the answer taken out."""
        sentences = sentence_spans(window.text)
        left = [s.slice(window.text) for s in sentences if not s.overlap(answer)]
        value = answer.slice(window.text)
        if not left or any(value in sentence for sentence in left):
            return None
        return question, Window(window.title, window.path, "".join(left))


def pairs(data: Path, part: Part, seed: int) -> Iterator[Example]:
    """Pairs of the policies, national reports and laws of one part.

    Args:
        data: folder with `policy` and `law`.
        part: see `part_of`.
        seed: of every draw.
    """
    found = list(sources(data, part, seed))
    maker = Maker(seed, common_nouns([source.document.text for source in found]))
    for source in found:
        yield from maker.pairs(source)


def sources(data: Path, part: Part, seed: int) -> Iterator[_Source]:
    """Yield the documents of one part; of the laws some, drawn. Provincial reports are left to the gold set."""
    for row in _rows(data / "policy" / "business_climate_2023.jsonl", part):
        yield _source(row["doc_id"], row["title"], row["text"], row["region"], "policy")
    for row in _rows(data / "policy" / "work_reports.jsonl", part):
        if row["region"] == "全国":
            yield _source(row["doc_id"], row["title"], row["text"], "", "report")
    laws = [row for row in _rows(data / "law" / "laws.jsonl", part) if len(row["text"]) > 1500]
    for row in random.Random(seed).sample(laws, min(_LAWS, len(laws))):
        yield _source(row["doc_id"], row["title"], row["text"], "", "law")


def documents(data: Path, wanted: Collection[str]) -> dict[str, Document]:
    """Return documents by their ids: rows of the corpora, published PDFs (`carbon-N`), and files of our own writing."""
    files = {path.stem: path for path in sorted(OWN.iterdir())}
    files |= {
        f"carbon-{path.name.split('_')[0]}": path for path in sorted((data / "policy/dual_carbon_pdf").glob("*_*.pdf"))
    }
    read = {key: load(path) for key, path in files.items() if key in wanted}
    rows = (
        row
        for name in ("policy/business_climate_2023", "policy/work_reports", "law/laws")
        for row in map(json.loads, (data / f"{name}.jsonl").read_text("utf-8").splitlines())
        if row["doc_id"] in wanted
    )
    return read | {row["doc_id"]: _source(row["doc_id"], row["title"], row["text"], "", "").document for row in rows}


def common_nouns(texts: Sequence[str], n: int = 3000) -> list[str]:
    """Nouns of two to four characters that stand in few documents each, commonest first."""
    counts = Counter(
        word for text in texts for word in {w for w, tag in tagged(text[:20_000]) if tag == "n" and 2 <= len(w) <= 4}
    )
    rare = [(word, count) for word, count in counts.items() if 2 <= count <= max(4, 0.15 * len(texts))]
    return [word for word, _ in sorted(rare, key=lambda item: (-item[1], item[0]))[:n]]


def _source(key: str, title: str, text: str, region: str, corpus: str) -> _Source:
    found, metadata = describe(text, title)
    document = Document(
        id=document_id(key), title=title or found, text=text, source=key, headings=outline(text), metadata=metadata
    )
    return _Source(document, "" if region in ("国家", "全国") else region, corpus)


def _rows(path: Path, part: Part) -> Iterator[dict[str, str]]:
    for line in path.read_text("utf-8").splitlines():
        row: dict[str, str] = json.loads(line)
        if part_of(row["title"]) == part and row["doc_id"] not in GOLD:
            yield row


def _has_noun(words: str) -> bool:
    return any((tag[0] in "njl" and len(word) >= 2) or tag == "vn" for word, tag in tagged(words))


def _squeezed(text: str) -> str:
    return "".join(text.split())
