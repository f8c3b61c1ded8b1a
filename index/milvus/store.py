"""Where an index in a Milvus lies: its alias, its generations, and how one takes the place of another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from index.errors import IndexCorrupt, IndexFormatMismatch, IndexNotFound, IndexStoreError
from index.locations import MilvusAddress
from index.manifest import Manifest
from index.milvus.connection import KINDS, Connection, Generation
from index.milvus.index import MilvusIndex, WholeLexicon
from index.milvus.rows import CARD, CARD_FIELDS, RECORD, Held, Record, held_from
from index.milvus.writer import MilvusWriter
from index.protocols import Encoder, LoadEncoder
from index.store.named_encoder import check_encoder
from index.store.storage import program_version
from index.text import terms_fingerprint


class MilvusStore:
    """A `Store` in a Milvus.

    A build makes a generation of its own, which is not visible; at its end the alias is pointed to it. The generation
    before stays until the next build, for replicas that have not noticed yet and for going back.
    """

    resumes = False

    def __init__(self, address: MilvusAddress) -> None:
        self._address = address
        self._connection = Connection(address)

    def stamp(self) -> str | None:
        """Return the generation and what it says of itself; None where there is none."""
        try:
            generation = self._current()
        except IndexNotFound:
            return None
        return f"{generation.number} {self._content(generation)}"

    def manifest(self) -> Manifest:
        """Return what the index says of itself."""
        return self._record(self._current()).manifest

    def open(self, encoder: Encoder | None = None) -> MilvusIndex:
        """Return the index as it is now; see `Store`."""
        generation = self._current()
        record = self._record(generation)
        if encoder is None:
            from index.encoding.encoders import load_encoder  # brings the runtime of encoders

            encoder = load_encoder(record.manifest.encoder)
        check_encoder(str(self._address), record.manifest, encoder)
        lexicon = WholeLexicon(self._connection, generation, record.manifest.passages, record.tokens)
        return MilvusIndex(self._connection, generation, record.manifest, self._held(generation), encoder, lexicon)

    @contextmanager
    def building(
        self, encoder: str, load: LoadEncoder, recall: float | None = None, job: str | None = None
    ) -> Iterator[MilvusWriter]:
        """Provide a new generation, always begun anew, which replaces the present one when the block ends."""
        if recall is not None:
            raise ValueError("召回由 Milvus 自己的索引决定；--recall 只用于文件夹里的索引，请去掉它。")
        present = self._present()
        ours = sorted({each for name in self._connection.collections() if (each := self._generation_of(name))})
        fresh = Generation(self._address.collection, max((each.number for each in ours), default=0) + 1)
        for old in ours:
            if old != present:
                self._drop(old)  # unfinished, or replaced by the present one
        loaded = load(encoder)
        try:
            yield self._made(fresh, loaded)
            self._connection.point(self._address.collection, fresh.name("passages"))
        except BaseException:
            with suppress(IndexStoreError):
                self._drop(fresh)
            raise

    @contextmanager
    def writing(self, load: LoadEncoder, encoder: str | None = None) -> Iterator[MilvusWriter]:
        """Provide the index that is there; its encoder is loaded with the first document, one that is named at once."""
        generation = self._current()
        record = self._record(generation)

        def checked() -> Encoder:
            loaded = load(encoder or record.manifest.encoder)
            check_encoder(str(self._address), record.manifest, loaded)
            return loaded

        ready = checked() if encoder else None
        writer = MilvusWriter(self._connection, generation, record, self._held(generation), lambda: ready or checked())
        if record.unfinished:
            writer.repair()
        yield writer

    def damage(self) -> list[str]:
        """Return a line for what the index says and does not hold."""
        try:
            generation = self._current()
            record, held = self._record(generation), self._held(generation)
        except IndexCorrupt as error:
            return [str(error)]
        if record.unfinished:
            return [f"索引 {self._address} 的上一次改动没有做完；下一次 yiju-index add 或 remove 会先把它补好。"]
        changes = {each.description.id: each.change for each in held}
        rows = self._connection.rows(generation.name("passages"), "", ("document", "change"))
        passages = sum(changes.get(row["document"]) == row["change"] for row in rows)
        said = f"{record.manifest.documents} 份文档、{record.manifest.passages} 个片段"
        found = f"{len(held)} 份文档、{passages} 个片段"
        return [] if found == said else [f"索引 {self._address} 应有 {said}，实有 {found}；请重新建立。"]

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _present(self) -> Generation | None:
        target = self._connection.target(self._address.collection)
        return self._generation_of(target) if target else None

    def _current(self) -> Generation:
        if present := self._present():
            return present
        raise IndexNotFound(
            str(self._address),
            f"没有找到索引：{self._address} 还没有建立（建了一半的不算）；请先建立：yiju-index build 文件… "
            f"--store {self._address}",
        )

    def _generation_of(self, collection: str) -> Generation | None:
        return Generation.of(self._address.collection, collection)

    def _content(self, generation: Generation) -> str:
        rows = self._connection.get(generation.name("documents"), [RECORD], ("content",))
        if not rows:
            raise self._corrupt("缺少清单")
        return str(rows[0]["content"])

    def _record(self, generation: Generation) -> Record:
        try:
            record = Record.read(self._content(generation))
        except ValueError as error:
            raise self._corrupt(str(error)) from error
        if record.manifest.terms != terms_fingerprint():
            raise IndexFormatMismatch(
                str(self._address),
                f"索引 {self._address} 由 yiju {record.manifest.created_with} 写入，切词规则与本版本不同；"
                f"请重新建立：yiju-index build 文件… --store {self._address}",
            )
        return record

    def _held(self, generation: Generation) -> list[Held]:
        try:
            return held_from(self._connection.rows(generation.name("documents"), f'part == "{CARD}"', CARD_FIELDS))
        except ValueError as error:
            raise self._corrupt(str(error)) from error

    def _corrupt(self, reason: str) -> IndexCorrupt:
        return IndexCorrupt(str(self._address), f"索引 {self._address} 已损坏：{reason}；请重新建立。")

    def _made(self, generation: Generation, encoder: Encoder) -> MilvusWriter:
        for kind in KINDS:
            self._connection.create(generation.name(kind), kind, encoder.dim)
        manifest = Manifest(
            encoder=encoder.name,
            revision=encoder.revision,
            dim=encoder.dim,
            documents=0,
            passages=0,
            terms=terms_fingerprint(),
            segments=(),
            created_with=program_version(),
        )
        return MilvusWriter(self._connection, generation, Record(manifest), [], lambda: encoder)

    def _drop(self, generation: Generation) -> None:
        for kind in KINDS:
            self._connection.drop(generation.name(kind))
