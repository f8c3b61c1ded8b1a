"""What tells a right answer from a near miss: numbers about the best candidate and the question.

A near miss has the words of the question except the one that matters (another energy, another year, another
place, an investment instead of a capacity). A paraphrase lacks words too, but has some that mean the same: the
encoder tells 太阳能 from 核电 when the text says 光伏.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from index.protocols import Encoder
from index.text import align, fold
from qa.language.grammar import Kind, candidates
from qa.language.measures import dimension
from qa.language.periods import conflict
from qa.language.polarity import is_polar
from qa.language.tagging import tagged
from qa.question.analysis import Question
from qa.reading.answer_types import mismeasured, misshapen
from qa.reading.features import (
    FEATURES,
    SCOPES,
    Asked,
    Matrix,
    Place,
    bare_place,
    scopes_of,
    told_periods,
    wanted_periods,
)
from qa.reading.matching import match

_SAME = 0.95
_DIFFERENT = 0.90
"""Cosines of two words' vectors from which on they mean the same, and below which they do not."""
_KIN = 0.935
"""Cosine below which two words for kinds of one thing mean different kinds: 核电 and 火电, but not 员工 and 职工."""
_HELD = 0.6
"""How much of a word must be held for it to count as held."""
_NOTHING = 0.02
"""Share of the question's words below which nothing of it is held."""
_TITLE = 0.9
"""What a word of the question counts that only the title or the outer headings hold."""
_SPAN = FEATURES.index("span")
_ARTICLE = re.compile("第[〇零一二三四五六七八九十百千0-9]+[编章节条]")
_ISSUED = re.compile("印发|发布|公布|下发|签发|发文|落款|成文|出台")
_DAY = re.compile("月.{1,3}日|[-./][0-9]{1,2}[-./][0-9]")
_NO_FIGURE = "文档提到了相关内容，但没有给出所问的数字。"
_AVERAGE = re.compile("[户人亩地车]均|平均")
_EACH = re.compile("均|每|/")
_CONTENT = "njlievab"
_NOUNS = "njlie"
_KINDS = "njlieabtv"


def confidence_features(
    a: Asked,
    ranking: Sequence[Place],
    found: Sequence[Place],
    scores: NDArray[np.float64],
    features: Matrix,
    encoder: Encoder,
    supports: tuple[float, float],
) -> list[float]:
    """Return the features of `qa.reading.ranking.CONFIDENCE`, in that order.

    Args:
        a: the question.
        ranking: the candidates of the windows that were read, best first.
        found: all candidates of the passages.
        scores: of `ranking`.
        features: of `ranking`, as `qa.reading.features.FEATURES` names them.
        encoder: compares words.
        supports: log odds that the best candidate answers, and those of the best other one.
    """
    best = ranking[0]
    terms, scopes = a.question.terms, scopes_of(best)
    others = [row for row, place in enumerate(ranking) if not alike(place, best)]
    near = _held_near(a, best)
    soft = _held_soft(a, best, near, encoder)
    own = [max(match(term.text, scope) for scope in scopes[:2]) for term in terms]
    nouns = [i for i, term in enumerate(terms) if term.tag[0] in _NOUNS]
    return [
        _weighted(a, near),
        _weighted(a, [max(match(term.text, scope) for scope in scopes) for term in terms]),
        _weighted(a, soft),
        _weighted(a, own),
        min((soft[i] for i in nouns), default=1.0),
        soft[a.nucleus] if a.nucleus >= 0 else 1.0,
        float(_asks_figure(a.question) and _contrasts(a, own, soft)),
        float(_has_sibling(a, best, soft)),
        float(features[0, FEATURES.index("among_siblings")]),
        float(_unmeasured(a.question, best)),
        float(1.0 / np.exp(scores[[0, *others]] - scores[0]).sum()),
        *(float(features[0, FEATURES.index(name)]) for name in ("span", "span_window", "span_overlap")),
        float(features[0, _SPAN] - max((features[row, _SPAN] for row in others), default=-3.0)),
        float(best.site.candidate.kind in a.question.kinds),
        float(not a.question.kinds),
        float(bool(a.roles) and not any(role in scope for role in a.roles for scope in scopes[:3])),
        best.hit.score - max(place.hit.score for place in found),
        _heaviest(a, soft),
        _heaviest(a, own),
        float(is_polar(a.question.text)) * _heaviest(a, soft),  # what is not there is answered by what else is
        supports[0],
        supports[0] - supports[1],
    ]


def _heaviest(a: Asked, held: Sequence[float]) -> float:
    """Return what the word of the question counts that is missed most: one rare word tells 肉牛 from 生猪."""
    return max((weight * (1 - share) for weight, share in zip(a.weights, held, strict=True)), default=0.0)


def alike(place: Place, best: Place) -> bool:
    """Return whether two candidates say the same: equal values, or one that stands within the other."""
    a, b = place.site, best.site
    overlap = place.hit is best.hit and a.candidate.span.overlap(b.candidate.span) > 0
    return overlap or a.value == b.value


def strays(question: Question, place: Place) -> bool:
    """Return whether a candidate is of another time or place than the question, or cannot be what is asked for."""
    if (_asks_day(question) and not _is_day(place)) or unfit(question, place):
        return True
    return conflict(wanted_periods(question, place), told_periods(place)) or bool(_missing_places(question, place))


def meets(question: Question, place: Place) -> bool:
    """Return whether a candidate is expressly of the question's time and places, and may be what is asked for."""
    if _missing_places(question, place) or (_asks_day(question) and not _is_day(place)) or unfit(question, place):
        return False
    wanted, told = wanted_periods(question, place), told_periods(place)
    return not wanted or (bool(told) and not conflict(wanted, told))


def unfit(question: Question, place: Place) -> bool:
    """Return whether a candidate is not of the unit or the shape that the question names."""
    text = place.text
    return misshapen(question, text) or mismeasured(question, place.site.candidate, text)


def _asks_day(question: Question) -> bool:
    """Return whether a question asks when a document was issued: on a day, not over some years that its title names."""
    return question.kinds[:1] == (Kind.DATE,) and _ISSUED.search(fold(question.text)) is not None


def _is_day(place: Place) -> bool:
    return place.site.candidate.kind is Kind.DATE and _DAY.search(place.site.value) is not None


def _missing_places(question: Question, place: Place) -> list[str]:
    return [name for name in question.places if bare_place(name) not in _whole(place)]


def clash(question: Question, best: Place) -> str | None:
    """Return what by itself forbids the answer, whatever else fits; a Chinese sentence, or None.

    Args:
        question: taken apart.
        best: the candidate that ranked first.
    """
    if conflict(wanted_periods(question, best), told_periods(best)):
        return "文档未提及您所问的时间。"
    if missing := _missing_places(question, best):
        return f"文档没有说到{'、'.join(missing)}。"
    in_articles = _ARTICLE.search("".join(best.hit.passage.section_path))  # elsewhere 第二条 counts lines or roads
    if in_articles and (unmet := [each for each in question.provisions if fold(each) not in _headed(best)]):
        return f"文档没有{'、'.join(unmet)}，或者没有讲到所问的内容。"
    if misshapen(question, best.text):
        return "文档提到了相关内容，但没有给出所问的姓名、号码或地址。"
    if mismeasured(question, best.site.candidate, best.text):
        return _NO_FIGURE
    if _of_each(question, best):
        return "文档给出的不是平均到每一个的数字。"
    return None


def doubt(told: Mapping[str, float]) -> str:
    """Return why an answer is too unsure to be given; a Chinese sentence.

    Args:
        told: features of the confidence model by name.
    """
    if told["held_soft"] < _NOTHING:
        return "文档中没有找到与这个问题有关的内容。"
    if told["unmeasured"]:
        return _NO_FIGURE
    if told["contrast"]:
        return "文档有类似的内容，但说的不是所问的对象。"
    return "文档中没有找到这个问题的答案。"


def _weighted(a: Asked, held: Sequence[float]) -> float:
    return sum(weight * share for weight, share in zip(a.weights, held, strict=True))


def _held_near(a: Asked, best: Place) -> list[float]:
    """Return for each word of the question, whether sentence or heading hold it, or, for a little less, the title."""
    scopes = dict(zip(SCOPES, scopes_of(best), strict=True))
    near = scopes["sentence"] + scopes["heading"]
    return [max(match(term.text, near), _TITLE * match(term.text, scopes["path"])) for term in a.question.terms]


def _held_soft(a: Asked, best: Place, near: Sequence[float], encoder: Encoder) -> list[float]:
    """Return the same, where a word that means the same counts as well; kinds of one thing do not mean the same."""
    words = _content(best)
    missing = [i for i, term in enumerate(a.question.terms) if near[i] < 1.0 and len(term.text) > 1]
    soft = list(near)
    if words and missing:
        asked_for = encoder.encode_queries([a.question.terms[i].text for i in missing])
        cosines = asked_for @ encoder.encode_queries(words).T
        for i, row in zip(missing, cosines, strict=True):
            term = a.question.terms[i].text
            closest = max(
                (cosine for cosine, word in zip(row, words, strict=True) if not (cosine < _KIN and akin(term, word))),
                default=0.0,
            )
            soft[i] = max(near[i], float(np.clip((closest - _DIFFERENT) / (_SAME - _DIFFERENT), 0.0, 1.0)))
    return soft


def _content(best: Place) -> list[str]:
    """Return the words of a candidate's sentence and of its innermost heading that say something."""
    passage = best.hit.passage
    text = best.site.sentence.slice(passage.text) + " " + "".join(passage.section_path[-1:])
    return list(dict.fromkeys(word for word, tag in tagged(align(text)) if tag[0] in _CONTENT and len(word) > 1))


def akin(a: str, b: str) -> bool:
    """Return whether two words name kinds of one thing, as 火电 and 核电: the head of a Chinese compound is its end."""
    return a != b and min(len(a), len(b)) > 1 and a[-1] == b[-1] and not (a.endswith(b) or b.endswith(a))


def _has_sibling(a: Asked, best: Place, soft: Sequence[float]) -> bool:
    """Return whether a candidate's own words tell of another kind of the thing that is asked for."""
    question = fold(a.question.text)
    own = [word for word, _ in tagged(best.site.own) if word not in question]
    return any(
        held < _HELD and term.tag[0] in _KINDS and any(akin(term.text, word) for word in own)
        for term, held in zip(a.question.terms, soft, strict=True)
    )


def _contrasts(a: Asked, own: Sequence[float], soft: Sequence[float]) -> bool:
    """Return whether a missing word qualifies one that the text has: 肉牛养殖 where the text has 生猪养殖."""
    question, words = fold(a.question.text), a.question.terms
    return any(
        words[i].tag[0] in _NOUNS and soft[i] < _HELD <= own[i + 1] and words[i].text + words[i + 1].text in question
        for i in range(len(words) - 1)
    )


def _of_each(question: Question, best: Place) -> bool:
    """Return whether an average is asked for, and a candidate stands where nothing tells of one."""
    if not (_asks_figure(question) and _AVERAGE.search(fold(question.text))):
        return False
    heading = "".join(best.hit.passage.section_path[-1:])
    return _EACH.search(best.site.around + fold(heading) + best.site.candidate.own) is None


def _headed(best: Place) -> str:
    return fold(" ".join(best.hit.passage.section_path)) + best.site.around


def _whole(best: Place) -> str:
    passage = best.hit.passage
    return fold(" ".join((passage.title, *passage.section_path, passage.text)))


def _asks_figure(question: Question) -> bool:
    return question.kinds[:1] == (Kind.QUANTITY,)


def _unmeasured(question: Question, best: Place) -> bool:
    """Return whether a figure is asked for and a candidate holds none, or is one of something else to be measured.

    A figure without a unit may measure anything: of a cell the caption may say it.
    """
    if not _asks_figure(question):
        return False
    candidate = best.site.candidate
    if candidate.kind is not Kind.QUANTITY:
        return not any(each.kind is Kind.QUANTITY for each in candidates(best.text))
    return bool(question.dimensions and candidate.unit) and dimension(candidate.unit) not in question.dimensions
