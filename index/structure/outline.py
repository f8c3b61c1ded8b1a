"""The heading tree of Chinese official documents.

Numbers at line beginnings are candidates. A stack follows their sequences (一、 二、 …; a number that fits none is no
heading); how kinds nest is read off the document itself before fixed ranks are asked; siblings that look like sentences
of a list are dropped together.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from itertools import pairwise

from index.records import Declared, Heading, Table
from index.structure.heading_numbers import UNNUMBERED, Marker, markers, unnumbered

# Which kind encloses which, where the document does not show it otherwise.
_KINDS = (
    f"附件 附件题 {UNNUMBERED} 部分 篇 编 分编 章 节 条 一、 （一） 1 1. 1、 1.1 1.1.1 1.1.1.1 （1） 1） ① 一是 专栏"
)
_RANK = {kind: rank for rank, kind in enumerate(_KINDS.split())}
_FIXED = frozenset(["附件", "附件题", "部分", "篇", "编", "分编", "章", "节", "条", "专栏"])
_PARTS = frozenset(["部分", "篇", "编", "分编", "章", "节"])  # of a document, never items of a list
_STRONG = frozenset(["部分", "篇", "编", "分编", "章", "节", "条", "附件", "附件题", "专栏", "1"])
_WEAK = frozenset(["1.", "1、", "（1）", "1）", "①", "一是"])
_MARKDOWN = frozenset("#" * n for n in range(1, 7))

_DECLARED_MAX = 100  # characters of a declared heading; a longer one is a paragraph in the wrong style
_ALONE_MAX = 60  # characters of a heading on a line of its own
_WRAPPED_MAX = 34  # the same where lines are wrapped: a longer one is a paragraph's first line
_RUN_IN_MAX = 45  # characters of a first sentence that heads its paragraph
_PARAGRAPH_MIN = 60  # characters from which a single sentence stands for itself
_CLAUSE_MAX = 40  # characters of a first clause that stands for a paragraph without a heading
_LABEL_MAX = 20  # characters before a colon
_INTERRUPTIONS_MAX = 8  # lists in a row that may stand inside one item
_TERMINAL = re.compile("[。！？!?；;]")
_AFTER_TITLE = " \t\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u2028\u2029\u3000*_:："
_CLAUSE_END = re.compile("[。！？!?；;，,：:]|——|--")
_ARTICLE_TITLE = re.compile(r"[【（(〔\[]([^】）)〕\]\n]{1,20})[】）)〕\]]")
_DATE_LINE = re.compile(r"^[ \t\u3000]*[12〇零一二][0-9〇零一二三四五六七八九]{3}[ ]?年.{1,8}日[ \t\u3000]*$", re.M)


class _Shape(Enum):
    ALONE = auto()  # a line of its own, body below
    RUN_IN = auto()  # a short first sentence or label, body on the same line
    PARAGRAPH = auto()  # several sentences or a long one: numbered paragraphs
    SENTENCE = auto()  # one short sentence
    ITEM = auto()  # ends in a semicolon: an item of a list


@dataclass(slots=True)
class _Run:
    """Siblings counted in one sequence."""

    kind: str
    nodes: list[_Node] = field(default_factory=list)
    suspended: _Run | None = None  # the run of the same kind that this one interrupted
    continues: _Run | None = None  # the run under an earlier parent that its numbers go on from
    dropped: bool = False


@dataclass(slots=True)
class _Node:
    marker: Marker
    run: _Run
    parent: _Node | None
    extent: int = 0  # offset of the next candidate, or the end of the text
    shape: _Shape = _Shape.ALONE


def outline(text: str, declared: Sequence[Declared] = (), tables: Sequence[Table] = ()) -> tuple[Heading, ...]:
    """Return the headings of a text, in its order, each on one line.

    `text[start:end]` is the title, behind markdown signs (`## `, `**`) where there are any; titles are at most 70
    characters. Level 1 is outermost and no level is skipped on the way down.

    Args:
        text: verbatim text of a document, line ends `\\n`.
        declared: headings that the file itself declares, in text order; they count as markdown's do.
        tables: parts of the text in which numbers count rows.
    """
    set_off = [heading for heading in declared if not heading.level]
    declared = [heading for heading in declared if heading.level]
    candidates = _with_annex_titles(text, _with_declared(_outside(markers(text), tables), declared))
    candidates = _with_set_off(candidates, set_off)
    if not declared and not any(marker.kind in _MARKDOWN for marker in candidates):
        candidates = sorted([*candidates, *_outside(unnumbered(text, candidates), tables)], key=lambda each: each.line)
    nodes: list[_Node] = []
    wrapped = _is_wrapped(text)
    if wrapped:  # 一是 mostly counts inside a paragraph, and where paragraphs begin cannot be told here
        candidates = [marker for marker in candidates if marker.kind != "一是"]
    for _ in range(2):  # a second pass: dropped lists no longer disturb the nesting of the rest
        nodes = _nest(candidates)
        for node, end in zip(nodes, [*(node.marker.line for node in nodes[1:]), len(text)], strict=False):
            node.extent = end
            node.shape = _shape(text, node, wrapped)
        _drop_lists(text, nodes)
        nodes = [node for node in nodes if not node.run.dropped]
        candidates = [node.marker for node in nodes]
    levels: dict[int, int] = {}
    headings = []
    for node in nodes:
        levels[id(node)] = level = 1 if node.parent is None else levels[id(node.parent)] + 1
        headings.append(_heading(text, node, level))
    return tuple(headings)


def _outside(found: Sequence[Marker], tables: Sequence[Table]) -> list[Marker]:
    """Return the markers that stand in no table."""
    starts = [table.span.start for table in tables]
    kept = []
    for marker in found:
        place = bisect_right(starts, marker.line) - 1
        if place < 0 or marker.line >= tables[place].span.end:
            kept.append(marker)
    return kept


def _with_declared(found: Sequence[Marker], declared: Sequence[Declared]) -> list[Marker]:
    """Return markers together with declared headings, which take the place of those on their lines.

    Of a family that is declared here and there only, such as 一、 in a file whose author used a style once, the
    numbers are the better guide.
    """
    lines = {heading.span.start for heading in declared}
    styled = Counter(marker.kind for marker in found if marker.line in lines)
    plain = Counter(marker.kind for marker in found if marker.line not in lines)
    trusted = {kind for kind in styled if styled[kind] > plain[kind] or kind in _MARKDOWN}
    numbered = {marker.line for marker in found if marker.kind not in trusted}
    levels = {heading.span.start: heading.level for heading in declared}
    merged = [
        _as_declared(marker, found, levels) if marker.kind in trusted & _PARTS and marker.line not in lines else marker
        for marker in found
        if marker.line not in lines or marker.line in numbered
    ]
    for heading in declared:
        if heading.span.start not in numbered and len(heading.span) <= _DECLARED_MAX:
            start, end = heading.span.start, heading.span.end
            merged.append(Marker("#" * min(heading.level, 6), 0, start, start, start, end))
    return sorted(merged, key=lambda marker: marker.line)


def _as_declared(marker: Marker, found: Sequence[Marker], levels: Mapping[int, int]) -> Marker:
    """Return a chapter or section that the file forgot to declare, on the level of the others of its kind."""
    usual = Counter(levels[each.line] for each in found if each.kind == marker.kind and each.line in levels)
    level = usual.most_common(1)[0][0]
    return Marker("#" * min(level, 6), 0, marker.line, marker.start, marker.start, marker.end)


def _with_set_off(found: Sequence[Marker], lines: Sequence[Declared]) -> list[Marker]:
    """Return markers together with lines that are only set off, where these have no number, as titles without one."""
    taken = {marker.line for marker in found}
    spans = [heading.span for heading in lines if heading.span.start not in taken]
    titles = [Marker(UNNUMBERED, 0, span.start, span.start, span.start, span.end) for span in spans]
    return sorted([*found, *titles], key=lambda marker: marker.line)


# --- sequence and nesting ---------------------------------------------------------------------


def _nest(found: Sequence[Marker]) -> list[_Node]:
    """Give each marker that fits a sequence its run and parent; leave out those that fit none."""
    inside = _observed_nesting(found)
    following = _successors(found)
    nesting = _Nesting(inside, found)
    for marker in found:
        nesting.place(marker, expected=following[marker])
    return [node for node in nesting.nodes if not node.run.dropped]


def _successors(found: Sequence[Marker]) -> dict[Marker, bool]:
    """Return whether the next marker of the same kind carries the next number."""
    answer: dict[Marker, bool] = {}
    later: dict[str, Marker] = {}
    for marker in reversed(found):
        after = later.get(marker.kind)
        answer[marker] = after is not None and after.number == marker.number + 1 and after.prefix == marker.prefix
        later[marker.kind] = marker
    return answer


def _observed_nesting(found: Sequence[Marker]) -> dict[tuple[str, str], int]:
    """Return how often a whole run of kind B stands between two neighbours of kind A: (A, B) → count.

    A run that goes on behind the second neighbour is no evidence, for 「5．（二）6．」 counts through, unless it
    begins under the first item of A: 「一、第一条…第六条 二、第七条」.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, marker in enumerate(found):
        places[marker.kind].append(place)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for outer, outer_places in places.items():
        for left, right in pairwise(outer_places):
            if right - left > 1 and found[right].number == found[left].number + 1:
                for inner, inner_places in places.items():
                    counts[outer, inner] += inner != outer and _encloses(found, inner_places, left, right)
    return counts


def _encloses(found: Sequence[Marker], places: Sequence[int], left: int, right: int) -> bool:
    first, after = bisect_left(places, left), bisect_left(places, right)
    if first == after or found[places[first]].number != 1:
        return False
    if found[left].number == 1:
        return True
    return after == len(places) or found[places[after]].number != found[places[after - 1]].number + 1


class _Nesting:
    """A stack of open headings that markers are placed on in text order."""

    def __init__(self, inside: dict[tuple[str, str], int], found: Sequence[Marker]) -> None:
        self.nodes: list[_Node] = []
        self._inside = inside
        self._found = found
        self._stack: list[_Node] = []
        self._last: dict[str, _Node] = {}

    def place(self, marker: Marker, *, expected: bool) -> None:
        """Place a marker or leave it out; `expected` says that its successor exists."""
        if marker.kind in _MARKDOWN:
            outer = {"#" * n for n in range(1, len(marker.kind))}
            self._push(marker, _Run(marker.kind), lambda open_: open_.marker.kind not in outer)
        elif marker.kind in ("附件", "附件题"):
            closes = partial(self._outranks, marker.kind, same=True)
            self._push(marker, _Run(marker.kind), lambda open_: closes(open_.marker.kind))
            self._last = {}
        elif marker.kind == UNNUMBERED:
            self._push(marker, _Run(marker.kind), lambda open_: not self._goes_on(open_.marker, marker))
        else:
            self._place_numbered(marker, expected)

    def _place_numbered(self, marker: Marker, expected: bool) -> None:
        depth = next((i for i, open_ in enumerate(self._stack) if open_.marker.kind == marker.kind), None)
        if depth is None:
            self._open(marker, expected)
            return
        sibling = self._stack[depth]
        run = sibling.run if _follows(sibling.marker, marker) else _resumed(sibling.run, marker)
        if run is None and not marker.glued and (marker.number == 1 or expected):
            run = _Run(marker.kind, suspended=sibling.run if marker.number == 1 else None)
        if run is not None:
            del self._stack[depth:]
            self._push(marker, run, lambda _: False)

    def _open(self, marker: Marker, expected: bool) -> None:
        last = self._last.get(marker.kind)
        continues = last is not None and _follows(last.marker, marker)
        if not (continues or (not marker.glued and (marker.number <= 1 or expected or marker.kind == "条"))):
            return
        numbered = ((*open_.marker.prefix, open_.marker.number) for open_ in self._stack)
        if marker.prefix and not expected and marker.prefix not in numbered:
            return
        run = _Run(marker.kind, continues=last.run if last is not None and continues else None)
        top = self._stack[-1].marker if self._stack else None
        # A box may begin with a list.
        adjacent = top is not None and top.kind == "专栏" and marker.line - top.end <= 2
        self._push(marker, run, lambda open_: not adjacent and self._outranks(marker.kind, open_.marker.kind))

    def _goes_on(self, open_: Marker, title: Marker) -> bool:
        """Return whether the numbers of an open heading go on behind a title, which then stands inside it."""
        behind = self._found[bisect_right(self._found, title.line, key=lambda marker: marker.line) :]
        after = next((marker for marker in behind if marker.kind == open_.kind), None)
        return open_.kind not in (UNNUMBERED, "条") and after is not None and after.number == open_.number + 1

    def _outranks(self, kind: str, open_kind: str, *, same: bool = False) -> bool:
        if open_kind in _MARKDOWN:
            return False
        if kind == open_kind:
            return same
        if not {kind, open_kind} <= _FIXED:
            within, around = self._inside.get((open_kind, kind), 0), self._inside.get((kind, open_kind), 0)
            if within != around and not {kind, open_kind} & {"专栏", "附件", "附件题"}:
                return around > within
        return _RANK[kind] < _RANK[open_kind]

    def _push(self, marker: Marker, run: _Run, closes: Callable[[_Node], bool]) -> None:
        while self._stack and closes(self._stack[-1]):
            self._stack.pop()
        node = _Node(marker, run, self._stack[-1] if self._stack else None)
        run.nodes.append(node)
        self._stack.append(node)
        self.nodes.append(node)
        self._last[marker.kind] = node


def _follows(last: Marker, marker: Marker) -> bool:
    gap = marker.number - last.number
    if marker.prefix != last.prefix:
        return False
    if marker.kind == "条" and not marker.glued:
        return 0 <= gap <= 50  # 第三条之一; repealed articles leave gaps
    return gap == 1 or (gap in (0, 2) and marker.number > 1 and not marker.glued)


def _resumed(run: _Run, marker: Marker) -> _Run | None:
    """Return the interrupted run that a marker goes on with; those that interrupted it are lists in its last item."""
    passed = [run]
    while (earlier := passed[-1].suspended) is not None and len(passed) <= _INTERRUPTIONS_MAX:
        last = earlier.nodes[-1].marker
        if marker.number == last.number + 1 and marker.prefix == last.prefix:
            for inner in passed:
                inner.dropped = True
            return earlier
        passed.append(earlier)
    return None


# --- headings or lists ------------------------------------------------------------------------


def _is_wrapped(text: str) -> bool:
    """Return whether long lines mostly break off in mid-sentence, as in text taken from a PDF."""
    long_lines = [line for line in (raw.strip() for raw in text.split("\n")) if len(line) >= 30]
    broken = sum(line[-1] not in "。；：！？!?;:.）)”」』】" for line in long_lines)
    return broken >= 3 and broken * 5 > len(long_lines)


def _shape(text: str, node: _Node, wrapped: bool) -> _Shape:
    marker = node.marker
    extent = text[marker.content : min(node.extent, marker.content + 400)].strip()
    # A number that a wrapped line ends with has what it heads on the next.
    line = text[marker.content : min(marker.end, marker.content + 400)] or extent.partition("\n")[0]
    most = _WRAPPED_MAX if wrapped and extent != line else _ALONE_MAX
    if len(line) <= most and not _TERMINAL.search(line) and not line.endswith(("，", ",", "、", "：", ":")):
        return _Shape.ALONE
    if _run_in_length(line, extent) > 0:
        return _Shape.RUN_IN
    if extent.endswith(("；", ";")) or line.endswith(("；", ";")):
        return _Shape.ITEM
    if len(extent) >= _PARAGRAPH_MIN or extent.count("。") >= 2:
        return _Shape.PARAGRAPH
    return _Shape.SENTENCE


def _run_in_length(line: str, extent: str) -> int:
    """Return the length of the first sentence or label that heads its paragraph, or 0."""
    match = _TERMINAL.search(line, 0, _RUN_IN_MAX + 1)
    label = re.search("[:：]|——|--", line[: _LABEL_MAX + 1])
    if label and (match is None or label.start() < match.start()):
        return label.start() if extent[label.end() :].strip() else 0
    if match and match.group() in "。！？" and extent[match.end() :].strip():
        return match.start()
    return 0


def _drop_lists(text: str, nodes: Sequence[_Node]) -> None:
    runs = {id(node.run): node.run for node in nodes}
    filled = _filled(text, nodes)
    counted: dict[int, list[_Node]] = {}
    for run in runs.values():  # numbers that count through sections are of one make
        counted.setdefault(id(run), counted.get(id(run.continues), [])).extend(run.nodes)
    enclosing: set[int] = set()  # ids of the nodes with headings below them
    for run in reversed(runs.values()):  # from the inside: a run begins before those inside it
        run.dropped = not _heads(run, _shapes(counted[id(run)], enclosing), filled)
        if not run.dropped:
            enclosing.update(id(node.parent) for node in run.nodes)
    for node in nodes:
        while node.parent is not None and node.parent.run.dropped:
            node.parent = node.parent.parent


def _shapes(nodes: Sequence[_Node], enclosing: set[int]) -> list[_Shape]:
    """Return the shapes of what counts in one sequence."""
    shapes = [node.shape for node in nodes]
    for place, node in enumerate(nodes):  # a sentence that headings stand under heads them, but in an article
        if id(node) in enclosing and node.shape is _Shape.SENTENCE and not _is_in_article(node):
            shapes[place] = _Shape.ALONE
    if len(nodes) > 1 and all(shape is _Shape.ITEM for shape in shapes[:-1]):
        shapes[-1] = _Shape.ITEM  # what follows a list is no part of its last item
    return shapes


def _is_in_article(node: _Node) -> bool:
    return node.parent is not None and node.parent.marker.kind == "条"


def _filled(text: str, nodes: Sequence[_Node]) -> set[int]:
    """Return the ids of the nodes that have text of their own or below them."""
    filled: set[int] = set()
    for node in reversed(nodes):
        if node.shape is not _Shape.ALONE or text[node.marker.end : node.extent].strip(" \t\n\u3000*_#"):
            filled.add(id(node))
        if id(node) in filled and node.parent is not None:
            filled.add(id(node.parent))
    return filled


def _heads(run: _Run, shapes: Sequence[_Shape], filled: set[int]) -> bool:
    """Return whether a run of siblings is made of headings; `shapes` are those of all that count in its sequence."""
    if run.kind in _MARKDOWN | {"附件题", UNNUMBERED}:
        return True
    empty = [id(node) not in filled for node in run.nodes]
    if len(empty) > 1 and run.kind != "条" and all(empty[:-1]) and (empty[-1] or len(empty) > 2):
        return False  # a table of contents, or a list of short lines
    if run.kind in _STRONG:
        return True
    if len(shapes) == 1 and run.kind in _WEAK:
        return False
    if _is_in_article(run.nodes[0]):
        heading_like = shapes.count(_Shape.ALONE)  # else the items (项) of an article
    else:
        heading_like = len(shapes) - shapes.count(_Shape.SENTENCE) - shapes.count(_Shape.ITEM)
    return heading_like * 2 >= len(shapes)


# --- titles -----------------------------------------------------------------------------------


def _heading(text: str, node: _Node, level: int) -> Heading:
    marker = node.marker
    end = marker.content + _title_length(text, node)
    title = text[marker.start : end].rstrip(_AFTER_TITLE)
    if not title:  # markdown with a line that has no clause, or nothing but signs
        title = text[marker.start : min(marker.end, marker.start + _ALONE_MAX)].rstrip()
    markup = len(text[marker.line : marker.start]) - len(text[marker.line : marker.start].lstrip())
    return Heading(title, level, marker.line + markup, marker.start + len(title))


def _title_length(text: str, node: _Node) -> int:
    marker = node.marker
    line = text[marker.content : min(marker.end, marker.content + 400)]
    if marker.kind == "条":
        match = _ARTICLE_TITLE.match(line)
        if match:
            return match.end()
        return len(line) if len(line) <= 30 and not _CLAUSE_END.search(line) else 0
    if node.shape is _Shape.ALONE or (marker.kind in _STRONG | _MARKDOWN and len(line) <= _ALONE_MAX):
        return len(line)
    if length := _run_in_length(line, text[marker.content : min(node.extent, marker.content + 400)]):
        return length
    clause = _CLAUSE_END.search(line, 0, _CLAUSE_MAX + 1)
    if clause:
        return clause.start()
    # A number alone tells nobody what stands there: a long first clause up to its last item.
    listed = line.rfind("、", 0, _CLAUSE_MAX)
    return len(line) if len(line) <= _ALONE_MAX else max(listed, 0) or _CLAUSE_MAX


# --- annexes ----------------------------------------------------------------------------------


def _with_annex_titles(text: str, found: Sequence[Marker]) -> list[Marker]:
    """Drop 附件 lines that only list annexes, and make the title line below a real one a heading."""
    numbered = {marker.line for marker in found}
    annexes = [marker for marker in found if marker.kind == "附件" and not _lists_annexes(text, marker)]
    if len(annexes) == 1 and not text[: annexes[0].line].strip():
        annexes = []  # the annex is the document, its title the title
    titles = [_annex_title(text, marker, numbered) for marker in annexes if marker.content >= marker.end]
    others = [marker for marker in found if marker.kind != "附件"]
    return sorted([*others, *annexes, *filter(None, titles)], key=lambda marker: marker.start)


def _lists_annexes(text: str, marker: Marker) -> bool:
    content = text[marker.content : marker.end]
    if not content:
        return text[marker.end - 1] in ":："
    # 「附件：方案」 above signature and date names an annex; the annex itself comes later.
    return (
        re.match(r"[0-9０-９一二三四五六七八九十]{1,2}[.．、]", content) is not None
        or _DATE_LINE.search(text, marker.end, marker.end + 200) is not None
        or not text[marker.end :].strip(" \t\n\u3000*_")
    )


def _annex_title(text: str, marker: Marker, numbered: set[int]) -> Marker | None:
    position = marker.end
    while position < len(text) and (text[position].isspace() or text[position] in "*_"):
        position += 1
    line = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position, position + _ALONE_MAX + 2)
    end = min(len(text), position + _ALONE_MAX + 2) if end < 0 else end
    title = text[position:end].rstrip()
    if not title or len(title) > _ALONE_MAX or line in numbered or "\t" in title:
        return None
    if title[0] in "|#" or title[-1] in "。；，：、:;,":
        return None
    return Marker("附件题", 0, line, position, position, position + len(title))
