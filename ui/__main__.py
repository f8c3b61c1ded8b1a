"""`yiju-serve`: chat, widget and interface on one address."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from index.command_line import Parser, for_readers_that_leave, whole_number
from index.errors import IndexNotFound, ModelError, StoreUnavailable, YijuError
from index.locations import Location, add_index_argument
from index.store.storage import LOCK
from index.terminal import printable
from qa.layering import FILE, GIVEN, Held, layered
from qa.settings import ENVIRONMENT, Settings, add_caution_option, add_model_options, model_of
from ui.options import (
    access_of,
    add_access_options,
    add_audit_options,
    add_usage_options,
    audit_of,
    check_access,
    mask_of,
    rights_of,
    usage_of,
)

if TYPE_CHECKING:
    from fastapi import FastAPI

    from qa.assistant import Assistant
    from qa.bootstrap import Opener
    from qa.protocols import Answerer
    from ui.reloading import Source

GRACE_SECONDS = 5
"""How long open streams may take to end at shutdown."""


@for_readers_that_leave
def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal stops it.

    Returns:
        0 after a proper end, 2 for the caller's mistake or an unusable index.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] in (["keys"], ["audit"], ["people"]):
        return _other(given[0], given[1:])
    shows = given[:1] == ["config"]
    try:
        arguments, held = layered(_parser(), given[shows:], ENVIRONMENT, Path(FILE))
    except ValueError as error:
        print(printable(f"yiju-serve：{error}"), file=sys.stderr)
        return 2
    _choose_model(arguments, held)
    if shows:
        print(printable(table_of(held)))
        return 0
    # Both ways to end a server go through KeyboardInterrupt, also while it is still loading.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = Settings.from_environment(
            index=arguments.index,
            caution=arguments.caution,
            model=model_of(arguments),
            mask_personal=arguments.mask_personal,
        )
    except ValueError as error:
        print(printable(f"yiju-serve：{error}"), file=sys.stderr)
        return 2
    try:
        check_access(arguments)
        with _listen(arguments.host, arguments.port) as listener:
            app = _load(settings, arguments)
            _serve(app, listener, arguments)
    except YijuError as error:
        print(printable(f"yiju-serve：{error}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


def _choose_model(arguments: argparse.Namespace, held: Sequence[Held]) -> None:
    """Let a model that the command line names stand for one that the environment or the file names."""
    given = {each.name for each in held if each.origin == GIVEN}
    for one, other in (("llm-url", "llm-gguf"), ("llm-gguf", "llm-url")):
        if one in given and other not in given:
            setattr(arguments, other.replace("-", "_"), None)


def table_of(held: Sequence[Held]) -> str:
    """Return every setting as it holds, and where it is from; in `yiju.toml` each goes by the name that it has here."""
    key = "已设置" if ENVIRONMENT.get("YIJU_LLM_KEY") else "-"
    rows = [(each.name, _shown(each.value), each.origin) for each in held]
    rows.append(("（YIJU_LLM_KEY）", key, "只取自环境变量"))
    width = max(len(name) for name, *_ in rows)
    return "\n".join(f"{name:<{width}}  {value}  ← {origin}" for name, value, origin in rows)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "、".join(map(str, value)) or "-"
    return "-" if value is None else {True: "是", False: "否"}[value] if isinstance(value, bool) else str(value)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "yiju-serve",
        description="启动问答服务：问答页、挂件和接口。",
        epilog="每个选项也可写成环境变量（--keep-days 写作 YIJU_KEEP_DAYS），或写进当前文件夹的 yiju.toml"
        "（keep-days = 30）；yiju-serve config 列出生效的设置和来处。"
        "另有：yiju-serve keys 管理密钥，audit 核验审计记录，people 导出或删除一个人的提问。",
    )
    add_index_argument(parser)
    add_caution_option(parser)
    parser.add_argument("--host", default="127.0.0.1", help="监听地址，默认 %(default)s")
    parser.add_argument(
        "--port", type=whole_number(0, 65_535), default=7860, help="端口，默认 %(default)s；0 表示任一空闲端口"
    )
    parser.add_argument("--root-path", type=_root_path, default="", help="反向代理去掉的路径前缀，例如 /qa")
    add_access_options(parser)
    add_usage_options(parser)
    add_audit_options(parser)
    add_model_options(parser)
    parser.add_argument(
        "--read-only", action="store_true", help="网页和接口上都不能添加、移除文档；默认编辑和管理员可以"
    )
    parser.add_argument("--access-log", action="store_true", help="每个请求在标准错误写一行 JSON，不含问题和地址")
    parser.add_argument(
        "--trace-url",
        metavar="URL",
        help="把每个问题各阶段的耗时发到这个 OTLP/HTTP 地址，如 http://127.0.0.1:4318/v1/traces；须装 yiju[otel]",
    )
    parser.add_argument("--trace-text", action="store_true", help="追踪里带上问题和答案的文字；默认不带")
    parser.add_argument("--mcp", action="store_true", help="在 /mcp 为大语言模型提供工具，须装 yiju[mcp]")
    return parser


def _other(name: str, argv: Sequence[str]) -> int:
    if name == "audit":
        from ui.audit.command import main
    elif name == "people":
        from ui.usage.people_command import main
    else:
        from ui.access.keys_command import main

    return main(argv)


def _root_path(text: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*", text.rstrip("/")):
        raise argparse.ArgumentTypeError(f"路径前缀须形如 /qa，得到 {text}")
    return text.rstrip("/")


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, taken before anything slow happens.

    Raises:
        YijuError: if the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise YijuError(_why_not(host, port, error)) from error


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"端口 {port} 已被占用；请先停掉占用它的程序，或用 --port 换一个端口。"
    if error.errno == errno.EACCES:
        return f"没有权限监听端口 {port}；请用 --port 换一个 1024 以上的端口。"
    return f"无法监听 {host}:{port}（{error.strerror or error}）；请检查 --host。"


def _load(settings: Settings, arguments: argparse.Namespace) -> FastAPI:
    """Return the application. Gradio and the encoder each take seconds, so one is imported while the other is read.

    The import has the thread, and a daemon, so that an unusable index is reported at once.
    """
    access, rights = access_of(arguments, settings.index), rights_of(arguments, settings.index)
    os.environ["HF_HUB_OFFLINE"] = "1"  # a server takes its encoder from this machine or not at all
    importing = Thread(target=import_module, args=("ui.server",), daemon=True)
    importing.start()
    opener, source, answerer = _open(settings, may_be_empty=not arguments.read_only)
    importing.join()
    from ui.documents.managing import Managing
    from ui.server import create_app
    from ui.tracing import tracing_to

    for rule in rights.current().idle(answerer.descriptions()):
        message = f"yiju-serve：没有文档符合权限规则「{rule.documents}」；请检查规则是否写错、文档是否已移走"
        print(printable(message), file=sys.stderr)
    usage, audit = usage_of(arguments, settings.index), audit_of(arguments, settings.index)
    return create_app(
        answerer,
        source=source,
        access=access,
        rights=rights,
        usage=usage,
        audit=audit,
        mask=mask_of(arguments),
        mcp=arguments.mcp,
        access_log=arguments.access_log,
        tracing=tracing_to(arguments.trace_url, texts=arguments.trace_text) if arguments.trace_url else None,
        managing=None if arguments.read_only else Managing(settings.index, opener.store, opener.encoder),
    )


def _open(settings: Settings, *, may_be_empty: bool) -> tuple[Opener, Source, Answerer]:
    """Return the assistant and where it comes from; where a model is at fault, who says so on the page and in health.

    Where there is no index and one `may_be_empty`, the first document that is handed in makes one.
    """
    from qa.bootstrap import Opener
    from ui.reloading import Source, stamp_of

    opener = Opener(settings)

    def warmed() -> Assistant:
        assistant = opener.open()
        assistant.warm()
        return assistant

    source = Source(opener.store, warmed, stamp_of(opener.store))
    try:
        return opener, source, source.open()
    except (ModelError, StoreUnavailable, IndexNotFound) as error:
        if isinstance(error, IndexNotFound) and not (may_be_empty and _is_new(settings.index)):
            raise
        from ui.unavailable import Unavailable

        empty = f"{settings.index} 里还没有索引；请打开网页添加文档。"
        print(printable(f"yiju-serve：{empty if isinstance(error, IndexNotFound) else error}"), file=sys.stderr)
        return opener, source, Unavailable(error)


def _is_new(where: Location) -> bool:
    """Return whether there is an empty folder for an index to come; a name that leads nowhere is a slip of the pen."""
    return isinstance(where, Path) and where.is_dir() and {each.name for each in where.iterdir()} <= {LOCK}


def _log_with_numbers() -> None:
    """Log with the number of the request at work; the access log's lines are JSON by themselves."""
    from ui.middleware.access_log import WithRequestId, log

    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s [%(request_id)s]：%(message)s"
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(WithRequestId())
    lines = logging.StreamHandler()
    lines.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(lines)
    log.setLevel(logging.INFO)
    log.propagate = False


def _serve(app: FastAPI, listener: socket.socket, arguments: argparse.Namespace) -> None:
    """Serve until a signal; says where once requests are answered."""
    import uvicorn

    from ui.middleware.idle_timeout import Known, Patient

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            host, port = listener.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            print(f"依据 已就绪：http://{shown}:{port}{arguments.root_path}", flush=True)

    _log_with_numbers()
    config = uvicorn.Config(
        app,
        http=Patient if arguments.open or arguments.trust_proxy else Known,
        root_path=arguments.root_path,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    Server(config).run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
