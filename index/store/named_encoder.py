"""Load the encoder that an index names, or compare the name with a loaded one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from index.errors import EncoderMismatch, ModelUnavailable
from index.manifest import Manifest
from index.protocols import Encoder, Vectors


class NamedEncoder:
    """The encoder that an index names, not loaded: enough to inspect an index and to remove from it."""

    def __init__(self, manifest: Manifest) -> None:
        self.name = manifest.encoder
        self.revision = manifest.revision
        self.dim = manifest.dim

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Refuse to encode: the encoder is known by name only; ModelUnavailable always."""
        raise ModelUnavailable(f"编码器 {self.name} 没有载入，不能编码。")

    encode_queries = encode_passages


def check_encoder(path: Path | str, manifest: Manifest, encoder: Encoder) -> None:
    """Check that an encoder has the revision of the index: the same model may have another name or folder."""
    if (encoder.revision, encoder.dim) == (manifest.revision, manifest.dim):
        return
    raise EncoderMismatch(
        path,
        f"索引 {path} 由编码器 {manifest.encoder}（版本 {manifest.revision}，{manifest.dim} 维）建立，"
        f"现在用的是 {encoder.name}（版本 {encoder.revision}，{encoder.dim} 维）；请改用原编码器，"
        f"或用现在的编码器重新建立：yiju-index build 文件… -o {path} --encoder {encoder.name}",
    )
