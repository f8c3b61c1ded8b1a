"""The language model of an evaluation: one that the options name, or a scripted one of which the truth is known."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from eval.generation.scripted import NAME, scripted_model
from eval.generation.writing import Truth
from qa.settings import ModelSettings, Unsupported, add_model_options, model_of


@dataclass(frozen=True, slots=True)
class ModelRun:
    """A language model."""

    settings: ModelSettings | None = None  # which; None for none
    truth: Truth | None = None  # what was done to its sentences, known once they are written; None where it never is


def add_model_run_options(parser: argparse.ArgumentParser) -> None:
    """Add everything that `model_run_of` reads, and what to ask of the model."""
    add_model_options(parser)
    parser.add_argument(
        "--llm-scripted",
        action="store_true",
        help="用内置的脚本模型：照抄、换说法、改错各写几句，真假已知，测核对的准确率和召回率；不联网",
    )
    parser.add_argument("--expand", action="store_true", help="每题都让语言模型展开说明，不只是要总结、比较、解释的题")
    parser.add_argument(
        "--compare-ways", action="store_true", help="三种方式各答一遍并比较：只摘原文、只用语言模型、两者"
    )


@contextmanager
def model_run_of(arguments: argparse.Namespace) -> Iterator[ModelRun]:
    """Provide the model that the options ask for, as long as it is needed.

    Sentences that do not stand the check are kept with their reasons, so that the report can show them.

    Raises:
        ValueError: if the options contradict one another; the message is fit for a user's eyes.
    """
    if arguments.llm_scripted and (arguments.llm_url or arguments.llm_gguf or arguments.answers):
        raise ValueError("--llm-scripted 自带模型，不能与 --llm-url、--llm-gguf 或 --answers 同用。")
    if arguments.llm_scripted:
        with scripted_model() as model:
            yield ModelRun(ModelSettings(url=model.url, name=NAME, unsupported=Unsupported.STRIKE), model.written)
    else:
        yield ModelRun(_named(arguments))


def _named(arguments: argparse.Namespace) -> ModelSettings | None:
    named = None if arguments.answers else model_of(arguments)
    if named is None and (arguments.expand or arguments.compare_ways):
        needed = "--llm-url、--llm-gguf 或 --llm-scripted"
        raise ValueError(f"--expand、--compare-ways 须与 {needed} 同用，不能与 --answers 同用。")
    if named is not None and arguments.llm_unsupported is None:
        return dataclasses.replace(named, unsupported=Unsupported.STRIKE)
    return named
