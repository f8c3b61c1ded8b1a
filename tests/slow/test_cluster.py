"""Building on a Ray cluster: the index is the one that a single process builds, whoever dies on the way."""

from __future__ import annotations

import filecmp
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from bench.cluster import MARK, kill_the_first_at_work
from index.errors import ClusterError
from index.store.cluster import DeliveredVectors, _alone, _Delivery, _digest, _Joining
from tests.support.fakes import HashEncoder


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "index", *map(str, arguments)],
        capture_output=True, text=True, timeout=300, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "文件"
    folder.mkdir()
    for number in range(24):
        lines = [f"第{number}号实施方案", "", "一、主要目标", f"到2025年，光伏装机容量达到{number + 70}MW。"]
        (folder / f"方案{number:02}.txt").write_text("\n".join(lines) + "\n二、保障措施\n各部门按职责分工负责。\n")
    (folder / "坏.docx").write_bytes(b"PK\x03\x04 no archive")
    return folder


def test_an_index_built_by_a_cluster_one_of_whose_workers_is_killed_is_the_index_built_here(
    folder: Path, tmp_path: Path
) -> None:
    here = run("build", folder, "-o", tmp_path / "here")
    killed: list[int] = []
    arguments = (str(tmp_path), killed, time.monotonic() + 240)
    threading.Thread(target=kill_the_first_at_work, args=arguments, daemon=True).start()
    there = run("build", folder, "-o", tmp_path / "there", "--cluster", "local:2", **{MARK: str(tmp_path)})
    assert (here.returncode, there.returncode) == (0, 0), there.stderr
    assert len(killed) == 1
    assert there.stdout == here.stdout.replace(str(tmp_path / "here"), str(tmp_path / "there"))
    assert "坏.docx" in there.stderr
    names = sorted(path.name for path in (tmp_path / "here").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "there").iterdir())
    assert filecmp.cmpfiles(tmp_path / "here", tmp_path / "there", names, shallow=False) == (names, [], [])


def test_an_address_where_no_cluster_is_is_named_in_one_line(folder: Path, tmp_path: Path) -> None:
    done = run("build", folder, "-o", tmp_path / "there", "--cluster", "127.0.0.1:9")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "无法连接 Ray 集群 127.0.0.1:9" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "there").exists()


def delivered(text: str, vector: list[float], times: int = 1, revision: str = "crc32-2") -> dict[bytes, _Delivery]:
    return {_digest(text): _Delivery(revision, np.array(vector, np.float32), times)}


def test_a_vector_that_a_worker_sent_is_taken_and_the_rest_is_made_here() -> None:
    encoder = HashEncoder(dim=2)
    held = delivered("光伏", [0.6, 0.8])
    vectors = DeliveredVectors(encoder, held).encode_passages(["风电", "光伏"])
    assert vectors[1].tolist() == pytest.approx([0.6, 0.8])
    assert vectors[0].tolist() == encoder.encode_passages(["风电"])[0].tolist()
    assert held == {}


def test_a_vector_of_a_text_that_came_twice_is_there_twice() -> None:
    held = delivered("光伏", [0.6, 0.8], times=2)
    encoder = DeliveredVectors(HashEncoder(dim=2), held)
    for _ in range(2):
        assert encoder.encode_passages(["光伏"])[0].tolist() == pytest.approx([0.6, 0.8])
    assert held == {}


def test_vectors_of_another_encoder_are_refused() -> None:
    encoder = DeliveredVectors(HashEncoder(dim=2), delivered("光伏", [0.6, 0.8], revision="another"))
    with pytest.raises(ClusterError, match="another"):
        encoder.encode_passages(["光伏"])


def test_a_ray_that_does_not_start_in_time_is_an_error_in_one_line() -> None:
    with (
        pytest.raises(ClusterError, match=r"^Ray 没有在本机启动：The node timed out。；机器可能太忙，请稍后再运行。$"),
        _Joining("local"),
    ):
        raise Exception("The node timed out。\nMore of it.")  # as Ray does
    with pytest.raises(KeyError), _Joining("local"):
        raise KeyError("a bug")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("local", {"include_dashboard": False}),
        ("local:2", {"include_dashboard": False, "num_cpus": 2}),
        ("local:0", {}),
        ("localhost:6379", {}),
        ("auto", {}),
    ],
)
def test_workers_of_this_machine_may_be_counted(address: str, expected: dict[str, object]) -> None:
    assert _alone(address) == expected
