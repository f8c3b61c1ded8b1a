"""What units measure, and what a question wants measured: an investment is not a capacity."""

from __future__ import annotations

import re

_UNITS = {
    "money": r"元|块钱|毛钱|美元|欧元|港元|日元|英镑|人民币|角",
    "mass": r"吨|公斤|千克|毫克|克|斤|kg|mg|t|g|标准煤|吨标准煤",
    "power": r"mw|gw|kw|tw|w|兆瓦|吉瓦|千瓦|瓦|万千伏安|kva",
    "energy": r"兆瓦时|千瓦时|亿千瓦时|kwh|mwh|gwh|度|安时",
    "length": r"公里|千米|米|海里|厘米|毫米|km|m|cm|mm|英里|英尺|英寸",
    "area": r"平方公里|平方千米|平方米|平方|亩|亩次|公顷|km2|m2|m²|㎡",
    "volume": r"立方米|立方|方|m3|m³|升|毫升|l|ml",
    "share": r"%|百分点|个百分点|‰|成|倍",
    "duration": r"年|周年|个月|月|日|天|小时|分钟|秒|周|个工作日|工作日|个自然日|自然日|交易日|个交易日|星期|学时|季度",
    "age": r"岁|周岁",
    "sound": r"分贝|db",
    "temperature": r"℃|摄氏度",
    "grade": r"级|层|届|档",
    "people": r"人|名|位|人次|户",
}
_WORDS = {
    "money": (
        r"(?<!花)钱|投资|资金|奖励|补贴|补助|产值|余额|保额|额度|限额|金额|费用|多少费|价格|单价|营收|收入|支出|贷款"
        r"|罚款|罚多少|预算|总值|gdp|多少[万亿]*元"
    ),
    "power": r"装机|兆瓦|千瓦(?!时)|功率",
    "energy": r"发电量|用电量|千瓦时|度电|多少电|多少度",
    "share": (
        r"率|比例|占比|比重|强度|百分之|百分比|几成|增速|(?:增长|提高|下降|降低|减少)(?:目标|多少|几)"
        r"|growth|增幅|降幅|percent"
    ),
    "area": r"面积|多少[万亿]*亩|几亩|平方|公顷",
    "length": r"里程|公里|多长$|多高|多远|长度|高度",
    "duration": r"多久|多长时间|期限|(?<![这近前那])几(?:天|年|个月)|多少天|多少年|多少个?(?:工作)?日|几日|时限",
    "people": r"多少人|几人|人数|人口|多少名",
    "mass": r"多少[万亿]*(?:吨|斤|公斤)|几吨",
    "age": r"几岁|多少岁|多大岁数|岁数|年龄",
}


def dimension(unit: str) -> str:
    """Return what a folded unit measures: `money`, `mass`, `power` …; `count` for measure words, empty for no unit."""
    if not unit:
        return ""
    numerator = unit.split("/")[0]
    return next((name for name, units in _UNITS.items() if re.fullmatch(units, numerator)), "count")


def asked_dimensions(question: str, unit: str) -> frozenset[str]:
    """Return what an aligned question wants measured; empty where it does not say.

    Args:
        question: aligned text.
        unit: the folded unit it asks in, or empty: a unit decides.
    """
    if unit:
        measured = dimension(unit)
        # People are counted with 个 as well as with 人.
        return frozenset({"count", "people"}) if measured in {"count", "people"} else frozenset({measured})
    return frozenset(name for name, words in _WORDS.items() if re.search(words, question))
