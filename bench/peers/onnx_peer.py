"""sentence-transformers' own 8-bit ONNX export of a model: `python -m bench.peers.onnx_peer FOLDER`.

Exports and quantises as its documentation says, then answers each line on stdin, a JSON list of texts, with a line on
stdout: a JSON list of the seconds that encoding them took and of their vectors. It runs in an environment of its own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

# Before the library is imported: it may look for no models elsewhere.
os.environ.update(HF_HUB_OFFLINE="1")

CONFIGURATION = "avx512_vnni"
_BATCH = 32  # the library's own choice


def main(folder: Path) -> None:
    """Encode what comes until nothing does."""
    from sentence_transformers import SentenceTransformer, export_dynamic_quantized_onnx_model

    name = f"onnx/model_qint8_{CONFIGURATION}.onnx"
    if not (folder / name).is_file():
        whole = SentenceTransformer(str(folder), backend="onnx", device="cpu")
        whole.save_pretrained(str(folder))
        export_dynamic_quantized_onnx_model(whole, CONFIGURATION, str(folder))
    options = {"file_name": name, "provider": "CPUExecutionProvider"}
    model = SentenceTransformer(str(folder), backend="onnx", device="cpu", model_kwargs=options)
    for line in sys.stdin:
        begun = time.perf_counter()
        vectors = model.encode(json.loads(line), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False)
        print(json.dumps([time.perf_counter() - begun, vectors.tolist()]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
