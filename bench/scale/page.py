"""The curve as a page in Markdown and one with plots."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from bench.scale import ENCODED, GOALS, Curve
from bench.scale.model import BEYOND, PATIENCE_MS, Machine, checks, growing, plans, points_of
from bench.scale.plot import plot
from eval.report.markdown import markdown_table
from eval.report.markup import page as html_page
from eval.report.markup import table

TITLE = "规模：从一百段到一百万段"
COMMAND = 'make bench BENCH=scale（只测几档：make bench BENCH="scale --sizes 100,10000"）'

_COLUMNS = {
    "建索引": (
        ("片段", "passages"), ("编码 段/秒", "encode_passages_s"), ("编码 字/秒", "encode_characters_s"),
        ("其余 秒", "build_s"), ("合计 段/秒", "built_passages_s"), ("峰值内存 MB", "build_peak_mb"),
        ("磁盘 MB", "disk_mb"), ("分段", "segments"),
        ("加一份 秒", "add_s"), ("减一份 秒", "remove_s"),
    ),
    "打开与检索": (
        ("片段", "passages"), ("打开 毫秒", "open_ms"), ("第一次检索", "first_search_ms"),
        ("语义 p50", "dense_p50_ms"), ("p95", "dense_p95_ms"), ("召回@10", "dense_recall"),
        ("字面 p50", "lexical_p50_ms"), ("p95", "lexical_p95_ms"), ("两者合并 p50", "fused_p50_ms"),
        ("p95", "fused_p95_ms"), ("召回@10", "fused_recall"),
    ),
    "作答与内存": (
        ("片段", "passages"), ("作答 p50 毫秒", "answer_p50_ms"), ("p95", "answer_p95_ms"),
        ("第一个答案", "first_answer_ms"), ("检索进程常驻 MB", "resident_mb"), ("其中自己的", "resident_own_mb"),
        ("其中映射的文件", "resident_mapped_mb"), ("作答进程常驻 MB", "answering_mb"),
    ),
    "逐一比较与内存带宽": (
        ("片段", "passages"), ("只读一遍 毫秒", "read_ms"), ("逐一比较 毫秒", "exact_ms"), ("倍数", "bound_ratio"),
        ("读 GB/秒", "read_gb_s"),
    ),
}  # fmt: skip
"""For each table, the head of each column and the value in it."""

_PLOTS = (
    (
        "检索 p50，毫秒",
        (("语义", "dense_p50_ms"), ("字面", "lexical_p50_ms"), ("合并", "fused_p50_ms"), ("逐一", "exact_ms")),
        10.0,
    ),
    ("作答 p50，毫秒", (("作答", "answer_p50_ms"),), 200.0),
    ("打开、加一份，毫秒", (("打开", "open_ms"), ("加一份", "add_ms")), 1000.0),
    ("建索引（不含编码），秒", (("墙钟", "build_s"), ("处理器", "build_cpu_s")), None),
    (
        "内存，MB",
        (("建索引峰值", "build_peak_mb"), ("检索常驻", "resident_mb"), ("其中自己的", "resident_own_mb")),
        1200.0,
    ),
    ("磁盘，MB", (("索引", "disk_mb"),), None),
)  # fmt: skip

_GOAL_LABELS = {
    "build_peak_mb": "建索引峰值内存 MB",
    "open_ms": "打开 毫秒",
    "add_s": "加一份 秒",
    "dense_p50_ms": "语义检索 p50 毫秒",
    "dense_recall": "语义检索 召回@10",
    "fused_p50_ms": "两者合并检索 p50 毫秒",
    "fused_recall": "两者合并检索 召回@10",
    "bound_ratio": "逐一比较与只读一遍之比",
    "resident_mb": "检索进程常驻内存 MB",
    "answer_p50_ms": "作答 p50 毫秒",
}


@dataclass(frozen=True, slots=True)
class _Section:
    heading: str
    paragraphs: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def markdown(curve: Curve) -> str:
    """Return the page for a repository."""
    parts = [f"# {TITLE}"]
    for section in _sections(curve):
        parts += [f"## {section.heading}", *section.paragraphs]
        parts += [markdown_table(section.header, section.rows)] if section.rows else []
    return "\n\n".join(parts) + "\n"


def page(curve: Curve) -> str:
    """Return the page for a browser: the same, with plots."""
    parts = [f"<h1>{TITLE}</h1>"]
    for section in _sections(curve):
        parts += [f"<h2>{escape(section.heading)}</h2>", *(f"<p>{escape(text)}</p>" for text in section.paragraphs)]
        parts += [table(section.header, section.rows)] if section.rows else []
        parts += [f'<div class="beside">{_plots(curve)}</div>'] if section.heading == "怎么测的" else []
    return html_page("page.html", TITLE, body=Markup("\n".join(parts)))


def _plots(curve: Curve) -> str:
    points = {size: {**values, "add_ms": 1e3 * values["add_s"]} for size, values in points_of(curve["sizes"]).items()}
    return "".join(
        plot(title, {label: [(size, points[size][name]) for size in sorted(points)] for label, name in lines}, goal)
        for title, lines, goal in _PLOTS
    )


def _sections(curve: Curve) -> list[_Section]:
    return [
        _Section("怎么测的", _method(curve)),
        *(_table(heading, curve) for heading in _COLUMNS),
        _goals(curve),
        _laws(curve),
        _beyond(curve),
    ]


def _method(curve: Curve) -> tuple[str, ...]:
    machine, known = curve["machine"], int(max(values["known_vectors"] for values in curve["sizes"].values()))
    return (
        f"由 {COMMAND} 生成，数据在 scaling.json。{machine['processor']}，{machine['cores']} 核，"
        f"内存 {machine['memory']}，Python {machine['python']}，{machine['date']}；"
        f"测完时机器一、五、十五分钟的负载 {machine['load']}（{machine['cores']} 以上说明还有别的程序在跑，时间偏大）。"
        "每一步一个进程，测过的留在 build/scale，不再测。",
        f"文本：前 64,670 篇是国家法律法规的全部条文，到 {curve['real']:,} 篇为止是政策和政府工作报告的片段，"
        "都是真的；再往上，每篇由二至四篇真文本的句子打乱重组。每篇约一个片段。",
        f"向量：{known:,} 个片段（默认前 {ENCODED:,} 篇）是编码器真算的；其余的取其中一个加高斯噪声，"
        "噪声的大小使两个副本的余弦等于真向量与最近邻的余弦的中位数。要全部真算：--encode 加篇数。问题都是真的："
        "1,543 个法律咨询问题里的 200 个（作答用 30 个）。",
        "“其余”是编码以外的时间，“合计”含编码；峰值内存含已载入的编码器。检索的时间不含编码问题（约 5 毫秒）。"
        "召回@10：与逐一比较的前十名相比，40 题平均；字面检索是精确的。",
    )


def _table(heading: str, curve: Curve) -> _Section:
    columns = _COLUMNS[heading]
    rows = tuple(tuple(_said(name, values[name]) for _, name in columns) for values in curve["sizes"].values())
    return _Section(heading, (), tuple(head for head, _ in columns), rows)


def _said(name: str, value: float) -> str:
    if name.endswith("recall"):
        return f"{value:.3f}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _goals(curve: Curve) -> _Section:
    rows = []
    for size, goals in GOALS.items():
        values = curve["sizes"].get(str(size), {})
        for name, goal in goals.items():
            if name in values:
                sign, bound = goal.split()
                met = values[name] <= float(bound) if sign == "≤" else values[name] >= float(bound)
                rows.append(
                    (f"{size:,}", _GOAL_LABELS[name], goal, _said(name, values[name]), "达到" if met else "没有达到")
                )
    return _Section("与目标相比", (), ("篇数", "量", "目标", "实测", ""), tuple(rows))


def _laws(curve: Curve) -> _Section:
    points = points_of(curve["sizes"])
    checked = {check.law.name: check for check in checks(points)}
    rows = []
    for fitted in growing(points):
        check = checked.get(fitted.law.name)
        held = (
            (_said("", check.said), _said("", check.found), f"{check.said / check.found:.2f}") if check else ("-",) * 3
        )
        rows.append((fitted.law.label, fitted.law.said, f"{fitted.constant:.3g}", f"{fitted.factor:.3g}", *held))
    text = "n 是片段数。“预测”用最大一档以外的点拟合，再与最大一档的实测相比：这就是模型的误差。"
    header = ("量", "规律", "a", "b", "预测最大一档", "实测", "预测/实测")
    return _Section("模型，以及它对最大一档的预测", (text,), header, tuple(rows))


def _beyond(curve: Curve) -> _Section:
    machine, last = Machine(), list(curve["sizes"].values())[-1]
    found = plans(points_of(curve["sizes"]), last["encode_passages_s"], int(curve["machine"]["cores"]), machine)
    rows = tuple(
        (
            f"{plan.passages:,}",
            _said("", plan.encoding_days),
            _said("", plan.disk_gb),
            _said("", plan.memory_gb),
            f"{plan.machines:,}",
            _said("", plan.search_ms),
            f"{plan.yuan_a_month:,}",
        )
        for plan in found
    )
    text = (
        f"每台按 {machine.cores} 核、{machine.memory_gb} GB 内存（一半给索引）、{machine.disk_gb} GB 固态盘、每月"
        f" {machine.yuan_a_month} 元计，价格是假定，不是测得的；每台一份，各查各的，"
        f"一份的检索不超过 {PATIENCE_MS:.0f} 毫秒。"
        "编码用 yiju-index build --cluster 分到各台，时间除以台数。一个文件夹的索引写到一千万段为止"
        "（那里每次改动仍只重写一段）；再大请用 Milvus（docs/milvus.md），内存按那里的 HNSW 计，约为此处的七倍。"
    )
    header = ("片段", "编码 天（一台）", "磁盘 GB", "内存 GB", "台数", "一份的检索 毫秒", "元/月")
    return _Section(f"推到 {BEYOND[0]:,} 段以上", (text,) if rows else ("点还不够，推不出来。",), header, rows)
