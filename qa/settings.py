"""Settings, read once at start. The only module that reads the environment."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from index.command_line import whole_number
from index.locations import Location, location

MAX_QUESTION_CHARACTERS = 2_000
"""A longer question is refused with a message that states this limit."""
ENVIRONMENT: Mapping[str, str] = os.environ
"""The variables of this process, for who layers options over them."""

CONTEXT = 4096
"""Tokens that a language model reads and writes together, where nothing else is said: the least that servers offer."""
SMALLEST_CONTEXT = 1024
"""Tokens: with fewer, there is no room for a passage and an answer."""


class Caution(StrEnum):
    """How sure an answer must be to be given: the more caution, the fewer wrong answers and the more refusals."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


def add_caution_option(parser: argparse.ArgumentParser) -> None:
    """Add `--caution`, which every command that answers has."""
    help = "作答门槛：low 较低，normal，high 较高（误答更少，拒答更多）；默认取 YIJU_CAUTION，再取 normal"
    parser.add_argument("--caution", type=Caution, choices=list(Caution), help=help)


class Answering(StrEnum):
    """Which reader answers where there is a language model; both can be measured alone."""

    EXTRACTIVE = "extractive"
    GENERATIVE = "generative"
    BOTH = "both"


class Unsupported(StrEnum):
    """What becomes of a sentence of a language model that its quotes do not carry."""

    WITHHOLD = "withhold"
    STRIKE = "strike"


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which language model writes, and how."""

    url: str | None = None  # of an OpenAI-compatible interface, up to `/v1`; None where none is used
    name: str = ""  # what that interface calls the model
    file: Path | None = None  # a GGUF file to run instead; None where none is used
    # for the interface; from the environment alone, so that no list of processes shows it
    key: str | None = field(default=None, repr=False)
    ca_file: Path | None = None  # certificates to trust beside those of the system
    context: int = CONTEXT  # tokens that the model can read and write together
    unsupported: Unsupported = Unsupported.WITHHOLD  # what becomes of sentences without a basis

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] = os.environ,
        *,
        url: str | None = None,
        name: str | None = None,
        file: Path | None = None,
        ca_file: Path | None = None,
        context: int | None = None,
        unsupported: Unsupported | None = None,
    ) -> ModelSettings | None:
        """Return settings from `YIJU_LLM_URL`, `_MODEL`, `_GGUF`, `_CA_FILE`, `_KEY`.

        What is given wins over the environment.

        Returns:
            None where neither an address nor a file is named: then no language model is used.

        Raises:
            ValueError: if address and file are both named, or the address is none; the message is fit for a user.
        """
        url = url or (None if file else environment.get("YIJU_LLM_URL"))
        file = file or _path(None if url else environment.get("YIJU_LLM_GGUF"))
        if not url and not file:
            return None
        if url and file:
            raise ValueError("--llm-url 与 --llm-gguf 只能给出一个。")
        return cls(
            url=_address(url) if url else None,
            name=_model_name(name or environment.get("YIJU_LLM_MODEL"), file),
            file=file,
            key=environment.get("YIJU_LLM_KEY") or None,
            ca_file=ca_file or _path(environment.get("YIJU_LLM_CA_FILE")),
            context=context or CONTEXT,
            unsupported=unsupported or Unsupported.WITHHOLD,
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one run: where the index lies, how many passages are read, how sure answers must be, who answers."""

    index: Location = Path("data/index")
    k: int = 10
    caution: Caution = Caution.NORMAL
    model: ModelSettings | None = None
    answering: Answering = Answering.BOTH
    mask_personal: bool = False

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] = os.environ,
        *,
        index: Location | None = None,
        caution: Caution | None = None,
        model: ModelSettings | None = None,
        mask_personal: bool = False,
    ) -> Settings:
        """Return settings from `YIJU_INDEX` and `YIJU_CAUTION`; an argument that is given wins over the environment.

        Raises:
            ValueError: if `YIJU_CAUTION` is none of the cautions or `YIJU_INDEX` no address; fit for a user's eyes.
        """
        return cls(
            index=index or location(environment.get("YIJU_INDEX") or "data/index"),
            caution=caution or _caution(environment.get("YIJU_CAUTION") or Caution.NORMAL),
            model=model,
            mask_personal=mask_personal,
        )


def _caution(name: str) -> Caution:
    try:
        return Caution(name)
    except ValueError:
        raise ValueError(f"环境变量 YIJU_CAUTION 是 {name!r}：应为 {'、'.join(Caution)} 之一。") from None


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        told = (parts.scheme in ("http", "https"), parts.hostname, parts.port != 0)
    except ValueError:
        told = (False, None, False)
    if not all(told):
        raise ValueError(f"--llm-url {url}：应为接口的地址，例如 http://127.0.0.1:11434/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("--llm-url 里不能有用户名、密码或参数：密钥写在环境变量 YIJU_LLM_KEY 里。")
    return url.rstrip("/")


def _model_name(name: str | None, file: Path | None) -> str:
    if name or file:
        return name or ""
    raise ValueError("--llm-url 须与 --llm-model 同用：例如 --llm-model qwen3:8b")


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add everything that `model_of` reads."""
    group = parser.add_argument_group("语言模型：不设置时不使用；密钥只取自环境变量 YIJU_LLM_KEY")
    group.add_argument("--llm-url", metavar="URL", help="OpenAI 兼容接口的地址，例如 http://127.0.0.1:11434/v1")
    group.add_argument("--llm-model", metavar="NAME", help="接口中模型的名称，例如 qwen3:8b")
    group.add_argument("--llm-gguf", type=Path, metavar="FILE", help="直接运行一个 GGUF 文件，须装 yiju[gguf]")
    group.add_argument("--llm-ca-file", type=Path, metavar="FILE", help="除系统信任的以外，还信任这些证书（PEM）")
    group.add_argument(
        "--llm-context",
        type=whole_number(SMALLEST_CONTEXT, 10**7),
        metavar="N",
        help="模型一次能读写多少 token，默认 4096；与模型服务的设置一致",
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
