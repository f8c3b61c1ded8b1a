"""`python -m tests.fuzz.fuzz_one TARGET [libFuzzer's options and folders]`: one target, guided by coverage."""

from __future__ import annotations

import logging
import sys

import atheris

with atheris.instrument_imports(include=["index"]):
    from index.loaders import ocr

from tests.fuzz.mutation import mutate
from tests.fuzz.targets import TARGETS, blank


def main() -> None:
    """Fuzz until libFuzzer's own limits end the process."""
    target = TARGETS[sys.argv[1]]
    logging.disable(logging.CRITICAL)  # libraries complain about every damaged file
    ocr.sheet = blank
    atheris.Setup(
        [sys.argv[0], *sys.argv[2:]],
        target,
        custom_mutator=lambda data, max_size, seed: mutate(data, max_size, seed, atheris.Mutate),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
