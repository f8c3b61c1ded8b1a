"""Other frameworks on the same work: `python -m bench.peers` measures them and writes `docs/peers.md`.

Each system runs in processes and in an environment of its own, reads the same text files, answers the same development
questions and has the same encoder, opened by the same code. Only `worker.py`, the module of one system and the encoder
are imported there, so the memory that a process held is that of the system and of nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class System:
    """What is measured.

    Attributes:
        name: for files and for the command line.
        label: for people.
        environment: name of its requirements file; systems may share one.
        setting: how it is set up, for people.
    """

    name: str
    label: str
    environment: str
    setting: str


SYSTEMS: tuple[System, ...] = (
    System("yiju", "依据", "yiju", "默认：按章节切成不超过 400 字的段落，语义与字面检索相融合"),
    System("langchain", "LangChain", "langchain", "默认：RecursiveCharacterTextSplitter（4000/200 字）、FAISS"),
    System("langchain-1000", "LangChain 1000", "langchain", "教程的写法：同上，1000/200 字"),
    System(
        "llama-index",
        "LlamaIndex",
        "llama-index",
        "默认：SimpleDirectoryReader、SentenceSplitter（1024 词元，重叠 200）",
    ),
    System("haystack", "Haystack", "haystack", "默认：DocumentSplitter（按词，200 词）、内存向量库"),
    System(
        "haystack-recursive",
        "Haystack 递归",
        "haystack",
        "RecursiveDocumentSplitter，单位改为字，400 字，分隔符改为中文标点",
    ),
    System("txtai", "txtai", "txtai", "不切分：一份文件一条，Embeddings（内容入库）"),
    System("txtai-lines", "txtai 按行", "txtai", "教程的写法：先分段（每行一段）再入库"),
)
"""The first is what the others are held against."""
