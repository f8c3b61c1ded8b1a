"""A component for Haystack, over `/api/search` of a running `yiju-serve`; needs haystack-ai and httpx."""

import httpx
from haystack import Document, component


@component
class YijuRetriever:
    """Finds passages as documents with their title, source, section and page in `meta`."""

    def __init__(self, address: str = "http://127.0.0.1:7860", key: str = "", k: int = 10) -> None:
        self.address, self.key, self.k = address, key, k

    @component.output_types(documents=list[Document])
    def run(self, query: str) -> dict[str, list[Document]]:
        """Find passages for a question."""
        headers = {"X-Yiju-Key": self.key} if self.key else {}
        body = {"question": query, "k": self.k}
        reply = httpx.post(f"{self.address}/api/search", json=body, headers=headers, timeout=30)
        reply.raise_for_status()
        return {"documents": [_document(each) for each in reply.json()["passages"]]}


def _document(passage: dict) -> Document:
    meta = {
        key: passage[key] for key in ("document_id", "source", "title", "section", "page", "start", "end", "scores")
    }
    return Document(id=passage["id"], content=passage["text"], score=passage["score"], meta=meta)
