"""`yiju-eval convert SOURCE -o FOLDER`: a published set, or one's own documents and questions, in the contract's form.

What comes out: `documents/` to index, `questions.jsonl` for answers, and for sets that judge documents rather than
answers `queries.jsonl` with `qrels.tsv`, BEIR's own files, for `yiju-eval retrieve`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from eval.commands import DONE, Openers
from eval.data.folders import documents_of
from eval.data.published import FORMS, Collection, Source, own_collection, read_collection

DESCRIPTION = "把公开的问题集，或自己的文件加问题，变成可以评测的形式。"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "source", type=Path, metavar="SOURCE", help="SQuAD、CMRC、DRCD、LeCoQA 的文件，BEIR 文件夹，或自己的文件夹"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="放结果的文件夹")
    parser.add_argument("--form", choices=FORMS, help="来源的格式；默认自动识别")
    parser.add_argument("--skip", action="store_true", help="略过不能用的问题并逐一说明；默认整个拒绝")
    parser.add_argument("--documents", type=Path, metavar="FILE", help="LeCoQA 的法条文件")
    parser.add_argument(
        "--questions", type=Path, metavar="FILE", help="自己的问题：JSON Lines，或一行一个、制表符后面是答案"
    )


def run(arguments: argparse.Namespace, openers: Openers) -> int:
    """Convert; what needs a person's attention is printed on stderr."""
    if arguments.questions is None:
        skip = _say_skipped if arguments.skip else None
        collection = read_collection(arguments.source, arguments.form, documents=arguments.documents, skip=skip)
    else:
        own = [Source(document.source, document.title, document.text) for document in documents_of([arguments.source])]
        collection, doubts = own_collection(own, arguments.questions)
        for doubt in doubts:
            print(doubt, file=sys.stderr)
    _write(collection, arguments.output, documents=arguments.questions is None)
    print(f"{len(collection.documents)} 个文件，{len(collection.topics)} 个问题，在 {arguments.output}")
    return DONE


def _say_skipped(complaint: str) -> None:
    print(f"略过：{complaint}", file=sys.stderr)


def _write(collection: Collection, folder: Path, *, documents: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if documents:
        (folder / "documents").mkdir(exist_ok=True)
        for source in collection.documents:
            text = source.text if source.title == source.id else f"{source.title}\n\n{source.text}"
            (folder / "documents" / file_name(source.id)).write_text(text, encoding="utf-8")
    if collection.queries:
        _write_lines(folder / "questions.jsonl", (query.to_json() for query in collection.queries))
    if collection.qrels:
        topics = ({"_id": id, "text": text} for id, text in collection.topics.items())
        _write_lines(folder / "queries.jsonl", topics)
        rows = [
            f"{id}\t{document}\t{grade}"
            for id, judged in collection.qrels.items()
            for document, grade in judged.items()
        ]
        (folder / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *rows]) + "\n", encoding="utf-8")


def file_name(id: str) -> str:
    """Return a file name for a document id, whatever it holds; `urllib.parse.unquote` of the stem gives the id back."""
    return quote(id, safe="") + ".txt"


def _write_lines(path: Path, lines: Iterable[object]) -> None:
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
