"""The default encoder: multilingual-e5-small on onnxruntime, converted once into a folder of the user's cache."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from index.e5_weights import WEIGHTS_SHA256, load_checkpoint, locate_weights
from index.errors import ModelUnavailable
from index.protocols import Vectors

NAME = "multilingual-e5-small"
DIM = 384
QUERY_PROMPT, PASSAGE_PROMPT = "query: ", "passage: "
# Raise it with every change of graph, tokenizer or prompts: it names the folder and is part of the revision.
RECIPE = 2
REVISION = f"{WEIGHTS_SHA256[:12]}-{RECIPE}"

_MODEL, _TOKENIZER, _MANIFEST = "model.onnx", "tokenizer.json", "manifest.json"
# A run takes some 10 MB of working memory; beyond this, more threads would only crowd out other processes.
_MOST_THREADS = 8
_log = logging.getLogger(__name__)

Progress = Callable[[str], None]


class E5Encoder:
    """multilingual-e5-small with 8-bit arithmetic.

    On one machine a vector depends on its own text alone, to the last bit: each text runs through the network by itself
    on one thread, so neither the other texts of a call nor the number of processors matter. Several texts run side by
    side. Another kind of processor may add floats in another order: vectors then differ by rounding.
    Texts are cut at 512 tokens, about 750 Chinese characters. Calls from several threads are safe.

    Args:
        session: of the graph that `index.e5_graph` builds, one thread a run.
        tokenizer: that `index.e5_tokenizer` builds.
        threads: how many texts run at the same time, at least 1.
    """

    name = NAME
    revision = REVISION
    dim = DIM

    def __init__(self, session: ort.InferenceSession, tokenizer: Tokenizer, *, threads: int) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._workers = ThreadPoolExecutor(threads, thread_name_prefix="encode")

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Encode texts to be found. Returns float32 `(len(texts), 384)`, unit rows, in input order."""
        return self._encode(PASSAGE_PROMPT, texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode texts to search with. Returns float32 `(len(texts), 384)`, unit rows, in input order."""
        return self._encode(QUERY_PROMPT, texts)

    def _encode(self, prompt: str, texts: Sequence[str]) -> Vectors:
        vectors = np.empty((len(texts), DIM), dtype=np.float32)

        def fill(row: int) -> None:
            vectors[row] = self._encode_one(prompt + texts[row])

        if len(texts) == 1:
            fill(0)
            return vectors
        # Longest first, so that no thread is left alone with a long text at the end.
        for _ in self._workers.map(fill, sorted(range(len(texts)), key=lambda row: -len(texts[row]))):
            pass
        return vectors

    def _encode_one(self, text: str) -> Vectors:
        # A lone surrogate is no character: the tokenizer would refuse it.
        clean = text.encode("utf-8", "replace").decode("utf-8")
        ids = np.array([self._tokenizer.encode(clean).ids], dtype=np.int64)
        (vectors,) = self._session.run(None, {"ids": ids})
        vector: Vectors = vectors[0]
        return vector


def load_e5(cache: Path, progress: Progress | None = None) -> E5Encoder:
    """Load the default encoder, converting it first if the cache does not hold it intact.

    Safe when several processes do it at once. Where the cache cannot be written the model is converted for this
    process alone, which a warning says.

    Args:
        cache: folder for converted models; created if need be.
        progress: told, in Chinese, what takes long.

    Raises:
        MissingDependency: if the distribution that carries the weights is not installed.
        ModelUnavailable: if the weights are not the expected ones, or there is no room to convert them.
    """
    tell = progress or _log.info
    folder = cache / f"{NAME}-{REVISION}"
    if folder.is_dir():
        if _is_intact(folder):
            return _open(folder)
        tell(f"默认编码器的缓存已损坏，正在重建：{folder}")
    fresh = _convert_somewhere(cache, tell)
    try:
        encoder = _open(fresh)
        if fresh.parent == cache:
            _publish(fresh, folder)
        return encoder
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _open(folder: Path) -> E5Encoder:
    """Load both files into memory; the folder is not needed afterwards."""
    options = ort.SessionOptions()
    # One thread a run: parallel over texts there is nothing to wait for, and no thread spins on a shared processor.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(folder / _MODEL, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
    return E5Encoder(session, tokenizer, threads=min(_MOST_THREADS, os.cpu_count() or 1))


def _convert_somewhere(cache: Path, tell: Progress) -> Path:
    """Convert into a new folder inside `cache`, else among the temporary files; the caller removes it."""
    try:
        return _convert_in(cache, tell)
    except OSError as error:
        _log.warning("无法写入缓存文件夹 %s（%s）：默认编码器每次启动都要重新转换。", cache, error.strerror)
    try:
        return _convert_in(Path(tempfile.gettempdir()), tell)
    except OSError as error:
        raise ModelUnavailable(
            f"无法转换默认编码器：缓存文件夹 {cache} 与临时文件夹 {tempfile.gettempdir()} 都不能写入"
            f"（{error.strerror}）。请腾出约 100 MB 空间，或换一个可写的缓存文件夹。"
        ) from error


def _convert_in(parent: Path, tell: Progress) -> Path:
    """Convert into a new folder inside `parent`; an unfinished one is removed."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{NAME}-", dir=parent))
    try:
        _convert(folder, tell)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _convert(folder: Path, tell: Progress) -> None:
    # Only conversion needs onnx, so only conversion pays for its import.
    from index.e5_graph import build_graph
    from index.e5_tokenizer import build_tokenizer, kept_pieces

    tell("首次使用，正在转换默认编码器 multilingual-e5-small（约 10 秒，仅此一次）……")
    checkpoint = load_checkpoint(locate_weights())
    kept = kept_pieces(checkpoint.vocabulary)
    (folder / _TOKENIZER).write_text(build_tokenizer(checkpoint.vocabulary, kept).to_str(), encoding="utf-8")
    (folder / _MODEL).write_bytes(build_graph(checkpoint, kept).SerializeToString())
    digests = {name: _digest(folder / name) for name in (_MODEL, _TOKENIZER)}
    (folder / _MANIFEST).write_text(json.dumps({"revision": REVISION, "sha256": digests}, indent=1), encoding="utf-8")
    tell("默认编码器转换完成。")


def _publish(fresh: Path, folder: Path) -> None:
    """Move `fresh` to its place in one step, unless another process put an intact model there meanwhile."""
    # What fails here costs the next start a conversion, nothing else: this process has its encoder.
    with suppress(OSError):
        if folder.is_dir() and not _is_intact(folder):
            _discard(folder)
        fresh.replace(folder)


def _discard(folder: Path) -> None:
    """Take a damaged folder out of the way in one step, so that nobody sees half of it."""
    grave = Path(tempfile.mkdtemp(prefix=f".{NAME}-", dir=folder.parent))
    folder.replace(grave)
    shutil.rmtree(grave, ignore_errors=True)


def _is_intact(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        digests = {name: _digest(folder / name) for name in (_MODEL, _TOKENIZER)}
        return bool(manifest == {"revision": REVISION, "sha256": digests})
    except (OSError, ValueError):
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
