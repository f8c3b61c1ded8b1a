"""Correct signs that a font of a PDF maps to other characters, by their code and by what stands around them.

Fonts made from Chinese ones give the GB 2312 code of a sign as its Unicode: ， (A3AC) comes out as the Yi syllable ꎬ.
Others give look-alikes: radicals for characters, full-width or mathematical letters, « for 《, a comma for ，.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from index.loaders import symbols
from index.loaders.sheets import Glyph

# CJK radicals that programs of Apple write for the characters; NFKC knows those of the Kangxi block only.
_PAIRS = (
    "⺟母⺠民⺮竹⻁虎⻄西⻅见⻆角⻉贝⻋车⻑長⻓长⻔门⻘青⻙韦⻚页"
    "⻛风⻜飞⻝食⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻬齐⻮齿⻰龙⻳龟"
)
_RADICALS = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
_YI = range(0xA140, 0xA3FF)
_YI_MAX = 0.5  # of them for each Chinese character; more are the language of the Yi
_PRIVATE = range(0xF020, 0xF100)
_PRIVATE_MAX = 0.05  # share of the page that symbols may be; more are text without a mapping
_MEANT = {",": "，", ".": "。", ";": "；", ":": "：", "«": "《", "»": "》", "?": "？", "!": "！"}
_MEANT_MIN = 3  # times that one font has them among Chinese characters
_OTHERWISE = 0.1  # share of them that may stand otherwise
_OPENING, _CLOSING = "“‘（《〈〔【", "”’）》〉〕】%％"


def repaired(glyphs: Sequence[Glyph], font_of: Callable[[int], str]) -> list[Glyph]:
    """Return the characters of a page, in order, with the wrong ones set right; `font_of` names the font of one."""
    texts = [_plain(glyph.text) for glyph in glyphs]
    chinese = sum(_is_chinese(text) for text in texts)
    if sum(_is_in(text, _YI) for text in texts) <= _YI_MAX * chinese:
        texts = [_from_code(texts, place) if _is_in(text, _YI) else text for place, text in enumerate(texts)]
    private = [place for place, text in enumerate(texts) if _is_in(text, _PRIVATE)]
    if len(private) <= _PRIVATE_MAX * len(texts):
        for place in private:
            texts[place] = symbols.text(font_of(place).split("+")[-1], texts[place])
    for place in _look_alikes(texts, font_of) if chinese else ():
        texts[place] = _MEANT[texts[place]]
    pairs = zip(glyphs, texts, strict=True)
    return [glyph if glyph.text == text else glyph._replace(text=text) for glyph, text in pairs]


def _plain(text: str) -> str:
    """Return a character for a form that its font gave it: radical, full-width digit, mathematical letter."""
    if text.isascii() or len(text) > 1 or "\u4e00" <= text <= "\u9fff":
        return text
    code = ord(text)
    formal = 0x2F00 <= code < 0x2FE0 or 0xF900 <= code < 0xFB00 or 0xFE50 <= code < 0xFE70 or 0x1D400 <= code < 0x1D800
    if formal or 0xFF10 <= code <= 0xFF19 or 0xFF21 <= code <= 0xFF3A or 0xFF41 <= code <= 0xFF5A:
        return unicodedata.normalize("NFKC", text)
    return _RADICALS.get(text, text)


def _is_chinese(text: str) -> bool:
    return "\u4e00" <= text[:1] <= "\u9fff"


def _is_in(text: str, codes: range) -> bool:
    return len(text) == 1 and ord(text) in codes


def _from_code(texts: Sequence[str], place: int) -> str:
    """Return the sign whose code in GB 2312, or else in Big5, a character's Unicode is."""
    code = ord(texts[place]).to_bytes(2, "big")
    sign = code.decode("gb2312", "ignore") or code.decode("big5", "ignore")
    if not sign:
        return texts[place]
    before = texts[place - 1][-1:] if place else ""
    if sign == "．":  # the full stop of scientific journals
        return "." if before.isascii() and before else "。"
    return _plain(sign)


def _look_alikes(texts: Sequence[str], font_of: Callable[[int], str]) -> Iterator[int]:
    """Yield where signs of other scripts stand for Chinese ones: in their font nearly all stand among characters."""
    among: dict[str, list[int]] = defaultdict(list)
    otherwise: dict[str, int] = defaultdict(int)
    suspects = [place for place, text in enumerate(texts) if text in _MEANT]
    for place in suspects:
        font = font_of(place)
        if _is_among(texts, place):
            among[font].append(place)
        else:
            otherwise[font] += 1
    for font, places in among.items():
        if otherwise[font] <= _OTHERWISE * len(places):
            yield from (place for place in places if len(places) >= _MEANT_MIN or texts[place] in "«»")


def _is_among(texts: Sequence[str], place: int) -> bool:
    before = texts[place - 1][-1:] if place else ""
    after = texts[place + 1][:1] if place + 1 < len(texts) else ""
    left = _is_chinese(before) or (before in _CLOSING + "»" and before != "")
    right = _is_chinese(after) or after in _OPENING + "«"
    return right if texts[place] == "«" else left if texts[place] == "»" else left and right
