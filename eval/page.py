"""The report as one HTML page that asks nothing of the network; every text in it is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from eval.report import LABELS, BinJson, MissJson, ReportJson, ScoreJson, expected_text

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #2a7f62; --bar: #3b82c4; --soft: #8881; --bad: #c4553b; }
body { font: 15px/1.7 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; margin: 2rem auto; max-width: 72rem;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .7rem; text-align: left; white-space: nowrap; }
small { opacity: .7; }
svg text { fill: currentColor; font-size: 11px; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; }
summary b { color: var(--bad); }
dl { display: grid; gap: .2rem 1rem; grid-template-columns: 4rem 1fr; margin: .6rem 0; }
dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
"""


def report_page(report: ReportJson) -> str:
    """A complete HTML document, light or dark as the reader's system is."""
    title = f"评测报告 · {report['dataset']['name']}"
    body = [
        f"<h1>{escape(title)}</h1>",
        _facts(report),
        f"<h2>总体</h2>{_overall(report)}",
        f"<h2>按问题类型</h2>{_by_type(report)}",
        f"<h2>置信度校准</h2>{_calibration(report)}",
        f"<h2>错题 {len(report['misses'])} 道</h2>",
        *(_miss(miss) for miss in report["misses"]),
    ]
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _facts(report: ReportJson) -> str:
    dataset, index, latency = report["dataset"], report["index"], report["latency_ms"]
    splits = "，".join(f"{name} {n}" for name, n in dataset["splits"].items())
    facts = [
        (
            "问题",
            f"{dataset['questions']} 题，可答 {dataset['answerable']}，不可答 {dataset['unanswerable']}；{splits}",
        ),
        ("校验", f"sha256 {dataset['sha256']}"),
        ("索引", _index(index["path"], index["encoder"], index["passages"]) if index else "未说明"),
        ("耗时", f"p50 {_figure(latency['p50'])} ms，p95 {_figure(latency['p95'])} ms"),
        ("出错", "、".join(report["failed"]) or "无"),
    ]
    return _definitions(facts)


def _index(path: str, encoder: str, passages: int) -> str:
    return f"{path}，编码器 {encoder}，{passages} 个段落"


def _overall(report: ReportJson) -> str:
    rows = [
        [escape(LABELS[name]), _figure(each["value"]), _bar(each), str(each["n"]), f"<small>{name}</small>"]
        for name, each in report["scores"].items()
    ]
    return _table(["指标", "值", "95% 区间", "题数", "名称"], rows)


def _by_type(report: ReportJson) -> str:
    rows = [
        [escape(type), *(_cell(scores.get(name)) for name in report["scores"])]
        for type, scores in report["by_type"].items()
    ]
    return _table(["类型", *(LABELS[name] for name in report["scores"])], rows)


def _cell(score: ScoreJson | None) -> str:
    if score is None:
        return "-"
    return (
        f'<span title="{_figure(score["low"])} – {_figure(score["high"])}">{_figure(score["value"], 2)}'
        f" <small>{score['n']}</small></span>"
    )


def _bar(score: ScoreJson) -> str:
    """The interval as a line and the value as a dot, on a scale from 0 to 1."""
    value, low, high = score["value"], score["low"], score["high"]
    if value is None or low is None or high is None:
        return "-"
    x, left, right = (10 + 200 * each for each in (value, low, high))
    return (
        f'<svg width="220" height="16" role="img" aria-label="{low:.3f} 到 {high:.3f}">'
        '<line x1="10" x2="210" y1="8" y2="8" stroke="var(--line)"/>'
        f'<line x1="{left:.1f}" x2="{right:.1f}" y1="8" y2="8" stroke="var(--bar)" stroke-width="4"/>'
        f'<circle cx="{x:.1f}" cy="8" r="5" fill="var(--bar)"/></svg> <small>{low:.3f} – {high:.3f}</small>'
    )


def _calibration(report: ReportJson) -> str:
    bins = report["calibration"]["bins"]
    if not bins:
        return "<p>没有给出任何答案。</p>"
    rows = [
        [
            f"{each['low']:.1f} – {each['high']:.1f}",
            str(each["n"]),
            _figure(each["confidence"]),
            _figure(each["accuracy"]),
        ]
        for each in bins
    ]
    listing = _table(["置信度", "答案数", "平均置信度", "答对比例"], rows)
    return f"<p>校准误差 ECE {_figure(report['calibration']['ece'])}</p>{_reliability(bins)}{listing}"


def _reliability(bins: Sequence[BinJson]) -> str:
    """Accuracy over confidence; on the diagonal confidence says what it means."""
    points = "".join(
        f'<circle cx="{30 + 200 * each["confidence"]:.1f}" cy="{210 - 200 * each["accuracy"]:.1f}" '
        f'r="{3 + min(9.0, each["n"] ** 0.5):.1f}" fill="var(--bar)" fill-opacity=".7"/>'
        for each in bins
    )
    return (
        '<svg width="250" height="240" role="img" aria-label="可靠性图">'
        '<rect x="30" y="10" width="200" height="200" fill="var(--soft)"/>'
        '<line x1="30" y1="210" x2="230" y2="10" stroke="var(--line)"/>'
        f'{points}<text x="105" y="230">置信度</text><text x="2" y="110">答对</text></svg>'
    )


def _miss(miss: MissJson) -> str:
    asked = " → ".join([*miss["history"], miss["question"]])
    facts = [
        ("应答", expected_text(miss["expected"])),
        ("实答", miss["error"] or miss["given"] or "-"),
        ("短答", miss["short"] or "-"),
        ("置信度", _figure(miss["confidence"])),
        *(("引文", quote) for quote in miss["quotes"]),
        *(("证据", text) for text in miss["evidence"]),
    ]
    head = f"<b>{escape(miss['kind'])}</b> {escape(asked)} <small>{escape(miss['id'])} {escape(miss['type'])}</small>"
    return f"<details><summary>{head}</summary>{_definitions(facts)}</details>"


def _definitions(facts: Iterable[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts) + "</dl>"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the header is text, the rows' cells are HTML."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _figure(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
