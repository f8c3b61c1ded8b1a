"""What is shipped: the container's file, what it is built of, and the archive for machines without a network."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HADOLINT = ROOT / "build" / "clients" / "bin" / "hadolint"
BUNDLE = ROOT / "build" / "yiju-bundle.tar.gz"


@pytest.mark.skipif(not HADOLINT.exists(), reason="needs `make test-clients`")
def test_the_dockerfile_has_nothing_that_its_linter_objects_to() -> None:
    linted = subprocess.run([HADOLINT, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")


def copied(folder: Path) -> None:
    """What the build stage copies, in an empty folder."""
    sent = set((ROOT / ".dockerignore").read_text("utf-8").split())
    first_stage = (ROOT / "Dockerfile").read_text("utf-8").split("\nFROM ")[1]
    for line in re.findall(r"^COPY (?!--from)(.+)$", first_stage, re.M):
        *sources, target = shlex.split(line)
        for source in sources:
            assert f"!{source}" in sent
            if (ROOT / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, folder / target, ignore=ignored, dirs_exist_ok=True)
            else:
                shutil.copy(ROOT / source, folder)


def test_what_the_dockerfile_copies_is_enough_to_build_the_whole_program(tmp_path: Path) -> None:
    copied(tmp_path)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", tmp_path / "out"]
    built = subprocess.run([*pip, tmp_path], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "out").glob("yiju-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"qa/models/reader.onnx", "index/models/onnx/model.onnx", "ui/widget/widget.js", "ui/widget/package.json"}
    assert wanted <= names
    licences = {Path(name).name for name in names if ".dist-info/licenses/" in name}
    assert licences == {"LICENSE", "LICENSE-DATA"}


@pytest.mark.skipif(not BUNDLE.exists() or not shutil.which("unshare"), reason="needs `make bundle`")
def test_the_archive_installs_and_answers_where_there_is_no_network(tmp_path: Path) -> None:
    shutil.unpack_archive(BUNDLE, tmp_path, filter="data")
    sample = next((ROOT / "data" / "documents").glob("*.txt"))
    steps = f"""set -e
    ! ip route 2>/dev/null | grep -q default
    sh yiju/install.sh {tmp_path}/installed
    installed/bin/yiju-index build {sample} -o index
    installed/bin/yiju-ask 光伏装机目标是多少 --index index --json"""
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", "sh", "-c", steps],
        cwd=tmp_path, capture_output=True, text=True, timeout=3600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.strip().splitlines()[-1])["short_answer"] == "70MW"
