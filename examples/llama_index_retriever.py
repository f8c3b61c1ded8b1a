"""A retriever for LlamaIndex, over `/api/search` of a running `yiju-serve`; needs llama-index-core and httpx."""

import httpx
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode


class YijuRetriever(BaseRetriever):
    """Finds passages as nodes with their title, source, section and page as metadata."""

    def __init__(self, address: str = "http://127.0.0.1:7860", key: str = "", k: int = 10) -> None:
        super().__init__()
        self._address, self._key, self._k = address, key, k

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        headers = {"X-Yiju-Key": self._key} if self._key else {}
        body = {"question": query_bundle.query_str, "k": self._k}
        reply = httpx.post(f"{self._address}/api/search", json=body, headers=headers, timeout=30)
        reply.raise_for_status()
        return [_node(each) for each in reply.json()["passages"]]


def _node(passage: dict) -> NodeWithScore:
    metadata = {key: passage[key] for key in ("document_id", "source", "title", "section", "page", "start", "end")}
    return NodeWithScore(
        node=TextNode(id_=passage["id"], text=passage["text"], metadata=metadata), score=passage["score"]
    )
