"""Any sentence-transformers model as an encoder. The library, and torch with it, is imported only when one is used.

A model named on the hub is fetched once and opened from the local copy ever after, without asking the hub again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import queue
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.errors import MissingDependency, ModelError, ModelUnavailable
from index.protocols import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

EXTRA = "sentence-transformers"
# Seconds the hub may take to say whether it has the model; the user is told within 10.
HUB_DEADLINE = 7.0

_BATCH = 16
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_LOCAL_NAME = re.compile(r"[./~]|[A-Za-z]:|.*\\|.*/.*/")
# What a model folder may hold that does not bear on its vectors as computed here, or is there in another form.
_IGNORED = ("onnx/*", "openvino/*", "*.onnx", "*.h5", "*.msgpack", "*.ot", "*.md", "*.png", "*.jpg", ".*")
_ANY_FORM = ("pytorch_model*.bin", "*/pytorch_model*.bin")

_Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Prompts:
    """What goes before a text."""

    query: str
    passage: str


# Prompts that models were trained with but do not bring in their own files.
# Source: the models' cards on the hub (BAAI/bge-*-v1.5, intfloat/e5-* and multilingual-e5-*).
_PUBLISHED = (
    (re.compile(r"bge-(small|base|large)-zh"), Prompts("为这个句子生成表示以用于检索相关文章：", "")),
    (
        re.compile(r"bge-(small|base|large)-en"),
        Prompts("Represent this sentence for searching relevant passages: ", ""),
    ),
    (re.compile(r"e5-(small|base|large)(?!.*instruct)"), Prompts("query: ", "passage: ")),
)


class SentenceTransformerEncoder:
    """A sentence-transformers model with its own prompts.

    Texts of one call run in batches sorted by length, padded: a vector may differ in its last bits with the other
    texts of the call.

    Args:
        model: loaded.
        name: as the user gave it.
        revision: pins weights and configuration; the prompts are added here.
        prompts: of the model.
    """

    def __init__(self, model: SentenceTransformer, name: str, revision: str, prompts: Prompts) -> None:
        self._model = model
        self._prompts = prompts
        self.name = name
        prompt_digest = hashlib.sha256(f"{prompts.query}\0{prompts.passage}".encode()).hexdigest()
        self.revision = f"{revision[:16]}-{prompt_digest[:8]}"
        self.dim = model.get_embedding_dimension() or self._encode("", [" "]).shape[1]

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Encode texts to be found. Returns float32 `(len(texts), dim)`, unit rows, in input order."""
        return self._encode(self._prompts.passage, texts) if texts else self._nothing()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode texts to search with. Returns float32 `(len(texts), dim)`, unit rows, in input order."""
        return self._encode(self._prompts.query, texts, task="query") if texts else self._nothing()

    def _encode(self, prompt: str, texts: Sequence[str], *, task: str = "document") -> Vectors:
        encode = self._model.encode_query if task == "query" else self._model.encode_document
        # A lone surrogate is no character: a tokenizer would refuse it.
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        vectors = encode(clean, prompt=prompt, batch_size=_BATCH, show_progress_bar=False, normalize_embeddings=True)
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def _nothing(self) -> Vectors:
        return np.empty((0, self.dim), dtype=np.float32)


def load_sentence_transformer(name: str, progress: _Progress | None = None) -> SentenceTransformerEncoder:
    """Load a model from a local folder, from the hub's local cache, or else from the hub.

    Args:
        name: a folder such as `/models/bge-m3`, or a name on the hub such as `BAAI/bge-small-zh-v1.5`.
        progress: told, in Chinese, what takes long.

    Raises:
        MissingDependency: if sentence-transformers is not installed.
        ModelUnavailable: if there is no such folder or model, the hub cannot be reached, or the files do not load.
    """
    tell = progress or _silent
    if importlib.util.find_spec("sentence_transformers") is None:
        raise MissingDependency(
            EXTRA,
            f"编码器「{name}」需要 sentence-transformers，当前环境没有安装。"
            f"请运行 make install EXTRAS={EXTRA}，或 pip install 'yiju[{EXTRA}]'。",
        )
    folder = _local_folder(name) or _cached(name) or _download(name, tell)
    tell(f"正在加载编码器 {name} ……")
    model = _open(name, folder)
    return SentenceTransformerEncoder(model, name, _digest(folder), _prompts(model, name, folder))


def _silent(message: str) -> None:
    """Take no notice."""


def _local_folder(name: str) -> Path | None:
    """Return the folder that `name` means, or None if it can only be a name on the hub."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        if any((folder / file).is_file() for file in ("modules.json", "config.json")):
            return folder
        raise ModelUnavailable(f"文件夹 {folder} 里没有模型：应含 config.json 或 modules.json，以及权重文件。")
    if _LOCAL_NAME.match(name) or not _HUB_NAME.fullmatch(name):
        raise ModelUnavailable(f"找不到模型文件夹 {name}。请检查路径；应是含 config.json 与权重文件的文件夹。")
    return None


def _cached(name: str) -> Path | None:
    """Return the complete copy fetched earlier, or None."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True, ignore_patterns=[*_IGNORED, *_ANY_FORM]))
    except LocalEntryNotFoundError:
        return None
    return folder if _has_model(folder) else None


def _has_model(folder: Path) -> bool:
    described = any((folder / file).is_file() for file in ("modules.json", "config.json"))
    return described and any(path.is_file() for kind in ("*.safetensors", "*.bin") for path in folder.rglob(kind))


def _download(name: str, tell: _Progress) -> Path:
    """Fetch a model, after finding out within `HUB_DEADLINE` whether that can work at all."""
    from huggingface_hub import snapshot_download

    tell(f"正在连接模型库查找 {name} ……")
    _within(HUB_DEADLINE, lambda: snapshot_download(name, etag_timeout=5, allow_patterns=["config.json"]), name)
    tell(f"正在下载 {name}，只需一次 ……")
    errors = _hub_errors()
    try:
        folder = Path(snapshot_download(name, ignore_patterns=[*_IGNORED, *_ANY_FORM]))
        if not _has_model(folder):  # no safetensors: the older form of the weights then
            folder = Path(snapshot_download(name, ignore_patterns=list(_IGNORED)))
    except errors as error:
        raise _unreachable(name, error) from error
    return folder


def _within(seconds: float, work: Callable[[], object], name: str) -> None:
    """Do `work` in a thread that is left behind after `seconds`: a name look-up cannot be given a time limit."""
    outcome: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    errors = _hub_errors()

    def run() -> None:
        try:
            work()
        except errors as error:
            outcome.put(error)
        else:
            outcome.put(None)

    threading.Thread(target=run, name="hub", daemon=True).start()
    try:
        error = outcome.get(timeout=seconds)
    except queue.Empty:
        raise _unreachable(name, None) from None
    if error is not None:
        raise _unreachable(name, error) from error


def _hub_errors() -> tuple[type[Exception], ...]:
    """Return what the hub's client raises.

    Files and sockets, bad names, and its HTTP library's own, whichever that is.
    """
    from huggingface_hub.errors import HfHubHTTPError

    return (OSError, ValueError, *HfHubHTTPError.__bases__)


def _unreachable(name: str, error: BaseException | None) -> ModelError:
    from huggingface_hub.errors import RepositoryNotFoundError

    advice = f"若已有这个模型，请直接给出它的本地文件夹，例如 --encoder /models/{name.rpartition('/')[2]}"
    if isinstance(error, RepositoryNotFoundError):
        return ModelUnavailable(f"模型库里没有「{name}」，或它需要授权。请检查名称；{advice}。")
    return ModelUnavailable(
        f"无法连接模型库获取「{name}」，本机也没有它的缓存。{advice}；"
        "或在能联网的机器上下载后拷贝过来；也可以不指定，使用默认编码器（无需联网）。",
        retryable=True,
    )


def _open(name: str, folder: Path) -> SentenceTransformer:
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    # It reports, in English and on stderr, parts that an encoder does not have, such as BERT's pooler.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        return SentenceTransformer(str(folder), local_files_only=True)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RuntimeError,
        ImportError,
        SafetensorError,
    ) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelUnavailable(f"编码器「{name}」的文件不能加载（{folder}）：{reason}") from error


def _prompts(model: SentenceTransformer, name: str, folder: Path) -> Prompts:
    """Return the model's own prompts, else the ones published for its family, else none."""
    own = model.prompts
    query = own.get("query") or ""
    passage = own.get("document") or own.get("passage") or own.get("corpus") or ""
    if query or passage:
        return Prompts(query, passage)
    for family, prompts in _PUBLISHED:
        if family.search(name.lower()) or family.search(folder.name.lower()):
            return prompts
    return Prompts("", "")


def _digest(folder: Path) -> str:
    """Return SHA-256 over names and contents of the files that make the vectors."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = path.relative_to(folder)
        if any(place.match(pattern) for pattern in _IGNORED) or place.parts[0] in ("onnx", "openvino"):
            continue
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{place.as_posix()} {content}\n".encode())
    return digest.hexdigest()
