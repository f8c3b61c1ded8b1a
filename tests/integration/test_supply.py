"""What the program is made of is pinned, may be used by anybody, and is written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.lock import EXTRAS, LOCKS, PROJECT, entries, versions
from tests.supply import UNLOCKED, Part, document, parts, problems, weaknesses

PINS = versions() | UNLOCKED
FOUND = parts()
GOOD = Part("numpy", "2.4.6", "BSD-3-Clause AND MIT", (), True)


def test_every_package_that_is_installed_is_pinned_and_free_to_use():
    assert {"numpy", "faiss-cpu", "gradio", "pytest"} <= {each.name for each in FOUND}
    assert list(problems(FOUND, PINS)) == []


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (replace(GOOD, name="left-pad"), "left-pad 2.4.6 is in no file of requirements/"),
        (replace(GOOD, version="9.9"), "numpy is 9.9, requirements/ says 2.4.6"),
        (replace(GOOD, licence="MIT AND AGPL-3.0-only"), "numpy has a licence that nobody has allowed: AGPL-3.0-only"),
        (replace(GOOD, licence="unknown"), "numpy has a licence that nobody has allowed: unknown"),
    ],
)
def test_what_is_not_is_named(part, problem):
    assert list(problems([part, GOOD], {"numpy": "2.4.6"})) == [problem]


@pytest.mark.parametrize("line", ["numpy", "numpy>=2", "numpy==2.4.6", "numpy @ http://x/numpy.whl", "-r more.txt"])
def test_a_lock_that_leaves_a_choice_is_refused(line):
    with pytest.raises(ValueError, match="not locked"):
        entries(f"# made by hand\n{line}\nsix==1.17.0 \\\n    --hash=sha256:{'4' * 64}\n")


def test_all_that_is_declared_is_locked_with_hashes_except_pytorch_which_is_pinned():
    assert {each.stem for each in LOCKS.glob("*.lock")} == {"base", *EXTRAS}
    declared = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    declared += [each for extra in EXTRAS for each in PROJECT["project"]["optional-dependencies"][extra]]
    for need in map(Requirement, declared):
        name = canonicalize_name(need.name)
        assert name == "yiju" or need.specifier.contains(PINS[name])


def test_the_bill_of_materials_names_each_once_and_what_it_needs():
    bill = document(FOUND, "0.1.0", datetime(2026, 1, 2, tzinfo=UTC))
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert bill["metadata"]["timestamp"] == "2026-01-02T00:00:00Z"
    components = {each["name"]: each for each in bill["components"]}
    assert len(components) == len(FOUND) == len({each["bom-ref"] for each in bill["components"]})
    assert components["numpy"]["purl"] == f"pkg:pypi/numpy@{PINS['numpy']}"
    assert (components["numpy"]["scope"], components["pytest"]["scope"]) == ("required", "excluded")
    refs = {each["bom-ref"] for each in bill["components"]} | {"yiju"}
    assert {each["ref"] for each in bill["dependencies"]} == refs
    assert all(set(each["dependsOn"]) <= refs for each in bill["dependencies"])
    needs = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    assert components["faiss-cpu"]["purl"] in needs["yiju"]
    assert components["starlette"]["purl"] in needs[components["fastapi"]["purl"]]


def test_a_weakness_is_one_to_mend_where_a_version_without_it_is_there():
    weak = {"id": "CVE-1", "fix_versions": ["2.0"]}
    report = {
        "dependencies": [
            {"name": "a", "version": "1.0", "vulns": [weak]},
            {"name": "b", "version": "1", "vulns": [{"id": "CVE-2", "fix_versions": []}]},
            {"name": "c", "version": "1", "vulns": []},
        ]
    }
    lines = list(weaknesses(report))
    assert lines == [("a 1.0: CVE-1, fixed in: 2.0", True), ("b 1: CVE-2, fixed in: none yet", False)]
