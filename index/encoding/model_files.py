"""Load the shipped models: files beside the code, opened only if their SHA-256 is the manifest's.

A folder of models holds `models.json`: under `"sha256"` the digest of each file by name, and beside it, for people,
where the models are from and how they were made.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as runtime
from tokenizers import Tokenizer

from index.errors import ModelUnavailable

MODELS = Path(__file__).parents[1] / "models"
"""The folder of the default encoder and of the tokenizer that all models share."""
MANIFEST, TOKENIZER = "models.json", "tokenizer.json"

# What a runtime says that is too old for a model's operators; they share no base but Exception.
_REFUSALS = (runtime.Fail, runtime.InvalidGraph, runtime.InvalidProtobuf, runtime.NotImplemented)
_FAILURES = (*_REFUSALS, runtime.RuntimeException, runtime.EPFail, runtime.EngineError, MemoryError)
_WHAT_TO_DO = "模型文件随本软件一起安装，请重新安装，或从安装包恢复此文件。"


def load_tokenizer(folder: Path = MODELS) -> Tokenizer:
    """Return the folder's tokenizer, a new object each time, so that callers may change it.

    Raises:
        ModelUnavailable: if the file is missing or altered.
    """
    return Tokenizer.from_str(read_verified(folder, TOKENIZER).decode("utf-8"))


def load_model(folder: Path, name: str) -> ort.InferenceSession:
    """Open a graph to run on one thread a call: the same input gives the same bits however busy the machine is.

    Args:
        folder: with its manifest.
        name: of the file in it, such as `reader.onnx`.

    Raises:
        ModelUnavailable: if the file is missing or altered, or this onnxruntime does not run it.
    """
    content = read_verified(folder, name)
    options = ort.SessionOptions()
    # Callers run several inputs side by side: there is nothing to wait for, and no thread spins on a shared processor.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except _REFUSALS as error:
        raise ModelUnavailable(
            f"模型文件 {folder / name} 完好，但 onnxruntime {ort.__version__} 不能打开它：{error}。"
            "请安装 requirements/base.lock 中的版本。"
        ) from error


def run(session: ort.InferenceSession, output: str, **inputs: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return one output of a model.

    Raises:
        ModelUnavailable: if it cannot be worked out this time, such as for want of memory.
    """
    try:
        (found,) = session.run([output], inputs)
    except _FAILURES as error:
        message = "模型运行时出错，这次没有结果；请稍后再试。反复出现时，请查看内存是否足够。"
        raise ModelUnavailable(message, retryable=True) from error
    result: NDArray[np.float32] = found
    return result


def read_verified(folder: Path, name: str) -> bytes:
    """Return the content of a model file; what is checked is what is returned.

    Raises:
        ModelUnavailable: if file or manifest cannot be read, or the file is not the one that the manifest names.
    """
    expected, path = expected_digest(folder, name), folder / name
    content = _read(path)
    if (found := hashlib.sha256(content).hexdigest()) != expected:
        raise ModelUnavailable(
            f"模型文件 {path}（{len(content)} 字节）已损坏或被改动：SHA-256 应为 {expected}，"
            f"实为 {found}。{_WHAT_TO_DO}"
        )
    return content


def expected_digest(folder: Path, name: str) -> str:
    """Return the SHA-256 that the folder's manifest gives for a file, in hexadecimal.

    Raises:
        ModelUnavailable: if the manifest cannot be read or does not name the file.
    """
    path = folder / MANIFEST
    try:
        digest = json.loads(_read(path))["sha256"][name]
    except (ValueError, LookupError, TypeError) as error:
        raise ModelUnavailable(f"模型清单 {path} 已损坏：其中没有 {name} 的 SHA-256。{_WHAT_TO_DO}") from error
    return str(digest)


def stated_revision(folder: Path) -> str:
    """Return what the folder's manifest calls the vectors of its model.

    Raises:
        ModelUnavailable: if the manifest cannot be read or does not say.
    """
    path = folder / MANIFEST
    try:
        return str(json.loads(_read(path))["revision"])
    except (ValueError, LookupError, TypeError) as error:
        raise ModelUnavailable(f"模型清单 {path} 已损坏：其中没有版本。{_WHAT_TO_DO}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"无法读取模型文件 {path}：{error.strerror}。{_WHAT_TO_DO}") from error
