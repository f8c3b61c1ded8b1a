"""Questions that a passage answers, made by general rules.

Most are the passage's own clause with its answer blanked out: 「创建10家绿色工厂」 becomes 「创建多少家绿色工厂？」. A
clause that does not say by itself what it is about is put under the heading it stands below. What cannot be asked
without a doubt (two figures in a clause, half a bracket, a pronoun) is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.loaders.tables import SEPARATOR
from index.numerals import HEADING_NUMBER
from index.records import Document, Passage, Span
from qa.language.grammar import Candidate, Kind, candidates, clause_spans, tagged
from qa.language.measures import dimension
from qa.language.periods import periods


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question with the span that answers it."""

    type: str  # number, date, department, list, definition or fact
    question: str  # complete
    answer: Span  # where, in the text of the passage, or of the document where the rule reads the document
    subject: str = ""  # noun phrase that is asked about, verbatim; empty where the rule names none


_HAN = r"[\u4e00-\u9fff]"
# Headings that name a part of any document, not what this one is about.
_GENERIC = re.compile(
    r".*(?:目标|要求|思想|原则|任务|措施|保障|附则|总则|附件|其他|其它|内容|范围|依据|方式|时间|安排|步骤|背景|事项|条件|程序|情况|说明)"
)

_MEASURED = re.compile(rf"{_HAN}{{4,14}}")
_JOINING = re.compile(
    r"^(?:和|及|与|以及|其中|力争|确保|累计|预计|全年|到)++|(?:达到?|为|超过|突破|保持在|实现|约|共|有|至|到)++$"
)
_MEASURE_NOUN = re.compile(
    r".*(?:[量率值额数比]|产能|规模|面积|比重|强度|收入|投资|里程|能力|水平|人口|总额|缺口|价格)"
)
"""What can be asked for with 是多少; a bare thing (电池隔膜) cannot."""
_UNMEASURED = {"", "count", "duration", "grade", "people", "age"}
_COUNTED = {"count", "people", "duration"}
_OF_TIME = re.compile(
    "$|(?:之?内|前)?(?:完成|作出|办理|办结|向|报|提出|予以|申报|将|通知|送达|申请|告知|进行|组织|书面|公布|公示)"
)
_OF_A_THING = re.compile("次|(?:以上|以下|以内)?的|[^，]{0,12}的[^，]{0,8}$")
_AS_WHAT = re.compile("以.+为")
_SET_WORD = re.compile("[一两]|百分(?!之)|.*大$")
"""一次性, 一站式, 二十大 count nothing."""
_BEHIND_A_MEASURE = re.compile("(?:以上|以下|以内|左右)?的?(?:一次性)?(?:奖励|奖金|补助|补贴|资助|罚款|支持)?(?:资金)?")

_ROW_NAME = re.compile(rf"(?=.*{_HAN}{{2}})[^“”。；\n]{{2,30}}")
_BODY_LABEL = re.compile(rf"{_HAN}{{0,6}}(?:单位|部门|机关|机构|主体)")
"""Names of columns that hold bodies."""

_POINTING = re.compile(r"其|该|此|这|上述|前款|前述|本条|以下|下列|有关规定|前者|后者|同期|分别|另有|之一")
_BROKEN_START = re.compile(r"^(?:[的地得之和与及或等、者对]|以及|除|关于)")
_BROKEN_END = re.compile(r"(?:[的时后前者和与及或、]|以来|期间|之日起|情况下|基础上|过程中)$")
_LED_BY = re.compile(r"^(?:并且?|同时|此外|另外|还要?|从而|进而|且|也|再|又)(?=[^列轨网])")
_ALONE = re.compile(r"(?:到|至|截至|力争)?(?:(?:19|20)\d{2}年.{0,6}|[“\"]?十[一二三四五六]五[”\"]?.{0,2})")
_ONE_DATE = re.compile(r"(?:19|20)\d{2}年[^至到—-]*")
_ITEM = 15
"""Characters of the longest item of a list that can be asked for: a longer one is a sentence of its own."""
_LONGEST, _SHORTEST = 60, 5
"""Characters of what is left of a clause once its answer is taken out."""
_TOPIC = range(4, 25)

_AND_SO_ON = re.compile(rf"等(?P<whole>(?:{_HAN}|[、“”]){{2,12}})$")
_VERBS = (
    "提供|建立|完善|加强|推进|推动|开展|建设|打造|培育|发展|实施|落实|提升|提高|健全|强化|扩大|支持|引进|引导|鼓励|构建|搭建|设立|形成"
    "|整合|打通|畅通|覆盖|包括|涵盖|涉及|归集|举办|组织|优化|深化|加快|加大|促进|保障|实现|制定|出台|执行|享受|办理|提交|公开|发布|推广"
    "|探索|拓展|规范|减少|降低|取消|破除|清理|整治|解决|防范|处置|寻找|具备|聚焦|围绕|协调|完成|设置|配备|使用|处理|承担|负责|推行"
    "|列入|纳入"
)
_TAKES_AN_OBJECT = re.compile(
    f"(?:{_VERBS}|(?P<means>通过|采取|采用|利用|运用|依托|面向|针对|结合|[与为对向在从以按将把给用]))$"
)
_NO_ITEM = re.compile(f"(?:{_VERBS})|.*(?:利用|通过)|[与和及对在]")
_PURPOSE = re.compile(r"，[^，。；：\n“”（）《》]{4,40}(?=[，。；])")
_AS = re.compile(
    r"^以(?P<what>[^以]{2,60})为(?P<role>(?:总|主|发展|工作)?(?:重点|目标|方向|龙头|依托|主线|支撑|基础|前提|引领|主攻方向|核心|抓手|载体|导向|牵引|突破口|单位))$"
)
_BY = re.compile(
    rf"^(?P<what>[^由]{{0,30}})由(?P<who>(?:{_HAN}|、){{2,30}}?)"
    rf"(?P<does>(?:负责|牵头|承担|主管|会同|组织|制定|解释|统筹|管理){_HAN}{{0,16}})$"
)
_IN_CHARGE = re.compile(
    rf"^(?!由|明确|各)(?P<who>{_HAN}{{2,20}}?)(?P<does>(?:具体)?(?:负责(?![人以])|牵头|主管|承担){_HAN}[^，]{{3,40}})$"
)
_SET_UP = re.compile(
    rf"^(?P<does>(?:探索|积极|加快|持续|全面|进一步|推动|支持|鼓励|逐步|统筹|牵头|组织|大力|全力|着力|深入){{0,2}}"
    "(?:建立健全|建立完善|建立|建设|构建|搭建|打造|设立|推行|实行|完善|健全|制定|出台|编制|开发|创建))"
    rf"(?P<what>(?:{_HAN}|[“”A-Za-z0-9+]){{4,24}}?(?P<kind>机制|制度|平台|体系|清单|标准|目录|中心|基地|专区|模式|试验区|示范区|示范样本"
    "|系统|计划|指南|规范|办法))$"
)
_TO_WHOM = re.compile(rf"向(?P<who>{_HAN}{{2,20}}?)(?=提出|提交|申请|报送|申报|备案|报告|举报|投诉)")
_THIS = re.compile(
    "^本(?:办法|方案|规定|细则|条例|意见|通知|措施|规则|制度|政策|要点|计划|规划|规程|规范|标准|指南|实施.{2})"
)
_BODY = re.compile(
    rf"{_HAN}*(?:局|委|厅|部|办|政府|院|中心|公司|委员会|领导小组|机构|部门|单位|办公室|指挥部|银行|协会|机关)"
)
_DEFINITION = re.compile(
    rf"(?:^|[。；\n])\s*+(?:第[一二三四五六七八九十百]++条\s*+)?(?:本{_HAN}{{1,4}}(?:所称|中)的?)?[“\"]?(?P<term>{_HAN}{{2,14}})[”\"]?"
    r"(?:（[^（）]{1,20}）)?[，,]?\s*(?:是指|系指|指的是)(?P<meaning>[^。；\n]{6,160})"
)
_LISTED = re.compile(
    rf"(?:^|[。；，\n])(?P<whole>{_HAN}{{4,14}}?)(?:主要)?(?:包括|分为|涵盖)"
    r"(?P<parts>[^。；，：\n、]{2,20}(?:、[^。；，：\n、]{2,20})+(?:和|及|以及)?[^。；，\n]{0,20})(?=[。；])"
)
_NUMBERED_TITLE = re.compile(
    rf"《(?P<title>[^《》]{{4,60}})》[（(](?P<number>{_HAN}{{1,12}}[〔\[]\d{{4}}[〕\]]\d+号)[）)]"
)
_ON_THE_GROUND_OF = re.compile(
    r"(?:根据|依据|按照|贯彻落实|贯彻|落实)[^。《》]{0,30}(?P<ground>《[^《》]{4,80}》)[^。《》]{0,60}制定(?:本|了本|如下)"
)
_EFFECT = re.compile(
    r"自(?P<date>\d{4}年\d{1,2}月\d{1,2}日|公布之日|发布之日|印发之日)起(?:正式)?(?P<verb>施行|实施|执行|生效)"
)
_VALID = re.compile(r"有效期(?:为|至|到|限为)?(?P<span>\d{4}年\d{1,2}月\d{1,2}日|[一二三四五六七八九十\d]+年)")
_ISSUED_AS = re.compile(
    "(?:印发|发布|公布|制定|制订|转发)(?:了|的)?《?(?P<title>[^《》]{4,80}?)》?的(?:通知|公告|决定)$"
)


def subject_of(heading: str) -> str:
    """Return what a heading is about: without its numbering; empty where it names a part of any document."""
    bare = HEADING_NUMBER.sub("", heading).strip("。：: \u3000")
    named = len(bare) in _TOPIC and re.search(rf"{_HAN}{{3}}", bare) and not _GENERIC.fullmatch(bare)
    whole = bare.count("“") == bare.count("”") and not re.search(r"[。；：，〔〕》（]|号$", bare)
    return bare if named and whole else ""


def short_title(title: str) -> str:
    """Return what is issued, of the title of the notice that issues it."""
    match = _ISSUED_AS.search(title)
    return match["title"] if match else title


def passage_proposals(passage: Passage) -> list[Proposal]:
    """Return what can be asked of a passage, in text order, no answer twice."""
    found = candidates(passage.text)
    named = [made for candidate in found if (made := candidate_proposal(passage, candidate))]
    every = [*named, *_clauses(passage, found), *_patterns(passage)]
    first: dict[tuple[int, int], Proposal] = {}
    for each in every:
        first.setdefault((each.answer.start, each.answer.end), each)
    return sorted(first.values(), key=lambda each: each.answer.start)


def document_proposals(document: Document) -> list[Proposal]:
    """Return what can be asked of a document as a whole: its number, ground, issuer, and time of application."""
    name = f"《{short_title(document.title)}》"
    text, about = document.text, document.metadata
    made = [
        *_first(text, about.number, "fact", f"{name}的文号是什么？"),
        *_first(text, about.issuer, "department", f"{name}是由哪个单位印发的？"),
        *_first(text, _written(about.issued), "date", f"{name}是什么时候印发的？"),
    ]
    grounds = list(_ON_THE_GROUND_OF.finditer(text))
    if len(grounds) == 1:
        made.append(Proposal("fact", f"{name}是根据什么文件制定的？", Span(*grounds[0].span("ground"))))
    for match in _NUMBERED_TITLE.finditer(text):
        made.append(Proposal("fact", f"《{match['title']}》的文号是什么？", Span(*match.span("number"))))
    for match in _EFFECT.finditer(text):
        made.append(Proposal("date", f"{name}从什么时候起{match['verb']}？", Span(*match.span("date"))))
    for match in _VALID.finditer(text):
        asked = "到什么时候" if "月" in match["span"] else "是几年"
        made.append(Proposal("date", f"{name}的有效期{asked}？", Span(*match.span("span"))))
    return made


def _first(text: str, answer: str | None, type: str, question: str) -> Iterator[Proposal]:
    if answer and (start := text.find(answer)) >= 0:
        yield Proposal(type, question, Span(start, start + len(answer)))


def _written(date: str | None) -> str | None:
    """Return an ISO day as official documents write it."""
    parts = (date or "").split("-")
    return f"{int(parts[0])}年{int(parts[1])}月{int(parts[2])}日" if len(parts) == 3 else None


def _topic(passage: Passage) -> str:
    return subject_of(passage.section_path[-1]) if passage.section_path else ""


def candidate_proposal(passage: Passage, candidate: Candidate) -> Proposal | None:
    """Return who is named behind a label, asked by the heading that this stands under; or what a figure measures.

    None for other candidates, and where the question would not read well.
    """
    if candidate.labelled and candidate.kind is Kind.ORGANISATION:
        row = _row(passage.text, candidate.span)
        topic = _topic(passage)
        named, label, topic = _cell(passage.text, row, candidate.span) if row else (topic, candidate.own, topic)
        several = "有哪些" if re.search("[、，]", candidate.span.slice(passage.text)) else "是哪个"
        made = Proposal("department", f"{named}的{label}{several}？", candidate.span, topic)
        return made if named and label else None
    if candidate.kind is not Kind.QUANTITY or dimension(candidate.unit) in _UNMEASURED:
        return None
    subject = _measured(candidate.own)
    if not subject or subject not in passage.text:
        return None
    period = _period(candidate.own) or _lone_period(passage.text, candidate.clause.start)
    period = period if period in passage.text else ""
    return Proposal("number", f"{period}{subject}是多少？", candidate.span, subject)


def _row(text: str, span: Span) -> Span | None:
    """Return the row of a table that a span stands in."""
    end = text.find("\n", span.end)
    line = Span(text.rfind("\n", 0, span.start) + 1, len(text) if end < 0 else end)
    return line if SEPARATOR in line.slice(text) else None


def _cell(text: str, line: Span, span: Span) -> tuple[str, str, str]:
    """Return what names a row as it is asked for, the name of the column of a cell in it, and the name alone.

    All are empty where the row or the column has no name that reads well.
    """
    at = line.slice(text)[: span.start - line.start].count(SEPARATOR)
    cells = [cell.strip().rpartition("：") for cell in line.slice(text).split(SEPARATOR)]
    label = cells[at][0].rpartition("›")[2].strip()
    name = next((value for _, _, value in cells[:at] if _ROW_NAME.fullmatch(value)), "")
    if not name or _BODY_LABEL.fullmatch(name) or not _BODY_LABEL.fullmatch(label):
        return "", "", ""
    return name if _is_noun_phrase(name) else f"“{name}”", label, name


def _period(own: str) -> str:
    """Return the one period that a figure's own words name, quotation marks included; empty for none or several."""
    told = periods(own)
    if len(told) != 1:
        return ""
    start, end = told[0].start, told[0].end
    end += len(own[end:]) - len(re.sub("^年?[末底初]?", "", own[end:]))
    return own[start - (own[start - 1 : start] in ("“", '"')) : end]


def _measured(own: str) -> str | None:
    """Return the noun phrase of a figure without its period and joining words, or None where it is none."""
    bare = own
    for period in reversed(periods(own)):
        bare = bare[: period.start].rstrip('“"到') + bare[period.end :].lstrip('”"年末底')
    bare = _JOINING.sub("", bare.strip())
    named = _MEASURED.fullmatch(bare) and _MEASURE_NOUN.fullmatch(bare)
    return bare if named and _is_noun_phrase(bare) else None


def _is_noun_phrase(text: str) -> bool:
    tags = [tag for _, tag in tagged(text)]
    if tags[:1] == ["vn"] and tags.count("v") > 1:
        return False
    return bool(tags) and tags[0][0] in "njlvb" and tags[0] != "v" and tags[-1][0] in "njl"


def _lone_period(text: str, start: int) -> str:
    """Return the clause before `start` where it names a period and nothing else: 「到2025年，」, without its comma."""
    before = text[:start]
    if before[-1:] not in ("，", ","):
        return ""
    clause = re.split(r"[，,。；;：:\n]", before[:-1])[-1]
    return clause if _ALONE.fullmatch(clause) else ""


def _clauses(passage: Passage, found: Sequence[Candidate]) -> Iterator[Proposal]:
    """Yield clauses with their answer blanked out."""
    text = passage.text
    for clause in clause_spans(text):
        if not _is_whole(passage, clause):
            continue
        inside = [each for each in found if clause.start <= each.span.start and each.span.end <= clause.end]
        yield from _counted(passage, clause, inside)
        yield from _dated(passage, clause, inside)
        yield from _listed(passage, clause, inside)
        yield from _addressed(passage, clause)
        yield from _roles(passage, clause)


def _is_whole(passage: Passage, clause: Span) -> bool:
    """Return whether a clause is one in itself: no half brackets, no pronoun, not cut off by a line, in no row."""
    if _row(passage.text, clause):
        return False
    own, behind = clause.slice(passage.text), passage.text[clause.end : clause.end + 1]
    paired = all(own.count(a) == own.count(b) for a, b in ("（）", "()", "“”", "《》", "〔〕"))
    return paired and not _POINTING.search(own) and behind in {*"，。；！;", ""} and _begins(passage, clause.start)


def _begins(passage: Passage, start: int) -> bool:
    """Return whether what stands at `start` begins there: behind a stop, or below a heading or a full sentence."""
    before = passage.text[:start]
    if not before.endswith("\n"):
        return True
    line = before.rstrip().rsplit("\n", 1)[-1].strip()
    return line[-1:] in tuple("。；：！？") or any(line.endswith(heading) for heading in passage.section_path)


def _counted(passage: Passage, clause: Span, inside: Sequence[Candidate]) -> Iterator[Proposal]:
    figures = [each for each in inside if each.kind is Kind.QUANTITY]
    if len(figures) != 1 or not figures[0].unit:
        return
    figure = figures[0]
    if _SET_WORD.match(figure.span.slice(passage.text)) or _AS_WHAT.match(clause.slice(passage.text)):
        return
    before = passage.text[clause.start : figure.span.start]
    if before.count("“") > before.count("”"):  # a slogan: “五个环境”
        return
    measured = dimension(figure.unit)
    behind = passage.text[figure.span.end : clause.end]
    if measured in _COUNTED:
        spelt = measured != "duration" and not re.search(r"\d", figure.span.slice(passage.text))
        if spelt or _OF_A_THING.match(behind) or (measured == "duration" and not _OF_TIME.match(behind)):
            return
        blank = f"多少{figure.unit}"
    elif _BEHIND_A_MEASURE.fullmatch(behind):
        blank = "多少"
    else:
        return
    yield from _blanked(passage, clause, figure.span, blank, "number")


def _addressed(passage: Passage, clause: Span) -> Iterator[Proposal]:
    match = _TO_WHOM.search(passage.text, clause.start, clause.end)
    if match and _BODY.fullmatch(match["who"]):
        yield from _blanked(passage, clause, Span(*match.span("who")), "哪个单位", "department")


def _dated(passage: Passage, clause: Span, inside: Sequence[Candidate]) -> Iterator[Proposal]:
    dates = [each.span for each in inside if each.kind is Kind.DATE]
    if len(dates) != 1:
        return
    date = dates[0].slice(passage.text)
    before, behind = passage.text[clause.start : dates[0].start], passage.text[dates[0].end : clause.end]
    if _ONE_DATE.fullmatch(date) and re.search("[到至止于在]$", before) and not re.match("[度的]|前?到期", behind):
        blank = "哪一年" if re.fullmatch(r"\d{4}年", date) else "什么时候"
        yield from _blanked(passage, clause, dates[0], blank, "date")


def _listed(passage: Passage, clause: Span, inside: Sequence[Candidate]) -> Iterator[Proposal]:
    for each in inside:
        whole = _AND_SO_ON.match(passage.text[each.span.end : clause.end]) if each.kind is Kind.LIST else None
        before = passage.text[clause.start : each.span.start]
        items = each.span.slice(passage.text)
        if whole is None or "等" in items or not _are_parallel(items) or _BODY.fullmatch(whole["whole"]):
            continue
        if asked := _with_predicate(passage.text, clause, before, whole["whole"]):
            # 等 goes with the list: what is left is 「提供哪些服务」.
            yield from _blanked(passage, asked, each.span, "哪些", "list", Span(each.span.start, each.span.end + 1))


def _are_parallel(items: str) -> bool:
    """Return whether a list is one: its first item no longer than the others' company allows, joined to nothing."""
    first, *others = items.split("、")
    if any(_NO_ITEM.match(item) for item in (first, *others)):
        return False
    longest = max(map(len, others))
    if longest > 4 * min(map(len, [first, *others])):
        return False
    return "的" not in items and longest <= _ITEM and len(first) <= longest + 4


def _with_predicate(text: str, clause: Span, before: str, whole: str) -> Span | None:
    """Return a clause that says something with its list blanked out.

    Words before the list must take an object. Where they name only the means (「通过转让等方式，引进…」), the clause
    behind is needed too. None where the list cannot be asked for.
    """
    led = _TAKES_AN_OBJECT.search(before)
    if led is None or (len(led.group()) == 1 and _TAKES_AN_OBJECT.search(before[:-1])):
        return None
    nominal = [tag for _, tag in tagged(before)[-2:-1]] in (["n"], ["vn"]) and not re.search("[为向对给]", before)
    if nominal and led["means"] is None:
        return None
    if led["means"] is None or any(tag[0] == "v" for _, tag in tagged(whole)):
        return clause
    behind = _PURPOSE.match(text, clause.end)
    return Span(clause.start, behind.end()) if behind else None


def _roles(passage: Passage, clause: Span) -> Iterator[Proposal]:
    """Yield who does something, and what something is done as or for, asked by the heading where that is needed."""
    text, topic = clause.slice(passage.text), _topic(passage)
    number = HEADING_NUMBER.match(text)
    skipped = number.end() if number else 0
    if (match := _AS.match(text)) and topic:
        start, end = match.span("what")
        answer = Span(start, end - match["what"].endswith("等")).shift(clause.start)
        yield Proposal("fact", f"{topic}以什么为{match['role']}？", answer, topic)
    if (match := _SET_UP.match(text)) and topic and match["what"] not in topic:
        answer = Span(*match.span("what")).shift(clause.start)
        yield Proposal("fact", f"在{topic}方面，{match['does']}什么{match['kind']}？", answer, topic)
    if (match := _BY.match(text)) and _BODY.fullmatch(match["who"].split("、")[-1]):
        what = _THIS.sub(f"《{short_title(passage.title)}》", HEADING_NUMBER.sub("", match["what"])) or topic
        if what and not _BROKEN_START.match(what):
            who = "哪些单位" if "、" in match["who"] else "哪个单位"
            answer = Span(*match.span("who")).shift(clause.start)
            yield Proposal("department", f"{what}由{who}{match['does']}？", answer, topic)
    if (match := _IN_CHARGE.match(text[skipped:])) and _BODY.fullmatch(match["who"]):
        answer = Span(*match.span("who")).shift(clause.start + skipped)
        yield Proposal("department", f"哪个单位{match['does']}？", answer, topic)


def _blanked(
    passage: Passage, clause: Span, answer: Span, blank: str, type: str, taken: Span | None = None
) -> Iterator[Proposal]:
    """Yield the clause with a blank for its answer, under its heading where it does not say what it is about."""
    taken = taken or answer
    before = _LED_BY.sub("", HEADING_NUMBER.sub("", passage.text[clause.start : taken.start].strip()))
    behind = passage.text[taken.end : clause.end]
    stem = before + behind
    topic = _topic(passage)
    if not before or not _SHORTEST <= len(stem) <= _LONGEST or not _is_statement(stem):
        return
    period = _lone_period(passage.text, clause.start)
    asked = f"{period}，{before}{blank}{behind}" if period and type != "date" else before + blank + behind
    if topic and not _shares(topic, stem):
        yield Proposal(type, f"在{topic}方面，{asked}？", answer, topic)
    elif topic or _has_subject(stem):
        yield Proposal(type, f"{asked}？", answer, topic)


def _is_statement(stem: str) -> bool:
    """Return whether what is left of a clause says something of something, and is no condition or half a phrase."""
    if _BROKEN_START.match(stem) or _BROKEN_END.search(stem) or stem.count("、") > 2:
        return False
    bare = _JOINING.sub("", re.sub(r"(?:19|20)\d{2}年|十[一二三四五六]五", "", stem))
    return any(tag[0] in "njl" and len(word) > 1 for word, tag in tagged(bare))


def _has_subject(stem: str) -> bool:
    """Return whether a clause begins with what it is about, not with what is done."""
    return tagged(stem)[0][1][0] in "njl"


def _shares(topic: str, stem: str) -> bool:
    """Return whether a clause names what its heading names: six characters in common, or all of a shorter heading."""
    return any(topic[at : at + 6] in stem for at in range(max(1, len(topic) - 5)))


def _patterns(passage: Passage) -> Iterator[Proposal]:
    for match in _DEFINITION.finditer(passage.text):
        yield Proposal("definition", f"什么是{match['term']}？", Span(*match.span("meaning")), match["term"])
    for match in _LISTED.finditer(passage.text):
        if _is_noun_phrase(match["whole"]):
            yield Proposal("list", f"{match['whole']}包括哪些？", Span(*match.span("parts")), match["whole"])
