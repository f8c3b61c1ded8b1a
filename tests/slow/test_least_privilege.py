"""It needs no privilege: another user, a file system that cannot be written, no capability, no home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NOBODY = 65534

ROOM = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
# Python may lie in somebody's home: in here it can be reached, and nothing else of that home can.
if [ -n "{closed}" ]; then
    mkdir "$1/python"
    mount --bind "{base}" "$1/python"
    mount -t tmpfs -o mode=755 tmpfs "{closed}"
    mkdir -p "{base}"
    mount --move "$1/python" "{base}"
    rmdir "$1/python"
fi
mount -o remount,bind,ro /
exec {become} --no-new-privs --inh-caps=-all --bounding-set=-all \\
    env -i PATH=/usr/bin:/bin HOME=/nonexistent TMPDIR="$1" PYTHONPATH="{code}" PYTHONDONTWRITEBYTECODE=1 \\
    "{python}" -c "$2" "$1"
"""

WHOLE_LIFE = """
import http.client, json, os, signal, subprocess, sys
from pathlib import Path
from tests.support.endless import FAKE
folder = Path(sys.argv[1])
assert (os.getuid(), os.getgroups()) == (65534, [])
assert "CapEff:\\t0000000000000000" in Path("/proc/self/status").read_text()
for forbidden in ("/written", "/etc/written", "/usr/written"):
    try:
        Path(forbidden).write_text("")
    except OSError:
        continue
    raise SystemExit(f"could write {forbidden}")
(folder / "plan.md").write_text("# 方案\\n光伏装机70MW。\\n", "utf-8")
index = str(folder / "index")
subprocess.run([sys.executable, "-m", "index", "build", str(folder / "plan.md"), "-o", index], check=True)
subprocess.run([sys.executable, "-m", "index", "verify", index], check=True)
key = subprocess.run([sys.executable, "-m", "ui", "keys", "add", "x", "--index", index], check=True,
    capture_output=True, text=True).stdout.strip()
command = [sys.executable, "-c", FAKE, "--port", "0", "--index", index, "--require-key", "--audit-log", "--log-users"]
server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
port = int(server.stdout.readline().rpartition(":")[2])
client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
for path, wanted in (("/api/health", 200), ("/chat/", 200), ("/documents/", 200), ("/api/documents", 200)):
    client.request("GET", path, headers={"X-Yiju-Key": key})
    reply = client.getresponse()
    reply.read()
    assert reply.status == wanted, (path, reply.status)
said = {"Content-Type": "application/json", "X-Yiju-Key": key}
client.request("POST", "/api/ask", json.dumps({"question": "光伏"}), said)
assert json.loads(client.getresponse().read())["short_answer"] == "70MW"
client.close()
server.send_signal(signal.SIGTERM)
assert server.wait(60) == 0
subprocess.run([sys.executable, "-m", "ui", "audit", "verify", "--index", index], check=True)
print(sorted(each.name for each in folder.glob("index*") if each.name[-4:] not in ("-shm", "-wal")))
"""


def closed_part(path: Path) -> Path | None:
    """The outermost folder above a path that others may not enter."""
    return next((each for each in (*reversed(path.parents), path) if each.stat().st_mode & 0o005 != 0o005), None)


def test_build_serve_and_audit_as_nobody_on_a_file_system_that_cannot_be_written(tmp_path: Path) -> None:
    if os.getuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv", "mount"))):
        pytest.skip("needs root, unshare and setpriv to become nobody on a read-only file system")
    code, base = Path(__file__).parents[2], Path(sys.base_prefix)
    if closed_part(code) or closed_part(Path(sys.prefix)):
        pytest.skip("nobody may not read this checkout or its environment")
    become = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups"
    if subprocess.run(["unshare", "-m", "mount", "--make-rprivate", "/"], capture_output=True).returncode:
        pytest.skip("no mount namespaces here")
    # Below pytest's folders, which are root's alone.
    folder = Path(shutil.copytree(tmp_path, f"/var/tmp/yiju-nobody-{os.getpid()}"))
    try:
        os.chown(folder, NOBODY, NOBODY)
        script = ROOM.format(become=become, code=code, python=sys.executable, base=base, closed=closed_part(base) or "")
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script, "sh", str(folder), WHOLE_LIFE],
            capture_output=True,
            text=True,
            timeout=300,
            cwd=code,
        )
    finally:
        shutil.rmtree(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == str(
        ["index", "index-audit.jsonl", "index-audit.sqlite", "index-keys.sqlite", "index-usage.sqlite"]
    )
