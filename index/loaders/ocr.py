"""Pictures of pages into placed characters and rules, by PP-OCR models that come with the rapidocr package."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.errors import MissingDependency
from index.loaders import limits
from index.loaders.grids import Rule
from index.loaders.sheets import Glyph, Sheet

if TYPE_CHECKING:
    from rapidocr import RapidOCR

Picture = NDArray[np.uint8]
_Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels

LONG_SIDE = 1900
"""Pixels of the longer side that a page is read at: A4 at about 160 dpi."""
_SCALE_MAX = 4.0  # pixels for a point; small pages gain nothing beyond
_UPRIGHT = 0.75  # mean certainty under which a page may stand on its head
_TURNED = 0.6  # share of lines that are higher than wide if a page lies on its side
_APART = 1.2  # heights of a line between characters of different cells
_WORKERS = 2  # pages read at a time; one thread each takes two fifths less processor time than two that share a page
_AHEAD = 3  # pages that are read or wait for it: their pictures are held in memory
_SKEW_MIN = 0.001  # radians; less moves no character into another line
_RULE_MIN = 1 / 45  # of the longer side: strokes of characters in the size of the text are shorter
_STROKE_MAX = 1.5  # heights of a line that a stroke of its characters is long, 一 and — among them
_STROKE_OUT = 0.1  # heights of a line that a stroke reaches out of its box
# Seals: mostly over the date and the name of who signed.
_RED, _MORE = 110, 45  # of 255: how red a seal's ink is at least, and how much more red than green and blue
_SEAL_CLOSE = 1 / 120  # of the longer side of the page: gaps between the signs of a seal
_SEAL_SIDES = (0.06, 0.25)  # of the longer side: a seal is 18 to 70 millimetres on A4
_SEAL_ASPECT = 1.6
_SEAL_INK = (0.03, 0.6)  # share of its box that is red: less is scattered, more is a picture


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A page that is only a picture."""

    picture: Picture  # shape (height, width, 3)
    points: float  # for each pixel
    headings: Sequence[tuple[str, int]] = ()  # as in `Sheet`


class _Line:
    """A line as it was recognised: its characters with the corners of their boxes."""

    def __init__(self, characters: Sequence[tuple[str, float, Any]]) -> None:
        self.texts = [character[0] for character in characters]
        self.scores = [float(character[1]) for character in characters]
        self.boxes = np.array([character[2] for character in characters], dtype=np.float64)

    def box(self, rotation: NDArray[np.float64]) -> _Box:
        """Return what lies around it once the picture is straightened."""
        corners = self.boxes.reshape(-1, 2) @ rotation[:, :2].T + rotation[:, 2]
        (x0, top), (x1, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        return x0, top, x1, bottom


def scale(width: float, height: float) -> float:
    """Return pixels for each point at which a page of this size is read."""
    return min(_SCALE_MAX, LONG_SIDE / max(width, height, 1.0))


def sheets(pages: Iterable[Sheet | Page]) -> Iterator[Sheet]:
    """Yield pages in order, pictures of pages read side by side; MissingDependency if there is one and no rapidocr."""
    waiting: deque[Sheet | Future[Sheet]] = deque()
    try:
        for page in pages:
            limits.page()
            waiting.append(_pool().submit(sheet, page) if isinstance(page, Page) else page)
            while sum(isinstance(each, Future) for each in waiting) > _AHEAD:
                yield _done(waiting.popleft())
        while waiting:
            yield _done(waiting.popleft())
    finally:
        for each in waiting:
            if isinstance(each, Future):
                each.cancel()


def _done(page: Sheet | Future[Sheet]) -> Sheet:
    return page.result() if isinstance(page, Future) else page


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_WORKERS, thread_name_prefix="ocr")


def sheet(page: Page) -> Sheet:
    """Read the picture of a page, turned upright and straightened; MissingDependency if rapidocr is not installed."""
    points = page.points
    picture, lines, turns = _upright(without_seals(np.ascontiguousarray(page.picture)))
    height, width = picture.shape[:2]
    angle = _skew(lines)
    rotation = _rotation(angle, width, height)
    glyphs = [glyph for line in lines for glyph in _glyphs(line, rotation, points)]
    boxes = [line.box(rotation) for line in lines]
    rules = [Rule(*(points * side for side in rule)) for rule in _rules(picture, angle) if not _is_stroke(rule, boxes)]
    size = (width * points, height * points)
    return Sheet(*size, glyphs, rules, page.headings, rough=True, turns=turns, skew=angle)


def _upright(picture: Picture) -> tuple[Picture, list[_Line], int]:
    """Return the picture turned upright, with its lines, and by how many quarter turns to the left."""
    lines = _recognised(picture)
    certainty = _certainty(lines)
    if not lines or (certainty >= _UPRIGHT and not _lies(lines)):
        return picture, lines, 0
    turns = (1, 3) if _lies(lines) else (2,)
    readings = [(picture, lines, 0, 0.0 if _lies(lines) else certainty)]
    for turn in turns:
        turned = np.ascontiguousarray(np.rot90(picture, turn))
        found = _recognised(turned)
        readings.append((turned, found, turn, _certainty(found)))
    return max(readings, key=lambda reading: reading[3])[:3]


def _certainty(lines: Sequence[_Line]) -> float:
    scores = [score for line in lines for score in line.scores]
    return sum(scores) / len(scores) if scores else 0.0


def _lies(lines: Sequence[_Line]) -> bool:
    long = [line for line in lines if len(line.texts) >= 4]
    high = sum(bool(np.ptp(line.boxes[..., 1]) > np.ptp(line.boxes[..., 0])) for line in long)
    return bool(long) and high > _TURNED * len(long)


def _recognised(picture: Picture) -> list[_Line]:
    if not hasattr(_own, "engine"):
        _own.engine = _engine()
    result = _own.engine(picture, return_word_box=True, return_single_char_box=True)
    words = getattr(result, "word_results", None) or ()
    return [_Line(line) for line in words if line and all(len(word) == 3 and word[2] is not None for word in line)]


_own = threading.local()  # an engine for each thread: nothing says that one may be shared


def _engine() -> RapidOCR:
    try:
        import rapidocr
    except ImportError as error:
        raise MissingDependency(
            "ocr", "这是扫描件或图片，读取文字需要安装扩展 ocr：pip install 'yiju[ocr]'，或 make install。"
        ) from error
    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,  # pages on their head are turned as a whole
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "Global.max_side_len": 4000,
            "Global.model_root_dir": str(models),  # never fetched
        }
    )


def _skew(lines: Sequence[_Line]) -> float:
    """Return the angle of the page's lines in radians, positive where they fall to the right."""
    angles = []
    for line in lines:
        if len(line.texts) >= 8:
            first, last = line.boxes[0].mean(axis=0), line.boxes[-1].mean(axis=0)
            angles.append(math.atan2(last[1] - first[1], last[0] - first[0]))
    angle = median(angles) if angles else 0.0
    return angle if abs(angle) > _SKEW_MIN else 0.0


def _rotation(angle: float, width: int, height: int) -> NDArray[np.float64]:
    """Return what turns points of the picture back, about its middle: shape (2, 3)."""
    cos, sin, x, y = math.cos(angle), math.sin(angle), width / 2, height / 2
    return np.array([[cos, sin, x - cos * x - sin * y], [-sin, cos, y + sin * x - cos * y]])


def _glyphs(line: _Line, rotation: NDArray[np.float64], points: float) -> list[Glyph]:
    corners = line.boxes @ rotation[:, :2].T + rotation[:, 2]
    low, high = corners.min(axis=1) * points, corners.max(axis=1) * points
    top, bottom = float(np.median(low[:, 1])), float(np.median(high[:, 1]))
    # Recognition boxes are higher than the characters in them; what counts here is where the line stands.
    inset = 0.12 * (bottom - top)
    found: list[Glyph] = []
    for place, text in enumerate(line.texts):
        x0, x1 = float(low[place, 0]), float(high[place, 0])
        if place + 1 < len(line.texts) and low[place + 1, 0] - x1 < _APART * (bottom - top):
            x1 = float(low[place + 1, 0])  # places inside a line are guesses; only wide gaps are meant
        if text.isspace() and found:
            found[-1] = found[-1]._replace(text=found[-1].text + " ")
        else:
            found.append(Glyph(text, x0, top + inset, x1, bottom - inset))
    return found


def _is_stroke(rule: _Box, lines: Sequence[_Box]) -> bool:
    """Return whether a rule is a stroke of a large character: in a line of text and no longer than that is high."""
    for x0, top, x1, bottom in lines:
        out = _STROKE_OUT * (bottom - top)
        within = x0 - out <= rule[0] and rule[2] <= x1 + out and top - out <= rule[1] and rule[3] <= bottom + out
        if within and max(rule[2] - rule[0], rule[3] - rule[1]) <= _STROKE_MAX * (bottom - top):
            return True
    return False


def _rules(picture: Picture, angle: float) -> list[_Box]:
    """Return long straight dark lines of the straightened picture, in pixels."""
    import cv2

    height, width = picture.shape[:2]
    grey = cv2.cvtColor(picture[..., :3], cv2.COLOR_RGB2GRAY)
    if angle:
        grey = cv2.warpAffine(grey, _rotation(angle, width, height), (width, height), borderValue=255)
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12)
    length = int(max(width, height) * _RULE_MIN)
    if not length:
        return []  # too small a picture for any rule
    found: list[_Box] = []
    for shape in ((length, 1), (1, length)):
        closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3)))
        opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_RECT, shape))
        contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            x, y, w, h = cv2.boundingRect(contour)
            found.append((float(x), float(y), float(x + w), float(y + h)))
    return [rule for rule in found if min(rule[2] - rule[0], rule[3] - rule[1]) < length / 3]


def without_seals(picture: Picture) -> Picture:
    """Return a page, red first, with its red seals as white as paper, so that what they were stamped on shows.

    The same array where there is no seal. Letterheads and other lines printed in red stay.
    """
    import cv2

    channels = picture[..., :3].astype(np.int16)
    least = np.maximum(channels[..., 1], channels[..., 2]) + _MORE
    red = ((channels[..., 0] > _RED) & (channels[..., 0] > least)).astype(np.uint8)
    if not red.any():
        return picture
    side = max(picture.shape[:2])
    size = max(3, round(side * _SEAL_CLOSE))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(
        cv2.morphologyEx(red, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    )
    found = picture
    for x, y, width, height, _ in boxes[1:].tolist():
        inside = slice(max(0, y - size), y + height + size), slice(max(0, x - size), x + width + size)
        if _is_seal(width / side, height / side, float(red[inside].mean())):
            found = found.copy() if found is picture else found
            found[inside] = _seen_through(picture[inside], red[inside])
    return found


def _is_seal(width: float, height: float, ink: float) -> bool:
    sized = _SEAL_SIDES[0] < min(width, height) and max(width, height) < _SEAL_SIDES[1]
    return sized and max(width, height) < _SEAL_ASPECT * min(width, height) and _SEAL_INK[0] < ink < _SEAL_INK[1]


def _seen_through(part: Picture, red: Picture) -> Picture:
    """Look at a part in red light, in which red ink is as bright as the paper and what lies under it dark."""
    light = part[..., 0].astype(np.float32)
    ink = float(np.percentile(light[red > 0], 50))
    white = float(np.percentile(part[..., 1], 90))
    shown = np.clip(light * (white / max(ink, 1.0)), 0, 255)
    return np.repeat(shown[..., None], part.shape[2], axis=2).astype(np.uint8)
