"""Question sets of other people's making, in the forms they are published in.

    SQuAD   one JSON file: data › paragraphs › qas (SQuAD, DRCD, XQuAD), or CMRC 2018's list of contexts with qas
    rows    one question with its context a row, in any file and under any names that `eval.data.rows` reads: CSV, XLSX,
            parquet, JSON lines; ragas' test sets, whose reference contexts are the documents
    BEIR    a folder: corpus.jsonl, queries.jsonl, qrels.tsv or qrels/*.tsv (MTEB's layout too)
    LeCoQA  two JSON-lines files: questions with doc_ids, statutes with doc_id, title, text
    own     a folder of documents, and questions with or without their answers

What they have in common is a `Collection`. Every complaint names file, place and field.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from eval.data.rows import evidence_in, named, read_rows, sentences_with
from eval.errors import EvaluationError
from eval.jsonlines import Record, read_json, read_records, read_text
from eval.metrics.trec import Qrels, read_qrels
from eval.records import Query

Skip = Callable[[str], None]

FORMS = ("squad", "rows", "beir", "lecoqa")
"""Names of the forms."""


@dataclass(frozen=True, slots=True)
class Source:
    """A document as its publisher gives it."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents with questions about them."""

    documents: tuple[Source, ...]  # in file order, ids unique
    queries: tuple[Query, ...]  # in the contract's form where answers are known; ids unique
    topics: Mapping[str, str]  # question id → question, for every question, with answers or without
    qrels: Qrels  # relevant documents of each question; empty where nothing but evidence tells


def read_collection(
    path: Path, form: str | None = None, *, documents: Path | None = None, skip: Skip | None = None
) -> Collection:
    """Read a published question set: its file, or its folder for BEIR.

    Args:
        path: of it.
        form: one of `FORMS`; None looks what it is.
        documents: the statutes' file, for LeCoQA.
        skip: told of each unusable question of a SQuAD-like set, which is then left out; None refuses the set.

    Raises:
        EvaluationError: if it cannot be used; names file, place and field.
        ValueError: if there is no such form.
    """
    readers: Mapping[str, Callable[[], Collection]] = {
        "squad": lambda: _squad(path, skip),
        "rows": lambda: _rows(path, skip),
        "beir": lambda: _beir(path),
        "lecoqa": lambda: _lecoqa(path, documents),
    }
    chosen = form or _form_of(path)
    if chosen not in readers:
        raise ValueError(f"没有 {chosen} 这种问题集；有：{'、'.join(FORMS)}")
    collection = readers[chosen]()
    if not collection.topics:
        raise EvaluationError(f"{path} 里一个问题也没有；请检查文件内容")
    return collection


def _form_of(path: Path) -> str:
    if path.is_dir():
        return "beir"
    if path.suffix == ".json" and not _is_rows(path):
        return "squad"
    first = next(read_rows(path), None)
    return "lecoqa" if first is not None and "doc_ids" in first.fields else "rows"


def _is_rows(path: Path) -> bool:
    """Return whether a JSON file begins with a question, alone or in a list; else it is SQuAD's or no JSON."""
    with suppress(EvaluationError):
        first = next(read_rows(path), None)
        return first is not None and "question" in first.fields
    return False


def _squad(path: Path, skip: Skip | None) -> Collection:
    builder = _Builder(skip)
    for context in _contexts(path, read_json(path)):
        builder.add_context(context)
    return builder.collection()


def _contexts(path: Path, content: object) -> Iterator[Record]:
    """Yield contexts with their questions: of CMRC 2018's list, or of SQuAD's articles with the article's title."""
    if isinstance(content, list):
        yield from Record(path, None, {"all": content}).objects("all")
        return
    if not isinstance(content, dict):
        raise EvaluationError(f"{path} 应是一个 JSON 对象（data › paragraphs › qas）或一个数组（CMRC 2018）")
    for article in Record(path, None, content).objects("data"):
        title = article.optional_text("title") or ""
        for paragraph in article.objects("paragraphs"):
            yield Record(path, None, {"title": title, **paragraph.fields}, paragraph.prefix)


class _Builder:
    """Gathers contexts and their questions, each id once."""

    def __init__(self, skip: Skip | None) -> None:
        self._skip = skip
        self._documents: dict[str, Source] = {}
        self._queries: dict[str, Query] = {}
        self._ids: dict[str, str] = {}

    def add_context(self, context: Record) -> None:
        """Add a context of a SQuAD-like file with all its questions."""
        context = dataclasses.replace(context, fields=named(context.fields))
        text = context.text("context")
        id = str(context.fields.get("context_id") or context.fields.get("id") or f"c{len(self._documents)}")
        self._add_document(context, Source(id, context.optional_text("title") or id, text))
        for question in context.objects("qas"):
            self._try_question(dataclasses.replace(question, fields=named(question.fields)), text, id)

    def add_row(self, row: Record) -> None:
        """Add a row that holds one question with its context, or with the contexts that ragas has answers refer to."""
        given = row.texts("evidence") if "context" not in row.fields else (row.text("context"),)
        if not given:
            raise row.complaint("context", "问题所问的原文")
        for text in given:
            id = row.optional_text("context_id") or self._ids.setdefault(text, f"c{len(self._ids) + 1:05d}")
            if id not in self._documents or self._documents[id].text != text:
                self._add_document(row, Source(id, row.optional_text("title") or id, text))
        self._try_question(row, given[0], id)

    def _try_question(self, question: Record, context: str, document: str) -> None:
        try:
            self._add_question(question, context, document)
        except EvaluationError as error:
            if self._skip is None:
                raise
            self._skip(str(error))

    def _add_question(self, question: Record, context: str, document: str) -> None:
        """Add one question; it has no answer in the context where it says so, or names none (SQuAD 2)."""
        id = question.text("id")
        answers = () if question.fields.get("is_impossible") is True else question.alternatives("answers")
        if id in self._queries:
            raise question.complaint("id", "各不相同的编号，这一个前面已有")
        evidence = question.texts("evidence") or evidence_in(context, answers)
        if answers and not evidence:
            raise question.complaint("answers", f"文中（{document}）的原话，以便找到证据")
        self._queries[id] = Query(id, question.text("question"), answers, evidence, bool(answers), "mrc")

    def _add_document(self, record: Record, source: Source) -> None:
        if source.id in self._documents:
            raise record.complaint(
                "context_id" if "context_id" in record.fields else "id", "各不相同的文档编号，这一个前面已有"
            )
        self._documents[source.id] = source

    def collection(self) -> Collection:
        """Return all that was added."""
        queries = tuple(self._queries.values())
        return Collection(tuple(self._documents.values()), queries, {q.id: q.question for q in queries}, {})


def _rows(path: Path, skip: Skip | None) -> Collection:
    builder = _Builder(skip)
    for row in read_rows(path):
        builder.add_row(row)
    return builder.collection()


def _beir(folder: Path) -> Collection:
    corpus = _corpus(folder / "corpus.jsonl", "_id")
    topics = _topics(folder / "queries.jsonl", "_id", "text")
    qrels = read_qrels(_qrels_file(folder))
    _check_ids(folder, qrels, topics, corpus)
    judged = {id: topics[id] for id in qrels}
    return Collection(tuple(corpus.values()), (), judged, qrels)


def _qrels_file(folder: Path) -> Path:
    """Return the judgements to test on."""
    candidates = [folder / "qrels" / "test.tsv", folder / "qrels.tsv", *sorted(folder.glob("qrels/*.tsv"))]
    found = next((each for each in candidates if each.is_file()), None)
    if found is None:
        raise EvaluationError(f"{folder} 里没有 qrels/test.tsv，也没有 qrels.tsv；BEIR 问题集应有其一")
    return found


def _lecoqa(path: Path, documents: Path | None) -> Collection:
    statutes = documents or path.with_name(path.name.replace("questions", "statutes"))
    if statutes == path:
        raise EvaluationError(f"{path} 的法条不知在哪个文件；请用 --documents 指出")
    corpus = _corpus(statutes, "doc_id")
    topics = _topics(path, "qid", "question")
    qrels = {record.text("qid"): dict.fromkeys(record.texts("doc_ids"), 1) for record in read_records(path)}
    _check_ids(path, qrels, topics, corpus)
    return Collection(tuple(corpus.values()), (), topics, qrels)


def _corpus(path: Path, id_field: str) -> dict[str, Source]:
    records = _by_id(path, id_field, "文档")
    return {id: Source(id, each.optional_text("title") or id, each.text("text")) for id, each in records.items()}


def _topics(path: Path, id_field: str, text_field: str) -> dict[str, str]:
    return {id: each.text(text_field) for id, each in _by_id(path, id_field, "问题").items()}


def _by_id(path: Path, id_field: str, what: str) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for record in read_records(path):
        if found.setdefault(record.text(id_field), record) is not record:
            raise record.complaint(id_field, f"各不相同的{what}编号，这一个前面已有")
    return found


def _check_ids(path: Path, qrels: Qrels, topics: Mapping[str, str], corpus: Mapping[str, Source]) -> None:
    strangers = [id for id in qrels if id not in topics]
    unknown = [id for judged in qrels.values() for id in judged if id not in corpus]
    for what, ids in (("问题", strangers), ("文档", unknown)):
        if ids:
            raise EvaluationError(f"{path} 的判定里有 {len(ids)} 个不存在的{what}（例如 {ids[0]}）；请核对文件是否配套")


def own_collection(documents: Sequence[Source], questions: Path) -> tuple[Collection, list[str]]:
    """Return a folder's documents with one's own questions, and the questions whose answer no document holds.

    Questions are rows that `read_rows` reads (`question`, `answers`, `evidence`; what is missing is looked for in the
    documents) or plain lines, a question each, with the answer behind a tab. A question without an answer is one that
    the documents do not answer.

    Raises:
        EvaluationError: if the file cannot be used; names line and field.
    """
    queries, doubts = [], []
    for line, question, answers, evidence in _own_questions(questions):
        found = evidence or _evidence(documents, question, answers)
        if answers and not found:
            doubts.append(f"{questions} 第 {line} 行：没有文件含有答案「{answers[0]}」，证据留空：{question}")
        alternatives = tuple((answer,) for answer in answers)
        queries.append(Query(f"q{line:04d}", question, alternatives, found, bool(answers), "own"))
    if not queries:
        raise EvaluationError(f"{questions} 里一个问题也没有；应为一行一个问题")
    return Collection(tuple(documents), tuple(queries), {q.id: q.question for q in queries}, {}), doubts


def _own_questions(path: Path) -> Iterator[tuple[int, str, tuple[str, ...], tuple[str, ...]]]:
    """Yield line, question, answers, evidence."""
    if path.suffix in {".jsonl", ".json", ".csv", ".tsv", ".xlsx", ".parquet"}:
        for record in read_rows(path):
            yield record.line or 0, record.text("question"), _answer_texts(record), record.texts("evidence")
        return
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        question, *answers = (part.strip() for part in text.split("\t"))
        if question:
            yield line, question, tuple(answer for answer in answers if answer), ()


def _evidence(documents: Sequence[Source], question: str, answers: Sequence[str]) -> tuple[str, ...]:
    """Return the sentence that holds an answer and shares most with the question."""
    sentences = [each for source in documents for answer in answers for each in sentences_with(source.text, answer)]
    asked = _bigrams(question)
    best = max(sentences, key=lambda sentence: len(asked & _bigrams(sentence)), default=None)
    return (best,) if best is not None else ()


def _bigrams(text: str) -> set[str]:
    bare = re.sub(r"\W", "", text)
    return {bare[at : at + 2] for at in range(len(bare) - 1)}


def _answer_texts(record: Record) -> tuple[str, ...]:
    """Return answers of one string each."""
    return tuple("".join(parts) for parts in record.alternatives("answers"))
