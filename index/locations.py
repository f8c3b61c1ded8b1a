"""Where indexes lie, as people write it: a folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.protocols import Store

Location = Path


def location(text: str) -> Location:
    """What a user names as an index."""
    return Path(text)


def add_index_argument(parser: argparse.ArgumentParser) -> None:
    """Adds `--index`."""
    parser.add_argument(
        "--index", type=location_argument, metavar="DIR", help="索引文件夹；默认取 YIJU_INDEX，再取 data/index"
    )


def location_argument(text: str) -> Location:
    """`location`, as a type of an argument on the command line."""
    try:
        return location(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def beside(where: Location, ending: str) -> Path:
    """The path of a file that goes with an index without being part of it, such as its keys.

    Args:
        where: the index.
        ending: what tells this file from others, e.g. `-keys.sqlite`.
    """
    return where.with_name(where.name + ending)  # beside the folder, which is replaced as a whole


def store_at(where: Location) -> Store:
    """The store at a location; nothing is opened yet."""
    from index.folder_store import FolderStore  # FAISS comes with it

    return FolderStore(where)
