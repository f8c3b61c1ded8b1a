"""Tables as lines that can be found, read and cited by themselves: 「项目：光伏 | 2024年：70 | 2025年：80」."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import NamedTuple, TypeVar

from index.records import Span

Cell = TypeVar("Cell")
SEPARATOR = " | "
"""What stands between the cells of a row."""

LEVEL = " › "
"""What stands between the headings of a column, from the outermost in."""

_HEADER_ROWS_MAX = 4
_NAME_MAX = 12  # characters of a cell that is told to be a heading by a word in it
_REPEATED_MAX = 120  # characters of a merged cell that every row it covers repeats
_HEADER_CELL_MAX = 40  # characters; what is longer is text, not the name of a column
_NUMERIC = re.compile(r"[-+−–—－（(＜＞<>≤≥~约]*[\d０-９][\d０-９.,，:：/\-–—~～±×xX\s]*[%％‰）)]*[\u4e00-\u9fff]{0,2}")
_NO_VALUE = re.compile(r"[-−–—/／]{1,3}")  # a cell that says that there is nothing to say
_YEAR = re.compile(r"(?:19|20)\d{2}(?:[-–—~～至/.](?:19|20)?\d{1,2}){0,2}[年月日度末]{0,2}")
_NAMING = re.compile(
    r"(?:序号|编号|项目|指标|名称|类别|类型|分类|单位|内容|时间|日期|年份|年度|部门|地区|区域|备注|科目|事项|任务|措施|要求|标准|"
    r"数量|金额|合计|比例|方法|姓名|职务|职责|电话|地址|说明|阶段|目标|期限|性质|进度|等级|代码|代号|来源|期末|期初|本期|上期)"
)
# What a cell of a form says that a value is written beside: 姓名, 联系电话, 办理时限.
_ASKING = re.compile(
    r"(?:姓名|名称|性别|年龄|民族|籍贯|出生|学历|学位|专业|职务|职称|岗位|电话|手机|传真|邮箱|地址|邮编|网址|编号|文号|号码|代码|账号|"
    r"日期|时间|年月|时限|期限|单位|部门|机关|机构|主体|负责人|联系人|代表人|申请人|资本|投资|金额|费用|规模|面积|数量|类型|类别|种类|"
    r"性质|级别|等级|地点|地区|位置|方式|用途|来源|范围|对象|条件|依据|材料|流程|程序|内容|简介|说明|业绩|经历|情况|意见|结果|要求|事项|"
    r"标准|备注|目标|措施)[）)]?[：:]?"
)
# What a row says of the whole table: 「填报单位：区农业农村委」, 「单位：万元」, 「2025年6月」.
_ABOUT = re.compile(
    r"[（(]?(?:(?:填报|编制|制表|填表|报送|编报|计量|货币|金额|数据)?(?:单位|部门|机构|日期|时间|来源|人)[:：]"
    r"|(?:19|20)\d{2}年(?:\d{1,2}月(?:\d{1,2}日)?|[上下]半年|第?[一二三四]季度)$)"
)
# What stands alone in a row: it heads the rows below it, or is a note on those above.
_HEADS = re.compile(
    r"[（(]?[一二三四五六七八九十]{1,3}[)）]?[、.．)）]|其中[:：]?$|.{1,20}[:：]$|(?:备?注|说明|附注|数据来源|资料来源)\d*[:：]"
)
_ASKING_MAX = 16  # characters of such a cell
_ASKING_SHARE = 0.6  # of the cells that may ask in a form, those that are known to; of its values, a third at most


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's cells."""

    rows: Sequence[Sequence[str]]  # cells of each row, trimmed; a merged cell stands in every place that it covers
    header: int | None = None  # rows at the top that the file declares to name columns; None where it does not say
    # for every place the number of the cell that it belongs to, so that a merged cell is told from equal neighbours;
    # empty where no cell is merged
    owners: Sequence[Sequence[int]] = ()

    @classmethod
    def merged(cls, rows: Sequence[list[str]], areas: Iterable[Area], header: int | None = None) -> Grid:
        """Return a grid in which the first cell of each area stands in every place of it; areas outside are cut off."""
        width = max(map(len, rows), default=0)
        owners = [[number * width + column for column in range(len(row))] for number, row in enumerate(rows)]
        for top, left, bottom, right in areas:
            if top < len(rows) and left < len(rows[top]):
                text, owner = rows[top][left], owners[top][left]
                for row, own in zip(rows[top:bottom], owners[top:bottom], strict=True):
                    end = min(right, len(row))
                    row[left:end], own[left:end] = [text] * (end - left), [owner] * (end - left)
        return cls(rows, header, owners)


def place(cells: dict[tuple[int, int], Cell], cell: Cell, row: int, column: int, reach: tuple[int, int]) -> int:
    """Put a cell, as HTML has it, into the first free place of a row from a column on; return the column behind it.

    The cell stands in every place that it reaches over, down and across.
    """
    while (row, column) in cells:
        column += 1
    down, across = reach
    places = ((row + below, column + step) for below in range(down) for step in range(across))
    cells.update(dict.fromkeys(places, cell))
    return column + across


def spanned(cells: Mapping[tuple[int, int], tuple[str, int]], height: int, header: int) -> Grid:
    """Return a grid of cells in every place that they reach over, each with a number; `header` rows name columns."""
    width = max((column for _, column in cells), default=-1) + 1
    rows = [[cells.get((row, at), ("", -1 - row * width - at)) for at in range(width)] for row in range(height)]
    return Grid(
        [[text for text, _ in row] for row in rows], header or None, [[owner for _, owner in row] for row in rows]
    )


class Area(NamedTuple):
    """The places of a merged cell: rows and columns from 0, the ends left out."""

    top: int
    left: int
    bottom: int
    right: int


class Line(NamedTuple):
    """A row as it is written."""

    text: str  # the line
    row: int  # the row of the grid that it says
    cells: tuple[Span | None, ...]  # for each column, where in the line its text stands; None where it has none
    fresh: tuple[bool, ...]  # for each column, whether its cell begins in this row


class Part(NamedTuple):
    """Rows under one set of names."""

    names: tuple[str, ...]  # of the columns; empty where nothing names them
    lines: list[Line]  # of the rows


class Rendered(NamedTuple):
    """A table as it is written."""

    lead: list[tuple[str, int]]  # rows above the names that say what the table is: (text, row of the grid)
    # the rows, in runs under the same names; heading rows have no line but where nothing else is left
    parts: list[Part]
    names: list[str]  # of the columns at the table's end

    @property
    def lines(self) -> list[str]:
        """Return all that is written, line by line."""
        return [*(text for text, _ in self.lead), *(line.text for part in self.parts for line in part.lines)]


class _Row(NamedTuple):
    """A row of a grid: its number, its cells, and which cell each place belongs to."""

    number: int
    cells: list[str]
    owners: list[int]
    above: list[int]


def rendered(grid: Grid, names: Sequence[str] = ()) -> Rendered:
    """Write a table; `names` are those of the columns of the table that it goes on from."""
    rows = _rows(grid)
    width = max((len(row.cells) for row in rows), default=0)
    lead: list[tuple[str, int]] = []
    while len(rows) > 1 and width > 1 and (text := _lead(rows[0])):
        lead.append((text, rows.pop(0).number))
    if grid.header is None and _is_form(rows):
        return Rendered(lead, [Part((), [_form_line(row) for row in rows])], [])
    # Those of a table that it goes on from may have lost columns that only other rows needed.
    distinct = [name for at, name in enumerate(names) if at == 0 or name != names[at - 1]]
    known = next((list(fit) for fit in (names, distinct) if len(fit) == width), [])
    parts: list[Part] = []
    declared = None if grid.header is None else sum(row.number < grid.header for row in rows)
    while rows:
        count = _heading_rows(rows, declared, anew=bool(parts and known))
        count = 0 if count == len(rows) and not parts else count
        known = _names(rows[:count]) if count else known
        end = next((n for n in range(count, len(rows)) if _is_whole(rows[n])), len(rows))
        for part in _body(rows[count:end], known):
            known = list(part.names) or known
            parts.append(part)
        rows, declared = rows[end:], 0 if grid.header is not None else None
        if rows and _is_whole(rows[0]):
            parts.append(Part(tuple(known), [_whole_line(rows.pop(0), width)]))
    return Rendered(lead, _gathered(parts), known)


def _rows(grid: Grid) -> list[_Row]:
    """Return the rows in which something is to be seen."""
    rows: list[_Row] = []
    above: Sequence[int] = ()
    for number, row in enumerate(grid.rows):
        owners = list(grid.owners[number]) if grid.owners else [-1 - number * 10_000 - at for at in range(len(row))]
        if any(row):
            rows.append(_Row(number, list(row), owners, list(above)))
        above = owners
    return rows


def _gathered(parts: Sequence[Part]) -> list[Part]:
    """Return neighbouring parts under the same names as one."""
    found: list[Part] = []
    for part in parts:
        if found and found[-1].names == part.names:
            found[-1].lines.extend(part.lines)
        elif part.lines:
            found.append(part)
    return found


def _lead(row: _Row) -> str:
    """Return what a row above a table's names says of all of it: its title, its unit; empty where it is no such row."""
    if _is_whole(row):
        return row.cells[0]
    said = list(dict.fromkeys(cell for cell in row.cells if cell))
    return " ".join(said) if all(_ABOUT.match(cell) for cell in said) else ""


def _heading_rows(rows: Sequence[_Row], declared: int | None, *, anew: bool) -> int:
    """Return how many rows name columns: those declared, and what goes on from them."""
    if declared is None:
        return header_rows(rows, anew=anew)
    count = min(declared, len(rows))
    while 0 < count < min(_HEADER_ROWS_MAX, len(rows) - 1) and _goes_on(rows[count - 1], rows[count]):
        count += 1
    return count


def _is_form(rows: Sequence[_Row]) -> bool:
    """Return whether rows hold names and values in turn, 「姓名 | 李明 | 性别 | 男」: no row then names columns."""
    asked = [_asked(row) for row in rows if not _is_whole(row)]
    if len(asked) < 2 or any(len(cells) % 2 for cells in asked):
        return False
    labels = [cell for cells in asked for cell in cells[::2]]
    values = [cell for cells in asked for cell in cells[1::2]]
    if len(set(labels)) < len(labels) or any(_is_figure(label) or len(label) > _ASKING_MAX for label in labels):
        return False
    known = sum(map(_asks, labels)) >= _ASKING_SHARE * len(labels)
    return known and not any(map(_asks, asked[0][1::2])) and sum(map(_asks, values)) * 3 <= len(values)


def _asked(row: _Row) -> list[str]:
    """Return the cells of a row of a form, merged ones once; what is left empty at its end is no part of it."""
    cells = [cell for place, cell in enumerate(row.cells) if not (place and row.owners[place - 1] == row.owners[place])]
    while len(cells) % 2 and not cells[-1]:
        cells.pop()
    return cells


def _asks(cell: str) -> bool:
    return len(cell) <= _ASKING_MAX and _ASKING.search(cell) is not None


def _form_line(row: _Row) -> Line:
    if _is_whole(row):
        return _whole_line(row, 1)
    cells = _asked(row)
    text, spans = "", list[Span | None]()
    for label, value in zip(cells[::2], cells[1::2], strict=True):
        text += SEPARATOR if text else ""
        said = f"{label.rstrip('：:')}：{value}" if value else label
        end = len(text) + len(said)
        spans += [Span(len(text), len(text) + len(label.rstrip("：:"))), Span(end - len(value), end) if value else None]
        text += said
    return Line(text, row.number, tuple(spans), (True,) * len(spans))


def _body(rows: Sequence[_Row], names: Sequence[str]) -> Iterator[Part]:
    """Yield the rows below the heading rows; a row that names the columns anew begins another part."""
    part = Part(tuple(names), [])
    for row, below in zip_longest(rows, rows[1:]):
        if _renames(row.cells, part.names, below):
            yield part
            part = Part(tuple(new or old for new, old in zip(row.cells, part.names, strict=True)), [])
        elif (line := _line(row, part.names)).text:
            part.lines.append(line)
    yield part


def _renames(row: Sequence[str], names: Sequence[str], below: _Row | None) -> bool:
    """Return whether a row in the middle names the columns anew: 「（空） | 本报告期末 | 上年度末」."""
    if not row or row[0] or len(row) != len(names) or names[0] or below is None:
        return False
    named = all(cell and not _is_figure(cell) and len(cell) <= _HEADER_CELL_MAX for cell in row[1:])
    return named and all(_NAMING.search(cell) or _YEAR.fullmatch(cell) for cell in row[1:]) and bool(below.cells[0])


def header_rows(rows: Sequence[_Row], *, anew: bool = False) -> int:
    """Return how many rows at the top name the columns; 0 where none seems to.

    The first row does if it holds names and no figures while columns below it hold figures, or if it speaks as
    heading rows do (序号, 项目, 单位 …). Rows below it join as long as merged cells tie them to it. Where the columns
    have names, `anew`, only a row that speaks as heading rows do replaces them.
    """
    if len(rows) < 2 or len(rows[0].cells) < 2:
        return 0
    first = rows[0].cells
    if any(_is_figure(cell) or len(cell) > _HEADER_CELL_MAX or _NO_VALUE.fullmatch(cell) for cell in first):
        return 0
    count = 1
    while count < min(_HEADER_ROWS_MAX, len(rows) - 1) and _goes_on(rows[count - 1], rows[count]):
        count += 1
    naming = sum(bool(_NAMING.search(cell)) for cell in dict.fromkeys(first) if len(cell) <= _NAME_MAX)
    if anew:
        return count if naming * 2 > len(set(first)) else 0
    if naming >= 2 or _contrasts(rows, count) or (naming and len(rows) > 2 and len(first) > 2):
        return count
    return 0


def _goes_on(above: _Row, row: _Row) -> bool:
    """Return whether a heading row is divided further by the next one: merged down, or merged across above it."""
    if any(_is_figure(cell) for cell in row.cells) or any(len(cell) > _HEADER_CELL_MAX for cell in row.cells):
        return False
    down = any(cell and a == b for cell, a, b in zip(row.cells, above.owners, row.owners, strict=False))
    across = any(
        cell and a == b and row.owners[at] != row.owners[at + 1]
        for at, (cell, (a, b)) in enumerate(zip(above.cells, pairwise(above.owners), strict=False))
        if at + 1 < len(row.owners)
    )
    return down or across


def _contrasts(rows: Sequence[_Row], count: int) -> bool:
    """Return whether some column has a name on top and mostly figures below."""
    for column, name in enumerate(rows[0].cells):
        below = [row.cells[column] for row in rows[count:] if column < len(row.cells) and row.cells[column]]
        if name and below and sum(map(_is_figure, below)) * 5 >= len(below) * 3:
            return True
    return False


def _is_figure(cell: str) -> bool:
    return bool(_NUMERIC.fullmatch(cell)) and not _YEAR.fullmatch(cell)


def _is_whole(row: _Row) -> bool:
    """Return whether one cell runs over the whole row, or alone stands in it and heads what follows."""
    if len(row.cells) < 2 or not row.cells[0]:
        return False
    return len(set(row.owners)) == 1 or (not any(row.cells[1:]) and _HEADS.match(row.cells[0]) is not None)


def _whole_line(row: _Row, width: int) -> Line:
    span = Span(0, len(row.cells[0]))
    return Line(row.cells[0], row.number, (span,) * width, (True,) * width)


def _names(rows: Sequence[_Row]) -> list[str]:
    """Return the name of each column: what stands above it, from the top down, each once."""
    width = max((len(row.cells) for row in rows), default=0)
    stacked = [
        [row.cells[column].rstrip("：:") for row in rows if column < len(row.cells) and row.cells[column]]
        for column in range(width)
    ]
    return [LEVEL.join(dict.fromkeys(stack)) for stack in stacked]


def _line(row: _Row, names: Sequence[str]) -> Line:
    """Return a row with the names of its columns; a merged cell is said once, but for each other name above it."""
    text, cells, fresh = "", list[Span | None](), list[bool]()
    for column, cell in enumerate(row.cells):
        name = names[column] if column < len(names) else ""
        before = names[column - 1] if 0 < column <= len(names) else ""
        across = column > 0 and row.owners[column - 1] == row.owners[column]
        down = column < len(row.above) and row.above[column] == row.owners[column]
        fresh.append(not down)
        if across and (name == before or not name):
            cells.append(cells[-1])
        elif not cell or (down and len(cell) > _REPEATED_MAX):
            cells.append(None)
        else:
            said = f"{name}：{cell}" if name and not cell.startswith(name) else cell
            text += (SEPARATOR if text else "") + said
            cells.append(Span(len(text) - len(cell), len(text)))
    return Line(text, row.number, tuple(cells), tuple(fresh))
