"""`yiju-ask`: one question, or a file of them, on the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import YijuError
from qa.settings import Caution, Settings

if TYPE_CHECKING:
    from qa.answers import Answer
    from qa.protocols import Answerer


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit status: 0 done, 2 an unusable input or argument, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments)
    except (YijuError, ValueError, OSError) as error:
        print(f"yiju-ask: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("yiju-ask: 已中断", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="yiju-ask", description="向已建索引的文档提问，答案附出处。")
    parser.add_argument("question", nargs="?", help="问题，例如：光伏装机目标是多少")
    parser.add_argument("--batch", type=Path, metavar="QUESTIONS.jsonl", help="每行一个 JSON 问题；逐行输出 JSON 答案")
    parser.add_argument("--index", type=Path, metavar="DIR", help="索引目录（默认 $YIJU_INDEX，再默认 ./data/index）")
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    parser.add_argument(
        "--caution", type=Caution, choices=list(Caution), help="多有把握才作答（默认 $YIJU_CAUTION，再默认 normal）"
    )
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if (arguments.question is None) == (arguments.batch is None):
        raise ValueError("需要一个问题，或 --batch 文件，二者取一")
    from qa.assistant import clean_question
    from qa.bootstrap import open_assistant

    questions = list(_questions(arguments.batch)) if arguments.batch else []
    if arguments.question is not None:
        clean_question(arguments.question)  # a bad question is told before the model is loaded
    answerer = open_assistant(Settings.from_environment(index=arguments.index, caution=arguments.caution))
    if arguments.batch:
        for row in questions:
            print(_line(_answer_row(answerer, row)), flush=True)
    else:
        answer = answerer.ask(arguments.question)
        print(_line(answer.to_json()) if arguments.json else plain(answer))
    return 0


def _questions(path: Path) -> Iterator[dict[str, Any]]:
    """The questions of a batch file; blank lines are passed over.

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
        raise ValueError(f"读不了 {path}：{error.strerror}") from None


def _answer_row(answerer: Answerer, row: dict[str, Any]) -> dict[str, Any]:
    """One line of a batch: the answer, or the reason why this question has none; the rest goes on."""
    identity = {"id": row["id"]} if "id" in row else {}
    try:
        return {**identity, **answerer.ask(row["question"], row.get("history", ())).to_json()}
    except ValueError as error:
        return {**identity, "question": row["question"], "error": {"code": "bad_question", "message": str(error)}}


def _line(row: Mapping[str, Any]) -> str:
    """JSON on one line; half of a surrogate pair, which no encoding can hold, becomes a question mark."""
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


def plain(answer: Answer) -> str:
    """An answer for a terminal: the short answer, its sentence, the sources."""
    lines = [answer.text]
    if answer.short:
        lines.insert(0, answer.short)
    for citation in answer.citations:
        where = " › ".join((citation.passage.title, *citation.passage.section_path))
        lines.append(f"[{citation.n}] {where}：{citation.text}")
    if answer.abstained and answer.hits:
        lines.append(f"最接近的段落（仅供参考）：{_excerpt(answer.hits[0].passage.text)}")
    return "\n".join(lines)


def _excerpt(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 120 else flat[:120] + "…"


if __name__ == "__main__":
    raise SystemExit(main())
