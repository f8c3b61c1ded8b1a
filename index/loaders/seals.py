"""Remove red seals from scanned pages before OCR: they mostly cover the date and the name of who signed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_RED, _MORE = 110, 45  # of 255: how red a seal's ink is at least, and how much more red than green and blue
_CLOSE = 1 / 120  # of the longer side of the page: gaps between the signs of a seal
_SIDES = (0.06, 0.25)  # of the longer side: a seal is 18 to 70 millimetres on A4
_ASPECT = 1.6
_INK = (0.03, 0.6)  # share of its box that is red: less is scattered, more is a picture


def without_seals(picture: Picture) -> Picture:
    """Make the seals of a page as white as paper, so that what they were stamped on shows.

    Args:
        picture: shape (height, width, 3), red first.

    Returns:
        The same array where there is no seal. Letterheads and other lines printed in red stay.
    """
    import cv2

    channels = picture[..., :3].astype(np.int16)
    least = np.maximum(channels[..., 1], channels[..., 2]) + _MORE
    red = ((channels[..., 0] > _RED) & (channels[..., 0] > least)).astype(np.uint8)
    if not red.any():
        return picture
    side = max(picture.shape[:2])
    size = max(3, round(side * _CLOSE))
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
    sized = _SIDES[0] < min(width, height) and max(width, height) < _SIDES[1]
    return sized and max(width, height) < _ASPECT * min(width, height) and _INK[0] < ink < _INK[1]


def _seen_through(part: Picture, red: Picture) -> Picture:
    """Look at a part in red light, in which red ink is as bright as the paper and what lies under it dark."""
    light = part[..., 0].astype(np.float32)
    ink = float(np.percentile(light[red > 0], 50))
    white = float(np.percentile(part[..., 1], 90))
    shown = np.clip(light * (white / max(ink, 1.0)), 0, 255)
    return np.repeat(shown[..., None], part.shape[2], axis=2).astype(np.uint8)
