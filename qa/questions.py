"""What a question asks for: the kind of answer, the words that matter, the years and places it names."""

from __future__ import annotations

import re
from dataclasses import dataclass

import rjieba

from index.text import align, fold
from qa.grammar import UNIT, Kind
from qa.measures import asked_dimensions
from qa.periods import Period, periods

# The interrogatives of Chinese (and English) by what they ask for; the first that matches decides the order.
_ASKS: tuple[tuple[Kind, str], ...] = (
    (Kind.NUMBER, r"文号|发文字号|发文号|几号文|文件编号|编号(?:是|为)|document number|reference number"),
    (
        Kind.ORGANISATION,
        r"(?:哪|什么|啥)(?:个|些|几个|[一二三四五两几]?家)?(?:人民|主管|行政)?(?:部门|单位|机构|机关|组织|公司|企业|地方|局|委|银行|政府)|由谁|谁(?:来|负责|牵头|主管|发|印发|制定|管|是.{0,6}(?:单位|部门))"
        r"|(?:牵头|责任|主管|承办|发文|发布|印发|配合|协办)(?:的)?(?:单位|部门|机关|机构)|归谁|找谁|哪[一二三四五六两几]?家.{0,4}(?:牵头|负责|主管)|(?:牵头|负责|主管)的?(?:有|是)?哪|哪儿管|哪里管|who\b|which (?:department|agency|unit|body)",
    ),
    (
        Kind.DATE,
        r"何时|什么时候|啥时候|哪[一二三四五几]?年|哪一?天|几月|几号|哪个月|哪一?日|什么日期|日期|(?:什么|截止|印发|发布|施行|实施|生效|成文|开始|结束|出台)(?:的)?时间|时间(?:是|为)|几时|年限|多会儿|when\b|what (?:date|year)",
    ),
    (
        Kind.QUANTITY,
        r"多少|(?<![哪这那近前好])几(?:个|家|项|种|吨|万|亿|百|千|人|户|头|台|辆|公里|年|天|倍|成|座|所|条|套|次|批|处|件|分|名|位|亩|兆瓦|元|方|类|期|层|款|章|节|度|只)"
        r"|多(?:大|高|长|久|宽|重|远|快|厚|深)|占比|百分之几|比例|规模(?:是|为|有|多)|how (?:much|many|large|big|long|high)|percentage|number of",
    ),
    (
        Kind.LIST,
        r"哪些|哪几|哪[一二三四五六七八九十两2-9]+(?=[个类种项部条])|有什么|有啥|包括什么|包括啥|都有|分别|列举|列出|什么(?:产品|材料|行业|领域|措施|任务|项目|内容|方面|技术|系统|服务|业态|政策|模式|功能)|几大|which\b.*s\b|what are|list",
    ),
    (
        Kind.NAME,
        r"叫什么|名称|名字|什么名|哪(?:个|一|种|类|部|座|所|家|位|条|项|里|儿)|何地|何处|什么地方|谁|which\b|where\b",
    ),
)
# Asks for a figure where nothing else in the question asks.
_NAMES_FIGURE = re.compile(
    r"(?:目标|指标|产能|容量|产量|投资|总量|金额|数量|增速|增幅|利用率)(?:是|为|有|$|[？?。])|capacity|target"
)
_YES_NO = re.compile(
    r"是不是|是否|能不能|能否|可不可以|可否|有没有|有无|会不会|要不要|需不需要|吗[？?]?$|么[？?]$|^(?:is|are|does|do|can|will)\b"
)
_WHY_HOW = re.compile(r"为什么|为何|怎么|怎样|如何|咋|how (?:to|will|does|do)|why\b")
INTERROGATIVE = re.compile(
    r"请问|请告诉我|告诉我|麻烦|帮我|我想(?:知道|问|了解)(?:一下)?|想(?:知道|问|了解)(?:一下)?|查一下|说说|谢谢|您好|你好|多少|什么时候|何时|几时|什么|哪些|哪个|哪几个|哪一个|哪年|哪里|哪儿|哪|谁|怎么样|怎么|怎样|如何|为什么|为何|是否|是不是|有没有|能否|能不能"
    r"|多大|多高|多长|多久|几(?=[个家项种吨万亿百千人户头台辆公里年天倍成座所条套次批处件分名位亩元方类期层])|吗|呢|吧|啊|呀|[？?！!。，,、：:；;]"
)
# Words that ask rather than say: they need not be found in the text.
_LIGHT = frozenset(
    [
        *[
            "what",
            "which",
            "who",
            "whom",
            "when",
            "where",
            "why",
            "how",
            "many",
            "much",
            "is",
            "are",
            "was",
            "were",
            "be",
            "do",
            "does",
            "did",
            "the",
            "a",
            "an",
            "of",
            "to",
            "in",
            "on",
            "for",
            "at",
            "by",
        ],
        *[
            "this",
            "that",
            "these",
            "those",
            "and",
            "or",
            "it",
            "its",
            "should",
            "would",
            "could",
            "can",
            "will",
            "must",
            "has",
            "have",
            "had",
            "with",
            "from",
            "there",
            "any",
        ],
        "是",
        "规模",
        "程度",
        "水平",
        "大小",
        "特点",
        "样",
        "样子",
        "多大",
        "这份",
        "这篇",
        "这个",
        "那个",
        "那篇",
        "请",
        "请问",
        "一年",
        "每年",
        "年底",
        "想",
        "来",
        "去",
        "用",
        "有",
        "要",
        "到",
        "应",
        "应当",
        "需要",
        "会",
        "能",
        "可以",
        "将",
        "把",
        "被",
        "让",
        "给",
        "对",
        "在",
        "从",
        "向",
        "由",
        "为",
        "以",
        "于",
        "与",
        "和",
        "及",
        "或",
        "的",
        "地",
        "得",
        "了",
        "着",
        "过",
        "这",
        "那",
        "该",
        "本",
        "其",
        "它",
        "他",
        "我",
        "你",
        "您",
        "们",
        "个",
        "些",
        "种",
        "项",
        "家",
        "方面",
        "情况",
        "内容",
        "具体",
        "主要",
        "计划",
        "打算",
        "准备",
        "预计",
        "大概",
        "大约",
        "左右",
        "一共",
        "总共",
        "合计",
        "目前",
        "现在",
        "进行",
        "实现",
        "达到",
        "完成",
        "做到",
        "做",
        "搞",
        "提出",
        "提到",
        "规定",
        "要求",
        "说",
        "讲",
        "写",
        "算",
        "属于",
        "包括",
        "包含",
        "文件",
        "文中",
        "方案",
        "规划",
        "通知",
        "文档",
        "材料里",
        "里面",
        "里",
        "中",
        "上",
        "下",
        "内",
        "时",
        "时候",
        "年",
        "月",
        "日",
        "末",
        "底",
        "前",
        "后",
        "都",
        "也",
        "还",
        "就",
        "才",
        "又",
        "再",
        "更",
        "最",
        "很",
        "不",
        "没",
        "没有",
        "一下",
        "一个",
        "分别",
        "各",
        "每",
        "全部",
        "所有",
        "目标",
        "指标",
        "数",
        "数字",
        "数量",
        "数值",
        "名称",
        "名字",
        "单位",
        "部门",
        "机构",
        "负责",
        "问题",
        "东西",
        "事",
        "事情",
        "方式",
        "办法",
        "措施",
        "任务",
        "工作",
        "多",
        "少",
        "几",
        "谁",
        "哪",
        "什么",
        "怎么",
        "如何",
        "吗",
        "呢",
        "力争",
        "新增",
        "关于",
        "根据",
        "按照",
        "可",
        "则",
    ]
)
_UNIT_HINT = re.compile(
    rf"(?:多少个?|(?<![这那近前好第])几|how many)\s?[十百千万亿]*?(?P<unit>{UNIT.pattern})(?![a-z])"
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question that the answer's surroundings should hold.

    Attributes:
        text: folded.
        tag: part of speech, in the tagger's own letters; `ns` is a place.
    """

    text: str
    tag: str


_CORE = re.compile(
    r"什么样|什么|甚么|啥样?|多少|多大|多高|多长|多久|(?<![这那近前好])几(?=[^乎何])|哪(?:里|儿|[一二三四五六七八九十两几]?(?:[个些种类家项位条座所款批大]|部(?!门)))?|谁|何时|何地|怎么样?|怎样|如何|为何"
)
_AFTER_CORE = re.compile(
    r"^(?:样|样的|的|[一二三四五六七八九十两几]?(?:[个些种类家项位条座所款批大]|部(?!门))|方面的?)+"
)


@dataclass(frozen=True, slots=True)
class Gap:
    """Where the question has its interrogative, the text would have the answer.

    Attributes:
        left: the word before the interrogative, folded; empty where there is none.
        right: the word behind it, the head noun left out.
        head: the noun that the interrogative asks for (「什么设施」→ 设施), or empty.
    """

    left: str = ""
    right: str = ""
    head: str = ""


def _gap(aligned: str) -> Gap:
    """Find the gap of a question; an empty one where it has no interrogative."""
    core = _CORE.search(aligned)
    if not core:
        return Gap()
    before = [
        (w, t) for w, t in rjieba.tag(aligned[: core.start()]) if w not in {"是", "的", "了", "有", "在"} and t != "x"
    ]
    rest = _AFTER_CORE.sub("", aligned[core.end() :])
    after = [(w, t) for w, t in rjieba.tag(rest) if w not in {"的", "了", "呢", "吗", "啊"} and t != "x"]
    head = ""
    while after and after[0][1][0] in "nljib" and len(head) < 8:
        head += after.pop(0)[0]
    return Gap(fold(before[-1][0]) if before else "", fold(after[0][0]) if after else "", fold(head))


@dataclass(frozen=True, slots=True)
class Question:
    """A question, taken apart.

    Attributes:
        text: as asked.
        kinds: kinds of answer it asks for, likeliest first; empty where any may do.
        terms: words that matter, in order.
        periods: years it names.
        places: places it names, folded.
        provisions: articles and chapters it names, such as 第五条.
        unit: the folded unit it asks in (「多少万吨」→ 吨), or empty.
        dimensions: what is to be measured (`qa.measures`); empty where it does not say.
        gap: where its interrogative stands.
        yes_no: asks whether.
        open_ended: asks how or why: an answer is a clause or more.
    """

    text: str
    kinds: tuple[Kind, ...]
    terms: tuple[Term, ...]
    periods: tuple[Period, ...]
    places: tuple[str, ...]
    provisions: tuple[str, ...]
    unit: str
    dimensions: frozenset[str]
    gap: Gap
    yes_no: bool
    open_ended: bool


def analyse(text: str) -> Question:
    """Take a question apart."""
    aligned = align(text)
    kinds = tuple(kind for kind, pattern in _ASKS if re.search(pattern, aligned))
    if not kinds and _NAMES_FIGURE.search(aligned):
        kinds = (Kind.QUANTITY,)
    hint = _UNIT_HINT.search(aligned)
    unit = fold(hint["unit"]) if hint else ""
    return Question(
        text=text,
        kinds=kinds,
        terms=tuple(_terms(aligned)),
        periods=tuple(periods(text)),
        places=tuple(_places(aligned)),
        provisions=tuple(_PROVISION.findall(aligned)),
        unit=unit,
        dimensions=asked_dimensions(aligned, unit),
        gap=_gap(aligned),
        yes_no=bool(_YES_NO.search(aligned)),
        open_ended=bool(_WHY_HOW.search(aligned)) and not kinds,
    )


def _terms(aligned: str) -> list[Term]:
    bare = list(INTERROGATIVE.sub(lambda match: " " * len(match.group()), aligned))
    for period in periods(aligned):
        bare[period.start : period.end] = " " * (period.end - period.start)  # years are compared as years
    found = []
    for word, tag in rjieba.tag("".join(bare)):
        folded = fold(word)
        if folded and folded not in _LIGHT and (tag == "eng" or tag[0] not in "ucpxyre"):
            found.append(Term(folded, tag))
    return [term for term in dict.fromkeys(found) if term.text]


def _places(aligned: str) -> list[str]:
    words = rjieba.tag(aligned)
    found = []
    for (word, tag), (following, _) in zip(words, [*words[1:], ("", "")], strict=True):
        if tag == "ns" and word not in _NO_PLACES:
            found.append(word + following if following in _DIVISIONS else word)
    return list(dict.fromkeys(found))


_PROVISION = re.compile("第[〇零一二三四五六七八九十百千0-9]+[编章节条]")
_DIVISIONS = frozenset("省市区县镇乡州旗")
_NO_PLACES = frozenset({"东西", "城镇", "馆里", "乡镇", "市区", "城区", "全国", "中国", "城乡", "本地", "当地", "国内"})
