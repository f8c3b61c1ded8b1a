"""What an index says of itself: its encoder, its size and its data files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

VERSION = 2
"""Of the format of index folders."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A data file: its name in the folder, its size in bytes and its SHA-256 in hex."""

    name: str
    bytes: int
    sha256: str


Files = Mapping[str, StoredFile]


@dataclass(frozen=True, slots=True)
class Search:
    """How vectors are compared."""

    wanted: float = 0.98  # share of the true hundred nearest that is to be found where not all are compared
    lists: int = 0  # into how many lists vectors are sorted; 0 where all are compared
    probes: int = 0  # how many of these a search reads
    found: float = 1.0  # the share that was found when this was chosen


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index says of itself."""

    encoder: str  # name of the encoder
    revision: str  # pins its weights and prompts
    dim: int  # length of a vector
    documents: int  # how many
    passages: int  # how many
    terms: str  # fingerprint of the rules that cut text into terms
    segments: Sequence[Files]  # for each the data files by kind; empty for an index that is not on disk
    created_with: str  # version of the program
    version: int = VERSION  # of the format
    shared: Files = field(default_factory=dict)  # data files of all segments by kind
    search: Search | None = None  # how vectors are compared; None where the store that holds them knows

    @property
    def files(self) -> dict[str, StoredFile]:
        """Return all data files by name."""
        return {file.name: file for part in (self.shared, *self.segments) for file in part.values()}

    def size(self) -> int:
        """Return the bytes of all data files together."""
        return sum(file.bytes for file in self.files.values())
