"""The container's file, carried out step by step in a clean root: no container engine is needed, only root."""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLEAN = ROOT / "build" / "clean-root"
"""Debian with Python and without manuals, as `python:3.11-slim` is, made where it is missing."""
CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")
MEGABYTES = 900
"""What the image may take."""

pytestmark = pytest.mark.skipif(
    not os.environ.get("YIJU_TEST_IMAGE") or os.getuid() != 0 or not shutil.which("mmdebstrap"),
    reason="fetches a Debian and all packages: asked for with YIJU_TEST_IMAGE=1, as root, with mmdebstrap",
)


@pytest.fixture(scope="module")
def clean() -> Path:
    if not CLEAN.is_dir():
        CLEAN.parent.mkdir(exist_ok=True)
        merged = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"  # else perl comes along to merge it
        packages = "--include=python3,python3-venv,ca-certificates,usr-is-merged"
        left_out = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in ("doc", "info", "locale", "man")]
        made = subprocess.run(
            ["mmdebstrap", "--variant=minbase", merged, packages, *left_out, "bookworm", CLEAN], check=False
        )
        if made.returncode:
            shutil.rmtree(CLEAN, ignore_errors=True)
            pytest.skip("no Debian can be fetched")
        (CLEAN / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    return CLEAN


def steps(text: str) -> Iterator[list[tuple[str, str]]]:
    """Each stage of a Dockerfile: instructions and what they are given."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines()
    told = [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line)]
    begins = [at for at, (name, _) in enumerate(told) if name == "FROM"]
    for begin, end in zip(begins, [*begins[1:], len(told)], strict=True):
        yield told[begin + 1 : end]


class Stage:
    """A stage carried out in a root of its own."""

    def __init__(self, clean: Path, root: Path) -> None:
        subprocess.run(["cp", "-a", "--reflink=auto", clean, root], check=True)
        for name in ("etc/resolv.conf", "etc/hosts", CERTIFICATES):  # the network as it is here, and no settings of pip
            shutil.copy(Path("/") / name, root / name)
        self.root, self.folder, self.user = root, "/", "0"
        kept = {name: os.environ[name] for name in os.environ if name.lower().endswith("_proxy")}
        self.variables = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **kept}
        self.variables |= {"PIP_CERT": f"/{CERTIFICATES}"}
        self.entry: list[str] = []

    def run(self, asked: list[str], *before: str) -> subprocess.CompletedProcess[str]:
        inside = f'mount -t proc proc "$0/proc"; {"; ".join((*before, ""))} exec chroot --userspec="$1:$1" "$0" sh -c'
        script = f'set -e; {inside} \'cd "$0" && exec "$@"\' "$2" "${{@:3}}"'
        return subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "bash", "-c", script, self.root, self.user, self.folder, *asked],
            env=self.variables, capture_output=True, text=True, timeout=3600, check=False,
        )  # fmt: skip

    def step(self, name: str, given: str, others: Mapping[str, Path]) -> None:
        if name == "RUN":
            done = self.run(["sh", "-ec", given])
            assert done.returncode == 0, done.stderr
        elif name == "COPY":
            self._copy(shlex.split(given), others)
        elif name == "WORKDIR":
            self.folder = given
            (self.root / given[1:]).mkdir(parents=True, exist_ok=True)
        elif name == "ENV":
            for variable, value in re.findall(r"(\w+)=(\S+)", given):
                self.variables[variable] = value.replace("$PATH", self.variables["PATH"])
        elif name == "USER":
            self.user = given
        elif name == "ENTRYPOINT":
            self.entry = json.loads(given)
        else:
            assert name in ("VOLUME", "EXPOSE", "HEALTHCHECK")

    def _copy(self, given: list[str], others: Mapping[str, Path]) -> None:
        other = others[given.pop(0).partition("=")[2]] if given[0].startswith("--from") else None
        *sources, target = given
        into = self.root / (target if target.startswith("/") else f"{self.folder}/{target}").lstrip("/")
        for source in sources:
            found = other / source.lstrip("/") if other else ROOT / source
            if found.is_dir():
                ignored = None if other else shutil.ignore_patterns("__pycache__")
                shutil.copytree(found, into, symlinks=True, ignore=ignored)
            else:
                shutil.copy(found, into)


def megabytes(root: Path) -> int:
    return int(subprocess.run(["du", "-sm", root], capture_output=True, text=True, check=True).stdout.split()[0])


def test_the_image_can_be_built_is_small_and_answers_as_nobody_on_a_root_that_it_cannot_write(clean, tmp_path):
    build, last = steps((ROOT / "Dockerfile").read_text("utf-8"))
    stages = Stage(clean, tmp_path / "build"), Stage(clean, tmp_path / "image")
    for stage, told in zip(stages, (build, last), strict=True):
        for name, given in told:
            stage.step(name, given, {"build": stages[0].root})
    image = stages[1]
    size = megabytes(image.root)
    logging.getLogger(__name__).warning("image: %d MB, of which Debian and Python %d MB", size, megabytes(clean))
    assert size <= MEGABYTES
    assert (image.user, image.entry) == ("10001", ["yiju-serve"])
    shutil.copytree(ROOT / "data" / "documents", image.root / "data" / "documents")
    subprocess.run(["chown", "-R", "10001:10001", image.root / "data"], check=True)
    image.variables = {name: value for name, value in image.variables.items() if name != "PIP_CERT"}
    readonly = ('mount --bind "$0" "$0"', 'mount --bind "$0/data" "$0/data"', 'mount -o remount,bind,ro "$0"')
    readonly += ('mount -t tmpfs tmpfs "$0/tmp"', 'mount -t proc proc "$0/proc"')
    built = image.run(["yiju-index", "build", "/data/documents", "-o", "/data/index"], *readonly)
    assert built.returncode == 0, built.stderr
    answered = image.run(["yiju-ask", "光伏装机目标是多少", "--json"], *readonly)
    assert json.loads(answered.stdout)["short_answer"] == "70MW", answered.stderr
    refused = image.run(["touch", "/opt/yiju/here"], *readonly)
    assert refused.returncode != 0
    assert image.run([*image.entry, "--version"], *readonly).stdout.startswith("yiju-serve ")
