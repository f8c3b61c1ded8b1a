"""No secret gets into anything that a server writes: neither its log, nor its files, nor what it answers."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlencode

from tests.support.endless import FAKE
from ui.access.keys import KeyBook

OIDC = "oidc-client-secret-5f1d"
MODEL = "sk-model-key-77aa"
ASKED = "谁的病历在我这里"


def test_no_secret_and_no_question_gets_into_log_files_or_replies(tmp_path: Path) -> None:
    keys = KeyBook(tmp_path / "index-keys.sqlite")
    whole, session_secret = keys.add("portal")[1], keys.secret()
    (tmp_path / "oidc").write_text(OIDC)
    command = [sys.executable, "-X", "dev", "-c", FAKE, "--port", "0", "--index", str(tmp_path / "index")]
    command += [
        "--oidc-issuer",
        "http://127.0.0.1:9",
        "--oidc-client",
        "yiju",
        "--oidc-secret-file",
        f"{tmp_path}/oidc",
    ]
    command += ["--llm-url", "http://127.0.0.1:9/v1", "--llm-model", "m", "--audit-log", "--log-users"]
    environment = {"PATH": "/usr/bin:/bin", "YIJU_LLM_KEY": MODEL, "PYTHONPATH": str(Path(__file__).parents[2])}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert server.stdout is not None
    line = server.stdout.readline()
    assert "已就绪" in line, server.communicate()[1]
    replies, cookie = talk(int(line.rpartition(":")[2]), whole)
    server.send_signal(signal.SIGTERM)
    out, log = server.communicate(timeout=60)

    wrong = whole[:-4] + "AAAA"
    secrets = (whole[12:], wrong[12:], session_secret, OIDC, MODEL)
    assert cookie and "answering failed" in log  # something was written that could have held them
    files = {each.name: each.read_bytes() for each in tmp_path.iterdir() if each.name not in ("oidc", "index")}
    for secret in (*secrets, cookie, ASKED):
        assert secret not in out + log
    for secret in secrets:
        assert not any(secret in reply for reply in replies), secret[:4]
    for secret in (whole[12:], wrong[12:], OIDC, MODEL, cookie):
        assert not any(secret.encode() in content for content in files.values())
    holding = {name for name, content in files.items() if session_secret.encode() in content}
    assert holding and holding <= {"index-keys.sqlite", "index-keys.sqlite-wal"}


def talk(port: int, key: str) -> tuple[list[str], str]:
    """All that a server says to somebody who shows keys in every right and wrong way, and the cookie it gives."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with_key, with_wrong = {"X-Yiju-Key": key}, {"X-Yiju-Key": key[:-4] + "AAAA"}
    body = {"Content-Type": "application/json"}
    crash = json.dumps({"question": f"{ASKED}崩溃"}).encode()
    requests = [
        ("POST", "/signin", urlencode({"key": key, "next": "/"}).encode(), form),
        ("POST", "/signin", urlencode({"key": key[:-4] + "AAAA"}).encode(), form),
        ("GET", "/signin/oidc", None, {}),
        ("GET", f"/signin/back?code={quote(ASKED)}&state=x", None, {}),
        ("POST", "/api/ask", crash, {**body, **with_key}),
        ("POST", "/api/ask?stream=1", crash, {**body, **with_key}),
        ("POST", "/api/ask", crash, {**body, **with_wrong}),
        ("POST", "/api/ask", crash, {**body, "Authorization": f"Bearer {key[:-4]}AAAA"}),
        ("POST", "/api/ask", b'{"question": ' + key.encode(), {**body, **with_key}),
        ("GET", f"/api/documents?key={key}", None, with_key),
        ("GET", f"/{quote(ASKED)}", None, with_key),
        ("GET", "/metrics", None, with_key),
    ]
    replies, cookie = [], ""
    for method, path, content, headers in requests:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request(method, path, content, headers)
        reply = connection.getresponse()
        given = reply.getheader("set-cookie") or ""
        if path == "/signin" and (found := re.match(r"yiju_session=([^;]+)", given)):
            cookie = cookie or found[1]
        replies.append(f"{reply.status} {reply.getheader('location')} {reply.read().decode('utf-8', 'replace')}")
        connection.close()
    return replies, cookie
