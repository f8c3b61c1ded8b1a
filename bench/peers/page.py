"""What was measured, as a page in Markdown and one to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from operator import methodcaller

import numpy as np
from markupsafe import Markup

from bench.peers import SYSTEMS
from bench.peers.answering import Answered
from bench.peers.environments import Environment
from bench.peers.measuring import BUDGET, DEPTH, MEASURES, K, Measured
from bench.peers.tasks import Task
from eval.metrics.answer_metrics import LABELS
from eval.metrics.comparison import Contrast, System, compare
from eval.report.markdown import markdown_table
from eval.report.markup import Cell, Row, table
from eval.report.markup import page as html_page

TITLE = "与同类框架同题比较"
_HEADER = (
    "系统",
    f"召回@{DEPTH}",
    f"MRR@{K}",
    f"{BUDGET} 字内召回",
    f"前 {DEPTH} 段字数",
    "段数",
    "建索引 CPU 秒",
    "每问 CPU 毫秒",
    "内存 MB",
)
_ANSWERS = ("answer_hit", "short_hit", "citation_recall", "citation_precision", "false_answer", "false_refusal", "f1")


@dataclass(frozen=True, slots=True)
class TaskResult:
    """All that was measured on one task.

    Attributes:
        task: which.
        measured: every system, the product first.
        scores: means of the product's answers.
        answered: them, with what they took.
    """

    task: Task
    measured: tuple[Measured, ...]
    scores: Mapping[str, float]
    answered: Answered


@dataclass(frozen=True, slots=True)
class _Section:
    heading: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def markdown(results: Sequence[TaskResult], environments: Mapping[str, Environment], command: str) -> str:
    """Return the page for a repository.

    Args:
        results: at least one.
        environments: by name, of all systems.
        command: that makes the page again.
    """
    parts = [f"# {TITLE}"]
    for section in _sections(results, environments, command):
        parts += [f"## {section.heading}", *section.paragraphs]
        parts += ["\n".join(f"- {point}" for point in section.points)] if section.points else []
        parts += [markdown_table(section.header, section.rows)] if section.rows else []
    return "\n\n".join(parts) + "\n"


def page(results: Sequence[TaskResult], environments: Mapping[str, Environment], command: str) -> str:
    """Return the page for a browser: the same, with tables that sort."""
    parts = [f"<h1>{TITLE}</h1>"]
    for section in _sections(results, environments, command):
        parts += [f"<h2>{escape(section.heading)}</h2>", *(f"<p>{escape(text)}</p>" for text in section.paragraphs)]
        parts += (
            [f"<ul>{''.join(f'<li>{escape(point)}</li>' for point in section.points)}</ul>"] if section.points else []
        )
        parts += [table(section.header, [_row(row) for row in section.rows])] if section.rows else []
    return html_page("page.html", TITLE, body=Markup("\n".join(parts)))


def _row(texts: Sequence[str]) -> Row:
    return [_cell(text) for text in texts]


def _cell(text: str) -> str | Cell:
    bare = text.rstrip("↑↓").replace(",", "")
    return Cell(text, float(bare)) if bare.replace(".", "", 1).isdecimal() else text


def _sections(results: Sequence[TaskResult], environments: Mapping[str, Environment], command: str) -> list[_Section]:
    return [
        _Section("怎么比的", _method(command)),
        *(_task_section(each) for each in results),
        _Section("同类更好的地方", points=tuple(_better(results)) or ("本次没有。",)),
        _answers_section(results),
        _environment_section(results, environments),
        _Section("不可比的", points=_CAVEATS),
    ]


def _method(command: str) -> tuple[str, ...]:
    return (
        f"由 {command} 生成。每个系统一个环境、一个进程，读同样的文本文件，用同一个编码器"
        "（随依据安装的 multilingual-e5-small，8 位 ONNX，同一段代码打开），问同样的开发题；测试题没有用过。",
        f"召回@{DEPTH}：某条证据完整落在前 {DEPTH} 段之一；MRR@{K}：第一段含证据者名次的倒数。一段越长越容易含有证据，"
        f"所以另给“{BUDGET} 字内召回”：按名次读，读满 {BUDGET} 字为止。↑↓：与依据相比显著更好、更差"
        "（配对置换检验，每组内按 Holm 校正，p < 0.05）。",
        "时间是处理器时间（所有线程之和），机器上别的任务不计在内；一个问题只用一个线程，空闲时的等待时间与它相近。"
        "内存是进程的峰值，含建索引。",
    )


_CAVEATS = (
    "只有依据不用大模型就作答；LangChain、LlamaIndex 的问答链都要一个大语言模型，没有测。",
    "Haystack 的 ExtractiveReader 和 txtai 的抽取式问答要从模型库下载阅读模型（默认是英文的），它们的软件包里没有；"
    "本比较只用随软件包安装的东西，所以没有测。它们的检索测了。",
    "整份文件作一段（Haystack 默认、txtai 不切分）时，编码器只看得到前 512 个词元；而示例集只有一份文件，召回必然是 1，"
    "要看“2000 字内召回”。",
    "依据的检索直接用问题原文，没有用它对拼音、错字、追问的处理；追问题只计入作答。",
    "各框架都能换切分器、加重排与混合检索；这里测的是它们文档里的默认或教程写法，各用了一种以上的，都列出来。",
)


def _task_section(result: TaskResult) -> _Section:
    systems = [System(each.system.label, each.scores) for each in result.measured]
    marks = {(each.system, each.score): each for each in compare(systems, MEASURES)} if len(systems) > 1 else {}
    asked = len(result.task.searched)
    files = sum(1 for _ in result.task.folder.iterdir())
    rows = tuple(
        (
            each.system.label,
            *(f"{each.mean(name):.3f}{_mark(marks.get((each.system.label, name)))}" for name in MEASURES),
            f"{each.characters:,.0f}",
            f"{each.finding['pieces']:,}",
            f"{each.finding['index_seconds']:.1f}",
            f"{_milliseconds(each):.1f}",
            f"{each.finding['peak_mb']:,.0f}",
        )
        for each in result.measured
    )
    return _Section(f"{result.task.label}：{files} 个文件，{asked} 题", header=_HEADER, rows=rows)


def _mark(contrast: Contrast | None) -> str:
    if contrast is None or contrast.p >= 0.05:
        return ""
    return "↑" if contrast.gain > 0 else "↓"


def _better(results: Sequence[TaskResult]) -> list[str]:
    """Return a sentence for every figure of a task that some other system has better."""
    found = []
    for result in results:
        own, *others = result.measured
        for figure in _FIGURES:
            value = figure.value(own)
            ahead = [each for each in others if figure.sign * (figure.value(each) - value) > 1e-9]
            if ahead:
                named = "、".join(f"{each.system.label} {figure.value(each):.3g}" for each in ahead)
                found.append(f"{result.task.label}，{figure.label}：依据 {value:.3g}；{named}。")
    return found


@dataclass(frozen=True, slots=True)
class _Figure:
    """One figure of a system on a task.

    Attributes:
        label: for people.
        sign: 1 where more is better, -1 where less is.
        value: gives the figure.
    """

    label: str
    sign: int
    value: Callable[[Measured], float]


def _milliseconds(measured: Measured) -> float:
    return float(np.median(measured.finding["milliseconds"]))


_FIGURES = (
    *(_Figure(label, 1, methodcaller("mean", name)) for name, label in zip(MEASURES, _HEADER[1:4], strict=True)),
    _Figure("建索引（CPU 秒）", -1, lambda measured: measured.finding["index_seconds"]),
    _Figure("每问（CPU 毫秒）", -1, _milliseconds),
    _Figure("内存（MB）", -1, lambda measured: measured.finding["peak_mb"]),
)


def _answers_section(results: Sequence[TaskResult]) -> _Section:
    header = ("题目", "题数", *(LABELS[name] for name in _ANSWERS), "每答 CPU 毫秒", "内存 MB")
    rows = tuple(
        (
            result.task.label,
            str(len(result.task.queries)),
            *(f"{result.scores[name]:.3f}" if name in result.scores else "-" for name in _ANSWERS),
            f"{np.median(result.answered['milliseconds']):.0f}",
            f"{result.answered['peak_mb']:,.0f}",
        )
        for result in results
    )
    return _Section("作答：只有依据", ("不用大模型而作答的只有依据；追问和答不了的问题也在内。",), (), header, rows)


def _environment_section(results: Sequence[TaskResult], environments: Mapping[str, Environment]) -> _Section:
    first = {each.system.name: each for each in results[0].measured}
    rows = tuple(
        (
            system.label,
            system.setting,
            environments[system.environment].versions,
            f"{environments[system.environment].megabytes:,.0f}",
            f"{first[system.name].finding['start_seconds']:.1f}",
        )
        for system in SYSTEMS
        if system.name in first
    )
    text = "安装大小不含各系统共用的编码器（36 MB）；依据的含网页界面、读各种文件的库和阅读器网络。"
    return _Section("设置、版本、安装大小", (text,), (), ("系统", "设置", "版本", "安装 MB", "启动 CPU 秒"), rows)
