"""Extract metadata of an official document: title, document number (文号), issuing body, date of issue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, takewhile

from index.numerals import AS_ARABIC, cn_number
from index.records import Metadata
from index.structure.document_titles import (
    BODY_NAMES,
    DATE,
    HEAD,
    LETTERHEAD,
    NUMBER,
    ORGANISATION,
    document_title,
    labelled,
    squeezed,
    visible_lines,
)  # fmt: skip

_TAIL = 300  # characters that may end in a signature
_CLOSING = 2000  # characters in which a law says from when it applies
_FIRST_PLAN_BY_YEARS = 1981  # earlier five-year plans did not follow the calendar of the later ones

_ORDER = re.compile(
    r"[（(]?[\u4e00-\u9fff、]{0,30}(?:令|公告)?[ \u3000]*(?:(?:19|20)\d{2}[ ]?年)?[ ]?第[ ]?\d{1,5}[ ]?号[）)]?"
)
_CN_DATE = re.compile(
    r"(?P<y>[一二][〇○Ｏ零九一二三四五六七八]{3})年(?P<m>[一二三四五六七八九十]{1,2})月(?P<d>[一二三四五六七八九十]{1,3})日"
)
_SIGNED = re.compile(
    rf"(?:^|[。）])(?P<issuer>[\u4e00-\u9fff]{{2,40}}?(?:{BODY_NAMES}))[ \u3000]*{DATE.pattern}"
    r"(?=$|(?<=日)\d|[^\d，,起前至])"
)
_SIGNER = re.compile(rf"[。）](?P<issuer>[\u4e00-\u9fff]{{2,40}}(?:{BODY_NAMES}))$")
_IN_FORCE = re.compile(
    rf"自(?:{DATE.pattern}|(?:本\w{{1,6}})?(?:公布|发布|印发|颁布)之日)(?:之日)?起(?:正式)?(?:施行|实施|执行|生效)"
)
_AMENDED = re.compile("修正|修订|修改")
_AMENDED_IN_NAME = re.compile(
    r"[（(\[〔](?P<y>(?:19|20)\d{2})年?(?:第[一二三四五六七八九十]+次)?(?P<how>修正|修订|修改)[^）)]{0,3}[）)\]〕]"
)
_HISTORY = re.compile(rf"^[ \t\u3000]*[（(](?:根据)?[ ]?{DATE.pattern}", re.M)
_DATED_NAME = re.compile(r"[（(_ ](?P<y>(?:19|20)\d{2})[-年.]?(?P<m>\d{2})[-月.]?(?P<d>\d{2})日?[）)]?$")
_EXPIRES = re.compile(rf"有效期(?:限)?(?:截)?[至到止]{{1,2}}{DATE.pattern}")
_LASTS = re.compile(r"有效期(?:限)?(?:为)?[ ]?(?P<n>\d{1,2}|[一二两三四五六七八九十])年")
_REPEALED = re.compile(
    r"(?P<titles>(?:《[^《》\n]{3,80}》[^《》。\n]{0,40}?)+)(?:同时|相应)?(?:予以)?(?:废止|停止执行|失效)"
)
_YEARS = re.compile(r"((?:19|20)\d{2})年?[ ]?(?:[-—–~～－至]{1,2}|到)[ ]?((?:19|20)\d{2})年?")
_ONE_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?:年度?|[）)])")
_FIVE_YEARS = re.compile(r"[“\"「](十)?([一二三四五六七八九])五[”\"」]")
_REGION = re.compile(
    r"(?:[\u4e00-\u9fff]{2,7}?(?:省|自治区|特别行政区))?(?:[\u4e00-\u9fff]{2,8}?(?:市|自治州|地区|盟))?"
    r"(?:[\u4e00-\u9fff]{1,8}?(?:新区|区|县|旗|市))?"
)
_NO_REGION = re.compile(
    "(?:[城都超股本全各]市|[园社地小城市库景校灾牧林片辖本全各]区|(?<!市[\u4e00-\u9fff])山区)$"  # 上海市金山区 is one
)
_PROVINCE = re.compile(
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|"
    "台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
_PROVINCE_ENDS = {
    "北京": "市", "天津": "市", "上海": "市", "重庆": "市", "内蒙古": "自治区", "西藏": "自治区", "广西": "壮族自治区",
    "宁夏": "回族自治区", "新疆": "维吾尔自治区", "香港": "特别行政区", "澳门": "特别行政区",
}  # fmt: skip
_BEFORE_REGION = re.compile(r"^(?:(?:19|20)\d{2}年|中共|关于|印发|《|国家[\u4e00-\u9fff]{2,8}?总?局|中国人民银行)+")
_BODY = re.compile(
    r"^[ \t\u3000]*(?:##|第[一1][编章节条部]|[一1][、.．]|[（(][一1][）)]|1[ \u3000]+(?=[\u4e00-\u9fff]))", re.M
)


_Signature = tuple[str | None, str | None]  # issuer and ISO date
_Event = tuple[str, str]  # ISO date, and what happened


def describe(text: str, name: str, prominent: Sequence[str] = ()) -> tuple[str, Metadata]:
    """Return title, on one line, and particulars of a document as far as they are stated.

    A notice that issues a plan is titled by the plan, which is what readers call it.

    Args:
        text: verbatim text.
        name: of its file, without the ending.
        prominent: what its first page shows in large print, the largest first.
    """
    body = _BODY.search(text, 0, HEAD)
    lines = visible_lines(text[: body.start() if body else HEAD])
    tail = visible_lines(text[max(0, len(text) - _TAIL) :])
    title = document_title(text, lines, name, prominent)
    signed_by, signed_on = _signature(lines) or _signature(tail) or (None, None)
    issuer = signed_by or _issuer(lines, title)
    history = _history(text[: body.start() if body else HEAD])
    issued = signed_on or _issued(lines, history) or _signed_within(text, issuer) or _named_date(name)
    effective = _effective(text, issued)
    return title, Metadata(
        number=_number(lines),
        issuer=issuer,
        issued=issued,
        effective=effective,
        period=period(title),
        region=_region(issuer, title),
        revised=_revised(history, title, name),
        expires=_expires(text, effective or issued),
        repeals=_repeals(text),
    )


def period(title: str) -> str | None:
    """Return the years that a title names: 「2022—2025年」 as 2022/2025, 「十四五」 as 2021/2025."""
    if match := _YEARS.search(title):
        return f"{match[1]}/{match[2]}" if match[1] <= match[2] else None
    if match := _FIVE_YEARS.search(title):
        first = 1956 + 5 * ("一二三四五六七八九十".index(match[2]) + (10 if match[1] else 0))
        return f"{first}/{first + 4}" if first >= _FIRST_PLAN_BY_YEARS else None
    match = _ONE_YEAR.search(title)
    return f"{match[1]}/{match[1]}" if match else None


def _effective(text: str, issued: str | None) -> str | None:
    """Return the date in 「自…起施行」, which stands near the end or near the beginning."""
    match = _IN_FORCE.search(text[-_CLOSING:]) or _IN_FORCE.search(text[:HEAD])
    return None if match is None else _iso(match) if match["y"] else issued


def _revised(history: Sequence[_Event], *names: str) -> str | None:
    """Return the last amendment in the history under the title, （1993年…通过　根据2018年…修正）, or in a name."""
    for date, told in reversed(history):
        if how := _AMENDED.search(told):
            return f"{date} {how[0]}"
    match = next(filter(None, map(_AMENDED_IN_NAME.search, names)), None)
    return f"{match['y']} {match['how']}" if match else None


def _history(head: str) -> list[_Event]:
    """Return the history of a law with dates, from the brackets under its title."""
    begins = _HISTORY.search(head)
    told = _bracketed(head[begins.start() :].lstrip()) if begins else ""
    told = re.sub("《[^》]*》", lambda named: "修正" if "修正案" in named[0] else "", told)
    dates = list(DATE.finditer(told))
    ends = [*(date.start() for date in dates[1:]), len(told)]
    return [(_iso(date), told[date.end() : end]) for date, end in zip(dates, ends, strict=False)]


def _bracketed(text: str) -> str:
    """Return what stands in the bracket that a text begins with; all of the text if it is never closed."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character in "（(") - (character in "）)")
        if depth == 0:
            return text[1:place]
    return text


def _named_date(file_name: str) -> str | None:
    """Return the date that a file's name ends in, as collections of laws name them: 公司法(2018-10-26)."""
    match = _DATED_NAME.search(file_name)
    valid = match and 1 <= int(match["m"]) <= 12 and 1 <= int(match["d"]) <= 31
    return f"{match['y']}-{match['m']}-{match['d']}" if match and valid else None


def _expires(text: str, since: str | None) -> str | None:
    """Return the date in 「有效期至…」, or the one so many years after the beginning."""
    closing = text[-_CLOSING:]
    if match := _EXPIRES.search(closing):
        return _iso(match)
    match = _LASTS.search(closing)
    if not match or not since:
        return None
    years = int(match["n"]) if match["n"].isdecimal() else "零一二三四五六七八九十".find(match["n"].replace("两", "二"))
    return f"{int(since[:4]) + years}{since[4:]}"


def _repeals(text: str) -> str | None:
    """Return the titles in 「《…》同时废止」 of the closing provisions."""
    found = (re.findall("《.+?》", match["titles"]) for match in _REPEALED.finditer(text[-_CLOSING:]))
    return "".join(dict.fromkeys(title for titles in found for title in titles)) or None


def _region(issuer: str | None, title: str) -> str | None:
    first = issuer.split("、")[0] if issuer else None
    for text in filter(None, (first, title)):
        if re.match("中华人民共和国|国务院|全国", text):
            return "全国"
        bare = _BEFORE_REGION.sub("", text)
        match = _REGION.match(bare)
        if match and _names_a_region(match[0], sure=text is first):
            return match[0]
        if province := _PROVINCE.match(bare):
            return province[0] + _PROVINCE_ENDS.get(province[0], "省")
    return None


def _names_a_region(name: str, *, sure: bool) -> bool:
    """Return whether it is a name and no word that ends like one: titles begin with all sorts of words, issuers not."""
    known = sure or len(name) <= 4 or _PROVINCE.match(name) is not None
    return known and len(name) >= 3 and not _NO_REGION.search(name)


# --- number, issuer, date ---------------------------------------------------------------------


def _bodies(line: str) -> str:
    """Return issuing bodies that stand on one line, apart from each other; the letters of one may be spaced, too."""
    parts = line.split()
    apart = len(parts) > 1 and all(len(part) >= 4 and ORGANISATION.fullmatch(part) for part in parts)
    return "、".join(parts) if apart else _parted(squeezed(line))


def _parted(name: str) -> str:
    """Return bodies without a mark between them apart: the next begins with a place as the first does, or a province.

    A bureau of the state in a province (国家税务总局广东省税务局) is one body.
    """
    if re.match("国家|中国", name):
        return name
    place = re.escape(name.removeprefix("中共")[:2])
    begins = rf"(?:{place}|{_PROVINCE.pattern}|最高人民|中共)[\u4e00-\u9fff]{{3,}}"
    return re.sub(rf"(?<=[局厅委会府室院])(?={begins})", "、", name)


def _signed_within(text: str, issuer: str | None) -> str | None:
    """Return the date under the issuer's name where annexes follow the signature."""
    below = (after for name, after in pairwise(visible_lines(text)) if issuer and _bodies(name) == issuer)
    return next(filter(None, map(_date_alone, below)), None)


def _number(lines: Sequence[str]) -> str | None:
    if stated := labelled(lines, ("文号", "发文字号", "发文号", "文件编号")):
        return stated
    for line in lines[:40]:
        if NUMBER.fullmatch(line) or (_ORDER.fullmatch(line) and len(line) <= 40):
            number = squeezed(line)
            bracketed = re.search("[（(][^）)]*[）)][^）)〔]*〔", number)
            return number if bracketed else re.sub("^[^（(〔]*[）)]", "", number)
    return None


def _signature(lines: Sequence[str]) -> _Signature | None:
    """Return who signed and when: bodies on lines above a date, both on one line, or a date alone in brackets."""
    for i, line in enumerate(lines):
        date = _date_alone(line)
        first = i
        while date and first > 0 and ORGANISATION.fullmatch(lines[first - 1]):
            first -= 1
        if date and first < i:
            return "、".join(_bodies(name) for name in lines[first:i]), date
        signer, below = _SIGNER.search(lines[i - 1]) if i else None, DATE.match(line)
        if signer and below:  # the paragraph above ran on into the name
            return _bodies(signer["issuer"]), _iso(below)
        if match := _SIGNED.search(line):
            return _bodies(match["issuer"]), _iso(match)
    dates = [date for date in map(_date_alone, lines) if date]
    return (None, dates[0]) if dates else None


def _date_alone(line: str) -> str | None:
    line = line.strip("（）() \u3000")
    match = DATE.fullmatch(line) or _CN_DATE.fullmatch(line.replace(" ", ""))
    return _iso(match) if match else None


def _iso(match: re.Match[str]) -> str:
    parts = match.groupdict()
    if match.re is _CN_DATE:
        year = re.sub("[○Ｏ]", "〇", parts["y"]).translate(AS_ARABIC)
        return f"{year}-{cn_number(parts['m']):02}-{cn_number(parts['d']):02}"
    month, day = parts["m"] or parts["m2"], parts["d"] or parts["d2"]
    return "-".join([parts["y"], *(f"{int(part):02}" for part in (month, day) if part)])


def _issued(lines: Sequence[str], history: Sequence[_Event]) -> str | None:
    stated = labelled(lines, ("成文日期", "发文日期", "印发日期", "发布日期", "公布日期"))
    match = DATE.match(stated) if stated else None
    if match:
        return _iso(match)
    first = takewhile(lambda event: not _AMENDED.search(event[1]), history)
    if published := next((date for date, told in first if re.search("公布|发布|颁布", told)), None):
        return published  # an order of the government is adopted before it is published
    for line in lines[:6]:  # （2020年12月26日第十三届全国人民代表大会常务委员会第二十四次会议通过）
        if re.match(r"[（(].*[通公发][过布]", line) and (match := DATE.search(line)):
            return _iso(match)
    return None


def _issuer(lines: Sequence[str], title: str) -> str | None:
    if stated := labelled(lines, ("发文机关", "发布机构", "发文单位", "制定机关", "发布单位")):
        return stated
    for line in lines[:10]:
        name = LETTERHEAD.sub("", line)
        if ORGANISATION.fullmatch(name):
            return _bodies(name)
    for line in (*lines[:10], title):
        before, about, _ = line.partition("关于")
        if about and ORGANISATION.fullmatch(before):
            return _bodies(before)
    return None
