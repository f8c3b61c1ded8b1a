"""Which documents a question is put to: named ones, those of an issuing body, of a region, of some years."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from index.records import Described


@dataclass(frozen=True, slots=True)
class Filter:
    """A restriction to some documents; each part narrows it further, and None restricts nothing.

    Attributes:
        documents: ids.
        issuers: issuing bodies; of a joint document each of its issuers counts.
        regions: beginnings of regions: 重庆市 admits what 重庆市綦江区 issued.
        years: of which a document covers or bears at least one, see `years_of`.
        without: ids of documents that it does not admit.
        also: another restriction that must admit a document too.
    """

    documents: frozenset[str] | None = None
    issuers: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    years: frozenset[int] | None = None
    without: frozenset[str] | None = None
    also: Filter | None = None

    @property
    def is_everything(self) -> bool:
        """Return whether it restricts nothing."""
        parts = (self.documents, self.issuers, self.regions, self.years, self.without)
        return all(part is None for part in parts) and (self.also is None or self.also.is_everything)

    def admits(self, document: Described) -> bool:
        """Return whether a document may be searched and shown."""
        region = document.metadata.region or ""
        return (
            (self.documents is None or document.id in self.documents)
            and (self.issuers is None or not self.issuers.isdisjoint(issuers_of(document)))
            and (self.regions is None or any(region.startswith(each) for each in self.regions if each))
            and (self.years is None or not self.years.isdisjoint(years_of(document)))
            and (self.without is None or document.id not in self.without)
            and (self.also is None or self.also.admits(document))
        )

    def both(self, other: Filter) -> Filter:
        """Return the filter that admits just what both admit.

        Sets of years or of issuers cannot be cut part by part: a plan for 2022 to 2025 is of 2022 and of 2025.
        """
        return replace(self, also=other if self.also is None else self.also.both(other))


def issuers_of(document: Described) -> frozenset[str]:
    """Return the body that issued a document; of a joint one, each of them."""
    return frozenset((document.metadata.issuer or "").split("、")) - {""}


def years_of(document: Described) -> frozenset[int]:
    """Return the years that a document covers, if its title says so, and the year in which it was issued."""
    period = re.fullmatch(r"(\d{4})/(\d{4})", document.metadata.period or "")
    issued = re.match(r"\d{4}", document.metadata.issued or "")
    covered = range(int(period[1]), int(period[2]) + 1) if period else ()
    return frozenset(covered) | ({int(issued[0])} if issued else set())
