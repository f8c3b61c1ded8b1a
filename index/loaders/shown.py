"""From a sheet that was turned upright and straightened back to the page as it is shown."""

from __future__ import annotations

from index.loaders.content import Box
from index.placing import UNITS, PlacedPage


class Shown:
    """A page as it is shown, and where on it stands what was read from its sheet.

    Args:
        number: of the page, from 1.
        width: of the sheet, in points.
        height: likewise.
        turns: quarter turns to the left that brought the page upright.
        skew: radians that its lines fell to the right by.
    """

    def __init__(self, number: int, width: float, height: float, turns: int = 0, skew: float = 0.0) -> None:
        self._number, self._turns = number, turns % 4
        self._unit = UNITS / max(width, height, 1.0)
        across, down = (height, width) if self._turns % 2 else (width, height)
        self.page = PlacedPage(max(1, round(across * self._unit)), max(1, round(down * self._unit)), skew)

    def box(self, x0: float, top: float, x1: float, bottom: float) -> Box:
        """A rectangle of the sheet, in points, as it lies on the page, but for the skew that all lines share."""
        (left, upper), (right, lower) = self._point(x0, top), self._point(x1, bottom)
        x, y = sorted((round(left), round(right))), sorted((round(upper), round(lower)))
        return Box(self._number, x[0], y[0], x[1], y[1])

    def _point(self, x: float, y: float) -> tuple[float, float]:
        """A point of the sheet as distances from the left and the top of the page, in units."""
        x, y = x * self._unit, y * self._unit
        match self._turns:
            case 1:
                return self.page.width - y, x
            case 2:
                return self.page.width - x, self.page.height - y
            case 3:
                return y, self.page.height - x
            case _:
                return x, y
