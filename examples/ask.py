"""Build an index, ask, and show what the answer rests on: `python examples/ask.py data/documents`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import yiju


def main(documents: str) -> None:
    """Ask one question of a folder."""
    with TemporaryDirectory() as folder:
        yiju.build_index([documents], Path(folder) / "index")
        assistant = yiju.open_assistant(Path(folder) / "index")
        answer = assistant.ask("光伏装机目标是多少")
        print(answer.short)
        for citation in answer.citations:
            print(f"[{citation.n}] {citation.source}：{citation.text}")
        for hit in assistant.search("光伏装机目标是多少", k=3):
            print(f"{hit.score:.2f} {hit.passage.title} {' › '.join(hit.passage.section_path)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
