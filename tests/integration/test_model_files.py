from __future__ import annotations

import hashlib
import json
import shutil
from functools import partial
from pathlib import Path

import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from index.__main__ import main as index_main
from index.encoding import e5
from index.encoding.e5 import load_e5
from index.encoding.model_files import MANIFEST, MODELS, TOKENIZER, load_model, load_tokenizer, read_verified
from index.errors import ModelUnavailable
from index.loaders import load
from index.store.passage_index import PassageIndex
from qa.__main__ import main as ask_main
from tests.support.fakes import HashEncoder

SAMPLE = Path(__file__).parents[2] / "data" / "documents" / "qijiang_green_manufacturing_2022_2025.txt"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A copy of the shipped models, to be damaged."""
    return Path(shutil.copytree(MODELS, tmp_path / "models"))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def change_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_the_manifest_names_every_shipped_file_with_its_digest() -> None:
    listed = json.loads((MODELS / MANIFEST).read_text(encoding="utf-8"))["sha256"]
    files = (path for path in MODELS.rglob("*") if path.is_file() and path.name not in (MANIFEST, "README.md"))
    shipped = {path.relative_to(MODELS).as_posix(): digest(path) for path in files}
    assert listed == shipped
    assert {e5.MODEL, TOKENIZER, "modules.json", "1_Pooling/config.json"} <= set(shipped)


def test_what_is_shipped_takes_at_most_45_megabytes() -> None:
    assert sum(path.stat().st_size for path in MODELS.rglob("*")) <= 45_000_000


@pytest.mark.parametrize("name", [e5.MODEL, TOKENIZER])
def test_an_altered_file_is_named_with_both_digests_and_what_to_do(models: Path, name: str) -> None:
    expected = digest(models / name)
    change_a_bit(models / name)
    with pytest.raises(ModelUnavailable) as caught:
        e5.load_e5(models)
    for part in (str(models / name), f"应为 {expected}", f"实为 {digest(models / name)}", "请重新安装"):
        assert part in str(caught.value)


def test_a_truncated_file_is_refused_before_anything_reads_it(models: Path) -> None:
    path = models / e5.MODEL
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelUnavailable, match=r"1000 字节.*已损坏或被改动"):
        load_model(models, e5.MODEL)


@pytest.mark.parametrize("name", [e5.MODEL, TOKENIZER, MANIFEST])
def test_a_missing_file_is_named(models: Path, name: str) -> None:
    (models / name).unlink()
    with pytest.raises(ModelUnavailable, match=f"无法读取模型文件 {models / name}：.*请重新安装"):
        e5.load_e5(models)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"sha256": {}}', '{"sha256": 1}'])
def test_a_manifest_without_the_digest_is_no_licence_to_go_without(models: Path, content: str) -> None:
    (models / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(ModelUnavailable, match=f"模型清单 {models / MANIFEST} 已损坏：其中没有 {TOKENIZER} 的 SHA-256"):
        load_tokenizer(models)


def test_an_intact_file_that_the_runtime_does_not_read_is_the_runtime_s_fault(tmp_path: Path) -> None:
    (tmp_path / "new.onnx").write_bytes(b"of a format yet to come")
    manifest = {"sha256": {"new.onnx": digest(tmp_path / "new.onnx")}}
    (tmp_path / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert read_verified(tmp_path, "new.onnx") == b"of a format yet to come"
    with pytest.raises(ModelUnavailable, match=r"完好，但 onnxruntime .* 不能打开它.*requirements/base\.lock"):
        load_model(tmp_path, "new.onnx")


def test_commands_end_with_one_line_where_the_encoder_is_altered(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    index = tmp_path / "index"
    PassageIndex.build([load(SAMPLE)], HashEncoder(384, name=e5.NAME)).save(index)
    change_a_bit(models / e5.MODEL)
    monkeypatch.setattr(e5, "load_e5", partial(e5.load_e5, models))
    for main, argv in (
        (ask_main, ["光伏装机目标是多少", "--index", str(index)]),
        (index_main, ["build", str(SAMPLE), "-o", str(tmp_path / "other")]),
    ):
        assert main(argv) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        assert f"{models / e5.MODEL}" in captured.err and "已损坏或被改动" in captured.err


def test_an_index_of_an_earlier_encoder_asks_to_be_rebuilt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = tmp_path / "index"
    PassageIndex.build([load(SAMPLE)], HashEncoder(384, name=e5.NAME, revision="1571fc982750-2")).save(index)
    assert ask_main(["光伏装机目标是多少", "--index", str(index)]) == 2
    assert "版本 1571fc982750-2" in (said := capsys.readouterr().err) and "重新建立" in said


@pytest.mark.parametrize("failure", [runtime.RuntimeException("out of memory"), runtime.Fail("gone"), MemoryError()])
def test_a_model_that_fails_is_named_and_answers_again(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    class Failing:
        def run(self, *asked: object) -> None:
            raise failure

    encoder = load_e5(threads=1)
    with monkeypatch.context() as broken, pytest.raises(ModelUnavailable, match="模型运行时出错") as caught:
        broken.setattr(encoder, "_session", Failing())
        encoder.encode_queries(["光伏"])
    assert caught.value.retryable and encoder.encode_queries(["光伏"]).shape == (1, 384)
