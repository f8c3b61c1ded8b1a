"""A real nginx, run by the example in `docs/deploy/`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "docs" / "deploy"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian package nginx)")


@contextmanager
def nginx(folder: Path, *services: str) -> Iterator[str]:
    """The example before `services`, on a port of its own; gives the address below which they are found."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    example = (DEPLOY / "nginx.conf").read_text("utf-8").replace("listen 80;", f"listen 127.0.0.1:{port};")
    for written, service in zip(("7861", "7862"), services, strict=True):
        example = example.replace(f"127.0.0.1:{written}", service.removeprefix("http://"))
    (folder / "yiju.conf").write_text(example, "utf-8")
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{'user root;' if os.geteuid() == 0 else ''} daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        # With the settings that swallow streams where nobody thinks of them.
        "worker_processes 1; events {} http { access_log off; gzip on; gzip_types *;\n"
        f"{temporary}\ninclude {folder}/yiju.conf; }}\n"
    )
    assert NGINX is not None
    with subprocess.Popen(
        [NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder)], stderr=subprocess.PIPE
    ) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as probing:
                probing.get(address, timeout=120)
            yield f"{address}/qa"
        finally:
            process.terminate()
