"""The application as tests build and serve it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Thread
from typing import Any

import uvicorn
from fastapi import FastAPI

from qa.protocols import Answerer
from ui.server import create_app


def built(answerer: Answerer, **options: Any) -> FastAPI:
    """The application.

    Made inside an event loop, since Gradio makes loops of its own where there is none and never closes them;
    in a thread, since Playwright's loop runs in the main one.
    """

    async def build() -> FastAPI:
        return create_app(answerer, **options)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(build())).result()


@contextmanager
def serving(app: FastAPI, *, port: int = 0, **options: Any) -> Iterator[str]:
    """Serves `app` on a port of loopback, any free one unless given, and gives its address."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1, **options))
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
