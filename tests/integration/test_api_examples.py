"""What docs/api.md shows, run as it stands but for the server's address."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built, serving

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(built(FakeAnswerer())) as address:
        yield address


def run(*command: str, **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


@pytest.mark.parametrize("n", [0, 1], ids=["standard library", "openai"])
def test_the_python_examples_print_answer_and_basis(address, n):
    code = blocks("python")[n].replace("http://127.0.0.1:7860", address)
    printed = run(sys.executable, "-c", code, env={**os.environ, "PYTHONUTF8": "1"})
    assert "70MW" in printed
    assert "光伏发电计划装机容量70MW。" in printed


def test_the_client_has_ten_lines():
    assert len([line for line in blocks("python")[0].splitlines() if line.strip()]) <= 10


def test_the_command_prints_the_answer(address):
    (command,) = blocks("sh")
    answer = json.loads(run("sh", "-c", command.replace("http://127.0.0.1:7860", address)))
    assert answer["short_answer"] == "70MW"


def test_the_configuration_for_clients_is_json():
    (text,) = blocks("json")
    assert json.loads(text)["mcpServers"]["yiju"]["args"][0] == "--index"
