"""Somebody else's intranet: a page on another host, over plain HTTP, with the widget's tag in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

NAMES = "--host-resolver-rules=MAP *.test 127.0.0.1"
"""Flag by which Chromium finds every host of `.test` here. None of them is a secure context, as in a real intranet."""


@dataclass
class Portal:
    """A site with one page.

    Attributes:
        address: its origin.
        page: what is between its body tags.
        headers: what it sends along, such as a content security policy.
    """

    address: str
    page: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def embed(self, service: str, headers: Mapping[str, str] | None = None, **attributes: str) -> None:
        """Puts the widget of `service` on the page; attributes are those of the tag, less `data-`."""
        data = "".join(f' data-{name}="{value}"' for name, value in attributes.items())
        self.page = f'<h1>门户</h1><a href="#top">链接</a><script src="{service}/widget.js"{data} defer></script>'
        self.headers = headers or {}

    def html(self) -> bytes:
        """The page as it is sent."""
        head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>门户</title>'
        icon = '<link rel="icon" href="data:,">'
        return f'<!doctype html><html lang="zh-CN"><head>{head}{icon}</head><body>{self.page}</body></html>'.encode()


@contextmanager
def portal(host: str = "portal.test") -> Iterator[Portal]:
    """Serves a portal on a free port of loopback, under the name `host`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = site.html()
            self.send_response(200)
            for name, value in {"content-type": "text/html", "content-length": str(len(body)), **site.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site = Portal(f"http://{host}:{server.server_port}")
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


def named(address: str, host: str = "answers.test") -> str:
    """An address of loopback under a name."""
    return address.replace("127.0.0.1", host)
