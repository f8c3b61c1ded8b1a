"""Many vectors: in lists, by four bits, and exactly where it counts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from index.__main__ import main
from index.errors import IndexCorrupt
from index.filters import Filter
from index.protocols import Vectors
from index.records import Document
from index.search import dense
from index.search.dense import Codebook, DenseIndex, Lists
from index.store import passage_index, segments, storage
from index.store.passage_index import PassageIndex
from tests.support.fakes import HashEncoder, random_units
from tests.support.folders import overwrite

ENCODER = HashEncoder(dim=64)
TOPICS = ["光伏装机", "风电并网", "污水处理", "退役电池", "绿色工厂", "节能改造", "工资福利", "招标采购"]


def clustered(rows: int, seed: int = 0) -> Vectors:
    """Around forty centres, as texts lie around their subjects."""
    centres, noise = random_units(40, 32, 1), random_units(rows, 32, seed + 2)
    vectors = centres[np.arange(rows) % 40] + 0.8 * noise
    units: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return units


@pytest.fixture(scope="module")
def learnt() -> tuple[list[Vectors], Codebook, DenseIndex]:
    parts = [clustered(3000), clustered(1000, 7)]
    codebook = Codebook.learn(parts, clustered(100, 99), 0.95)
    return parts, codebook, DenseIndex.over(parts, 32, Lists(codebook, [codebook.encode(part) for part in parts]))


def recall(index: DenseIndex, exact: DenseIndex, queries: Vectors) -> float:
    near = [len({*index.best(query, 10).tolist()} & {*exact.best(query, 10).tolist()}) for query in queries]
    return sum(near) / (10 * len(queries))


def test_the_wanted_recall_is_met_on_questions_not_tuned_on(learnt: tuple[list[Vectors], Codebook, DenseIndex]) -> None:
    parts, codebook, index = learnt
    assert codebook.recall >= 0.95 and codebook.probes < codebook.lists
    assert recall(index, DenseIndex.over(parts, 32), clustered(100, 55)) >= 0.93


def test_scores_are_exact_and_best_first(learnt: tuple[list[Vectors], Codebook, DenseIndex]) -> None:
    parts, _, index = learnt
    query = clustered(1, 55)[0]
    rows = index.best(query, 50)
    assert index.scores(query, rows) == pytest.approx(np.sort(np.concatenate(parts)[rows] @ query)[::-1], abs=1e-6)


def test_more_than_the_lists_hold_is_looked_for_everywhere(learnt: tuple[list[Vectors], Codebook, DenseIndex]) -> None:
    _, _, index = learnt
    assert len(set(index.best(clustered(1)[0], 4000).tolist())) == 4000
    assert len(index.best(clustered(1)[0], 9999)) == 4000


@pytest.mark.parametrize("limit", [0, 10_000])
def test_a_choice_of_rows_is_kept_to(
    learnt: tuple[list[Vectors], Codebook, DenseIndex], monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """By a mask over the lists, and, for few rows, one by one."""
    parts, _, index = learnt
    monkeypatch.setattr(dense, "EXACT_UP_TO", limit)
    among = np.flatnonzero(np.arange(4000) % 3 == 1)
    exact = DenseIndex.over(parts, 32)
    query = clustered(1, 55)[0]
    found = index.best(query, 20, among)
    assert set(found.tolist()) <= set(among.tolist())
    assert len({*found.tolist()} & {*exact.best(query, 20, among).tolist()}) >= 17


def test_a_codebook_survives_the_disk(learnt: tuple[list[Vectors], Codebook, DenseIndex]) -> None:
    parts, codebook, _ = learnt
    again = Codebook(codebook.arrays)
    assert again.encode(parts[1]).tobytes() == codebook.encode(parts[1]).tobytes()
    assert (again.probes, again.learnt_from, again.recall, again.wanted) == (
        codebook.probes,
        4000,
        pytest.approx(codebook.recall),
        0.95,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"numbers": np.array([0, 1, 1, 1], np.int64)},
        {"numbers": np.array([10**6, 1, 1, 1], np.int64)},
        {"numbers": np.array([1], np.int64)},
        {"ranges": np.zeros(5, np.float32)},
        {"centroids": np.zeros((3, 32), np.float32)},
    ],
)
def test_a_codebook_that_makes_no_sense_is_refused(
    learnt: tuple[list[Vectors], Codebook, DenseIndex],
    change: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]],
) -> None:
    with pytest.raises(ValueError, match=r"unit length|ranges|lists|values"):
        Codebook({**learnt[1].arrays, **change})


def test_codes_that_would_be_read_out_of_range_are_refused(
    learnt: tuple[list[Vectors], Codebook, DenseIndex],
) -> None:
    parts, codebook, _ = learnt
    codes = codebook.encode(parts[1])
    for wrong in (codes[:, 1:], codes[:-1], codes.astype(np.int8), np.full_like(codes, 255)):
        with pytest.raises(ValueError, match=r"codes|list"):
            codebook.check(wrong, len(codes))


# The index


def document(number: int) -> Document:
    topic = TOPICS[number % 8]
    text = f"第{number}号{topic}方案。{topic}目标{number * 7 % 90}万千瓦，{TOPICS[number // 8 % 8]}另行规定。"
    return Document(f"d{number:05}", f"{topic}方案", text, f"{number}.txt")


@pytest.fixture
def soon_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if two hundred passages were many."""
    for module in (dense, passage_index):
        monkeypatch.setattr(module, "EXACT_UP_TO", 200)
    monkeypatch.setattr(segments, "SMALLEST", 64)
    monkeypatch.setattr(storage, "CHECK_LIMIT", 0)


def ids(index: PassageIndex, within: Filter | None = None) -> list[str]:
    return [hit.passage.document_id for hit in index.search("风电并网目标63万千瓦", 10, within)]


@pytest.mark.usefixtures("soon_many")
def test_an_index_that_grows_past_the_limit_is_searched_in_lists_and_says_so(tmp_path: Path) -> None:
    index = PassageIndex.build([document(n) for n in range(190)], ENCODER, recall=0.9)
    assert (index.manifest.search.lists, index.manifest.search.wanted) == (0, 0.9)
    index = index.add([document(n) for n in range(190, 600)])
    index.save(tmp_path / "index")
    opened = PassageIndex.open(tmp_path / "index", encoder=ENCODER)
    search = opened.manifest.search
    assert search.lists == round(4 * 600**0.5) and search.found >= search.wanted == 0.9
    assert opened.manifest == storage.read_manifest(tmp_path / "index")
    assert ids(opened) == ids(index)
    assert storage.damaged_files(tmp_path / "index") == []


@pytest.mark.usefixtures("soon_many")
def test_what_is_added_to_many_is_found_without_learning_anew(tmp_path: Path) -> None:
    PassageIndex.build([document(n) for n in range(400)], ENCODER).save(tmp_path / "index")
    before = PassageIndex.open(tmp_path / "index", encoder=ENCODER)
    new = Document("new", "退役电池", "量子通信干线长度99公里。", "new.txt")
    before.add([new]).save(tmp_path / "index")
    after = PassageIndex.open(tmp_path / "index", encoder=ENCODER)
    assert after.search("量子通信干线", 1)[0].passage.document_id == "new"
    assert after.manifest.shared == before.manifest.shared
    assert after.remove(["new"]).search("量子通信干线", 1)[0].passage.document_id != "new"


@pytest.mark.usefixtures("soon_many")
def test_an_index_that_outgrew_its_codebook_learns_a_new_one_and_one_that_shrank_needs_none() -> None:
    index = PassageIndex.build([document(n) for n in range(300)], ENCODER)
    assert index.manifest.search.lists == round(4 * 300**0.5)
    grown = index.add([document(n) for n in range(300, 700)])
    assert grown.manifest.search.lists == round(4 * 700**0.5)
    shrunk = grown.remove([document(n).id for n in range(150, 700)]).add([document(0)])
    assert shrunk.manifest.search.lists == 0


@pytest.mark.usefixtures("soon_many")
def test_filters_hold_in_lists_too() -> None:
    index = PassageIndex.build([document(n) for n in range(600)], ENCODER)
    some = Filter(documents=frozenset(document(n).id for n in range(0, 600, 2)))
    assert {int(id[1:]) % 2 for id in ids(index, some)} == {0}


@pytest.mark.usefixtures("soon_many")
@pytest.mark.parametrize("kind", ["codebook", "codes"])
def test_damage_to_what_lists_are_made_of_is_named(tmp_path: Path, kind: str) -> None:
    PassageIndex.build([document(n) for n in range(300)], ENCODER).save(tmp_path / "index")
    path = next((tmp_path / "index").glob(f"{kind}-*"))
    overwrite(path, path.read_bytes()[:-70] + bytes(70))
    assert [path.name in line for line in storage.damaged_files(tmp_path / "index")] == [True]
    overwrite(path, path.read_bytes()[:-9])
    with pytest.raises(IndexCorrupt, match=f"{path.name}：应为"):
        PassageIndex.open(tmp_path / "index", encoder=ENCODER)


@pytest.mark.usefixtures("soon_many")
def test_the_command_takes_a_recall_and_tells_how_vectors_are_searched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(300):
        (tmp_path / f"{number}.txt").write_text(document(number).text, encoding="utf-8")
    paths, folder = str(tmp_path), str(tmp_path / "index")
    load = lambda name: ENCODER  # noqa: E731
    assert main(["build", paths, "-o", folder, "--recall", "0.9"], load_encoder=load) == 0
    assert main(["info", folder], load_encoder=load) == 0
    assert re.search(r"分成 69 组，每次读 \d+ 组（4 位）.*实测找到 (0\.9|1\.)\d+，要求 0\.9\n", capsys.readouterr().out)
    assert main(["info", folder, "--json"], load_encoder=load) == 0
    assert json.loads(capsys.readouterr().out)["search"]["wanted"] == 0.9


@pytest.mark.parametrize("share", ["0", "1.1", "-1", "many", "nan"])
def test_a_recall_that_is_no_share_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], share: str) -> None:
    with pytest.raises(SystemExit) as left:
        main(["build", str(tmp_path), "-o", str(tmp_path / "index"), f"--recall={share}"])
    assert left.value.code == 2
    assert "须大于 0、至多为 1" in capsys.readouterr().err
