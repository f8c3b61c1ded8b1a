"""Where indexes lie, as people write it: a folder, or a collection of a Milvus."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

FORMS = "milvus://主机:19530/集合、milvus+https://主机:19530/集合，或 milvus+file:/路径/库.db/集合"

_COLLECTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_PORT = 19530


@dataclass(frozen=True, slots=True)
class MilvusAddress:
    """A collection of a Milvus."""

    uri: str  # of the server, without credentials; or the path of a local file
    collection: str  # the name that the index goes by there
    database: str = ""  # of the server; empty for its default one
    token: str = ""  # `user:password` or an API key; empty if none is needed. Never shown

    @property
    def is_local(self) -> bool:
        """Return whether it is a file of this machine, opened by milvus-lite."""
        return "://" not in self.uri

    def __str__(self) -> str:
        if self.is_local:
            return f"milvus+file:{self.uri}/{self.collection}"
        plain = self.uri.replace("https://", "milvus+https://", 1).replace("http://", "milvus://", 1)
        return "/".join(filter(None, (plain, self.database, self.collection)))

    __repr__ = __str__


Location = Path | MilvusAddress


def location(text: str) -> Location:
    """Return the path of a folder, or an address that begins with `milvus`; ValueError, in Chinese, if that is none."""
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in ("milvus", "milvus+https", "milvus+file"):
        return Path(text)
    if scheme == "milvus+file":
        path, _, collection = re.sub(r"^//(?=/)", "", rest).rpartition("/")
        found = MilvusAddress(path, collection) if path.endswith(".db") else None
    else:
        found = _served(text, "https" if "https" in scheme else "http")
    if found is None or not _COLLECTION.fullmatch(found.collection):
        # The text itself may hold a password.
        raise ValueError(f"{scheme}: 之后的写法不对：应为 {FORMS}；集合名由字母、数字、下划线组成，不以数字开头。")
    return found


def add_index_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--index`, which may also be written `--store`."""
    parser.add_argument(
        "--index",
        "--store",
        type=location_argument,
        metavar="DIR",
        help="索引文件夹，或 Milvus 的集合 milvus://主机:19530/集合；默认取 YIJU_INDEX，再取 data/index",
    )


def location_argument(text: str) -> Location:
    """Return `location`, as a type of an argument on the command line."""
    try:
        return location(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _served(text: str, protocol: str) -> MilvusAddress | None:
    try:
        parts = urlsplit(text)
        port = parts.port or _PORT
    except ValueError:
        return None
    names = parts.path.strip("/").split("/")
    if not parts.hostname or len(names) > 2 or parts.query or parts.fragment:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    token = ":".join(unquote(part) for part in (parts.username, parts.password) if part)
    return MilvusAddress(f"{protocol}://{host}:{port}", names[-1], names[0] if len(names) == 2 else "", token)


def beside(where: Location, ending: str) -> Path:
    """Return the path of a file that goes with an index without being part of it, such as its keys: `-keys.sqlite`.

    It lies beside the folder of an index, which is replaced as a whole; for one in a Milvus in `data`, as that of a
    folder of the name of its collection.
    """
    folder = where if isinstance(where, Path) else Path("data") / where.collection
    if folder.name in ("", ".."):  # `.` has no name, beside which something could lie
        folder = folder.resolve()
    return folder.parent / (folder.name + ending)
