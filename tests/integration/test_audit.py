"""The audit log: what it holds, that every change to it is found and named, what comes when it cannot be written."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.support.fake_answerer import PLAN, RULES, FakeAnswerer
from tests.support.served import built
from ui.access.authentication import Access
from ui.access.visitors import Role
from ui.audit.chain import Chain, ChainCheck, Head, parts, places, verify
from ui.audit.command import entries, main
from ui.audit.log import AuditLog, Note, people_file

PROXY = "192.0.2.1"
KEY = b"0123456789abcdef0123456789abcdef"
ACCESS = Access(proxies=[ip_network(PROXY)], user_header="X-Remote-User", roles={"root": Role.ADMIN})
LI = {"X-Remote-User": "li.lei"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index-audit.jsonl"


@pytest.fixture
def audit(path: Path) -> Iterator[AuditLog]:
    with closing(AuditLog(path)) as log:
        yield log


def ask(log: AuditLog, *questions: str, who: str = "li.lei") -> None:
    for question in questions:
        log.note(Note("ask", who, "api", {"question": question}, {"documents": [PLAN.id]}))
    assert log.flush()


def texts(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def said(path: Path, who: str | None = None) -> list[object]:
    return [each["said"]["question"] for each in entries(path, who) if each.get("said")]


# What is noted


@pytest.fixture
def client(audit: AuditLog) -> Iterator[TestClient]:
    app = built(FakeAnswerer(), access=ACCESS, audit=audit)
    with TestClient(app, client=(PROXY, 1), raise_server_exceptions=False) as client:
        yield client


def test_who_asked_what_of_which_document_is_noted_whatever_became_of_it(client, audit, path):
    for question in ("光伏装机目标是多少", "午餐几点", "崩溃", ""):
        client.post("/api/ask", json={"question": question}, headers=LI)
    client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "补贴多少"}]}, headers=LI)
    client.get(f"/api/documents/{RULES.id}/text", headers={"X-Remote-User": "han"})
    client.get(f"/documents/{PLAN.id}", headers=LI)
    client.get("/api/documents/none/text", headers=LI)
    assert audit.flush()
    told = [
        (e["who"], e["where"], e["event"], (e.get("said") or {}).get("question"), e.get("outcome"), e["documents"])
        for e in entries(path)
    ]
    assert told == [
        ("li.lei", "api", "ask", "光伏装机目标是多少", "answered", [PLAN.id]),
        ("li.lei", "api", "ask", "午餐几点", "refused", []),
        ("li.lei", "api", "ask", "崩溃", "failed", []),
        ("li.lei", "api", "ask", "", "failed", []),
        ("li.lei", "openai", "ask", "补贴多少", "answered", [RULES.id]),
        ("han", "api", "read", None, None, [RULES.id]),
        ("li.lei", "page", "read", None, None, [PLAN.id]),
    ]
    assert next(entries(path))["shown"] == [RULES.id]  # its passages were in the answer, beside the citations


def test_who_hangs_up_has_seen_what_they_have_seen(audit, path):
    import asyncio

    from ui.access.visitors import Visitor
    from ui.answer_queue import AnswerQueue

    async def leave() -> None:
        queue = AnswerQueue(FakeAnswerer(pause=0.05), audit=audit)
        snapshots = queue.stream("光伏和补贴", visitor=Visitor("li.lei", Role.READER), where="chat")
        await anext(snapshots)
        await snapshots.aclose()
        while queue.in_flight:
            await asyncio.sleep(0.01)
        assert audit.flush()
        told = [(each["outcome"], each["shown"]) for each in entries(path)]
        assert told == [("broken off", [PLAN.id, RULES.id])]
        await queue.close()

    asyncio.run(leave())


def test_the_file_itself_holds_neither_names_nor_questions(audit, path):
    ask(audit, "我的病历在哪里", who="张三")
    text = path.read_text()
    assert "张三" not in text and "病历" not in text and "\\u5f20" not in text
    assert path.stat().st_mode & 0o777 == people_file(path).stat().st_mode & 0o777 == 0o600


# Whether it was changed


def broken(path: Path, key: bytes = b"", **options: object) -> str:
    problem = verify(path, key, **options).problem
    assert problem is not None
    return problem.rpartition("index-audit")[2]


def test_as_it_was_written_it_is_in_order(audit, path):
    ask(audit, *"一二三")
    verdict = verify(path)
    assert (verdict.head.n, verdict.problem, verdict.torn) == (3, None, 0)
    assert verify(path, anchors=[verdict.head]) == verdict


def changed(lines: list[bytes]) -> Iterator[tuple[str, list[bytes], str]]:
    other = lines[2].replace(b'"api"', b'"mcp"')
    yield "altered", [*lines[:2], other, *lines[3:]], "第 3 行：第 3 条与它的校验值不符"
    yield "made unreadable", [*lines[:2], b"?" + lines[2], *lines[3:]], "第 3 行：应为第 3 条，无法解析：内容被改动"
    yield "removed", [*lines[:2], *lines[3:]], "第 3 行：应为第 3 条，却是第 4 条：中间 1 条被删去"
    yield "first removed", lines[1:], "第 1 行：应为第 1 条，却是第 2 条：中间 1 条被删去"
    yield "exchanged", [lines[0], lines[2], lines[1], *lines[3:]], "第 2 行：应为第 2 条，却是第 3 条，第 2 条在后面"
    yield "repeated", [*lines[:3], lines[2], *lines[3:]], "第 4 行：应为第 4 条，却是第 3 条：重复插入"
    yield "cut to a piece", [*lines[:4], lines[4][:30]], "末尾 1 条被截去"
    yield "cut", lines[:3], "末尾 2 条被截去"
    yield "emptied", [], "末尾 5 条被截去"


def test_every_change_is_named_with_its_place(audit, path):
    ask(audit, *"一二三四五")
    lines, head = texts(path), verify(path).head
    for name, after, wanted in changed(lines):
        path.write_bytes(b"".join(after))
        assert wanted in str(verify(path, anchors=[head]).problem), name


def test_no_altered_byte_goes_unnoticed(audit, path):
    ask(audit, *"一二")
    whole, head = path.read_bytes(), verify(path).head
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert verify(path, anchors=[head]).problem, at


def test_a_chain_that_was_computed_anew_is_found_by_the_key_or_by_a_digest_kept_elsewhere(path):
    with closing(AuditLog(path, key=KEY)) as log:
        ask(log, *"一二三")
    head, before = verify(path, KEY).head, [json.loads(line) for line in texts(path)]
    forger = Chain(b"", Head())
    for entry in before:
        del entry["n"], entry["chain"]
    path.write_bytes(b"".join(forger.line({**entry, "documents": []}) for entry in before))
    assert verify(path).problem is None  # anybody can write a chain without a key
    assert "记录被重写过" in str(verify(path, anchors=[head]).problem)
    assert "第 1 条与它的校验值不符" in broken(path, KEY)


def test_the_command_says_where_it_was_changed_and_ends_with_status_1(audit, path, capsys, tmp_path):
    ask(audit, *"一二三")
    audit.close()
    where = ["--index", str(tmp_path / "index")]
    assert main(["verify", *where]) == 0
    head = verify(path).head
    assert capsys.readouterr().out == f"审计记录完好：到第 3 条为止；{head}\n"
    assert main(["head", *where]) == 0
    assert capsys.readouterr().out == f"{head}\n"
    path.write_bytes(b"".join(texts(path)[:2]))
    assert main(["verify", *where]) == 1  # the file of people remembers where it ended
    assert "末尾 1 条被截去" in capsys.readouterr().out
    people_file(path).unlink()
    assert main(["verify", *where]) == 0
    assert main(["verify", *where, "--anchor", str(head)]) == 1
    path.unlink()
    assert main(["verify", *where]) == 2


def test_show_picks_people_and_documents(audit, path, capsys, tmp_path):
    ask(audit, "光伏")
    ask(audit, "风电", who="han")
    assert main(["show", "--index", str(tmp_path / "index"), "--who", "han"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["who"], json.loads(line)["said"]) == ("han", {"question": "风电"})
    assert main(["show", "--index", str(tmp_path / "index"), "--document", "other"]) == 0
    assert capsys.readouterr().out == ""


# Files, processes, ends


def test_it_goes_on_in_a_new_file_and_the_chain_with_it(path, tmp_path):
    with closing(AuditLog(path, rotate=300)) as log:
        for question in "一二三四五六":
            ask(log, question)
    files = parts(path)
    assert len(files) > 2 and files[0].name == "index-audit-000000000001.jsonl" and files[-1] == path
    assert verify(path) == ChainCheck(verify(path).head) and said(path) == [*"一二三四五六"]
    last = json.loads(texts(files[0])[-1])
    files[0].rename(tmp_path / "away.jsonl")
    assert f"中间 {last['n']} 条被删去" in str(verify(path).problem)
    assert verify(path, since=Head(last["n"], last["chain"])).problem is None


WRITER = """
import sys
from pathlib import Path
from ui.audit.log import AuditLog, Note
log = AuditLog(Path(sys.argv[1]), rotate=20_000)
for number in range(int(sys.argv[2])):
    log.note(Note("ask", sys.argv[3], "api", {"question": str(number)}))
    if number % 7 == 0:
        log.flush()
    if number == 20:
        print("going", flush=True)
log.close(60)
"""


def writer(path: Path, count: int, who: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(count), who], stdout=subprocess.PIPE, text=True
    )


def test_several_processes_write_one_chain(path):
    writers = [writer(path, 150, who) for who in ("a", "b", "c")]
    assert [each.communicate(timeout=60)[0] and each.returncode for each in writers] == [0, 0, 0]
    assert verify(path) == ChainCheck(verify(path).head) and verify(path).head.n == 450
    for who in ("a", "b", "c"):
        assert said(path, who) == [str(number) for number in range(150)]


def test_killed_at_any_moment_it_is_in_order_and_what_was_flushed_is_there(path):
    for _ in range(6):
        with writer(path, 100_000, "a") as killed:
            assert killed.stdout.readline() == "going\n"
            time.sleep(0.02)
            killed.kill()
    with closing(AuditLog(path)) as log:
        ask(log, "danach")
    verdict = verify(path)
    assert verdict.problem is None and verdict.head.n > 6 * 15
    assert said(path)[-1] == "danach" and said(path).count("0") == 6


def test_a_line_that_was_not_written_to_its_end_is_known_as_such_and_the_next_one_says_so(path):
    with closing(AuditLog(path)) as log:
        ask(log, "一")
    with path.open("ab") as file:
        file.write(b'{"n":2,"at":"2026')
    assert (verify(path).problem, verify(path).torn) == (None, 1)
    with closing(AuditLog(path)) as log:
        ask(log, "二")
    assert verify(path).problem is None and verify(path).torn == 1
    assert said(path) == ["一", "二"] and [each["event"] for each in entries(path)] == ["ask", "torn", "ask"]
    lines = texts(path)
    path.write_bytes(b"".join([lines[0], lines[1].replace(b"2026", b"2027"), *lines[2:]]))
    assert "无法解析" in str(verify(path).problem)  # nor may that line be put to another use


def test_whole_lines_that_were_written_but_not_remembered_are_taken_over(path):
    with closing(AuditLog(path)) as log:
        ask(log, "一")
    with path.open("ab") as file:
        file.write(Chain(b"", verify(path).head).line({"at": "", "event": "read", "who": "?"}))
    with closing(AuditLog(path)) as log:
        ask(log, "二")
    assert (verify(path).problem, verify(path).torn, verify(path).head.n) == (None, 0, 3)


def test_without_the_file_of_people_it_is_not_gone_on_with(path):
    with closing(AuditLog(path)) as log:
        ask(log, "一")
    people_file(path).unlink()
    with pytest.raises(Exception, match="缺人员文件"):
        AuditLog(path)


def test_a_chain_is_not_gone_on_with_under_another_key(path):
    with closing(AuditLog(path, key=KEY)) as log:
        ask(log, "一")
    for other in (b"", KEY[::-1]):
        with pytest.raises(Exception, match="另一个密钥"):
            AuditLog(path, key=other)
    with closing(AuditLog(path, key=KEY)) as log:
        ask(log, "二")
    assert verify(path, KEY).problem is None and said(path) == ["一", "二"]


# When it cannot be written


def unwritable(path: Path) -> Callable[[], None]:
    """Puts a folder in the place of the file; what is returned takes it away."""
    kept = path.with_suffix(".kept")
    path.rename(kept)
    path.mkdir()

    def again() -> None:
        path.rmdir()
        kept.rename(path)

    return again


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_cannot_be_noted_is_not_answered_until_it_can(client, audit, path, monkeypatch):
    monkeypatch.setattr("ui.audit.log.RETRY_SECONDS", 0.05)
    again = unwritable(path)
    question = {"question": "光伏装机目标是多少"}
    assert client.post("/api/ask", json=question, headers=LI).status_code == 200  # its line waits
    until(audit.problem)
    for reply in (
        client.post("/api/ask", json=question, headers=LI),
        client.get("/api/health"),
        client.get(f"/api/documents/{PLAN.id}/text", headers=LI),
    ):
        assert reply.status_code == 503 and "无法写入" in reply.json()["error"]["message"], reply.url
    again()
    until(lambda: audit.problem() is None)
    assert client.post("/api/ask", json=question, headers=LI).status_code == 200
    assert audit.flush() and said(path) == [question["question"]] * 2 and verify(path).problem is None


def test_where_the_operator_wants_it_answers_go_on_and_what_was_lost_is_counted(path, monkeypatch):
    monkeypatch.setattr("ui.audit.log.RETRY_SECONDS", 0.05)
    with closing(AuditLog(path, lenient=True, max_waiting=3)) as log:
        app = built(FakeAnswerer(), access=ACCESS, audit=log)
        with TestClient(app, client=(PROXY, 1)) as client:
            again = unwritable(path)
            for _ in range(9):
                assert client.post("/api/ask", json={"question": "光伏"}, headers=LI).status_code == 200
            until(log.warning)
            reply = client.get("/api/health", headers=LI)
            assert reply.status_code == 200 and "审计记录" in reply.json()["warning"]
            again()
            until(lambda: log.warning() is None)
            ask(log, "光伏")
            counted = sum(each.get("count", 0) for each in entries(path))
            assert counted > 0 and counted + len(said(path)) == 10 and verify(path).problem is None


FULL = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from ui.audit import log as module
module.RETRY_SECONDS = 0.05
log = module.AuditLog(Path(sys.argv[1]))
room, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (70_000, most))
for number in range(300):
    log.note(module.Note("ask", "a", "api", {"question": f"{number} {'x' * 300}"}))
print("full" if not log.flush(2) and log.problem() else "written", flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
print("written" if log.flush() and not log.problem() else "full", flush=True)
"""


def test_a_disk_that_is_full_in_the_middle_of_a_line_costs_nothing_and_repeats_nothing(path):
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["full", "written"], done.stderr
    assert [str(each).split()[0] for each in said(path)] == [str(number) for number in range(300)]
    verdict = verify(path)
    assert verdict.problem is None and verdict.torn >= 1


# What is forgotten


def test_who_is_forgotten_cannot_be_read_again_and_the_chain_holds(audit, path):
    ask(audit, "我的病历", who="张三")
    ask(audit, "光伏")
    head = verify(path).head
    audit.forget("张三", by="root")
    assert said(path) == ["光伏"]
    first, _, last = entries(path)
    assert "已删除" in first["who"] and first["said"] is None and first["documents"] == [PLAN.id]
    assert (last["event"], last["who"], first["who"].startswith(last["forgotten"])) == ("forget", "root", True)
    assert verify(path, anchors=[head]).problem is None
    journal = people_file(path).with_name(people_file(path).name + "-wal")
    for file in (people_file(path), journal):
        assert "张三".encode() not in (file.read_bytes() if file.exists() else b"")


def test_nobody_else_can_open_what_somebody_asked(audit, path):
    ask(audit, "一")
    ask(audit, "二", who="han")
    lines = [json.loads(each.text) for each in places(path)]
    people = {person.name: person for person in audit._people.all()}
    assert people["han"].open(lines[1]["said"]) == {"question": "二"}
    assert people["han"].open(lines[0]["said"]) is None
