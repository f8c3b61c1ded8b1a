"""`yiju-index`: build an index folder, change it, look at it, check it."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from index import rights_editing
from index.command_line import Parser, for_readers_that_leave
from index.encoding.encoders import DEFAULT_ENCODER, load_encoder
from index.errors import YijuError
from index.locations import Location, location_argument
from index.manifest import Search
from index.protocols import Encoder, Index, LoadEncoder, Progress, Writer
from index.records import Described, Document
from index.store.named_encoder import NamedEncoder
from index.store.sync import Batch, Changes, Read, batches, changes, read_here, settlings
from index.stores import store_at
from index.terminal import escaped, printable

EVERY = 10.0
"""Seconds between two lines about progress where there is no terminal."""
DONE, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command leaves: lines for stdout, and the exit status."""

    lines: Sequence[str]
    status: int = DONE


@for_readers_that_leave
def main(argv: Sequence[str] | None = None, *, load_encoder: LoadEncoder | None = None) -> int:
    """Run one command; return 0 done, 1 `verify` found damage, 2 an unusable input, 130 interrupted.

    Args:
        argv: arguments without the program's name; those of the process by default.
        load_encoder: makes an encoder from its name; the real ones by default.
    """
    for stream in (sys.stdout, sys.stderr):
        # A file's name may hold what the terminal's encoding has no character for.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    arguments.load_encoder = load_encoder or _load_encoder
    try:
        outcome: Outcome = arguments.run(arguments)
    except _Interrupted as interrupted:
        print(f"\n已中断；已存下 {interrupted.files} 个文件，再运行同一命令会接着做。", file=sys.stderr)
        return INTERRUPTED
    except KeyboardInterrupt:
        print("\n已中断；索引没有改动。", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except (YijuError, ValueError, OSError) as error:
        _say(f"yiju-index：{_one_line(error)}")
        return UNUSABLE
    _print(outcome.lines)
    return outcome.status


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="yiju-index", description="为文档建立、更新和检查索引。")
    commands = parser.add_subparsers(required=True, metavar="命令", parser_class=Parser)
    _add_changing(commands)
    _add_looking(commands)
    _add_keeping(commands)
    return parser


def _command(
    commands: argparse._SubParsersAction[Parser],
    name: str,
    run: Callable[[argparse.Namespace], Outcome],
    said: str,
    *,
    where: str = "索引文件夹，或 milvus://…",
) -> Parser:
    """Add a command; its first argument is the index, unless `where` is empty."""
    parser = commands.add_parser(name, help=said)
    parser.set_defaults(run=run)
    if where:
        parser.add_argument("index", type=location_argument, metavar="DIR", help=where)
    return parser


def _add_changing(commands: argparse._SubParsersAction[Parser]) -> None:
    said = "用文件和文件夹新建（或整个替换）一个索引；中断后再运行同一命令会接着做"
    build = _command(commands, "build", _build, said, where="")
    build.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="文件或文件夹")
    said = "索引文件夹，或 Milvus 的集合：milvus://主机:19530/集合"
    build.add_argument("-o", "--output", "--store", required=True, type=location_argument, metavar="DIR", help=said)
    said = "编码器名称或本地文件夹（默认 %(default)s）"
    build.add_argument("--encoder", default=DEFAULT_ENCODER, metavar="NAME", help=said)
    said = f"片段多到须分组检索时要求的召回率：一百个最近邻中至少找到的比例（默认 {Search().wanted}）"
    build.add_argument("--recall", type=_share, metavar="SHARE", help=said)
    _add_reading(build)

    said = "加入文件和文件夹；只处理新的、改过的和已删去的，中断后可接着做"
    add = _command(commands, "add", lambda given: _watch(given) if given.watch else _add(given), said)
    add.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="文件或文件夹")
    add.add_argument("--encoder", metavar="NAME", help="编码器移动了位置时指明；须与建立索引时的相同")
    add.add_argument("--watch", action="store_true", help="持续监看这些文件夹，有变动就加入，按 Ctrl-C 停止")
    said = "每隔几秒检查一次（默认 %(default)g）"
    add.add_argument("--every", type=_seconds, default=5.0, metavar="SECONDS", help=said)
    _add_reading(add)

    remove = _command(commands, "remove", _remove, "移除文档")
    remove.add_argument("ids", nargs="+", metavar="DOCUMENT_ID", help="文档编号，见 info")


def _add_looking(commands: argparse._SubParsersAction[Parser]) -> None:
    info = _command(commands, "info", _info, "查看索引的内容")
    info.add_argument("--json", action="store_true", help="输出 JSON")

    show = _command(commands, "show", _show, "查看一份文档的目录和片段")
    show.add_argument("document", metavar="DOCUMENT", help="文档编号、来源，或来源、标题里独有的几个字")

    rights = _command(commands, "rights", _rights, "查看和改动谁能读哪些文档；不必停止服务，改动立即生效")
    rights_editing.add_arguments(rights)


def _add_keeping(commands: argparse._SubParsersAction[Parser]) -> None:
    backup = _command(commands, "backup", _backup, "把索引备份成一个 tar 文件，边写边核对", where="索引文件夹")
    backup.add_argument("file", type=Path, metavar="FILE", help="备份文件；已有的会被替换")

    restore = _command(commands, "restore", _restore, "用备份恢复索引；核对无误后才替换，否则什么也不变", where="")
    restore.add_argument("file", type=Path, metavar="FILE", help="备份文件")
    restore.add_argument("index", type=location_argument, metavar="DIR", help="索引文件夹")

    said = "修复损坏的索引：完好的部分留用，其余重做；文档本身坏了的，从原文件重读"
    repair = _command(commands, "repair", _repair, said, where="索引文件夹")
    repair.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="原来编入的文件和文件夹")
    repair.add_argument("--encoder", metavar="NAME", help="编码器移动了位置时指明；须与建立索引时的相同")

    _command(commands, "verify", _verify, "逐个文件核对校验和与结构；有损坏时退出码为 1")


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--strict", action="store_true", help="有文件没有读取或没有读全时，退出码为 1（索引照样写好）")
    said = "由 Ray 集群读文件和编码：local、local:2、auto 或 主机:端口"
    parser.add_argument("--cluster", metavar="ADDRESS", help=said)


def _share(text: str) -> float:
    if not re.fullmatch(r"0?\.\d{1,4}|1(\.0*)?", text) or not float(text):
        raise argparse.ArgumentTypeError(f"须大于 0、至多为 1，如 0.98，得到 {text}")
    return float(text)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d{1,5}(\.\d+)?", text) or not float(text):
        raise argparse.ArgumentTypeError(f"秒数须大于 0，得到 {text}")
    return float(text)


class _Interrupted(Exception):
    """Stopped by the user with part of the work saved."""

    def __init__(self, files: int) -> None:
        self.files = files


def _build(arguments: argparse.Namespace) -> Outcome:
    output: Location = arguments.output
    store = store_at(output)
    job = escaped(json.dumps([str(path.absolute()) for path in arguments.paths]))
    with (
        _workers(arguments, arguments.encoder) as (read, load),
        store.building(arguments.encoder, load, arguments.recall, job) as writer,
    ):
        if writer.document_count:
            _say(f"接着上次未完成的建立继续：已有 {_counts(writer)}。")
        taken = _take_in(read, arguments.paths, writer, keeps=store.resumes)
    return Outcome(
        [f"已建立索引 {output}：{_counts(writer)}"], FAILED if arguments.strict and not taken.complete else DONE
    )


def _add(arguments: argparse.Namespace) -> Outcome:
    where: Location = arguments.index
    store = store_at(where)
    with (
        _workers(arguments, arguments.encoder or store.manifest().encoder) as (read, load),
        store.writing(load, arguments.encoder) as writer,
    ):
        taken = _take_in(read, arguments.paths, writer, keeps=True)
    said = _added(taken.changed, taken.added) + f"；索引 {where}：{_counts(writer)}"
    return Outcome([said], FAILED if arguments.strict and not taken.complete else DONE)


@dataclass(frozen=True, slots=True)
class _Taken:
    """What had changed, how many documents were added, and whether all of every file was read."""

    changed: Changes
    added: int
    complete: bool


def _take_in(read: Read, paths: Sequence[Path], writer: Writer, *, keeps: bool) -> _Taken:
    """Bring an index up to date with files and folders; `keeps` says whether an interruption leaves what is done."""
    descriptions = writer.descriptions()
    report = _Report()
    changed = changes(paths, descriptions, report.notice)
    meter, added, saved = _Meter(len(changed.incoming), report), 0, 0
    try:
        for batch in _batches(read, changed, descriptions, report):
            writer.add(batch.documents, stale=batch.stale, progress=meter.of(batch))
            added, saved = added + len(batch.documents), batch.files
    except KeyboardInterrupt as interrupt:
        if saved and keeps:
            raise _Interrupted(saved) from interrupt
        raise
    report.close(len(changed.incoming), found=bool(added or changed.unchanged))
    if changed.gone:
        writer.remove(changed.gone)
    return _Taken(changed, added, report.complete)


def _watch(arguments: argparse.Namespace) -> Outcome:
    """Add again and again. What goes wrong once is said, and may be right the next time; but not at the first."""
    rounds = settlings(arguments.paths, partial(time.sleep, arguments.every))
    next(rounds)
    _print(_add(arguments).lines)
    _say(f"每 {arguments.every:g} 秒检查一次变动；按 Ctrl-C 停止。")
    try:
        for _ in rounds:
            try:
                _print(_add(arguments).lines)
            except BrokenPipeError:
                raise
            except (YijuError, ValueError, OSError) as error:
                _say(f"yiju-index：{_one_line(error)}")
    except KeyboardInterrupt:
        return Outcome(["已停止监看；索引是完整的。"])
    return Outcome([])


def _added(changed: Changes, added: int) -> str:
    said = f"已加入 {added} 份文档" if added or not changed.unchanged else "没有新的内容"
    if changed.gone:
        said += f"，移除 {len(changed.gone)} 份（文件已不在）"
    if changed.unchanged:
        said += f"，{changed.unchanged} 个文件没有变化"
    return said


def _remove(arguments: argparse.Namespace) -> Outcome:
    where: Location = arguments.index
    with store_at(where).writing(arguments.load_encoder) as writer:
        writer.remove(arguments.ids)
    return Outcome([f"已移除 {len(set(arguments.ids))} 份文档；索引 {where}：{_counts(writer)}"])


def _info(arguments: argparse.Namespace) -> Outcome:
    index = _open_unloaded(arguments.index)
    manifest = index.manifest
    if arguments.json:
        described = {
            "path": str(arguments.index),
            "encoder": {"name": manifest.encoder, "revision": manifest.revision, "dim": manifest.dim},
            "created_with": manifest.created_with,
            "search": manifest.search and asdict(manifest.search),
            "bytes": manifest.size(),
            "passages": manifest.passages,
            "documents": [
                {name: getattr(each, name) for name in ("id", "source", "title", "characters")}
                | {"passages": len(index.passages(each.id))}
                for each in index.descriptions()
            ],
        }
        return Outcome([escaped(json.dumps(described, ensure_ascii=False, indent=1))])
    lines = [
        f"索引 {arguments.index}：{_counts(index)}"
        + (f"，{size / 2**20:.1f} MiB" if (size := manifest.size()) else ""),
        f"编码器 {manifest.encoder}（版本 {manifest.revision}，{manifest.dim} 维），yiju {manifest.created_with} 写入",
    ]
    if manifest.search:
        lines.append(_described_search(manifest.search))
    for each in index.descriptions():
        count = len(index.passages(each.id))
        lines.append(f"{each.id}\t{each.source}\t{each.title}\t{each.characters} 字\t{count} 段")
    return Outcome(lines)


def _described_search(search: Search) -> str:
    if not search.lists:
        return "向量检索：逐一比较"
    return (
        f"向量检索：分成 {search.lists} 组，每次读 {search.probes} 组（4 位），再用原向量精排；"
        f"前一百个最近的实测找到 {search.found:.3f}，要求 {search.wanted:g}"
    )


def _show(arguments: argparse.Namespace) -> Outcome:
    index = _open_unloaded(arguments.index)
    document = _chosen(index, arguments.document)
    metadata = document.metadata
    lines = [f"{document.title}（{document.source}，编号 {document.id}，{len(document.text)} 字）"]
    named = (
        ("文号", metadata.number),
        ("发文机关", metadata.issuer),
        ("日期", metadata.issued),
        ("施行", metadata.effective),
        ("年份", metadata.period),
        ("地区", metadata.region),
        ("修改", metadata.revised),
        ("有效期至", metadata.expires),
        ("废止", metadata.repeals),
    )
    lines += [f"{name}：{value}" for name, value in named if value]
    lines += [f"没有读全：{gap}" for gap in document.gaps]
    lines += [_place(document.page(h.start)) + "  " * h.level + h.title for h in document.headings]
    for passage in index.passages(document.id):
        where = _place(passage.page) + " › ".join((*passage.section_path, *passage.labels))
        lines += ["", f"── {passage.span.start}–{passage.span.end} {where}".rstrip(), passage.text]
    return Outcome(lines)


def _chosen(index: Index, wanted: str) -> Document:
    """Return the document that a user means; YijuError if none or several are meant."""
    documents = index.documents()
    exact = [d for d in documents if wanted in (d.id, d.source)]
    found = exact or [d for d in documents if wanted in d.source or wanted in d.title]
    if len(found) == 1:
        return found[0]
    if not found:
        raise YijuError(f"索引里没有文档「{wanted}」；编号和来源可用 yiju-index info 查看。")
    some = "、".join(document.source for document in found[:5])
    raise YijuError(
        f"「{wanted}」指的可能是 {len(found)} 份文档：{some}{'……' * (len(found) > 5)}；请写完整的来源或编号。"
    )


def _place(page: int | None) -> str:
    return f"第 {page} 页 " if page else ""


def _rights(arguments: argparse.Namespace) -> Outcome:
    return Outcome(rights_editing.lines(arguments, _open_unloaded(arguments.index).descriptions()))


def _verify(arguments: argparse.Namespace) -> Outcome:
    where: Location = arguments.index
    if damaged := store_at(where).damage():
        return Outcome(damaged, FAILED)
    return Outcome([f"索引 {where} 完好：{_counts(_open_unloaded(where))}"])


def _repair(arguments: argparse.Namespace) -> Outcome:
    """Put together what is whole, and reads again only what is not. What could not be found leaves status 1."""
    from index.store.folder_store import FolderStore

    folder = _folder(arguments.index)
    store = FolderStore(folder)
    if not store.damage():
        return Outcome([f"索引 {folder} 完好，无需修复：{_counts(_open_unloaded(folder))}"])
    manifest = store.manifest()
    with store.repairing(arguments.load_encoder, arguments.encoder) as writer:
        kept, report = writer.descriptions(), _Report()
        changed = changes(arguments.paths, kept)
        read = _batches(read_here, changed, kept, report)
        # All at once: broken off, it has changed nothing.
        writer.add([document for batch in read for document in batch.documents])
        report.close(len(changed.incoming), found=True)
        found = len(writer.descriptions())
        said = f"索引 {folder}：{_counts(writer)}；留用 {len(kept)} 份，从原文件重读 {found - len(kept)} 份"
    if (missing := manifest.documents - found) > 0:
        lost = f"还缺 {missing} 份：它们的内容已损坏，请把原文件也给出：yiju-index repair {folder} 文件…"
        return Outcome([f"已修复一部分。{said}", lost], FAILED)
    return Outcome([f"已修复。{said}"])


def _backup(arguments: argparse.Namespace) -> Outcome:
    from index.store.backups import backup  # FAISS comes with it

    manifest = backup(_folder(arguments.index), arguments.file)
    said = f"{manifest.documents} 份文档，{manifest.passages} 个片段，{manifest.size() / 2**20:.1f} MiB"
    return Outcome([f"已备份到 {arguments.file}：{said}；索引旁的权限、密钥和提问记录不在其中"])


def _folder(where: Location) -> Path:
    if not isinstance(where, Path):
        raise YijuError(f"{where} 不是索引文件夹；存在数据库里的索引请用数据库自己的备份。")
    return where


def _restore(arguments: argparse.Namespace) -> Outcome:
    from index.store.backups import restore

    restore(arguments.file, _folder(arguments.index))
    return Outcome([f"已恢复索引 {arguments.index}：{_counts(_open_unloaded(arguments.index))}"])


def _open_unloaded(where: Location) -> Index:
    """Open without loading the encoder, which takes seconds and is not needed here."""
    store = store_at(where)
    return store.open(NamedEncoder(store.manifest()))


class _Report:
    """What was read, and what was not, said on stderr at the end."""

    def __init__(self) -> None:
        self._failures: list[str] = []
        self._notices: list[str] = []
        self._last = time.monotonic()  # when the last line about progress was written

    def reading(self, done: int, total: int) -> None:
        """Show how many files have been read; on a terminal the line makes way for the next."""
        self.progress(f"读取：文件 {done}/{total}", "\r" if done == total else "")

    def progress(self, line: str, end: str) -> None:
        """Show progress: on a terminal at once, elsewhere a line every few seconds for the log."""
        if sys.stderr.isatty():
            print(f"\r\x1b[K{line}", end=end, file=sys.stderr, flush=True)
        elif time.monotonic() - self._last >= EVERY:
            self._last = time.monotonic()
            _say(line)

    def failed(self, error: Exception) -> None:
        """Remember a file that cannot be read."""
        self._failures.append(_one_line(error))

    def notice(self, message: str) -> None:
        """Remember what was left out of a file."""
        if message not in self._notices:
            self._notices.append(message)

    @property
    def complete(self) -> bool:
        """Return whether all of every file was read."""
        return not self._failures and not self._notices

    def close(self, files: int, *, found: bool) -> None:
        """Say how many files were read, in part or not at all; YijuError unless any document was `found` in them."""
        if not found and len(self._failures) == 1:
            raise YijuError(self._failures[0])
        for notice in self._notices:
            _say(f"注意：{notice}")
        for failure in self._failures:
            _say(f"警告：已跳过：{failure}" if found else f"警告：{failure}")
        if not found:
            raise YijuError(f"没有可以编入索引的文档：{len(self._failures)} 个文件均无法读取。")
        if not self.complete:
            partly = len({message.partition("：")[0] for message in self._notices})
            whole = max(0, files - partly - len(self._failures))
            _say(f"读取情况：完整 {whole} 个文件，读了一部分 {partly} 个，没有读取 {len(self._failures)} 个。")


@contextmanager
def _workers(arguments: argparse.Namespace, encoder: str) -> Iterator[tuple[Read, LoadEncoder]]:
    """Provide what reads files and what loads the encoder: in this process, or on the cluster that the user names."""
    if arguments.cluster is None:
        yield read_here, arguments.load_encoder
        return
    from index.store.cluster import connected

    with connected(arguments.cluster, encoder) as cluster:
        yield cluster.read, cluster.vectors(arguments.load_encoder)


def _batches(read: Read, changed: Changes, documents: Sequence[Described], report: _Report) -> Iterator[Batch]:
    failed, notice, progress = report.failed, report.notice, report.reading
    return batches(changed.incoming, documents, failed=failed, notice=notice, progress=progress, read=read)


def _load_encoder(name: str) -> Encoder:
    report = _say if sys.stderr.isatty() else None
    return load_encoder(name, progress=report)


def _say(message: str) -> None:
    print(printable(message), file=sys.stderr)


class _Meter:
    """Progress of encoding: a line that changes on a terminal, one every few seconds elsewhere."""

    def __init__(self, files: int, report: _Report) -> None:
        self._files = files
        self._began = time.monotonic()
        self._report = report
        self._share = 0.0
        self._passages = 0

    def of(self, batch: Batch) -> Callable[[Progress], None]:
        """Return what shows how far a batch is, of all there is, and how long the rest will take."""
        before, passages = self._share, self._passages
        self._share = batch.share

        def show(progress: Progress) -> None:
            self._passages = passages + progress.passages
            share = before + (batch.share - before) * progress.passages / progress.passages_total
            minutes, rest = divmod(round((time.monotonic() - self._began) / share * (1 - share)), 60)
            left = f"{minutes} 分 {rest} 秒" if minutes else f"{rest} 秒"
            line = f"编码：文件 {batch.files}/{self._files}，片段 {self._passages}，{share:.0%}，剩余约 {left}"
            self._report.progress(line, "\n" if share == 1 else "")

        return show


def _counts(index: Index | Writer) -> str:
    return f"{index.document_count} 份文档，{index.passage_count} 个片段"


def _one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}：{error.strerror}"
    return " ".join(str(error).split())


def _print(lines: Sequence[str]) -> None:
    for line in lines:
        print(printable(line))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
