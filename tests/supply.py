"""`python -m tests.supply check | sbom FILE | weak FILE`: what this program is made of, from its packages.

`check` asks nobody: every package that is installed for the program must be locked in `requirements/`, in the
version that is there, under a licence that lets anybody use it. `sbom` writes a CycloneDX document. Whether a version
is known to be weak, or was withdrawn, only the network knows: `make audit`.

Source: CycloneDX 1.6 JSON; SPDX licence list; PEP 503 (names), PEP 639 (licence expressions).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import tests.lock

PROGRAM = "yiju"
EXTRAS = ("audit", "cluster", "llm", "mcp", "milvus", "ocr", "oidc", "sentence-transformers")
"""What a user may install; the others are for who develops."""

_APACHE = {"Apache-2.0", "LLVM-exception"}
_BSD = {"0BSD", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MIT-CMU", "Zlib"}
ALLOWED = frozenset(_APACHE | _BSD | {"BSL-1.0", "CC0-1.0", "CNRI-Python", "MPL-2.0", "PSF-2.0"})
"""Permissive, or weakly so: MPL-2.0 binds who changes its files."""

WRITTEN = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "BSD-3-Clause, Apache-2.0, dependency licenses": "BSD-3-Clause AND Apache-2.0",
}
"""What packages write in place of an SPDX expression."""

READ = {"atheris": "Apache-2.0", "axe-playwright-python": "MIT"}
"""Licences of packages whose metadata name none, as read in the packages themselves."""


UNLOCKED = {"torch": "2.13.0"}
"""Not locked, but pinned by `pyproject.toml`."""


@dataclass(frozen=True)
class Part:
    """A package that is installed.

    Attributes:
        name: as PEP 503 writes it.
        version: without what a build adds, such as `+cpu`.
        licence: an SPDX expression; what its metadata say, where that is none.
        needs: names of the packages that it needs, of those that are installed.
        shipped: whether users install it; else only developers do.
    """

    name: str
    version: str
    licence: str
    needs: tuple[str, ...]
    shipped: bool


def parts(extras: Iterable[str] = (*EXTRAS, "dev", "fuzz", "gguf", "training")) -> list[Part]:
    """What is installed of all that the program may need, by name."""
    installed = {canonicalize_name(each.name): each for each in distributions()}
    shipped = set(_closure(installed, PROGRAM, EXTRAS))
    names = sorted({*_closure(installed, PROGRAM, extras)} - {PROGRAM})
    return [_part(installed, name, name in shipped) for name in names]


def licence_of(package: Distribution) -> str:
    """An SPDX expression, from whichever field has one."""
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    named = (metadata.get("License") or "").strip()
    classified = [
        each.split(" :: ")[-1] for each in metadata.get_all("Classifier") or [] if each.startswith("License ::")
    ]
    for text in (named, *classified):
        if (spdx := WRITTEN.get(text, text)) and set(_ids(spdx)) <= ALLOWED:
            return spdx
    return READ.get(canonicalize_name(package.name), named.split("\n")[0][:60] or "unknown")


def problems(found: Iterable[Part], pins: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the packages that are installed."""
    for each in found:
        if each.name not in pins:
            yield f"{each.name} {each.version} is in no file of requirements/"
        elif pins[each.name] != each.version:
            yield f"{each.name} is {each.version}, requirements/ says {pins[each.name]}"
        if unknown := sorted(set(_ids(each.licence)) - ALLOWED):
            yield f"{each.name} has a licence that nobody has allowed: {' '.join(unknown)}"


def document(found: Iterable[Part], version: str, at: datetime) -> dict[str, object]:
    """A CycloneDX document."""
    found = list(found)
    root = {"type": "application", "bom-ref": PROGRAM, "name": PROGRAM, "version": version}
    graph = [{"ref": PROGRAM, "dependsOn": [_ref(each) for each in found if each.name in _direct()]}]
    refs = {each.name: _ref(each) for each in found}
    graph += [{"ref": _ref(each), "dependsOn": [refs[name] for name in each.needs]} for each in found]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, ' '.join(sorted(refs.values())))}",
        "version": 1,
        "metadata": {"timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": root},
        "components": [_component(each) for each in found],
        "dependencies": graph,
    }


def _component(part: Part) -> dict[str, object]:
    return {
        "type": "library",
        "bom-ref": _ref(part),
        "name": part.name,
        "version": part.version,
        "purl": _ref(part),
        "scope": "required" if part.shipped else "excluded",
        "licenses": [{"expression": part.licence}],
    }


def _ref(part: Part) -> str:
    return f"pkg:pypi/{part.name}@{part.version}"


def _ids(expression: str) -> list[str]:
    return [each for each in re.split(r"[\s()]+", expression) if each not in ("", "AND", "OR", "WITH")]


def _direct() -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in distribution(PROGRAM).requires or []}


def _closure(installed: Mapping[str, Distribution], name: str, extras: Iterable[str]) -> Iterator[str]:
    """A package and all that it needs, with extras, as far as it is installed; every name once."""
    waiting, seen = [(name, frozenset(extras))], set[tuple[str, frozenset[str]]]()
    while waiting:
        asked = waiting.pop()
        if asked in seen or asked[0] not in installed:
            continue
        seen.add(asked)
        yield asked[0]
        waiting += _needs(installed[asked[0]], asked[1])


def _needs(package: Distribution, extras: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for text in package.requires or []:
        need = Requirement(text)
        if need.marker is None or any(need.marker.evaluate({"extra": each}) for each in ("", *extras)):
            yield canonicalize_name(need.name), frozenset(need.extras)


def _part(installed: Mapping[str, Distribution], name: str, shipped: bool) -> Part:
    package = installed[name]
    needs = sorted({each for each, _ in _needs(package, ()) if each in installed and each != PROGRAM})
    return Part(name, package.version.partition("+")[0], licence_of(package), tuple(needs), shipped)


def weaknesses(report: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """What pip-audit says of pinned versions: a line for each weakness, and whether a version without it is there."""
    for package in report.get("dependencies", ()):
        for each in package.get("vulns", ()):
            fixed = ", ".join(each.get("fix_versions", ()))
            yield f"{package['name']} {package['version']}: {each['id']}, fixed in: {fixed or 'none yet'}", bool(fixed)


def _weak(path: Path) -> int:
    """Status 1 where a weakness could be had rid of; without a report nothing is known, which is said."""
    if not path.exists():
        sys.stderr.write(f"{path}: no report, the package index could not be asked; nothing is known of weaknesses\n")
        return 0
    found = list(weaknesses(json.loads(path.read_text("utf-8"))))
    sys.stdout.writelines(f"{line}\n" for line, _ in found)
    sys.stdout.write(f"{len(found)} weaknesses, {sum(fixed for _, fixed in found)} with a fixed version\n")
    return 1 if any(fixed for _, fixed in found) else 0


def main() -> int:
    """Does one of the three. Returns 1 if `check` finds something wrong, or `weak` what has a fixed version."""
    parser = argparse.ArgumentParser(prog="python -m tests.supply", description=__doc__)
    parser.add_argument("what", choices=("check", "sbom", "weak"))
    parser.add_argument("file", nargs="?", type=Path, default=Path("build/sbom.json"))
    arguments = parser.parse_args()
    if arguments.what == "weak":
        return _weak(arguments.file)
    found = parts()
    if arguments.what == "check":
        wrong = list(problems(found, tests.lock.versions() | UNLOCKED))
        sys.stdout.writelines(f"{line}\n" for line in (*wrong, f"{len(found)} packages, {len(wrong)} problems"))
        return 1 if wrong else 0
    arguments.file.parent.mkdir(parents=True, exist_ok=True)
    content = document(found, distribution(PROGRAM).version, datetime.now(UTC))
    arguments.file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"{arguments.file}: {len(found)} packages\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
