"""Sums, differences, ratios and tables out of cited figures: right to the last digit, or refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from index.filters import Filter
from index.records import Document, Hit, Metadata, Passage, Span
from qa.answers import Answer, Citation
from qa.computing.combining import MISSING, UNSURE, Ask, answer_of
from qa.question.operations import MAX_FIGURES, understand
from qa.reading.citations import unsupported

ENERGY = Document(
    "plan",
    "綦江方案",
    "“十四五”末水电新增装机容量1200MW，风电计划装机容量180MW和光伏发电计划装机容量70MW。",
    "方案.txt",
)


def document(id: str, text: str, title: str = "", **metadata: str) -> Document:
    return Document(id, title or id, text, f"{id}.txt", metadata=Metadata(**metadata))


def passage(of: Document, path: tuple[str, ...] = ()) -> Passage:
    return Passage(of.id, of.title, of.text, Span(0, len(of.text)), path)


def said(of: Document, short: str, path: tuple[str, ...] = (), confidence: float = 0.9) -> Answer:
    """An answer that quotes the sentence of a document that `short` stands in."""
    whole = passage(of, path)
    at = of.text.index(short)
    start = max(of.text.rfind(mark, 0, at) for mark in "。\n") + 1
    end = of.text.find("。", at) + 1 or len(of.text)
    citation = Citation(1, whole, of.source, Span(start, end))
    return Answer("", "", f"{citation.text}[1]", short, (citation,), (Hit(whole, 1.0),), confidence=confidence)


REFUSED = Answer("", "", "文档中没有找到这个问题的答案。", abstained=True)


def reading(answers: Mapping[str, Answer]) -> Ask:
    """Answers the question that holds one of the keys, the first that fits; all others are refused."""

    def ask(question: str, within: Filter | None) -> Answer:
        found = next((answer for key, answer in answers.items() if re.search(key, question)), REFUSED)
        out = within is not None and within.documents is not None and found.citations
        return REFUSED if out and found.citations[0].passage.document_id not in within.documents else found

    return ask


def answer(question: str, answers: Mapping[str, Answer], documents: Sequence[Document] = ()) -> Answer:
    task = understand(question)
    assert task is not None
    of: Callable[[str], Document | None] = {each.id: each for each in documents}.get
    given = answer_of(question, question, task, reading(answers), of)
    check(given)
    return given


def check(given: Answer) -> None:
    """What the contract promises of every answer."""
    if given.abstained:
        assert (given.short, given.citations, given.confidence) == (None, (), 0.0)
        return
    assert [each.n for each in given.citations] == list(range(1, len(given.citations) + 1))
    assert {int(n) for n in re.findall(r"\[(\d+)\]", given.text)} == {each.n for each in given.citations}
    assert 0 < given.confidence <= 1
    assert given.short is None or not unsupported(given.short, [each.text for each in given.citations])


def first(given: Answer) -> str:
    return given.text.split("\n")[0]


WATER, WIND, SUN = said(ENERGY, "1200MW"), said(ENERGY, "180MW"), said(ENERGY, "70MW")
READ = {"^“?[^和、]*水电[^和、]*$": WATER, "^[^和、]*风电[^和、]*$": WIND, "^[^和、]*光伏[^和、]*$": SUN}


def test_addends_are_added_each_with_its_basis() -> None:
    given = answer("水电、风电、光伏装机合计多少", READ)
    # 1200 + 180 + 70 = 1450
    assert first(given) == "合计1450MW：水电1200MW[1] + 风电180MW[1] + 光伏70MW[1] = 1450MW。"
    assert given.text.split("\n")[1:] == [f"{ENERGY.text}[1]"]
    assert given.short is None and [each.text for each in given.citations] == [ENERGY.text]


def test_the_result_is_told_in_the_unit_that_is_asked_for() -> None:
    given = answer("风电和光伏一共多少万千瓦", READ)
    # 250 MW = 250,000 kW = 25万千瓦
    assert first(given) == "合计25万千瓦：风电180MW[1] + 光伏70MW[1] = 25万千瓦。"


def test_the_right_figure_of_a_sentence_is_taken_whichever_the_reader_took() -> None:
    given = answer("水电、风电、光伏装机合计多少", {key: said(ENERGY, "180MW") for key in READ})
    assert first(given).startswith("合计1450MW")


def test_figures_told_respectively_go_each_to_its_own() -> None:
    text = "粮食、油料、蔬菜产量分别达118.3万吨、33万吨、165万吨，均创新高。"
    listed = said(document("a", text), "118.3万吨、33万吨、165万吨")
    given = answer("粮食、油料、蔬菜产量加起来有多少万吨", {"^(?:粮食|油料|蔬菜)产量是多少": listed})
    # 118.3 + 33 + 165 = 316.3
    assert first(given) == "合计316.3万吨：粮食118.3万吨[1] + 油料33万吨[1] + 蔬菜165万吨[1] = 316.3万吨。"


def test_what_is_not_there_is_named_and_nothing_computed() -> None:
    given = answer("水电、风电、核电装机合计多少", READ)
    assert given.abstained and given.text == "无法计算：「核电装机」在文档中没有找到可以引用的数字。"


def report(place: str, text: str, path: tuple[str, ...] = ("二、2025年工作安排",), short: str = "") -> Answer:
    found = document(place, text, f"2025年{place}政府工作报告")
    return said(found, short or re.findall(r"[\d.]+[^，。、]+", text)[0], path)


def two(a: str, b: str, **more: tuple[str, ...]) -> dict[str, Answer]:
    return {"^四川(?!.*重庆)": report("四川", a, **more), "^重庆(?!.*四川)": report("重庆", b)}


@pytest.mark.parametrize(
    ("question", "a", "b", "told"),
    [
        (
            "四川2024年粮食产量比重庆多多少万吨",
            "粮食产量3500万吨。",
            "粮食产量220.5亿斤。",
            # 220.5亿斤 = 1102.5万吨; 3500 - 1102.5 = 2397.5
            "四川比重庆多2397.5万吨：四川3500万吨[1] − 重庆220.5亿斤[2]（即1102.5万吨） = 2397.5万吨。",
        ),
        (
            "四川2025年GDP增长目标比重庆高几个百分点",
            "地区生产总值增长5.5%以上。",
            "地区生产总值增长6%左右。",
            # asked which way round it is not: 6 - 5.5 = 0.5
            "重庆比四川多0.5个百分点：重庆6%左右[1] − 四川5.5%以上[2] = 0.5个百分点。",
        ),
        (
            "四川城镇新增就业目标和重庆城镇新增就业目标相差多少",
            "城镇新增就业85万人。",
            "城镇新增就业850000人。",
            "两者相同：四川城镇新增就业目标85万人[1]，重庆城镇新增就业目标850000人[2]。",
        ),
        (
            "四川高新技术企业总数是重庆的几倍",
            "高新技术企业总数达1.8万家。",
            "高新技术企业总数达9000家。",
            "四川是重庆的2倍：四川1.8万家[1] ÷ 重庆9000家[2] = 2。",
        ),
        (
            "四川高新技术企业总数是重庆的几倍",
            "高新技术企业总数达2万家。",
            "高新技术企业总数达6000家。",
            "四川约是重庆的3.33倍：四川2万家[1] ÷ 重庆6000家[2] ≈ 3.33（四舍五入，保留两位小数）。",
        ),
    ],
)
def test_two_figures_are_compared_exactly(question: str, a: str, b: str, told: str) -> None:
    assert first(answer(question, two(a, b))) == told


def test_words_that_make_a_figure_a_bound_are_told() -> None:
    given = answer("四川、重庆城镇新增就业目标合计多少", two("城镇新增就业85万人以上。", "城镇新增就业超过65万人。"))
    assert "原文的数字带有“以上”、“超过”等限定，结果按所列数字计算。" in given.text.split("\n")


@pytest.mark.parametrize(
    ("question", "a", "b", "reason"),
    [
        (
            "四川产值和重庆产值合计多少",
            "产值达85万人。",
            "产值达6亿元。",
            "无法计算：这些数字的单位不同（85万人、6亿元），不能放在一起算。",
        ),
        ("四川、重庆GDP增长目标合计多少", "GDP增长5%。", "GDP增长6%。", "无法计算：这些数字口径不同，百分比不能相加。"),
        ("四川、重庆煤矿产能合计多少万千瓦", "煤矿产能50万吨。", "煤矿产能70万吨。", "原文用的单位不是所问的千瓦"),
        ("四川、重庆光伏装机合计多少", "新增光伏装机70MW。", "光伏总装机达90MW。", "有的是新增量，有的是总量"),
        ("四川能耗比重庆高多少", "能耗下降5吨。", "能耗增长6吨。", "有的是增减幅度，有的不是，或者方向相反"),
        (
            "四川、重庆就业人数合计多少",
            "就业人数3—5万人。",
            "就业人数6万人。",
            "「四川就业人数」在文档中没有找到可以引用的数字",
        ),
        (
            "四川、重庆就业人数合计多少",
            "就业人数2000多人。",
            "就业人数6万人。",
            "「四川就业人数」在文档中没有找到可以引用的数字",
        ),
        ("四川装机是重庆装机的几倍", "装机70MW。", "装机0MW。", "无法计算：作除数的数字是零。"),
        ("四川装机占重庆装机的比重", "装机70MW。", "装机60MW。", "这一部分的数字比总数还大"),
        (
            "四川、重庆农村居民收入合计多少",
            "城镇居民收入5万元。",
            "农村居民收入3万元。",
            "「四川农村居民收入」在文档中没有",
        ),
        (
            "四川、重庆经济总量合计多少",
            "成都、绵阳经济总量突破6000亿元，全省总量达到6万亿元。",
            "经济总量3万亿元。",
            "「四川经济总量」在文档中没有",
        ),
        (
            "四川、重庆企业数量合计多少",
            "企业新增1200家，总量达到1.8万家。",
            "企业9000家。",
            "「四川企业数量」在文档中没有",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(question: str, a: str, b: str, reason: str) -> None:
    given = answer(question, two(a, b))
    assert given.abstained and reason in given.text


def test_a_target_is_no_result_and_years_are_not_mixed() -> None:
    done, ahead = ("一、2024年工作回顾",), ("二、2025年工作安排",)
    texts = {
        "^四川(?!.*重庆)": report("四川", "城镇新增就业85万人。", done),
        "^重庆(?!.*四川)": report("重庆", "城镇新增就业65万人。", ahead),
    }
    assert "「四川城镇新增就业目标」" in answer("四川、重庆城镇新增就业目标合计多少", texts).text
    assert "有的是目标，有的是完成数" in answer("四川、重庆城镇新增就业合计多少", texts).text
    late = texts | {"^重庆(?!.*四川)": report("重庆", "2020年城镇新增就业65万人。", done)}
    assert "说的不是同一时期" in answer("四川、重庆城镇新增就业合计多少", late).text


def test_figures_of_nobody_in_particular_come_from_one_document() -> None:
    other = said(document("广西", "核电装机118万千瓦。"), "118万千瓦")
    given = answer("水电、风电、核电装机合计多少", READ | {"核电": other})
    assert given.abstained and "「核电装机」" in given.text


def test_one_figure_is_not_counted_twice() -> None:
    joint = said(document("a", "电池铝箔和铝塑膜产能10万吨。"), "10万吨")
    both = {"^(?:电池铝箔|铝塑膜)产能是多少": joint}
    assert answer("电池铝箔产能和铝塑膜产能合计多少", both).text == "无法计算：文档中只有一个数字，分不清是哪一项的。"


def test_what_the_document_says_of_all_together_is_its_answer() -> None:
    joint = said(document("a", "10万吨电池铝箔和铝塑膜。"), "10万吨")
    assert answer("电池铝箔和铝塑膜一共规划多少万吨", {"一共": joint}) is joint
    beside = said(document("a", "1000万吨骨料、1000万吨水泥产能。"), "1000万吨水泥"[:6])
    assert answer("骨料和水泥一共形成多少万吨", {"骨料": beside, "水泥": beside}) is not beside
    share = said(document("a", "民生支出占一般公共预算支出的76%。"), "76%")
    assert answer("民生支出占一般公共预算支出多大比例", {"占": share}) is share


def test_the_first_of_figures_told_respectively_is_not_that_of_all() -> None:
    each = said(document("a", "交通、能源、水利分别完成投资3252亿元、2140亿元、748亿元。"), "3252亿元")
    given = answer("交通、能源、水利完成的投资一共多少", {"投资": each})
    # 3252 + 2140 + 748 = 6140
    assert first(given) == "合计6140亿元：交通3252亿元[1] + 能源2140亿元[1] + 水利748亿元[1] = 6140亿元。"


def test_a_figure_over_a_round_number_states_no_difference() -> None:
    done, ahead = (
        report("贵州", text, (path,))
        for text, path in (
            ("发电量超过2600亿千瓦时。", "一、2024年工作回顾"),
            ("发电量达2700亿千瓦时。", "二、2025年工作安排"),
        )
    )
    given = answer("贵州2025年发电量目标比2024年多多少", {"比": done, "2025年": ahead, "2024年": done})
    assert first(given).split("：")[0] == "2025年发电量目标比2024年发电量多100亿千瓦时"


def test_a_total_in_the_text_is_told_with_the_sum() -> None:
    text = "交通投资32亿元，水利投资8亿元，合计{}亿元。"
    parts = {}
    for total in ("40", "45"):
        found = document("a", text.format(total))
        parts[total] = {"^交通投资是": said(found, "32亿元"), "^水利投资是": said(found, "8亿元")}
    right = answer("交通投资和水利投资合计多少", parts["40"])
    assert "原文写明合计40亿元[1]，与各项之和一致。" in right.text and right.short == "40亿元"
    wrong = answer("交通投资和水利投资合计多少", parts["45"])
    assert "原文写明合计45亿元[1]，与各项之和不一致，请核对原文。" in wrong.text and wrong.short is None
    assert first(wrong).startswith("合计40亿元")


def test_a_table_cites_every_cell_and_says_what_is_missing() -> None:
    sichuan = document("四川", "地区生产总值增长5.5%以上；城镇新增就业85万人。", "2025年四川省政府工作报告")
    chongqing = document("重庆", "城镇新增就业65万人。", "2025年重庆市政府工作报告")
    texts = {
        "四川.*GDP": said(sichuan, "5.5%以上"),
        "四川.*就业": said(sichuan, "85万人"),
        "重庆.*就业": said(chongqing, "65万人"),
    }
    given = answer("比较四川、重庆2025年GDP增长目标和城镇新增就业目标", texts)
    assert given.text.split("\n") == [
        "|  | GDP增长目标 | 城镇新增就业目标 |",
        "| --- | --- | --- |",
        "| 四川 | 5.5%以上[1] | 85万人[1] |",
        f"| 重庆 | {MISSING} | 65万人[2] |",
    ]
    assert given.confidence < answer("比较四川、重庆2025年城镇新增就业目标", texts).confidence
    assert answer("比较四川、重庆2025年粮食产量目标", texts).abstained


def test_the_most_is_named_with_its_basis_and_an_unsure_cell_says_so() -> None:
    texts = two("城镇新增就业85万人。", "城镇新增就业65万人。")
    given = answer("四川和重庆城镇新增就业目标哪个高", texts)
    assert given.text.split("\n")[-1] == "最多的是四川（85万人[1]）。"
    assert answer("四川和重庆城镇新增就业目标哪个少", texts).text.endswith("最少的是重庆（65万人[2]）。")
    unsure = answer("四川和重庆城镇新增就业目标哪个高", two("城镇新增就业85万人。", "农民工就业65万人。"))
    assert f"| 重庆 | {UNSURE}，见[2] |" in unsure.text
    assert unsure.text.split("\n")[-1].startswith("无法比较：「重庆城镇新增就业目标」")


def test_documents_that_contradict_each_other_stand_side_by_side_with_their_dates() -> None:
    plan = document("a", "光伏装机70MW，风电装机180MW。", "綦江方案", issued="2023-04-28", region="綦江区")
    draft = document("b", "光伏装机90MW。", "綦江方案（征求意见稿）", issued="2023-03", region="綦江区")
    other = document("c", "光伏装机50MW。", "江津方案", region="江津区")
    hits = tuple(Hit(passage(each), 1.0) for each in (plan, draft, other))
    sun, wind = (replace(said(plan, short), hits=hits) for short in ("70MW", "180MW"))
    texts = {"^光伏[^、和]*$": sun, "^风电[^、和]*$": wind}
    given = answer("光伏、风电装机合计多少", texts, (plan, draft, other))
    assert first(given) == "合计250MW：光伏70MW[1] + 风电180MW[1] = 250MW。"
    assert given.text.split("\n")[-1] == (
        "文档说法不一致：光伏装机，《綦江方案》（2023年4月28日）为70MW[1]；"
        "《綦江方案（征求意见稿）》（2023年3月）为90MW[2]。上面用的是第一个。"
    )
    assert [each.passage.document_id for each in given.citations] == ["a", "b"]


def test_it_is_as_sure_as_its_quotes_together() -> None:
    low = {key: replace(found, confidence=0.6) for key, found in two("就业人数85万人。", "就业人数65万人。").items()}
    # a quarter of each doubt is left, as the figure's own words say the same: 0.9 × 0.9
    assert answer("四川、重庆就业人数合计多少", low).confidence == pytest.approx(0.81)


def test_more_figures_than_can_be_read_are_refused_before_reading() -> None:
    places = "、".join(["四川", "重庆"] * 45)
    task = understand(f"{places}的产值合计多少")
    assert task is not None and len(task.figures) == 90 > MAX_FIGURES
    given = answer_of("问", "问", task, reading({}), lambda id: None)
    assert given.abstained and given.text == f"一次最多比较或计算 {MAX_FIGURES} 个数字，这里有 90 个：请分几次问。"


def test_what_looks_like_a_marker_in_a_document_or_a_question_leads_nowhere() -> None:
    texts = {
        "^四川(?!.*重庆)": report("四川", "就业人数[7]为85万人。", short="85万人"),
        "^重庆(?!.*四川)": report("重庆", "就业人数65万人。"),
    }
    assert "就业人数［7］为85万人。[1]" in answer("四川、重庆就业人数合计多少", texts).text
    answer("四川、重庆[9]就业人数合计多少", texts)
