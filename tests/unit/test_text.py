from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text import align, fold, sentence_spans, terms

# Text as it comes: Chinese, signs, digits of both widths, white space, traditional, ligatures, combining marks.
TEXTS = st.text(
    alphabet=st.sampled_from("綦江区光伏發電，。；！？“”（）《》 \n\t\u30001２３.．MW㎡ﬁ①é\u0301ｶﾞ𠀀-—;?a"), max_size=60
) | st.text(max_size=30)


def sentences(text: str) -> list[str]:
    return [span.slice(text) for span in sentence_spans(text)]


def test_folding_evens_out_case_width_script_dashes_and_white_space() -> None:
    assert fold("２０２２—2025年　發電 ＭＷ\n（㎡）") == "2022-2025年发电mw(m2)"


@given(TEXTS)
def test_aligning_moves_nothing(text: str) -> None:
    assert len(align(text)) == len(text)


def test_terms_are_bigrams_words_and_numbers() -> None:
    assert terms("光伏发电70MW") == ["光伏", "伏发", "发电", "70", "mw"]


def test_a_lone_character_is_a_term() -> None:
    assert terms("5 吨") == ["5", "吨"]


def test_thousands_separators_do_not_split_a_number() -> None:
    assert terms("1,200.5万") == ["1200.5", "万"]


def test_traditional_and_full_width_text_has_the_terms_of_simplified_text() -> None:
    assert terms("發電１２０ＭＷ") == terms("发电120mw")


def test_the_chinese_zero_belongs_to_its_numeral() -> None:
    assert terms("二〇二三") == ["二〇", "〇二", "二三"]


def test_words_of_other_scripts_stay_whole() -> None:
    assert terms("café Москва") == ["café", "москва"]


def test_a_sentence_keeps_the_quotation_marks_and_brackets_that_close_it() -> None:
    assert sentences("他说：“好。”然后（走了。）完") == ["他说：“好。”", "然后（走了。）", "完"]


def test_no_sentence_ends_inside_brackets() -> None:
    text = "补助50万元（含设备费。不含运费；以发票为准）。另行通知。"
    assert sentences(text) == ["补助50万元（含设备费。不含运费；以发票为准）。", "另行通知。"]
    assert sentences("甲（未闭合。乙。") == ["甲（未闭合。", "乙。"]


def test_lines_that_were_cut_because_they_were_full_are_one_sentence() -> None:
    lines = (
        "规定。公园开放时间为每日6时至22时，1",
        "0月至次年3月提前至21时闭园。入园的",
        "游人携犬应当使用长度不超过1.5米的绳",
        "，违者处罚。",
        "另行通知。",
    )
    assert sentences("\n".join(lines)) == [
        "规定。",
        "公园开放时间为每日6时至22时，1\n0月至次年3月提前至21时闭园。",
        "入园的\n游人携犬应当使用长度不超过1.5米的绳\n，违者处罚。",
        "另行通知。",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "关于推动城乡绿色发展的若干意见\n关于加快建设现代化经济的意见\n关于全面推进乡村振兴的通知。",  # short ones
        "（一）健全绿色低碳循环发展体系\n（二）健全绿色低碳循环发展制度\n（三）健全绿色低碳循环机制。",
        "姓名：张三，主管城市建设工作，\n电话：023-48660000。",  # two lines prove nothing
    ],
)
def test_lines_of_their_own_are_sentences_of_their_own(text: str) -> None:
    assert sentences(text) == text.split("\n")


def test_lines_and_semicolons_end_sentences_without_white_space() -> None:
    assert sentences("一、目标\n\n　光伏70MW；风电180MW。 ") == ["一、目标", "光伏70MW；", "风电180MW。"]


def test_signs_inside_addresses_and_numbers_end_no_sentence() -> None:
    assert sentences("见 https://a.cn/b?c=1;d 一文。增长3.5%。") == ["见 https://a.cn/b?c=1;d 一文。", "增长3.5%。"]


def test_english_sentences_end_at_full_stops_but_numbers_of_sections_do_not() -> None:
    assert sentences("1. It grew. Then it fell.") == ["1. It grew.", "Then it fell."]


@given(TEXTS)
def test_sentences_are_trimmed_ordered_and_hold_every_visible_character(text: str) -> None:
    position = 0
    for span in sentence_spans(text):
        assert not text[position : span.start].strip()
        assert span.slice(text) == span.slice(text).strip() != ""
        position = span.end
    assert not text[position:].strip()
