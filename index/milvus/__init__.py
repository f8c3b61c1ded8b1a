"""An index that lies in a Milvus: passages, documents and terms in three collections, found under one alias."""

from index.milvus.store import MilvusStore

__all__ = ["MilvusStore"]
