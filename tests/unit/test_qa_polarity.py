from __future__ import annotations

import pytest

from qa.language.polarity import is_polar, says

YES, NO, UNKNOWN = True, False, None


@pytest.mark.parametrize(
    ("question", "clause", "said"),
    [
        # what the clause affirms
        ("是否需要提交纸质材料", "申请人应当提交纸质材料", YES),
        ("外商能否投资该项目", "鼓励外商投资该项目", YES),
        ("有没有设立专项资金", "设立专项资金", YES),
        ("是不是所有单位都要备案？", "各单位都要备案", YES),
        # by a negation
        ("是否允许露天焚烧秸秆", "禁止露天焚烧秸秆", NO),
        ("可以露天焚烧秸秆吗", "严禁露天焚烧秸秆", NO),
        ("是否需要提交纸质材料", "申请人无需提交纸质材料", NO),
        ("外商能否投资该项目", "不得由外商投资该项目", NO),
        ("有没有补贴？", "没有补贴", NO),
        ("需不需要缴费", "免缴费用", NO),
        ("企业是否合格", "企业均不合格", NO),
        ("该办法适用于外资企业吗？", "本办法不适用于外资企业", NO),
        ("臺灣同胞可否申請", "台湾同胞不得申请", NO),
        # by a negation that both have, or only the question
        ("新能源汽车是否免征购置税", "对新能源汽车免征购置税", YES),
        ("是不是不得转让", "不得转让", YES),
        ("是不是不用备案", "无需备案", YES),
        ("是否禁止焚烧", "可以焚烧", NO),
        ("未经许可是否可以施工", "未经许可不得施工", NO),
        ("未经许可是否可以施工", "未经许可可以施工", YES),
        # by words that only look like one
        ("未成年人是否可以进入网吧", "未成年人不得进入网吧", NO),
        ("是否推广电动车", "未来推广电动车", YES),
        ("儿童要不要接种疫苗", "儿童接种免疫疫苗", YES),
        ("是否覆盖不锈钢产业", "覆盖不锈钢产业", YES),
        ("规模是否扩大", "规模不断扩大", YES),
        ("是否缴费", "不得不缴费", YES),
        ("作为重要环节，安全检查是否必须", "安全检查是不可或缺的环节", YES),
        # by the figure
        ("光伏装机是70MW吗", "光伏发电计划装机容量70MW", YES),
        ("光伏装机是80MW吗", "光伏发电计划装机容量70MW", NO),
        ("涨价幅度是5%吗", "涨价幅度为5％", YES),
        ("补贴标准是1,000元吗", "补贴标准为1000元", YES),
        ("期限是五年吗", "期限为三年", NO),
        ("申报期限是30个工作日吗", "期限为20个工作日", NO),
        # where figures cannot be compared
        ("光伏装机是80MW吗", "光伏发电投资5亿元", UNKNOWN),
        ("光伏装机是80MW吗", "大力发展光伏", UNKNOWN),
        ("光伏装机超过60MW吗", "光伏发电计划装机容量70MW", UNKNOWN),
        ("装机是70MW吗", "装机70MW以上", UNKNOWN),
        ("期限是3年吗", "期限为三年", UNKNOWN),
        ("奖励是1亿元吗", "奖励10000万元", UNKNOWN),
    ],
)
def test_what_a_clause_says(question: str, clause: str, said: bool | None) -> None:
    assert is_polar(question)
    assert says(question, clause) is said


@pytest.mark.parametrize(
    "question",
    [
        *("光伏装机是多少", "哪些单位要备案", "有没有哪个部门负责", "是否备案的有几家", "这是什么", "怎么办呢"),
        *("如何判断是否合格", "公司何时上市", "island", "70MW", ""),
    ],
)
def test_a_question_that_asks_for_more_is_not_polar(question: str) -> None:
    assert not is_polar(question)


@pytest.mark.parametrize("question", ["這樣可以嗎", "可以麽？", "能否申请", "Is it allowed?", "对不对", "做得好吗？！"])
def test_a_question_for_yes_or_no_is_polar(question: str) -> None:
    assert is_polar(question)


@pytest.mark.parametrize("text", ["", "？", "\ud800", "0" * 10_000, "不" * 10_000, "百分之", "吗" * 1_000])
def test_nothing_that_a_text_holds_is_a_mistake(text: str) -> None:
    assert says(text, text) in (True, False, None)
    assert says("是否" + text, "装机70MW") in (True, False, None)
    assert is_polar(text) in (True, False)


@pytest.mark.parametrize("question", ["发文字号是甚么", "文号是什么", "这么多钱从哪来", "主要说了啥么"])
def test_what_asks_for_more_is_not_polar(question: str) -> None:
    assert not is_polar(question)
