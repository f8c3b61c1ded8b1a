"""`python -m tests.lock [--upgrade]`: writes `requirements/*.lock`, versions and SHA-256 of all files of all platforms.

`base.lock` is what the program itself needs, and what builds it; `EXTRA.lock` what an extra adds to that. PyTorch
is in none: whether it brings 2.7 GB for graphics cards is for who installs it to say. `uv` must be there.

Versions stay as they are unless `--upgrade` is given.

Source: pip, "Secure installs"; PEP 503 (names).
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = tuple(PROJECT["project"]["optional-dependencies"])
_ENTRY = re.compile(r"^([A-Za-z0-9._-]+)==(\S+).*\n(?:    --hash=.*\n?)+", re.M)


def entries(text: str) -> dict[str, tuple[str, str]]:
    """Return version and whole entry by name.

    Raises:
        ValueError: if something is there that has no version or no hash.
    """
    if left := _ENTRY.sub("", re.sub(r"^#.*\n", "", text, flags=re.M)).strip():
        raise ValueError(f"not locked: {left.splitlines()[0]}")
    return {canonicalize_name(each[1]): (each[2], each[0]) for each in _ENTRY.finditer(text)}


def versions() -> dict[str, str]:
    """Return what is locked, by name.

    Raises:
        ValueError: if two files disagree.
    """
    found: dict[str, str] = {}
    for path in sorted(LOCKS.glob("*.lock")):
        for name, (version, _) in entries(path.read_text("utf-8")).items():
            if found.setdefault(name, version) != version:
                raise ValueError(f"{path.name}: {name}=={version}, elsewhere {found[name]}")
    return found


def _resolve(extras: Iterable[str], pins: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return what uv chooses for the program and these extras."""
    with tempfile.TemporaryDirectory() as folder:
        built, held = Path(folder, "build.in"), Path(folder, "held.txt")
        built.write_text("\n".join(PROJECT["build-system"]["requires"]), "utf-8")
        held.write_text("\n".join(f"{name}=={version}" for name, version in pins.items()), "utf-8")
        command = ["uv", "--config-file", LOCKS / "uv.toml", "pip", "compile", "--quiet", "--universal"]
        command += ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
        command += ["--no-emit-package", "torch", "--constraint", held, ROOT / "pyproject.toml", built]
        command += [f"--extra={each}" for each in extras]
        return entries(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> int:
    """Write all files anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.lock", description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    pins = {} if parser.parse_args().upgrade else versions()
    pins = {name: version for name, (version, _) in _resolve(EXTRAS, pins).items()}
    base = _resolve((), pins)
    for name, chosen in [("base", base), *((each, _resolve([each], pins)) for each in EXTRAS)]:
        added = [entry for key, (_, entry) in chosen.items() if name == "base" or key not in base]
        text = "".join([f"# requirements/{name}.lock (python -m tests.lock)\n", *added])
        (LOCKS / f"{name}.lock").write_text(text, "utf-8")
        sys.stdout.write(f"{name}: {len(added)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
