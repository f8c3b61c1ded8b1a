"""The reader's network in PyTorch: the encoder's transformer with a head for spans and one for support.

The span head scores every token as start and end of an answer; the support head reads a window in which a candidate
is marked and scores, at the first position, whether the candidate answers the question.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.encoder.e5_weights import Checkpoint

HEADS = 12
EPSILON = 1e-12


class Layer(nn.Module):
    """One layer of BERT (Devlin et al. 2019): attention and feed-forward, each normalised behind its residual."""

    def __init__(self, hidden: int, feed_forward: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.ao = nn.Linear(hidden, hidden)
        self.aln = nn.LayerNorm(hidden, EPSILON)
        self.fi = nn.Linear(hidden, feed_forward)
        self.fo = nn.Linear(feed_forward, hidden)
        self.oln = nn.LayerNorm(hidden, EPSILON)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """`(texts, tokens, hidden)` in and out; `mask` is added to the scores of attention."""
        texts, tokens, size = hidden.shape
        split = self.qkv(hidden).view(texts, tokens, 3, HEADS, size // HEADS).permute(2, 0, 3, 1, 4)
        # Spelt out: on processors the fused kernel takes twice as long where gradients are wanted.
        scores = split[0] @ split[1].transpose(-1, -2) * (size // HEADS) ** -0.5
        mixed = torch.softmax(scores + mask, dim=-1) @ split[2]
        attended = self.ao(mixed.transpose(1, 2).reshape(texts, tokens, size))
        hidden = self.aln(hidden + attended)
        fed = self.fo(functional.gelu(self.fi(hidden)))
        result: Tensor = self.oln(hidden + fed)
        return result


class SpanNetwork(nn.Module):
    """Token ids to start and end scores.

    Args:
        checkpoint: the encoder's weights, where training begins.
        kept: the checkpoint's row of each token id.
        frozen: lowest layers that are not trained; the embeddings never are.
        dropout: share of what enters the trained layers, and leaves them, that is left out while training; drawing it
            in every layer would cost a sixth of the time.
    """

    words: Tensor
    places: Tensor

    def __init__(self, checkpoint: Checkpoint, kept: NDArray[np.int64], *, frozen: int, dropout: float = 0.1) -> None:
        super().__init__()
        shape = checkpoint.shape
        self.frozen, self.dropout = frozen, dropout
        words = checkpoint.blocks("emb.word", shape.vocabulary).rows(kept).dense()
        places = (
            checkpoint.floats("emb.pos").reshape(shape.positions, -1) + checkpoint.floats("emb.type")[: shape.hidden]
        )
        self.register_buffer("words", torch.tensor(words), persistent=False)
        self.register_buffer("places", torch.tensor(places), persistent=False)
        self.norm = nn.LayerNorm(shape.hidden, EPSILON)
        self.layers = nn.ModuleList(Layer(shape.hidden, shape.feed_forward) for _ in range(shape.layers))
        self.span = nn.Linear(shape.hidden, 2)
        self.support = nn.Linear(shape.hidden, 2)
        self._restore(checkpoint)
        for module in (self.norm, *self.layers[:frozen]):
            module.requires_grad_(False)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the scores of both heads.

        Scores `(texts, tokens, 2)` are of starts and ends, where position 0 stands for "no answer here"; logits
        `(texts, 2)` are that the marked candidate answers, and that it says yes.

        Args:
            ids: int64 `(texts, tokens)`, padded at the end with any token.
            mask: bool `(texts, tokens)`, false on padding.
        """
        seen = torch.zeros(mask.shape, dtype=torch.bfloat16).masked_fill(~mask, -1e4)[:, None, None, :]
        with torch.no_grad():
            hidden = self.norm(self.words[ids] + self.places[: ids.shape[1]])
            for layer in self.layers[: self.frozen]:
                hidden = layer(hidden, seen)
        hidden = functional.dropout(hidden, self.dropout, self.training)
        for layer in self.layers[self.frozen :]:
            hidden = layer(hidden, seen)
        hidden = functional.dropout(hidden, self.dropout, self.training)
        scores: Tensor = self.span(hidden)
        support: Tensor = self.support(hidden[:, 0])
        return scores, support

    def _restore(self, checkpoint: Checkpoint) -> None:
        def floats(name: str) -> Tensor:
            return torch.tensor(checkpoint.floats(name))

        def dense(*names: str) -> tuple[Tensor, Tensor]:
            biases = [floats(f"{name}.b") for name in names]
            parts = [
                checkpoint.blocks(f"{name}.w", len(bias)).dense() for name, bias in zip(names, biases, strict=True)
            ]
            return torch.tensor(np.concatenate(parts)), torch.cat(biases)

        state: dict[str, Tensor] = {"norm.weight": floats("emb.ln.w"), "norm.bias": floats("emb.ln.b")}
        for number in range(checkpoint.shape.layers):
            old, new = f"l{number}", f"layers.{number}"
            joined = {
                "qkv": [f"{old}.{part}" for part in "qkv"],
                **{part: [f"{old}.{part}"] for part in ("ao", "fi", "fo")},
            }
            for part, names in joined.items():
                state[f"{new}.{part}.weight"], state[f"{new}.{part}.bias"] = dense(*names)
            for norm in ("aln", "oln"):
                state[f"{new}.{norm}.weight"] = floats(f"{old}.{norm}.w")
                state[f"{new}.{norm}.bias"] = floats(f"{old}.{norm}.b")
        missing = self.load_state_dict(state, strict=False)
        if missing.unexpected_keys or any(not key.startswith(("span.", "support.")) for key in missing.missing_keys):
            raise KeyError(f"{missing}")
