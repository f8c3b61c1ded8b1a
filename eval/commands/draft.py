"""`yiju-eval draft DIR -n 200`: propose questions from documents; a reviewed sheet becomes a question set.

Answers that were given (`yiju-ask --batch`) and questions kept in use (`--from-usage`, from the administration page)
come in as drafts too, unanswered ones among them.

The sheet is CSV for a spreadsheet, and a page for a browser that keeps, edits and drops, and saves the same CSV.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.commands import DONE, Openers
from eval.data.drafting import Draft, draft, drafts_from_usage, drafts_from_use
from eval.data.folders import documents_of
from eval.errors import EvaluationError
from eval.jsonlines import read_records, read_text, shown
from eval.records import Query
from eval.report.markup import page
from index.records import Document, Passage
from index.structure.splitter import split

DESCRIPTION = "从自己的文件拟出问题、答案和证据，供人逐条保留、修改、删去。"

COLUMNS = {
    "keep": "留",
    "id": "编号",
    "question": "问题",
    "answer": "答案",
    "evidence": "证据",
    "type": "类型",
    "source": "文件",
    "section": "章节",
    "why": "说明",
}
"""Of the sheet, and as people read them. `keep` empty drops the line; `answer` empty means that the documents do not
answer; alternatives are separated by ` | `."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "source", type=Path, nargs="?", metavar="DIR", help="文件、文件夹或索引；答过的 .jsonl；或审过的 .csv"
    )
    source.add_argument(
        "--from-usage",
        type=Path,
        metavar="FILE",
        help="管理页导出的真实提问（.jsonl）：没答出的、读者说不对的、已改正的",
    )
    parser.add_argument("-n", type=int, default=200, help="拟多少题，默认 200")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="审阅表 .csv（旁边另存 .html）；来源是 .csv 时是问题集 .jsonl",
    )


def run(arguments: argparse.Namespace, openers: Openers) -> int:
    """Propose, or turn a reviewed sheet into a question set."""
    source = arguments.from_usage or arguments.source
    if arguments.from_usage is None and source.suffix == ".csv":
        queries = read_sheet(source)
        lines = (json.dumps(query.to_json(), ensure_ascii=False) + "\n" for query in queries)
        arguments.output.write_text("".join(lines), encoding="utf-8")
        print(f"{len(queries)} 题，在 {arguments.output}")
        return DONE
    left_out = Counter[str]()
    drafts = _drafts(source, arguments.n, left_out, usage=arguments.from_usage is not None)
    if not drafts:
        raise EvaluationError(f"{source} 里没有可以拟题的内容（数字、部门、列举、定义、日期，或问过的问题）")
    arguments.output.write_text(sheet(drafts), encoding="utf-8-sig")  # the mark tells spreadsheets that it is UTF-8
    html = arguments.output.with_suffix(".html")
    html.write_text(review_page(drafts), encoding="utf-8")
    print(
        f"{len(drafts)} 题待审：{arguments.output}，或在浏览器里打开 {html}；"
        f"审完（要留的在 keep 列填 1，或在网页里勾上）：yiju-eval draft {arguments.output} -o 问题集.jsonl"
    )
    if len(drafts) < arguments.n and arguments.from_usage is None and source.suffix != ".jsonl":
        print(shortfall(len(drafts), arguments.n, left_out), file=sys.stderr)
    return DONE


def shortfall(made: int, wanted: int, left_out: Mapping[str, int]) -> str:
    """Return why there are fewer than were wanted."""
    reasons = "；".join(f"{reason} {count} 题" for reason, count in left_out.items() if count)
    more = f"没有采用的：{reasons}" if reasons else "文件里没有更多可问的数字、部门、列举、定义、日期"
    return f"只拟出 {made} 题，要的是 {wanted} 题。{more}。"


def _drafts(source: Path, n: int, left_out: Counter[str], *, usage: bool) -> list[Draft]:
    if usage:
        return drafts_from_usage(read_records(source))[:n]
    if source.suffix == ".jsonl":
        return drafts_from_use(read_records(source))[:n]
    return draft(_documents(source), n, left_out)


def _documents(path: Path) -> list[tuple[Document, Sequence[Passage]]]:
    if not (path / "manifest.json").is_file():
        return [(each, split(each)) for each in documents_of([path])]
    from index.store.named_encoder import NamedEncoder
    from index.stores import store_at

    store = store_at(path)
    index = store.open(NamedEncoder(store.manifest()))
    return [(each, index.passages(each.id)) for each in index.documents()]


def sheet(drafts: Sequence[Draft]) -> str:
    """Return the drafts as CSV; none is kept before it was reviewed."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_inert(_row(each)[column]) for column in COLUMNS] for each in drafts)
    return file.getvalue()


def _inert(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula or for a row of its own; `_meant` reads it again.

    Source: OWASP, CSV Injection.
    """
    cell = re.sub("\r\n?", "\n", cell)  # the writer quotes a line end, but no lone carriage return
    return f"'{cell}" if cell.startswith(tuple(_FORMULA)) else cell


def _meant(cell: str | None) -> str:
    """Return what a cell says."""
    cell = (cell or "").strip()
    return cell[1:].strip() if cell.startswith("'") and cell[1:].startswith(tuple(_FORMULA)) else cell


def _row(each: Draft) -> dict[str, str]:
    query = each.query
    return {
        "keep": "",
        "id": query.id,
        "question": query.question,
        "answer": " | ".join("".join(parts) for parts in query.answers),
        "evidence": query.evidence[0] if query.evidence else "",
        "type": query.type,
        "source": each.source,
        "section": query.section or "",
        "why": each.why,
    }


def read_sheet(path: Path) -> list[Query]:
    """Return the questions that a reviewed sheet keeps.

    Raises:
        EvaluationError: if it cannot be used; names line and column.
    """
    reader = csv.DictReader(io.StringIO(read_text(path)))
    missing = [column for column in [*COLUMNS][:5] if column not in (reader.fieldnames or ())]
    if missing:
        raise EvaluationError(f"{path} 缺列 {'、'.join(missing)}；应是 yiju-eval draft 写出的表")
    rows = ({column: _meant(cell) for column, cell in row.items() if column in COLUMNS} for row in reader)
    queries = [_query(path, reader.line_num, row) for row in rows if row["keep"]]
    if not queries:
        raise EvaluationError(f"{path} 里一题也没有保留（keep 列全空）")
    return queries


def _query(path: Path, line: int, row: dict[str, str]) -> Query:
    question, id = row["question"], row["id"]
    for column, text in (("question", question), ("id", id)):
        if not text:
            raise EvaluationError(
                f"{path} 第 {line} 行：{column} 列是空的，应有内容：{shown(','.join(map(str, row.values())))}"
            )
    answers = tuple((part.strip(),) for part in row["answer"].split(" | ") if part.strip())
    evidence = (row["evidence"],) if answers and row["evidence"] else ()
    type = row.get("type") or "other"
    return Query(id, question, answers, evidence, bool(answers), type, section=row.get("section") or None)


_FORMULA = "=+-@＝＋－＠\t\r\n'"
"""What makes spreadsheets look for a formula in a cell, and the mark that keeps them from it."""


def review_page(drafts: Sequence[Draft]) -> str:
    """Return the sheet as a page: tick to keep, click into a text to edit, save as CSV."""
    return page("review.html", "审阅问题", "review.js", columns=COLUMNS, rows=[_row(each) for each in drafts])
