from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.question.spelling import Tidier

TIDIER = Tidier(lambda term: term in {"信息", "息安", "安全", "资讯"})


@pytest.mark.parametrize(
    ("typed", "tidy"),
    [
        ("ＰＥＴ到２０２５年，多少？", "PET到2025年，多少？"),
        ("二〇二五年和二零二四年", "2025年和2024年"),
        ("光 伏 装 机 目 标 是 多 少", "光伏装机目标是多少"),
        ("光伏☀️装机👨‍👩目标🙏🏻", "光伏 装机 目标"),
        ("【信息】牵头单位——是哪个…", "信息 牵头单位 是哪个"),
        ("風電計劃裝機", "风电计划装机"),
        ("資訊安全", "信息安全"),
        ("資訊", "资讯"),
    ],
)
def test_one_form_for_what_says_the_same(typed: str, tidy: str) -> None:
    assert TIDIER.tidy(typed) == tidy


@pytest.mark.parametrize(
    "text",
    ["光伏 装机 目标", "3—5家", "V&A hello world", "綦江府发〔2023〕16号", "50℃和30㎡", "“程序”", "😀", "𠮷野家"],
)
def test_what_says_something_stays(text: str) -> None:
    assert TIDIER.tidy(text) == text


@given(st.text(min_size=1, max_size=30))
def test_a_text_is_never_tidied_away_and_never_twice(text: str) -> None:
    assert TIDIER.tidy(text)
    assert TIDIER.tidy(TIDIER.tidy(text)) == TIDIER.tidy(text)
