"""`yiju-ask`: one question, or a file of them, on the command line."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.command_line import Parser, for_readers_that_leave
from index.errors import YijuError
from index.filters import Filter, issuers_of, years_of
from index.locations import add_index_argument
from index.terminal import escaped, printable
from qa.settings import Settings, add_caution_option, add_model_options, model_of

if TYPE_CHECKING:
    from index.records import Described
    from qa.answers import Answer
    from qa.protocols import Answerer

_FILTERS = {
    "document": ("NAME", "只问这份文档：编号、来源，或来源、标题里的几个字"),
    "issuer": ("NAME", "只问这个机关发的文档"),
    "region": ("NAME", "只问这个地区的文档"),
    "year": ("YYYY", "只问涉及或发布于这一年的文档"),
}
_SHOWN = 8
"""How many of the names to choose from an error message lists."""


@for_readers_that_leave
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit status: 0 done, 2 an unusable input or argument, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments)
    except BrokenPipeError:
        raise
    except (YijuError, ValueError, OSError) as error:
        print(printable(f"yiju-ask: {error}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("yiju-ask: 已中断", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="yiju-ask", description="向已建索引的文档提问，答案附出处。")
    parser.add_argument("question", nargs="?", help="问题，例如：光伏装机目标是多少")
    parser.add_argument("--batch", type=Path, metavar="QUESTIONS.jsonl", help="每行一个 JSON 问题；逐行输出 JSON 答案")
    add_index_argument(parser)
    for option, (metavar, meaning) in _FILTERS.items():
        parser.add_argument(f"--{option}", action="append", metavar=metavar, help=f"{meaning}；可多次给出")
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    add_caution_option(parser)
    parser.add_argument("--expand", action="store_true", help="让语言模型展开说明；须同时给出 --llm-url 或 --llm-gguf")
    parser.add_argument("--mask-personal", action="store_true", help="遮住手机号、身份证号、银行卡号和电子邮箱")
    add_model_options(parser)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if (arguments.question is None) == (arguments.batch is None):
        raise ValueError("请给出一个问题，或用 --batch 给出文件，二者取一")
    from qa.assistant import clean_question
    from qa.bootstrap import open_assistant
    from qa.privacy.masking import Masked

    questions = list(_questions(arguments.batch)) if arguments.batch else []
    if arguments.question is not None:
        clean_question(arguments.question)  # a bad question is told before the model is loaded
    model = model_of(arguments)
    if arguments.expand and model is None:
        raise ValueError("--expand 须与 --llm-url 或 --llm-gguf 同用：没有语言模型就没有展开说明")
    settings = Settings.from_environment(
        index=arguments.index, caution=arguments.caution, model=model, mask_personal=arguments.mask_personal
    )
    assistant = open_assistant(settings)
    within = _within(arguments, assistant.descriptions())
    answerer = Masked(assistant) if arguments.mask_personal else assistant
    if arguments.batch:
        for row in questions:
            print(_line(_answer_row(answerer, row, within)), flush=True)
    else:
        asking = answerer.expand if arguments.expand else answerer.stream
        *_, answer = asking(arguments.question, within=within)
        print(_line(answer.to_json()) if arguments.json else plain(answer))
    return 0


def _within(arguments: argparse.Namespace, documents: Sequence[Described]) -> Filter | None:
    """Return what the options ask for; None where none is given.

    Raises:
        ValueError: naming the option that no document fits, and what there is.
    """
    within = Filter(
        documents=_meant("document", arguments.document, documents),
        issuers=_meant("issuer", arguments.issuer, documents),
        regions=_meant("region", arguments.region, documents),
        years=_years(arguments.year, documents),
    )
    return None if within.is_everything else within


def _meant(option: str, wanted: Sequence[str] | None, documents: Sequence[Described]) -> frozenset[str] | None:
    """Return the names in the index that hold what was written; of documents their ids."""
    if wanted is None:
        return None
    known = _known(option, documents)
    for each in wanted:
        if not any(each and each in name for names in known.values() for name in names):
            some = "、".join(sorted({names[-1] for names in known.values()})[:_SHOWN]) or "没有可选的"
            raise ValueError(f"--{option} {each}：未找到匹配的文档；索引里有：{some}")
    return frozenset(value for value, names in known.items() if any(each in name for each in wanted for name in names))


def _known(option: str, documents: Sequence[Described]) -> dict[str, tuple[str, ...]]:
    """Return what may be chosen, with the names that it goes by; the last is shown."""
    if option == "document":
        return {document.id: (document.id, document.source, document.title) for document in documents}
    if option == "issuer":
        return {issuer: (issuer,) for document in documents for issuer in issuers_of(document)}
    return {region: (region,) for document in documents if (region := document.metadata.region)}


def _years(wanted: Sequence[str] | None, documents: Sequence[Described]) -> frozenset[int] | None:
    if wanted is None:
        return None
    if odd := next((each for each in wanted if not re.fullmatch(r"\d{4}", each)), None):
        raise ValueError(f"--year {odd}：应为四位年份，例如 2025")
    years = frozenset(map(int, wanted))
    if (known := frozenset[int]().union(*map(years_of, documents))) and not years & known:
        raise ValueError(f"--year {'、'.join(wanted)}：没有这些年份的文档；索引里有 {min(known)}—{max(known)} 年的")
    return years


def _questions(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the questions of a batch file; blank lines are passed over.

    Raises:
        ValueError: naming the line and the field that is wrong.
    """
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
            raise ValueError(f'{path} 第 {number} 行不是 JSON：{reason}；每行应为 {{"question": "…"}}') from None
        if not isinstance(row, dict) or not isinstance(row.get("question"), str):
            raise ValueError(f"{path} 第 {number} 行缺少字符串字段 question")
        history = row.get("history", [])
        if not isinstance(history, list) or not all(isinstance(turn, str) for turn in history):
            raise ValueError(f"{path} 第 {number} 行的 history 应为字符串列表")
        yield row


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} 不是 UTF-8 文本（第 {error.start} 字节）：请另存为 UTF-8") from None
    except OSError as error:
        raise ValueError(f"无法读取 {path}：{error.strerror}") from None


def _answer_row(answerer: Answerer, row: dict[str, Any], within: Filter | None) -> dict[str, Any]:
    """Return one line of a batch: the answer, or the reason why this question has none; the rest goes on."""
    identity = {"id": row["id"]} if "id" in row else {}
    try:
        return {**identity, **answerer.ask(row["question"], row.get("history", ()), within).to_json()}
    except ValueError as error:
        return {**identity, "question": row["question"], "error": {"code": "bad_question", "message": str(error)}}


def _line(row: Mapping[str, Any]) -> str:
    """Return JSON on one line; half of a surrogate pair, which no encoding can hold, becomes a question mark."""
    return escaped(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8"))


def plain(answer: Answer) -> str:
    """Return an answer for a terminal: the short answer, its sentence, the sources."""
    lines = [answer.text]
    if answer.short:
        lines.insert(0, answer.short)
    for citation in answer.citations:
        where = " › ".join((citation.passage.title, *citation.passage.section_path))
        lines.append(f"[{citation.n}] {where}：{citation.text}")
    if answer.notice:
        lines.append(f"（{answer.notice}）")
    lines += [f"（未采用：{each.text}{each.problem}）" for each in answer.sentences if each.problem and each.text]
    if answer.abstained and answer.hits:
        lines.append(f"可能相关的原文（不一定能回答您的问题）：{_excerpt(answer.hits[0].passage.text)}")
    return printable("\n".join(lines))


def _excerpt(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 120 else flat[:120] + "…"


if __name__ == "__main__":
    raise SystemExit(main())
