"""What tells a right answer from a near miss: numbers about the best candidate, and rules of what forbids it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from index.text import fold
from qa.language.grammar import Kind, candidates
from qa.language.measures import dimension
from qa.language.periods import conflict
from qa.question.analysis import PROVISION, Question
from qa.reading.answer_types import mismeasured, misshapen
from qa.reading.features import (
    FEATURES,
    SCOPES,
    Asked,
    Place,
    bare_place,
    scopes_of,
    told_periods,
    wanted_periods,
)
from qa.reading.matching import match

_NOTHING = 0.02
"""Share of the question's words below which nothing of it is held."""
_TITLE = 0.9
"""What a word of the question counts that only the title or the outer headings hold."""
_SPAN = FEATURES.index("span")
_ISSUED = re.compile("印发|发布|公布|下发|签发|发文|落款|成文|出台")
_DAY = re.compile("月.{1,3}日|[-./][0-9]{1,2}[-./][0-9]")
_NO_FIGURE = "文档提到了相关内容，但没有给出所问的数字。"
_AVERAGE = re.compile("[户人亩地车]均|平均")
_EACH = re.compile("均|每|/")


def confidence_features(
    a: Asked, best: Place, found: Sequence[Place], features: NDArray[np.float64], support: float
) -> list[float]:
    """Return the features of `qa.reading.ranking.CONFIDENCE`, in that order.

    Args:
        a: the question.
        best: the candidate that was chosen.
        found: all candidates of the passages.
        features: of `best`, float64, as `qa.reading.features.FEATURES` names them.
        support: log odds that it answers.
    """
    return [
        _held_near(a, best),
        float(_unmeasured(a.question, best)),
        float(features[FEATURES.index("span")]),
        float(features[FEATURES.index("span_window")]),
        float(not a.question.kinds),
        best.hit.score - max(place.hit.score for place in found),
        support,
    ]


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
    in_articles = PROVISION.search("".join(best.hit.passage.section_path))  # elsewhere 第二条 counts lines or roads
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
    if told["held_near"] < _NOTHING:
        return "文档中没有找到与这个问题有关的内容。"
    return _NO_FIGURE if told["unmeasured"] else "文档中没有找到这个问题的答案。"


def _held_near(a: Asked, best: Place) -> float:
    """Return the share of the question's words that sentence or heading hold, or, for a little less, the title."""
    scopes = dict(zip(SCOPES, scopes_of(best), strict=True))
    near = scopes["sentence"] + scopes["heading"]
    return sum(
        weight * max(match(term.text, near), _TITLE * match(term.text, scopes["path"]))
        for weight, term in zip(a.weights, a.question.terms, strict=True)
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
