"""Trains the reader's network on the examples: `python -m training.reader.train`.

Begins from the encoder's weights, writes a checkpoint every few minutes and goes on from the last one when started
again with the same settings. The order of the examples depends on the seed and the pass alone.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from index.encoding.model_files import load_tokenizer
from qa.reading.model_input import InputTokenizer, Tokens
from training.encoder.e5_tokenizer import kept_rows
from training.encoder.e5_weights import load_checkpoint, locate_weights
from training.reader import mistakes, mrc, policy, written
from training.reader.examples import Example, Judgement
from training.reader.judging import judgements
from training.reader.network import SpanNetwork
from training.reader.shipped import shipped_state

IGNORED = -100
SUPPORT_WEIGHT = 2.0
"""Weight of a verdict beside that of a start or an end."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is made of; a checkpoint of other settings is refused.

    Attributes:
        begin: a shipped model or a checkpoint to go on from; empty for the encoder's weights.
        shipped_frozen: lowest layers of the shipped model that hold the encoder's weights.
        passes: over the written questions; each draws windows anew.
        written: examples of the written questions a pass, at most.
        reading: examples of the reading sets a pass, at most.
        pairs: examples made by rule of official documents a pass, spoilt ones among them.
        judgements: marked candidates a pass, at most.
        mistakes: a file of candidates that the product ranked first on training questions (`training.reader.mistakes`).
        tokens: a batch holds about that many, padding included.
        frozen: lowest layers that keep the encoder's weights.
        rate: highest learning rate, reached after `warmup` of all steps, falling to zero in a line.
    """

    begin: str = ""
    shipped_frozen: int = 3
    passes: int = 3
    written: int = 26000
    reading: int = 16000
    pairs: int = 8000
    judgements: int = 20000
    mistakes: str = ""
    tokens: int = 3072
    frozen: int = 3
    rate: float = 1.5e-4
    warmup: float = 0.06
    decay: float = 0.01
    seed: int = 11


@dataclass(frozen=True, slots=True)
class Labelled:
    """An example in tokens.

    Attributes:
        start: position of the answer's first token, 0 where there is none, `IGNORED` where spans are not asked for.
        end: likewise of the last.
        supported: whether the marked candidate answers, 0 or 1; `IGNORED` where none is marked.
        affirmed: whether it says yes, 0 or 1; `IGNORED` where yes or no is not asked for.
    """

    ids: tuple[int, ...]
    start: int
    end: int
    supported: int = IGNORED
    affirmed: int = IGNORED


def labelled(example: Example | Judgement, tokenizer: InputTokenizer) -> Labelled | None:
    """Return an example in tokens with its labels; None where a cut took the answer away."""
    if isinstance(example, Judgement):
        ids = tokenizer.marked(example.question, example.window, example.candidate)
        affirmed = IGNORED if example.verdict is None else int(example.verdict)
        return Labelled(ids, IGNORED, IGNORED, int(example.supported), affirmed)
    tokens = tokenizer(example.question, example.window)
    if example.answer is None:
        return Labelled(tokens.ids, 0, 0)
    place = answer_tokens(tokens, example)
    return Labelled(tokens.ids, *place) if place else None


def answer_tokens(tokens: Tokens, example: Example) -> tuple[int, int] | None:
    """Positions of the first and last token that the answer touches."""
    answer = example.answer
    if answer is None:
        return None
    inside = [i for i, span in enumerate(tokens.spans) if span.overlap(answer)]
    if not inside or tokens.spans[inside[-1]].end < answer.end:
        return None
    return tokens.first + inside[0], tokens.first + inside[-1]


def examples_of_pass(settings: Settings, data: Path, number: int) -> list[Example | Judgement]:
    """Return the examples of one pass, shuffled."""
    draw = random.Random(settings.seed * 1000 + number)
    read = list(mrc.examples(mrc.readings(data / "mrc", "train"), draw.randrange(1 << 30)))
    made = list(policy.pairs(data, "train", draw.randrange(1 << 30)))
    asked = list(written.examples(data, "train", draw.randrange(1 << 30)))
    chosen = draw.sample(asked, min(settings.written, len(asked)))
    chosen += draw.sample(read, min(settings.reading, len(read)))
    chosen += draw.sample(made, min(settings.pairs, len(made)))
    found: list[Example | Judgement] = [each for example in chosen for each in judgements(example, draw)]
    found += written.siblings(data, "train", draw.randrange(1 << 30))
    mixed: list[Example | Judgement] = [*chosen, *draw.sample(found, min(settings.judgements, len(found)))]
    mixed += mistakes.read(Path(settings.mistakes)) if settings.mistakes else []
    draw.shuffle(mixed)
    return mixed


def batches(examples: Sequence[Labelled], tokens: int, draw: random.Random) -> list[list[Labelled]]:
    """Batches of examples of like length, in random order."""
    ordered = sorted(examples, key=lambda example: len(example.ids) + draw.random() * 8)
    found: list[list[Labelled]] = [[]]
    for example in ordered:
        if found[-1] and len(example.ids) * (len(found[-1]) + 1) > tokens:
            found.append([])
        found[-1].append(example)
    draw.shuffle(found)
    return found


def tensors(batch: Sequence[Labelled]) -> tuple[Tensor, Tensor, Tensor]:
    """Return ids and mask `(texts, tokens)`, and the labels `(texts, 4)`: start, end, supported, affirmed."""
    width = max(len(example.ids) for example in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    mask = torch.zeros(len(batch), width, dtype=torch.bool)
    for row, example in enumerate(batch):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        mask[row, : len(example.ids)] = True
    return ids, mask, torch.tensor([(each.start, each.end, each.supported, each.affirmed) for each in batch])


def loss_of(scores: Tensor, support: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
    """Return the negative log likelihood of starts, ends and verdicts, summed and divided by the number of texts."""
    hidden = scores.float().masked_fill(~mask[..., None], -1e4)
    spans = sum(
        functional.cross_entropy(hidden[..., i], labels[:, i], ignore_index=IGNORED, reduction="sum") for i in (0, 1)
    )
    judged = labels[:, 2:] != IGNORED
    verdicts = functional.binary_cross_entropy_with_logits(
        support.float()[judged], labels[:, 2:][judged].float(), reduction="sum"
    )
    return (spans + SUPPORT_WEIGHT * verdicts) / len(labels)


def bfloat16_is_faster() -> bool:
    """Time a product of each type: a processor that emulates bfloat16 takes some twenty times as long as in float32."""
    taken = {}
    for dtype in (torch.float32, torch.bfloat16):
        left, right = torch.ones(3072, 384, dtype=dtype), torch.ones(384, 1536, dtype=dtype)
        left @ right
        began = time.perf_counter()
        for _ in range(5):
            left @ right
        taken[dtype] = time.perf_counter() - began
    return taken[torch.bfloat16] < taken[torch.float32]


class Run:
    """A training run that can be cut off at any time.

    Args:
        settings: of the run.
        data: folder of the corpora.
        folder: where the checkpoint lies.
    """

    def __init__(self, settings: Settings, data: Path, folder: Path) -> None:
        torch.manual_seed(settings.seed)
        checkpoint = load_checkpoint(locate_weights())
        self.settings, self.data, self.folder = settings, data, folder
        tokenizer = load_tokenizer()
        self.tokenizer = InputTokenizer(tokenizer)
        self.network = SpanNetwork(checkpoint, kept_rows(tokenizer, checkpoint.vocabulary), frozen=settings.frozen)
        if settings.begin.endswith(".pt"):
            state = torch.load(settings.begin, weights_only=True)["network"]
            known = self.network.state_dict()
            self.network.load_state_dict({k: v for k, v in state.items() if v.shape == known[k].shape}, strict=False)
        elif settings.begin:
            self.network.load_state_dict(shipped_state(Path(settings.begin), settings.shipped_frozen), strict=False)
        trained = [p for p in self.network.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            trained, lr=settings.rate, weight_decay=settings.decay, betas=(0.9, 0.98), fused=True
        )
        self.step, self.number, self.done = 0, 0, 0
        self.bfloat16 = bfloat16_is_faster()

    def train(self, every: float) -> None:
        """Train to the end, saving every `every` seconds."""
        self._resume()
        saved, shown, losses = time.monotonic(), time.monotonic(), []
        while self.number < self.settings.passes:
            todo = self._batches()
            total = len(todo) * self.settings.passes
            for batch in todo[self.done :]:
                losses.append(self._learn(batch, total))
                self.done += 1
                if time.monotonic() - shown > 30:
                    self._tell(losses, len(todo))
                    shown, losses = time.monotonic(), []
                if time.monotonic() - saved > every:
                    self._save()
                    saved = time.monotonic()
            self.number, self.done = self.number + 1, 0
            self._save()

    def _batches(self) -> list[list[Labelled]]:
        examples = examples_of_pass(self.settings, self.data, self.number)
        known = [each for example in examples if (each := labelled(example, self.tokenizer))]
        return batches(known, self.settings.tokens, random.Random(self.settings.seed + self.number))

    def _learn(self, batch: Sequence[Labelled], total: int) -> float:
        # What dropout draws depends on the step alone, so that a run that was cut off goes on as if it had not been.
        torch.manual_seed(self.settings.seed + self.step)
        self.network.train()
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.rate * self._share(total)
        ids, mask, labels = tensors(batch)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bfloat16):
            scores, support = self.network(ids, mask)
        loss = loss_of(scores, support, mask, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        return loss.item()

    def _share(self, total: int) -> float:
        """Return the share of the highest learning rate at this step."""
        rising = self.step / max(1.0, self.settings.warmup * total)
        return min(rising, max(0.02, (total - self.step) / ((1 - self.settings.warmup) * total)))

    def _tell(self, losses: Sequence[float], size: int) -> None:
        mean = sum(losses) / len(losses)
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} pass {self.number} batch {self.done}/{size} loss {mean:.3f}\n")
        sys.stderr.flush()

    def _save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / "checkpoint.new"
        state = {
            "settings": json.dumps(asdict(self.settings)),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "place": torch.tensor([self.step, self.number, self.done]),
            "bfloat16": self.bfloat16,
        }
        torch.save(state, fresh)
        fresh.replace(self.folder / "checkpoint.pt")

    def _resume(self) -> None:
        path = self.folder / "checkpoint.pt"
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True)
        if state["settings"] != json.dumps(asdict(self.settings)):
            raise SystemExit(f"{path} is of a run with other settings: {state['settings']}; move it away to begin anew")
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.number, self.done = state["place"].tolist()
        self.bfloat16 = state["bfloat16"]


def main(argv: Sequence[str] | None = None) -> int:
    """Train. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.reader.train", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--folder", type=Path, default=Path("data/training"), help="of the checkpoint")
    parser.add_argument("--every", type=float, default=240, help="seconds between checkpoints")
    for name, default in asdict(Settings()).items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    given = vars(parser.parse_args(argv))
    data, folder, every = given.pop("data"), given.pop("folder"), given.pop("every")
    Run(Settings(**given), data, folder).train(every)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
