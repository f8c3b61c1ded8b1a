"""The store at a location: a folder, or a collection of a Milvus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import MissingDependency
from index.locations import Location

if TYPE_CHECKING:
    from index.protocols import Store


def store_at(where: Location) -> Store:
    """Return the store at a location, not opened yet; MissingDependency if it needs a package that is not installed."""
    if isinstance(where, Path):
        from index.store.folder_store import FolderStore  # FAISS comes with it

        return FolderStore(where)
    try:
        from index.milvus import MilvusStore
    except ImportError as error:
        raise MissingDependency("milvus", f"{where} 需要 pymilvus；请安装：pip install 'yiju[milvus]'") from error
    return MilvusStore(where)
