"""The one thread that changes the index of a running server: jobs in order, files read in the sandbox.

Every change is saved, and taken up by what answers, before its job counts as done: who is told so can ask at once.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from threading import Event, Thread, get_native_id

from index.encoding.encoders import DEFAULT_ENCODER
from index.errors import DocumentError, IndexBusy, IndexNotFound, MissingDependency, StoreUnavailable, YijuError
from index.loaders import document_id
from index.protocols import LoadEncoder, Progress, Store, Writer
from index.records import Document
from index.sandbox import Sandbox
from index.store.sync import belongs, incoming_file
from ui.documents.jobs import Job, JobBook, Kind, State
from ui.documents.originals import Originals

log = logging.getLogger(__name__)

TOGETHER_CHARACTERS = 100_000
"""From how much text on files that were read are indexed, though more wait: some twenty seconds' encoding."""

TOGETHER_SECONDS = 10.0
"""Likewise from when on."""

RETRY_SECONDS = 5.0
"""When an index that another program writes is tried again."""

IDLE_SECONDS = 300.0
"""How long the process that reads waits for the next file before it ends."""

NICE = 10
"""How much the writer stands back behind what answers."""

Find = Callable[[str], Document | None]
"""The document with an id, as the index holds it."""


@dataclass(slots=True)
class _Read:
    """Files that were read and wait to be indexed together."""

    jobs: list[Job] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    @property
    def is_full(self) -> bool:
        characters = sum(len(each.text) for each in self.documents)
        return characters >= TOGETHER_CHARACTERS or time.monotonic() - self.since > TOGETHER_SECONDS


class DocumentWriter:
    """Does the jobs of a book, one after the other.

    Args:
        book: of the jobs.
        originals: where the files lie.
        store: the index, which need not be there yet.
        load: makes the encoder.
        find: finds a document in the index.
        taken_up: called after every change; returns when questions are answered from the new index.
    """

    def __init__(
        self,
        book: JobBook,
        originals: Originals,
        store: Store,
        load: LoadEncoder,
        find: Find,
        taken_up: Callable[[], object],
    ) -> None:
        self._book = book
        self._originals = originals
        self._store = store
        self._load = load
        self._find = find
        self._taken_up = taken_up
        self._sandbox = Sandbox()
        self._expected = Event()
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="documents", daemon=True)

    def start(self) -> None:
        """Begin; files whose job is not known go."""
        for stray in self._originals.strays():
            if self._book.get(stray) is None:
                self._originals.drop(stray)
        self._thread.start()

    def expect(self) -> None:
        """Make ready for a file that is about to come: the process that reads takes a while to start."""
        self._expected.set()
        with self._book.changed:
            self._book.changed.notify_all()

    def stop(self) -> None:
        """End before the next job; one at work is done again after a restart."""
        self._stopped.set()
        with self._book.changed:
            self._book.changed.notify_all()
        self._thread.join(2.0)

    def _run(self) -> None:
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, get_native_id(), NICE)  # Linux: of this thread alone
        while not self._stopped.is_set():
            waiting = self._next()
            if waiting:
                self._do(waiting)
            elif self._expected.is_set():
                self._expected.clear()
                with suppress(YijuError):  # which the file is told that comes
                    self._sandbox.start()
        self._sandbox.close()

    def _next(self) -> Sequence[Job]:
        """Return the jobs to do next: additions in a row, or one of another kind; none, to make ready."""
        with self._book.changed:
            while not self._stopped.is_set():
                waiting = self._book.waiting()
                if waiting:
                    adding = waiting[0].kind is Kind.ADD
                    later = next((n for n, each in enumerate(waiting) if (each.kind is Kind.ADD) is not adding), None)
                    return waiting[:later] if adding else waiting[:1]
                if self._expected.is_set():
                    break
                if not self._book.changed.wait(IDLE_SECONDS):
                    self._sandbox.close()
                for each in self._book.forget_old():
                    self._originals.forget(each.id)
        return ()

    def _do(self, jobs: Sequence[Job]) -> None:
        """Do them; the outermost handler of the thread, hence the one broad `except`."""
        try:
            if jobs[0].kind is Kind.ADD:
                self._add(jobs)
            else:
                self._alone(jobs[0])
        except (IndexBusy, StoreUnavailable) as error:
            self._again(jobs, str(error))
        except (YijuError, ValueError, OSError) as error:
            self._fail(jobs, _said(error))
        except Exception:
            log.exception("changing the index failed")
            self._fail(jobs, "服务出了错，已记入日志；请稍后再试。")

    def _unfinished(self, jobs: Sequence[Job]) -> Iterator[Job]:
        found = (self._book.get(each.id) for each in jobs)
        return (each for each in found if each and each.state not in (State.WAITING, State.DONE, State.FAILED))

    def _fail(self, jobs: Sequence[Job], reason: str) -> None:
        for job in self._unfinished(jobs):
            self._originals.drop(job.id)
            self._book.change(job.id, state=State.FAILED, reason=reason)

    def _again(self, jobs: Sequence[Job], reason: str) -> None:
        for job in self._unfinished(jobs):
            self._book.change(job.id, state=State.WAITING, reason=reason, page=0, pages=0, share=0.0)
        self._stopped.wait(RETRY_SECONDS)

    # --- additions -----------------------------------------------------------------------------

    def _add(self, jobs: Sequence[Job]) -> None:
        read = _Read()
        for job in jobs:
            if self._stopped.is_set():
                return
            read.documents += self._loaded(job)
            read.jobs.append(job)
            if read.is_full:
                self._index(read)
                read = _Read()
        self._index(read)

    def _loaded(self, job: Job) -> list[Document]:
        """Return the documents of a file; none, and the job has failed, where it cannot be read."""
        self._book.change(job.id, state=State.READING, reason="")
        path = self._originals.waiting(job.id, job.source)
        notices: list[str] = []

        def paged(page: int, pages: int) -> None:
            self._book.change(job.id, page=page, pages=pages)

        try:
            file = incoming_file(path, job.source, self._originals.folder)
            held = self._find(document_id(job.source))
            if held is not None and held.origin == file.origin:
                self._originals.keep(job.id, job.source)
                self._book.change(job.id, state=State.DONE, share=1.0, documents=(held.id,), reason="内容没有变化。")
                return []
            found = list(self._sandbox.load_all(path, source=job.source, notice=notices.append, paged=paged))
        except (DocumentError, MissingDependency) as error:
            self._originals.drop(job.id)
            self._book.change(job.id, state=State.FAILED, reason=_named(str(error), path, job.source))
            return []
        documents = [replace(each, origin=file.origin) for each in found if isinstance(each, Document)]
        notices += [str(each) for each in found if not isinstance(each, Document)]
        said = tuple(_named(each, path, job.source) for each in notices)
        if not documents:
            self._originals.drop(job.id)
            self._book.change(job.id, state=State.FAILED, reason=said[0] if said else "文件里没有可读的文档。")
            return []
        self._book.change(
            job.id, state=State.INDEXING, notices=said, documents=tuple(each.id for each in documents), share=0.0
        )
        return documents

    def _index(self, read: _Read) -> None:
        """Save what was read; of a file that was handed in twice the later counts."""
        jobs = [each for each in self._unfinished(read.jobs) if each.state is State.INDEXING]
        if not jobs:
            return

        def progress(said: Progress) -> None:
            for each in jobs:
                self._book.change(each.id, share=said.passages / max(1, said.passages_total))

        with self._writing() as writer:
            for job in jobs:
                self._originals.keep(job.id, job.source)
            fresh = {each.id for each in read.documents}
            held = [each for each in writer.descriptions() if each.id not in fresh]
            stale = [each.id for each in held if any(belongs(each.source, job.source) for job in jobs)]
            writer.add(read.documents, stale=stale, progress=progress)
        self._taken_up()
        for job in jobs:
            self._book.change(job.id, state=State.DONE, share=1.0)

    @contextmanager
    def _writing(self) -> Iterator[Writer]:
        """Open the index, or a new one where there is none."""
        try:
            self._store.manifest()
        except IndexNotFound:
            with self._store.building(DEFAULT_ENCODER, self._load) as writer:
                yield writer
            return
        with self._store.writing(self._load) as writer:
            yield writer

    # --- everything else -----------------------------------------------------------------------

    def _alone(self, job: Job) -> None:
        self._book.change(job.id, state=State.INDEXING, reason="")
        doing = {Kind.REMOVE: self._remove, Kind.RESTORE: self._restore, Kind.RENAME: self._rename}
        ids = doing[job.kind](job)
        self._taken_up()
        self._book.change(job.id, state=State.DONE, share=1.0, documents=ids)

    def _remove(self, job: Job) -> tuple[str, ...]:
        """Remove documents; what another editor has removed before is as it should be."""
        with self._store.writing(self._load) as writer:
            held = {each.id: each for each in writer.descriptions()}
            there = [found for id in job.documents if id in held and (found := self._find(id))]
            if there:
                self._originals.set_aside(job.id, there)
                writer.remove([each.id for each in there])
                held = {id: each for id, each in held.items() if id not in {document.id for document in there}}
            kept = any(belongs(each.source, job.source) for each in held.values())
        if not kept and self._is_ours(there):
            self._originals.take_away(job.id, job.source)
        return tuple(each.id for each in there)

    def _is_ours(self, documents: Sequence[Document]) -> bool:
        return bool(documents) and all(self._originals.holds(each.origin.folder) for each in documents)

    def _restore(self, job: Job) -> tuple[str, ...]:
        documents = self._originals.removed(job.target)
        with self._writing() as writer:
            held = {each.source for each in writer.descriptions()}
            back = [each for each in documents if each.source not in held]
            if documents and not back:
                raise YijuError(f"已有同名的文档「{job.source}」，没有恢复。")
            if self._is_ours(back):
                self._originals.bring_back(job.target, job.source)
            writer.add(back)
        self._book.change(job.target, undone=True)
        return tuple(each.id for each in back)

    def _rename(self, job: Job) -> tuple[str, ...]:
        document = self._find(job.documents[0])
        if document is None or document.source != job.source:
            raise YijuError("这份文档已不在索引里，没有改名。")
        named = replace(document, id=document_id(job.target), source=job.target)
        if document.title == PurePosixPath(job.source).stem:  # it has no title of its own
            named = replace(named, title=PurePosixPath(job.target).stem)
        with self._store.writing(self._load) as writer:
            if any(belongs(each.source, job.target) for each in writer.descriptions()):
                raise YijuError(f"已有同名的文档「{job.target}」，没有改名。")
            if self._originals.path(job.source).is_file():
                self._originals.rename(job.source, job.target)
            writer.add([named], stale=[document.id])
        return (named.id,)


def _named(message: str, path: Path, source: str) -> str:
    """Return a message that names the file as its reader knows it, and not where it lies here."""
    return message.replace(str(path), source)


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, YijuError):
        return f"无法写入文件（{error.strerror or error}）；请检查磁盘空间和权限。"
    return str(error)
