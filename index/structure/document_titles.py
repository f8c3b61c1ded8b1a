"""Find the title of a document: from what issues it, its first lines, its largest print, its file name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

HEAD = 4000  # characters in which a document introduces itself
_TITLE_MAX = 100
NUMBER = re.compile(
    r"[\u4e00-\u9fff（）()]{1,15}[〔\[［(（【][ ]?(?:19|20)\d{2}[ ]?(?:年)?[〕\]］)）】][ ]?(?:第[ ]?)?\d{1,5}[ ]?号"
)
DATE = re.compile(
    r"(?P<y>(?:19|20)\d{2})[ ]?"
    r"(?:年[ ]?(?P<m>\d{1,2})[ ]?月(?:[ ]?(?P<d>\d{1,2})[ ]?日)?|[-/.](?P<m2>\d{1,2})[-/.](?P<d2>\d{1,2}))"
)
BODY_NAMES = (
    "人民政府|办公厅|办公室|委员会|常委会|代表大会|管委会|人民法院|检察院|国务院|党组|中心|总局|银行|支行|协会|公司|集团|"
    "大学|学院|学校|医院|工会|商会|联合会|研究院|[\u4e00-\u9fff](?:厅|局|部|委|署|办|院|会|府|队|站|所)"
)
ORGANISATION = re.compile(rf"[\u4e00-\u9fff（）()、 \u3000]{{2,60}}?(?:{BODY_NAMES})")
LETTERHEAD = re.compile(r"(?<=[\u4e00-\u9fff])[ ]?文[ ]?件$")  # 綦江区应急管理局文件: who wrote it, and no title
_DOCUMENT_KIND = (
    "通知|意见|办法|方案|规定|条例|决定|公告|通告|批复|函|报告|规划|计划|细则|措施|要点|解释|纲要|规则|标准|指南|"
    "清单|制度|章程|决议|命令|令|通报|议案|纪要|预案|规程|规范|目录|指引|行动|准则|法|宪法|办法|手册|合同|协议|须知|说明|公报"
)
_TITLE_END = re.compile(rf"(?:{_DOCUMENT_KIND})(?:[（(〔\[][^（）()]{{1,30}}[）)〕\]])*$")
_QUOTED = "《([^《》]{4,80}(?:《[^《》]{2,60}》[^《》]{0,40})?)》"
_PUBLISHED = re.compile(rf"{_QUOTED}[^。\n]{{0,60}}?(?:印发|颁布|公布|发布|转发)")
_ISSUING = re.compile(rf"(?:印发|颁布|公布|发布|转发|批转)(?:了)?{_QUOTED}")
_NUMBERED = re.compile(
    r"[（(]?[0-9０-９一二三四五六七八九十]{1,3}[）)、.．]|[0-9]{1,2}(?:\.[0-9]{1,2})*[ \u3000]+(?=[\u4e00-\u9fff])"
)
_LABELLED = re.compile(r"^(?P<key>[\u4e00-\u9fff]{2,6})[:：][ \t\u3000]*(?P<value>\S.*)$")
_ANNEX = re.compile(r"附[ ]?[件表录][ ]?[0-9０-９一二三四五六七八九十A-Z]{0,3}(?:-[0-9]+)?[ ]?[:：]?[ ]?")
_NO_TITLE = re.compile(
    r"目[ ]*[录次]|[前引序][ ]*言|摘[ ]*要|[0-9０-９IVXivx—–\-._ ]+|(?:密级|编号|秘密|机密|内部资料).{0,20}"
    r"|(?:ICS|CCS) .*|[A-Z]{1,4}|备案号.*"
)
_STANDARD = re.compile(r"[\u4e00-\u9fff]{2,20}(?:国家|行业|地方|团体|企业|计量技术)(?:标准|规范)(?:化指导性技术文件)?")
_STANDARD_NUMBER = re.compile(r"[A-Z]{1,6}[0-9]{0,6}(?:/[A-Z]{1,6})*[ ]?[0-9X.]{1,12}[ ]?[—–-]{1,2}[ ]?[0-9X]{2,4}")
_ISSUED_AS = re.compile(
    r"(?:[^《》，。关]{2,50}?)?(?:印发|发布|发表|公布|转发)(?:了)?(?:《(?P<named>[^《》]{4,80})》(?:白皮书)?|(?P<about>关于[^《》]{6,70}(?<!的通知)))$"
)
_NOTICE = re.compile(r"(?:印发|发布|公布|下发|转发|批转).*的(?:通知|公告|决定)$")
_COMPANY = re.compile(r"[\u4e00-\u9fff（）()]{2,30}(?:公司|集团|厂|工厂|事务所|研究院|医院|学校|大学|学院)")
_NAME_WORDS = re.compile(
    r"^(?:20\d{6}|\d{1,6})(?=[_\-—、.． ]|[\u4e00-\u9fff《“])[_\-—、.． ]*(?!年)"
    r"|[ _\-]*(?:[（(]\d{1,2}[）)]|副本|最终版|终稿|定稿|盖章版|扫描件|已盖章|ocr|final|v\d[\d.]*|20\d{6})$",
    re.I,
)
_NAME_MIN = 4  # Chinese characters of a file's name that says what is in it
_NAME_NOTHING = re.compile(
    r"(?:文[件档稿]|新建|正文|附件|材料|资料|扫描|图片|未命名|通知|公文|稿|微信|截图|[^\u4e00-\u9fff])*"
)
_ALIKE = 0.8  # similarity from which the name of a file only says the title otherwise
_MARKDOWN_TITLE = re.compile(r"^#[ \t]+(.+?)[ \t#]*$", re.M)


def document_title(text: str, lines: Sequence[str], name: str, prominent: Sequence[str] = ()) -> str:
    """Return the title of a document, on one line; arguments as for `describe`, and the trimmed lines of its head."""
    found = _written(text, lines, prominent)
    named = _named(name)
    if named is None:
        return found or _tidy(name)
    if found is None:
        return _tidy(named)
    return _better(found, named, squeezed(_plain(text[:HEAD])))


def visible_lines(text: str) -> list[str]:
    """Return the lines that show anything, trimmed."""
    return [line for line in (raw.strip() for raw in text.split("\n")) if line]


def squeezed(text: str) -> str:
    """Return a text without white space."""
    return re.sub(r"\s+", "", text)


def _tidy(title: str) -> str:
    return re.sub(r"\s+", " ", title).strip()[:_TITLE_MAX]


def _closed(title: str) -> str:
    """Return a title whose letters were set apart: 「技 术 指 南」."""
    return re.sub(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff](?: |$))", "", _tidy(title))


# --- the name of the file ---------------------------------------------------------------------


def _named(name: str) -> str | None:
    """Return what the name of a file says, without its number, date and state; None where it says nothing."""
    name = unicodedata.normalize("NFKC", name).replace("(", "（").replace(")", "）") if name else ""
    before = ""
    while name != before:
        before, name = name, _NAME_WORDS.sub("", name.replace("（", "(").replace("）", ")")).strip()
    name = name.replace("(", "（").replace(")", "）")
    said = re.findall("[\u4e00-\u9fff]", name)
    return name if len(said) >= _NAME_MIN and not _NAME_NOTHING.fullmatch(name) else None


def _better(found: str, named: str, head: str) -> str:
    """Return the title that the text shows, or the file name where the text holds that and it says more."""
    own, said = squeezed(_plain(found)), squeezed(_plain(named))
    if said not in head:
        return found
    if own == f"{said}的通知":  # its beginning stands on a line of its own: 「…关于印发」
        return named
    if said in own or _NOTICE.search(said):
        return found
    alike = SequenceMatcher(None, own, said).ratio() > _ALIKE
    return named if own in said or not alike else found


def _plain(text: str) -> str:
    return re.sub("[《》“”\"'（）()]", "", unicodedata.normalize("NFKC", text))


# --- what the text shows ----------------------------------------------------------------------


def _written(text: str, lines: Sequence[str], prominent: Sequence[str]) -> str | None:
    if published := _published(text, lines):
        return published
    if markdown := _MARKDOWN_TITLE.search(text, 0, HEAD):
        return _tidy(markdown[1])
    if standard := _standard(lines):
        return standard
    bare = (_ANNEX.sub("", line, count=1) for line in lines)
    candidates = [line for line in bare if line and not _is_furniture(line)]
    large = [_closed(line) for line in prominent if _is_title_line(line) and not _is_furniture(line)]
    short = candidates and len(candidates[0]) > 1 and _is_title_line(candidates[0])
    first = _closed(candidates[0]) if short else None
    return (
        _joined_title(candidates)
        or labelled(lines, ("标题", "题名", "文件名称"))
        or (first if first and large and large[0] in first else next(iter(large), first))
    )


def _is_furniture(line: str) -> bool:
    """Return whether a line of the head is what many documents share: a letterhead, 目录, a number, a company."""
    return bool(
        _NO_TITLE.fullmatch(line)
        or _STANDARD.fullmatch(line)
        or _STANDARD_NUMBER.fullmatch(line)
        or _COMPANY.fullmatch(line)
        or (LETTERHEAD.search(line) and ORGANISATION.fullmatch(LETTERHEAD.sub("", line)))
    )


def _standard(lines: Sequence[str]) -> str | None:
    """Return what stands on the cover of a standard below its number, in Chinese."""
    numbers = [place for place, line in enumerate(lines[:15]) if _STANDARD_NUMBER.fullmatch(line.removeprefix("代替"))]
    if not numbers or not any(_STANDARD.fullmatch(squeezed(line)) for line in lines[: numbers[-1] + 1]):
        return None
    title = ""
    for line in lines[numbers[-1] + 1 : numbers[-1] + 4]:
        if not re.search("[\u4e00-\u9fff]", line) or DATE.match(line) or line.startswith(("代替", "（", "(")):
            break
        title = f"{title} {line}".strip()
    return _closed(title) or None


def _published(text: str, lines: Sequence[str]) -> str | None:
    """Return what a notice issues, if the text carries it: named in 《》 and once more by itself."""
    matches = [*_PUBLISHED.finditer(text, 0, HEAD), *_ISSUING.finditer(text, 0, HEAD)]
    for match in sorted(matches, key=lambda found: found.start()):
        if text[match.end(1) + 1 : match.end(1) + 3].lstrip("、和及").startswith("《"):
            continue  # a notice that issues several is titled by itself
        name = squeezed(match[1])
        found = _own_lines(name, lines)
        if found is None and any(squeezed(line).startswith(name) for line in text[match.end() : HEAD].split("\n")):
            found = name
        if found:
            return found[:_TITLE_MAX]
    return None


def _own_lines(name: str, lines: Sequence[str]) -> str | None:
    """Return `name` as it stands in lines of its own, with what may follow it on them: （试行）."""
    for first in range(len(lines)):
        joined = ""
        for line in lines[first : first + 4]:
            joined += squeezed(line)
            if joined.startswith(name) and re.fullmatch("(?:[（(〔].{1,8})?", joined[len(name) :]):
                return joined
            if not name.startswith(joined):
                break
    return None


def _joined_title(lines: Sequence[str]) -> str | None:
    """Return the first run of at most four lines without stops that ends as titles of documents do."""
    for first, line in enumerate(lines[:15]):
        if not _is_title_line(line) or line[0] in "（(":
            continue
        joined = ""
        for part in lines[first : first + 4]:
            if not _is_title_line(part):
                break
            joined += part
            if issued := _ISSUED_AS.match(squeezed(joined)):
                return (issued["named"] or issued["about"])[:_TITLE_MAX]
            if _TITLE_END.search(squeezed(joined)) and len(joined) > 4:
                below = lines[lines.index(part) + 1 :]
                return (squeezed(joined) + _subtitle(below[0] if below else ""))[:_TITLE_MAX]
    return None


def _subtitle(line: str) -> str:
    """Return the line below a title if it is one in brackets: （2022—2025年）, but no date or number."""
    bracketed = re.fullmatch(r"[（(〔][^）)〕]{2,20}[）)〕]", line) and not re.search(r"[月日号]", line)
    return line if bracketed else ""


def _is_title_line(line: str) -> bool:
    return (
        len(line) <= 60
        and not re.search(r"[。；！？，:：|]|https?://|^[#>*\-]|[〔\[].{0,6}[〕\]].{0,6}号", line)
        and not _NUMBERED.match(line)
        and not DATE.match(line)
        and not NUMBER.fullmatch(line)
    )


def labelled(lines: Sequence[str], keys: Sequence[str]) -> str | None:
    """Return what stands behind one of some labels in the head of a document."""
    for line in lines[:20]:
        match = _LABELLED.match(line)
        if match and match["key"] in keys:
            return _tidy(match["value"])
    return None
