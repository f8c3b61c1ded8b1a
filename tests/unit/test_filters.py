from __future__ import annotations

from itertools import product

import pytest

from index.filters import Filter, issuers_of, years_of
from index.records import Document, Metadata
from index.search.catalogue import Catalogue


def document(id: str = "a", **said: str) -> Document:
    return Document(id, "方案", "正文", f"{id}.txt", metadata=Metadata(**said))


PLAN = document("plan", issuer="重庆市綦江区人民政府", issued="2023-04-28", period="2022/2025", region="重庆市綦江区")
JOINT = document("joint", issuer="财政部、教育部", issued="2025-01", region="全国")
BARE = document("bare")

FILTERS = [
    Filter(),
    Filter(documents=frozenset({"plan", "bare"})),
    Filter(documents=frozenset()),
    Filter(issuers=frozenset({"教育部"})),
    Filter(regions=frozenset({"重庆市"})),
    Filter(years=frozenset({2022, 2024})),
    Filter(years=frozenset({2025})),
    Filter(documents=frozenset({"plan", "joint"}), years=frozenset({2023})),
    Filter(without=frozenset({"plan"})),
]


@pytest.mark.parametrize(
    ("within", "admitted"),
    [
        (Filter(), [PLAN, JOINT, BARE]),
        (Filter(documents=frozenset({"bare", "unknown"})), [BARE]),
        (Filter(documents=frozenset()), []),
        (Filter(without=frozenset({"bare", "unknown"})), [PLAN, JOINT]),
        (Filter(without=frozenset()), [PLAN, JOINT, BARE]),
        (Filter(issuers=frozenset({"教育部"})), [JOINT]),
        (Filter(issuers=frozenset({"育部", ""})), []),
        (Filter(regions=frozenset({"重庆市"})), [PLAN]),
        (Filter(regions=frozenset({"綦江区", ""})), []),
        (Filter(years=frozenset({2024})), [PLAN]),
        (Filter(years=frozenset({2025})), [PLAN, JOINT]),
        (Filter(years=frozenset({2024}), regions=frozenset({"全国"})), []),
    ],
)
def test_a_document_is_admitted_by_every_part(within: Filter, admitted: list[Document]) -> None:
    assert [each for each in (PLAN, JOINT, BARE) if within.admits(each)] == admitted


def test_both_admits_what_both_admit() -> None:
    for one, other, third in product(FILTERS, repeat=3):
        for each in (PLAN, JOINT, BARE):
            expected = one.admits(each) and other.admits(each) and third.admits(each)
            assert one.both(other).both(third).admits(each) == expected
            assert one.both(other.both(third)).admits(each) == expected


def test_a_catalogue_admits_what_the_filter_admits() -> None:
    documents = [PLAN, JOINT, BARE, document("other", issuer="教育部", issued="2022", region="重庆")]
    catalogue = Catalogue(documents)
    for one, other in product([*FILTERS, Filter(regions=frozenset({""}))], repeat=2):
        within = one.both(other)
        assert catalogue.admitted(within).tolist() == [within.admits(each) for each in documents], within
    assert Catalogue([]).admitted(FILTERS[1]).tolist() == []


def test_only_a_filter_without_parts_is_everything() -> None:
    assert [each.is_everything for each in FILTERS] == [True] + [False] * (len(FILTERS) - 1)
    assert Filter().both(Filter()).is_everything and not Filter().both(FILTERS[3]).is_everything


def test_years_are_those_covered_and_that_of_issue() -> None:
    assert years_of(PLAN) == {2022, 2023, 2024, 2025}
    assert years_of(document(issued="2026-03", period="2021/2025")) == {2021, 2022, 2023, 2024, 2025, 2026}
    assert years_of(BARE) == years_of(document(period="long ago", issued="unknown")) == frozenset()


def test_a_joint_document_has_several_issuers() -> None:
    assert issuers_of(JOINT) == {"财政部", "教育部"}
    assert issuers_of(BARE) == frozenset()
