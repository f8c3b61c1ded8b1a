"""Map positions on a sheet that was turned and straightened for OCR back to the page as it is shown."""

from __future__ import annotations

from index.loaders.content import Box
from index.loaders.sheets import Sheet
from index.structure.page_positions import UNITS, PlacedPage


class Shown:
    """A page as it is shown, and where on it stands what was read from a sheet.

    Args:
        number: of the page, from 1.
        sheet: what was read from the page, or from a part of it.

    Attributes:
        number: of the page.
    """

    def __init__(self, number: int, sheet: Sheet) -> None:
        self.number, self._turns = number, sheet.turns % 4
        self._across, self._down = (sheet.height, sheet.width) if self._turns % 2 else (sheet.width, sheet.height)
        self._left, self._above, width, height = sheet.frame or (0.0, 0.0, self._across, self._down)
        self._unit = UNITS / max(width, height, 1.0)
        self.page = PlacedPage(max(1, round(width * self._unit)), max(1, round(height * self._unit)), sheet.skew)

    def box(self, x0: float, top: float, x1: float, bottom: float) -> Box:
        """Return a rectangle of the sheet, in points, as it lies on the page, but for the skew that all lines share."""
        (left, upper), (right, lower) = self._point(x0, top), self._point(x1, bottom)
        x, y = sorted((round(left), round(right))), sorted((round(upper), round(lower)))
        return Box(self.number, x[0], y[0], x[1], y[1])

    def _point(self, x: float, y: float) -> tuple[float, float]:
        """Return a point of the sheet as distances from the left and the top of the page, in units."""
        match self._turns:
            case 1:
                x, y = self._across - y, x
            case 2:
                x, y = self._across - x, self._down - y
            case 3:
                x, y = y, self._down - x
        return (x + self._left) * self._unit, (y + self._above) * self._unit
