"""The options about a language model that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from qa.settings import ModelSettings, Unsupported

SMALLEST_CONTEXT = 1024
"""Tokens: with fewer, there is no room for a passage and an answer."""


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add everything that `model_of` reads."""
    group = parser.add_argument_group("语言模型：不设置时不使用；密钥只取自环境变量 YIJU_LLM_KEY")
    group.add_argument("--llm-url", metavar="URL", help="OpenAI 兼容接口的地址，例如 http://127.0.0.1:11434/v1")
    group.add_argument("--llm-model", metavar="NAME", help="接口中模型的名称，例如 qwen3:8b")
    group.add_argument("--llm-gguf", type=Path, metavar="FILE", help="直接运行一个 GGUF 文件，须装 yiju[gguf]")
    group.add_argument("--llm-ca-file", type=Path, metavar="FILE", help="除系统信任的以外，还信任这些证书（PEM）")
    group.add_argument(
        "--llm-context", type=_context, metavar="N", help="模型一次能读写多少 token，默认 4096；与模型服务的设置一致"
    )
    group.add_argument(
        "--llm-unsupported",
        type=Unsupported,
        choices=list(Unsupported),
        help="没有依据的句子：withhold 不显示（默认），strike 划掉并写明原因",
    )


def model_of(arguments: argparse.Namespace) -> ModelSettings | None:
    """Return what the options and the environment ask for; None for no language model.

    Raises:
        ValueError: if they contradict one another; the message is fit for a user's eyes.
    """
    return ModelSettings.from_environment(
        url=arguments.llm_url,
        name=arguments.llm_model,
        file=arguments.llm_gguf,
        ca_file=arguments.llm_ca_file,
        context=arguments.llm_context,
        unsupported=arguments.llm_unsupported,
    )


def _context(text: str) -> int:
    if not text.isdecimal() or not SMALLEST_CONTEXT <= int(text) <= 10**7:
        raise argparse.ArgumentTypeError(f"须为不小于 {SMALLEST_CONTEXT} 的整数，得到 {text}")
    return int(text)
