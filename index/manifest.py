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
    """How vectors are compared.

    Attributes:
        wanted: share of the true hundred nearest that is to be found where not all are compared.
        lists: into how many lists vectors are sorted; 0 where all are compared.
        probes: how many of these a search reads.
        found: the share that was found when this was chosen.
    """

    wanted: float = 0.98
    lists: int = 0
    probes: int = 0
    found: float = 1.0


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index says of itself.

    Attributes:
        encoder: name of the encoder.
        revision: pins its weights and prompts.
        dim: length of a vector.
        documents: how many.
        passages: how many.
        terms: fingerprint of the rules that cut text into terms.
        segments: for each the data files by kind; empty for an index that is not on disk.
        created_with: version of the program.
        version: of the format.
        shared: data files of all segments by kind.
        search: how vectors are compared; None where the store that holds them knows.
    """

    encoder: str
    revision: str
    dim: int
    documents: int
    passages: int
    terms: str
    segments: Sequence[Files]
    created_with: str
    version: int = VERSION
    shared: Files = field(default_factory=dict)
    search: Search | None = None

    @property
    def files(self) -> dict[str, StoredFile]:
        """Return all data files by name."""
        return {file.name: file for part in (self.shared, *self.segments) for file in part.values()}

    def size(self) -> int:
        """Return the bytes of all data files together."""
        return sum(file.bytes for file in self.files.values())
