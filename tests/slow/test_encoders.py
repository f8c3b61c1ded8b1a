from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from index.encoding import sentence_transformers_encoder
from index.encoding.encoders import DEFAULT_ENCODER, load_encoder
from index.encoding.model_files import MODELS
from index.errors import MissingDependency, ModelUnavailable
from index.protocols import Encoder

ROOT = Path(__file__).parents[2]
TEXTS = ["光伏装机容量", "工业", "能源消费总量和强度双控"]

MakeModel = Callable[[str, dict[str, str]], Path]


@pytest.fixture(scope="module")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> MakeModel:
    """Writes a model of 8 dimensions with fixed random weights, under a folder name and with prompts."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    pytest.importorskip("sentence_transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    def make(name: str, prompts: dict[str, str]) -> Path:
        folder = tmp_path_factory.mktemp("models") / name
        torch.manual_seed(1)
        characters = sorted(set("".join(TEXTS)) | set("查询文档：query: passage: 为这个句子生成表示以用于检索相关文章"))
        vocabulary = {token: i for i, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *characters])}
        tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
        transformers.PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=64
        ).save_pretrained(folder)
        config = transformers.BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=64,
            initializer_range=0.5,
        )
        transformers.BertModel(config).save_pretrained(folder)
        modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
        listed = [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate(modules)
        ]
        (folder / "1_Pooling").mkdir()
        pooling = {"word_embedding_dimension": 8, "pooling_mode_mean_tokens": True}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling), encoding="utf-8")
        (folder / "modules.json").write_text(json.dumps(listed), encoding="utf-8")
        settings = folder / "config_sentence_transformers.json"
        settings.write_text(json.dumps({"prompts": prompts}), encoding="utf-8")
        return folder

    return make


@pytest.fixture(scope="module")
def plain(make_model: MakeModel) -> Path:
    return make_model("plain", {})


@pytest.fixture(scope="module")
def encoder(plain: Path) -> Encoder:
    return load_encoder(str(plain))


def run_offline(code: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process whose hub is a closed port and whose hub cache is in `home`."""
    scrubbed = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment = scrubbed | {"HF_HOME": str(home), "HF_ENDPOINT": "http://127.0.0.1:9"}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_the_default_is_multilingual_e5_small() -> None:
    assert DEFAULT_ENCODER == "multilingual-e5-small"


def test_a_local_model_gives_float32_unit_rows_in_input_order(encoder: Encoder) -> None:
    vectors = encoder.encode_passages(TEXTS)
    assert isinstance(encoder, Encoder)
    assert (vectors.dtype, vectors.shape, encoder.dim) == (np.float32, (3, 8), 8)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-6)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert encoder.encode_passages([text])[0] == pytest.approx(vector, abs=1e-5)


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.encode_passages([]).shape == encoder.encode_queries([]).shape == (0, 8)


def test_a_lone_surrogate_encodes(encoder: Encoder) -> None:
    assert encoder.encode_queries(["前\ud800后"]).shape == (1, 8)


def test_without_prompts_query_and_passage_are_alike(encoder: Encoder) -> None:
    assert encoder.encode_queries(TEXTS) == pytest.approx(encoder.encode_passages(TEXTS), abs=1e-6)


def test_the_model_s_own_prompts_go_before_the_text(make_model: MakeModel, encoder: Encoder) -> None:
    prompted = load_encoder(str(make_model("own", {"query": "查询：", "document": "文档："})))
    queries = encoder.encode_passages(["查询：" + text for text in TEXTS])
    passages = encoder.encode_passages(["文档：" + text for text in TEXTS])
    assert prompted.encode_queries(TEXTS) == pytest.approx(queries, abs=1e-5)
    assert prompted.encode_passages(TEXTS) == pytest.approx(passages, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("bge-small-zh-v1.5", "为这个句子生成表示以用于检索相关文章：", ""),
        ("multilingual-e5-base", "query: ", "passage: "),
        ("bge-m3", "", ""),
        ("multilingual-e5-large-instruct", "", ""),
    ],
)
def test_families_without_prompts_in_their_files_get_the_published_ones(
    make_model: MakeModel, encoder: Encoder, name: str, query: str, passage: str
) -> None:
    found = load_encoder(str(make_model(name, {"query": "", "document": ""})))
    expected = encoder.encode_passages([query + TEXTS[0], passage + TEXTS[0]])
    assert found.encode_queries(TEXTS[:1])[0] == pytest.approx(expected[0], abs=1e-5)
    assert found.encode_passages(TEXTS[:1])[0] == pytest.approx(expected[1], abs=1e-5)


def test_the_revision_changes_with_weights_and_with_prompts_only(
    make_model: MakeModel, plain: Path, encoder: Encoder, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(plain, moved)
    (moved / "README.md").write_text("读我", encoding="utf-8")
    assert load_encoder(str(moved)).revision == encoder.revision
    prompted = load_encoder(str(make_model("other", {"query": "查询："})))
    assert prompted.revision != encoder.revision
    weights = moved / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert load_encoder(str(moved)).revision != encoder.revision


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=f"找不到模型文件夹 {tmp_path / 'none'}"):
        load_encoder(str(tmp_path / "none"))


def test_a_folder_without_a_model_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"没有模型：应含 config\.json 或 modules\.json"):
        load_encoder(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"\x08\x00\x00\x00\x00\x00\x00\x00{]"], ids=["empty", "nonsense"])
def test_damaged_weights_are_an_error_that_names_the_folder(plain: Path, tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(plain, folder)
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelUnavailable, match=f"不能加载（{folder}）"):
        load_encoder(str(folder))


def test_a_damaged_configuration_is_an_error_that_names_the_folder(plain: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(plain, folder)
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelUnavailable, match=f"不能加载（{folder}）"):
        load_encoder(str(folder))


def test_without_sentence_transformers_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingDependency, match="sentence-transformers") as caught:
        load_encoder("BAAI/bge-small-zh-v1.5")
    assert caught.value.extra == "sentence-transformers"


def test_an_unreachable_hub_is_a_clear_error_within_ten_seconds(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    code = (
        "import sys; from index.encoding.encoders import load_encoder; from index.errors import ModelUnavailable\n"
        "try: load_encoder('BAAI/bge-small-zh-v1.5')\n"
        "except ModelUnavailable as error: print(error, error.retryable, 'torch' in sys.modules)"
    )
    start = time.monotonic()
    done = run_offline(code, tmp_path)
    assert time.monotonic() - start < 10
    assert "无法连接模型库获取「BAAI/bge-small-zh-v1.5」" in done.stdout
    assert "--encoder /models/bge-small-zh-v1.5" in done.stdout
    assert done.stdout.endswith("True False\n")
    assert done.stderr == ""


def test_a_hub_that_does_not_answer_is_given_up() -> None:
    pytest.importorskip("sentence_transformers")
    start = time.monotonic()
    with pytest.raises(ModelUnavailable, match="无法连接模型库获取「a/b」"):
        sentence_transformers_encoder._within(0.05, lambda: time.sleep(2), "a/b")
    assert time.monotonic() - start < 1


def test_a_model_fetched_earlier_opens_without_the_hub(plain: Path, encoder: Encoder, tmp_path: Path) -> None:
    model = tmp_path / "hub" / "models--some--model"
    commit = "0123456789abcdef0123456789abcdef01234567"
    shutil.copytree(plain, model / "snapshots" / commit)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(commit, encoding="utf-8")
    code = "from index.encoding.encoders import load_encoder; print(load_encoder('some/model').revision)"
    done = run_offline(code, tmp_path)
    assert (done.stdout, done.returncode) == (encoder.revision + "\n", 0), done.stderr


def test_the_shipped_folder_is_one_of_sentence_transformers_and_gives_the_same_vectors() -> None:
    library = pytest.importorskip("sentence_transformers")
    pytest.importorskip("optimum.onnxruntime", reason="needs pip install 'sentence-transformers[onnx]'")
    model = library.SentenceTransformer(str(MODELS), backend="onnx", model_kwargs={"provider": "CPUExecutionProvider"})
    ours = load_encoder()
    theirs = [model.encode_document([text], batch_size=1)[0] for text in TEXTS]
    assert (ours.encode_passages(TEXTS) * theirs).sum(axis=1).min() >= 0.9999
    theirs = [model.encode_query([text], batch_size=1)[0] for text in TEXTS]
    assert (ours.encode_queries(TEXTS) * theirs).sum(axis=1).min() >= 0.9999
