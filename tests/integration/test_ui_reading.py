"""Which answerer each visitor is given: one that knows of nothing else, made once for all who may read the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.filters import Filter
from index.rights import RightsFile
from tests.support.fake_answerer import PLAN, RULES, FakeAnswerer
from tests.support.layered import ANYWHERE, layered
from ui.access.authentication import Access
from ui.access.readable import KEPT, Reading
from ui.access.visitors import GUEST, OWNER, Role, Visitor, reader_of

WHOLE = FakeAnswerer()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "rights.txt"
    path.write_text(f"@hr,li.lei {RULES.source}\n", "utf-8")
    return path


def person(name: str, *groups: str, scope: Filter | None = None) -> Visitor:
    return Visitor(name, Role.READER, scope, reader=reader_of(name, groups))


def ids(reading: Reading, visitor: Visitor, whole: FakeAnswerer = WHOLE) -> list[str]:
    return [each.id for each in reading.of(whole, visitor).documents()]


def test_groups_and_names_open_what_rules_give_them(path):
    reading = Reading(RightsFile(path))
    assert ids(reading, person("han", "hr")) == ids(reading, person("li.lei")) == [PLAN.id, RULES.id]
    assert ids(reading, person("han")) == ids(reading, person("hr")) == ids(reading, person("@hr")) == [PLAN.id]
    assert (ids(reading, GUEST), ids(reading, OWNER)) == ([], [PLAN.id, RULES.id])
    assert ids(reading, Visitor("root", Role.ADMIN)) == [PLAN.id]  # a role says what one may do, not what one may read


def test_a_keys_scope_and_its_rights_both_count(path):
    reading, scope = Reading(RightsFile(path)), Filter(documents=frozenset({RULES.id}))
    assert ids(reading, person("key", scope=scope)) == []
    assert ids(reading, person("key", "hr", scope=scope)) == [RULES.id]
    assert ids(Reading(), person("key", scope=scope)) == [RULES.id]


def test_who_may_read_the_same_shares_one_answerer(path):
    reading = Reading(RightsFile(path))
    assert reading.of(WHOLE, person("a", "sales")) is reading.of(WHOLE, person("b"))
    assert reading.of(WHOLE, person("a", "hr")) is WHOLE
    assert Reading().of(WHOLE, person("a")) is WHOLE


def test_a_change_of_rights_or_of_the_index_holds(path, monkeypatch):
    monkeypatch.setattr("index.rights.SETTLED_SECONDS", 0.0)
    reading, han = Reading(RightsFile(path)), person("han")
    assert ids(reading, han) == [PLAN.id]
    assert ids(reading, han, FakeAnswerer(sources=(PLAN,))) == [PLAN.id]
    assert ids(reading, han, FakeAnswerer(sources=(RULES,))) == []
    path.write_text(f"han  {RULES.source}\n- id:{PLAN.id}\n", "utf-8")
    assert ids(reading, han) == [RULES.id]


def test_ever_more_kinds_of_readers_do_not_pile_up(path):
    reading = Reading(RightsFile(path))
    for n in range(3 * KEPT):
        scope = Filter(years=frozenset({n}))
        assert ids(reading, Visitor("key", Role.READER, scope, reader=frozenset())) == ([PLAN.id] if n == 2022 else [])
    assert len(reading._made) <= KEPT


@pytest.mark.parametrize("name", ["@hr", "*", "-"])
def test_a_user_whose_name_looks_like_more_is_no_more(name):
    assert reader_of(name, ()) == frozenset()
    assert reader_of("li", ["hr", ""]) == {"li", "@hr"}


def test_an_open_service_gives_people_what_is_for_everyone_wherever_they_come_from(path):
    reading, access = Reading(RightsFile(path)), Access(open_to=Role.READER)
    assert layered(access).get("/api/documents").json()["role"] == "reader"
    for address, seen in ((ANYWHERE, [PLAN.id]), ("127.0.0.1", [PLAN.id])):
        reader = layered(access, address=address).get("/api/documents").json()["reader"]
        visitor = Visitor(role=Role.READER, reader=None if reader is None else frozenset(reader))
        assert ids(reading, visitor) == seen
