"""Tables as lines that can be found and cited.

A row is written with the words of its columns before its cells, 「项目：光伏 | 2024年：70 | 2025年：80」: it can be
found by both, and read by itself when it is quoted. A table without a heading row keeps its bare cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

SEPARATOR = " | "
"""What stands between the cells of a row."""

_HEADER_ROWS_MAX = 4
_NAME_MAX = 12  # characters of a cell that is told to be a heading by a word in it
_REPEATED_MAX = 120  # characters of a merged cell that every row it covers repeats
_HEADER_CELL_MAX = 40  # characters; what is longer is text, not the name of a column
_NUMERIC = re.compile(r"[-+−–—－（(＜＞<>≤≥~约]*[\d０-９][\d０-９.,，:：/\-–—~～±×xX\s]*[%％‰）)]*[\u4e00-\u9fff]{0,2}")
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
_ASKING_MAX = 16  # characters of such a cell
_ASKING_SHARE = 0.6  # of the cells that may ask in a form, those that are known to; of its values, a third at most


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's cells.

    Attributes:
        rows: cells of each row, trimmed; a merged cell stands in every place that it covers.
        header: rows at the top that the file declares to name columns; None where it does not say.
    """

    rows: Sequence[Sequence[str]]
    header: int | None = None


class Rendered(NamedTuple):
    """A table as it is written.

    Attributes:
        lines: one for each row with visible cells; heading rows have none but where nothing else is left.
        rows: for each line the row of the grid that it says.
        names: of the columns at the table's end.
    """

    lines: list[str]
    rows: list[int]
    names: list[str]


def rendered(grid: Grid, names: Sequence[str] = ()) -> Rendered:
    """Write a table.

    Args:
        grid: of rows that may differ in length.
        names: of the columns of the table that this one goes on from.
    """
    visible = [(number, list(row)) for number, row in enumerate(grid.rows) if any(row)]
    numbers, rows = [number for number, _ in visible], [row for _, row in visible]
    width = max(map(len, rows), default=0)
    if grid.header is None and _is_form(rows):
        return Rendered([_form_line(row) for row in rows], numbers, [])
    declared = None if grid.header is None else len([row for row in grid.rows[: grid.header] if any(row)])
    lines: list[tuple[int, str]] = []
    names, at = _fitted(names, width), 0
    while rows:
        if width > 1 and len(rows) > 1 and _is_whole(rows[0]):
            lines.append((at, rows.pop(0)[0]))
            at, declared = at + 1, declared - 1 if declared else declared
            continue
        count = header_rows(rows) if declared is None else min(declared, len(rows))
        count = 0 if count == len(rows) and not lines else count
        names = _names(rows[:count]) if count else names
        end = next((n for n, row in enumerate(rows) if n > count and width > 1 and _is_whole(row)), len(rows))
        lines.extend((at + count + place, line) for place, line in _body(rows[count:end], names))
        rows, at, declared = rows[end:], at + end, None
    return Rendered([line for _, line in lines], [numbers[place] for place, _ in lines], names)


def _is_form(rows: Sequence[Sequence[str]]) -> bool:
    """Whether each row asks and answers in turn: 「姓名 | 李明 | 性别 | 男」; its first row then names no columns."""
    asked = [_asked(row) for row in rows if not _is_whole(row)]
    if len(asked) < 2 or any(len(cells) % 2 for cells in asked):
        return False
    labels = [cell for cells in asked for cell in cells[::2]]
    values = [cell for cells in asked for cell in cells[1::2]]
    if len(set(labels)) < len(labels) or any(_is_figure(label) or len(label) > _ASKING_MAX for label in labels):
        return False
    known = sum(map(_asks, labels)) >= _ASKING_SHARE * len(labels)
    return known and not any(map(_asks, asked[0][1::2])) and sum(map(_asks, values)) * 3 <= len(values)


def _asked(row: Sequence[str]) -> list[str]:
    """The cells of a row of a form, merged ones once; what is left empty at its end is no part of it."""
    cells = [cell for place, cell in enumerate(row) if place == 0 or not cell or cell != row[place - 1]]
    while len(cells) % 2 and not cells[-1]:
        cells.pop()
    return cells


def _asks(cell: str) -> bool:
    return len(cell) <= _ASKING_MAX and _ASKING.search(cell) is not None


def _form_line(row: Sequence[str]) -> str:
    if _is_whole(row):
        return row[0]
    cells = _asked(row)
    pairs = zip(cells[::2], cells[1::2], strict=True)
    return SEPARATOR.join(f"{label.rstrip('：:')}：{value}" if value else label for label, value in pairs)


def _fitted(names: Sequence[str], width: int) -> list[str]:
    """Names for a table that may have lost columns that only other rows needed; none where they do not fit."""
    distinct = [name for place, name in enumerate(names) if place == 0 or name != names[place - 1]]
    return next((list(fit) for fit in (names, distinct) if len(fit) == width), [])


def _body(rows: Sequence[Sequence[str]], names: list[str]) -> Iterator[tuple[int, str]]:
    """Lines of the rows below the heading rows, each with the place of its row."""
    for place, row in enumerate(_without_long_repeats(rows)):
        if _renames(row, names):
            names[:] = [new or old for new, old in zip(row, names, strict=True)]
        elif any(row):
            yield place, _line(row, names)


def _renames(row: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a row in the middle names the columns anew: 「（空） | 本报告期末 | 上年度末」."""
    if not row or row[0] or len(row) != len(names) or names[0]:
        return False
    return all(cell and not _is_figure(cell) and len(cell) <= _HEADER_CELL_MAX for cell in row[1:])


def _without_long_repeats(rows: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    """Rows with the text of a merged cell in the first only, where it is too long to be a row's name."""
    above: Sequence[str] = ()
    for row in rows:
        yield [
            "" if len(cell) > _REPEATED_MAX and column < len(above) and above[column] == cell else cell
            for column, cell in enumerate(row)
        ]
        above = row


def header_rows(rows: Sequence[Sequence[str]]) -> int:
    """How many rows at the top name the columns; 0 where none seems to.

    The first row does if it holds names and no figures while columns below it hold figures, or if it speaks as
    heading rows do (序号, 项目, 单位 …). Rows below it join as long as merged cells tie them to it.
    """
    if len(rows) < 2 or len(rows[0]) < 2:
        return 0
    first = rows[0]
    if any(_is_figure(cell) or len(cell) > _HEADER_CELL_MAX for cell in first):
        return 0
    count = 1
    while count < min(_HEADER_ROWS_MAX, len(rows) - 1) and _goes_on(rows[count - 1], rows[count]):
        count += 1
    naming = sum(bool(_NAMING.search(cell)) for cell in dict.fromkeys(first) if len(cell) <= _NAME_MAX)
    if naming >= 2 or _contrasts(rows, count) or (naming and len(rows) > 2 and len(first) > 2):
        return count
    return 0


def _goes_on(above: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a heading row is divided further by the next one: merged down, or merged across above it."""
    if any(_is_figure(cell) for cell in row) or any(len(cell) > _HEADER_CELL_MAX for cell in row):
        return False
    down = any(a and a == b for a, b in zip(above, row, strict=False))
    across = any(a and a == b for a, b in pairwise(above))
    return down or across


def _contrasts(rows: Sequence[Sequence[str]], count: int) -> bool:
    """Whether some column has a name on top and mostly figures below."""
    for column, name in enumerate(rows[0]):
        below = [row[column] for row in rows[count:] if column < len(row) and row[column]]
        if name and below and sum(map(_is_figure, below)) * 5 >= len(below) * 3:
            return True
    return False


def _is_figure(cell: str) -> bool:
    return bool(_NUMERIC.fullmatch(cell)) and not _YEAR.fullmatch(cell)


def _is_whole(row: Sequence[str]) -> bool:
    """Whether one cell runs over the whole row."""
    return len(row) > 1 and len({cell for cell in row if cell}) == 1 and all(row)


def _names(rows: Sequence[Sequence[str]]) -> list[str]:
    """The name of each column: what stands above it, from the top down, each once."""
    width = max(map(len, rows), default=0)
    stacked = [[row[column] for row in rows if column < len(row) and row[column]] for column in range(width)]
    return [" ".join(dict.fromkeys(stack)).rstrip("：:") for stack in stacked]


def _line(row: Sequence[str], names: Sequence[str]) -> str:
    if _is_whole(row):
        return row[0]
    cells: list[str] = []
    before: tuple[str, str] | None = None
    for column, cell in enumerate(row):
        name = names[column] if column < len(names) else ""
        # A cell merged over columns of other names is said once.
        if cell and not (before and before[1] == cell and (before[0] == name or not name)):
            cells.append(f"{name}：{cell}" if name and not cell.startswith(name) else cell)
        before = (name, cell)
    return SEPARATOR.join(cells)
