"""A retriever for LangChain, over `/api/search` of a running `yiju-serve`; needs langchain-core and httpx."""

import httpx
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever


class YijuRetriever(BaseRetriever):
    """Finds passages with their title, source, section, page and scores as metadata."""

    address: str = "http://127.0.0.1:7860"
    key: str = ""
    k: int = 10

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        headers = {"X-Yiju-Key": self.key} if self.key else {}
        body = {"question": query, "k": self.k}
        reply = httpx.post(f"{self.address}/api/search", json=body, headers=headers, timeout=30)
        reply.raise_for_status()
        return [
            Document(id=each["id"], page_content=each["text"], metadata={k: v for k, v in each.items() if k != "text"})
            for each in reply.json()["passages"]
        ]
