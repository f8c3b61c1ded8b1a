"""An environment for each framework, with pinned versions, made where it is missing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.programs import ROOT
from index.errors import YijuError

REQUIREMENTS = Path(__file__).with_name("requirements")
_NOT_COUNTED = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "__pycache__")
_OWN = ("index", "qa")
_PATIENCE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a system runs.

    Attributes:
        python: its interpreter.
        megabytes: size of its packages as installed, compiled files left out; the encoder, which all share, left out.
        versions: of its main packages.
    """

    python: Path
    megabytes: float
    versions: str


def prepare(name: str, folder: Path) -> Environment:
    """Return the environment of a requirements file, made unless it is there as pinned.

    Args:
        name: of the file in `requirements/`, or `yiju`: the product's own packages as locked.
        folder: where environments are kept.

    Raises:
        YijuError: if a package cannot be installed; says what pip said.
    """
    path, pins = folder / name, requirements(name)
    python, stamp = path / "bin" / "python", path / "installed.txt"
    if not stamp.is_file() or stamp.read_text("utf-8") != pins:
        _run(sys.executable, "-m", "venv", "--clear", str(path))
        wanted = path / "requirements.txt"
        wanted.write_text(pins, "utf-8")
        _run(str(python), "-m", "pip", "install", "--quiet", "--requirement", str(wanted))
        stamp.write_text(pins, "utf-8")
    return Environment(python, _megabytes(path, own=name == "yiju"), _versions(pins))


def requirements(name: str) -> str:
    """Return what an environment holds, a pinned package a line; the first line names the main ones."""
    if name != "yiju":
        return (REQUIREMENTS / f"{name}.txt").read_text("utf-8")
    return (ROOT / "requirements" / "base.lock").read_text("utf-8")


def _versions(pins: str) -> str:
    """Return the comment that a requirements file begins with."""
    return pins.splitlines()[0].removeprefix("# ")


def _megabytes(path: Path, *, own: bool) -> float:
    folders = [*path.glob("lib/python*/site-packages"), *([ROOT / room for room in _OWN] if own else [])]
    encoder = ROOT / "index" / "models"
    files = (file for folder in folders for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    counted = (file for file in files if not set(_NOT_COUNTED) & set(file.parts) and encoder not in file.parents)
    return sum(file.stat().st_size for file in counted) / 1e6


def _run(*command: str) -> None:
    try:
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=_PATIENCE_SECONDS)
    except subprocess.CalledProcessError as error:
        raise YijuError(f"{' '.join(command)} 以 {error.returncode} 退出：{error.stderr.strip()[-800:]}") from None
    except subprocess.TimeoutExpired:
        raise YijuError(f"{' '.join(command)} 超过 {_PATIENCE_SECONDS} 秒没有结束") from None
