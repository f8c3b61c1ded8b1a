"""Documents managed over HTTP: what comes in is read in the sandbox, indexed and answered from, and none is lost."""

from __future__ import annotations

import io
import os
import signal
import socket
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index.__main__ import main as yiju_index
from index.errors import IndexStoreError
from index.records import Document
from index.rights import RightsFile
from index.sandbox import Sandbox, _Worker
from index.store.folder_store import FolderStore
from index.store.passage_index import PassageIndex
from tests.support.files import at, pdf
from tests.support.managed import BYTES, ENCODER, Held, ended, running, send, sources
from tests.support.served import built, serving
from ui.access.authentication import Access
from ui.access.keys import KeyBook
from ui.access.visitors import Role
from ui.documents.jobs import Job, JobBook, Kind, State
from ui.documents.managing import Managing
from ui.documents.originals import BadName, Originals, checked_name
from ui.reloading import Source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    PassageIndex.build([], ENCODER).save(tmp_path / "index")
    return tmp_path / "index"


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    with running(folder) as client:
        yield client


def test_a_file_that_comes_in_is_there_once_its_job_is_done(client, folder, capsys):
    job = ended(client, send(client, "通知/放假.txt", "关于放假的通知\n国庆节放假七天。\n"))
    assert (job["state"], job["source"], job["reason"]) == ("done", "通知/放假.txt", "")
    assert sources(client) == ["通知/放假.txt"]
    assert client.get(f"/api/documents/{job['documents'][0]}/file").content.decode().startswith("关于放假的通知")
    # The same documents for the command line: nothing there is new to it.
    originals = str(folder.with_name("index-documents"))
    assert yiju_index(["add", str(folder), originals], load_encoder=lambda name: ENCODER) == 0
    assert "没有新的内容，1 个文件没有变化" in capsys.readouterr().out


def test_it_is_replaced_only_on_demand_and_its_old_text_is_gone(client):
    ended(client, send(client, "a.txt", "第一版的内容。"))
    assert (refused := send(client, "a.txt", "第二版。")).status_code == 409
    assert refused.json()["error"]["code"] == "exists"
    job = ended(client, send(client, "a.txt", "第二版的内容。", replace="1"))
    assert client.get(f"/api/documents/{job['documents'][0]}/text").text == "第二版的内容。"
    assert sources(client) == ["a.txt"]


def test_the_same_file_again_changes_nothing(client):
    ended(client, send(client, "a.txt", "内容。"))
    assert ended(client, send(client, "a.txt", "内容。", replace="1"))["reason"] == "内容没有变化。"


def test_what_was_removed_comes_back_whole(client, folder):
    id = ended(client, send(client, "a.txt", "内容。"))["documents"][0]
    removed = ended(client, client.delete(f"/api/documents/{id}"))
    assert (sources(client), removed["undo"]) == ([], True)
    assert not folder.with_name("index-documents").joinpath("a.txt").exists()
    assert ended(client, client.post(f"/api/jobs/{removed['id']}/undo"))["state"] == "done"
    assert client.get(f"/api/documents/{id}/text").text == client.get(f"/api/documents/{id}/file").text == "内容。"
    assert client.post(f"/api/jobs/{removed['id']}/undo").status_code == 409


def test_two_editors_may_remove_the_same_document(client):
    id = ended(client, send(client, "a.txt", "内容。"))["documents"][0]
    replies = [client.delete(f"/api/documents/{id}") for _ in range(2)]
    assert ended(client, replies[0])["state"] == "done"
    assert replies[1].status_code == 404 or ended(client, replies[1])["state"] == "done"
    assert client.delete(f"/api/documents/{id}").status_code == 404


def test_a_renamed_document_keeps_its_text_and_its_ending(client, folder):
    id = ended(client, send(client, "处/旧.txt", "内容。"))["documents"][0]
    job = ended(client, client.patch(f"/api/documents/{id}", json={"name": "新"}))
    assert sources(client) == ["处/新.txt"]
    assert client.get(f"/api/documents/{job['documents'][0]}/file").text == "内容。"
    assert client.patch(f"/api/documents/{job['documents'][0]}", json={"name": "../x"}).status_code == 422


def test_what_cannot_be_read_fails_with_the_reason_and_leaves_nothing(client, folder):
    job = ended(client, send(client, "程序.exe", b"MZ\x90\x00" + bytes(100)))
    assert job["state"] == "failed" and "程序.exe" in job["reason"]
    assert str(folder.parent) not in job["reason"]  # where it lies here is nobody's business
    left = [each for each in folder.with_name("index-documents").rglob("*") if each.is_file()]
    assert (sources(client), left) == ([], [])


def test_files_in_an_archive_become_documents_and_go_with_it(client):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("一.txt", "第一份。")
        archive.writestr("二.txt", "第二份。")
        archive.writestr("三.exe", b"MZ\x00")
    job = ended(client, send(client, "包.zip", buffer.getvalue()))
    assert sources(client) == ["包.zip/一.txt", "包.zip/二.txt"]
    assert len(job["notices"]) == 1 and "三.exe" in job["notices"][0]


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../x.txt", "a/../../x", ".hidden", "a\x00.txt", "a\n.txt", "x" * 300, "a/", "con:1"]
)
def test_a_name_that_leads_elsewhere_is_refused(client, name):
    assert send(client, name, "内容").status_code == 422
    with pytest.raises(BadName):
        checked_name(name)


def test_backslashes_are_folders():
    assert checked_name("处室\\通知.txt") == "处室/通知.txt"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({**BYTES, "Content-Length": str(2 << 30)}, 413),
        ({"Content-Type": "text/plain"}, 415),  # what a form of another site can send
        ({**BYTES, "Origin": "http://evil.example"}, 403),
        ({**BYTES, "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_what_must_not_come_in_is_refused_before_it_is_sent(client, headers, status):
    def unread() -> Iterator[bytes]:
        yield b"x"
        raise AssertionError("the body was asked for")

    sent = b"x" if "Content-Length" not in headers else b""
    assert client.post("/api/documents?name=a.txt", content=sent, headers=headers).status_code == status


def test_an_empty_file_is_refused(client):
    assert send(client, "空.txt", b"").json()["error"]["code"] == "empty_file"


def test_a_full_disk_is_said_and_nothing_stays(client, folder, monkeypatch):
    monkeypatch.setattr(Originals, "room", lambda self, size: False)
    assert send(client, "a.txt", "内容。").status_code == 507
    monkeypatch.undo()

    def full(*given: object, **named: object) -> None:
        raise IndexStoreError(folder, "磁盘空间不足。")

    monkeypatch.setattr("index.store.passage_index.PassageIndex.save", full)
    assert ended(client, send(client, "a.txt", "内容。"))["reason"] == "磁盘空间不足。"
    monkeypatch.undo()
    assert ended(client, send(client, "b.txt", "内容。"))["state"] == "done"


def test_a_page_that_is_closed_in_the_middle_leaves_nothing(folder):
    store = FolderStore(folder)
    source = Source(store, lambda: Held(index=store.open(ENCODER)), store.stamp())
    managing = Managing(folder, store, lambda name: ENCODER)
    with serving(built(source.open(), source=source, managing=managing)) as address:
        host, port = address.removeprefix("http://").split(":")
        head = f"POST /api/documents?name=a.txt HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 5000000\r\n"
        with socket.create_connection((host, int(port))) as browser:
            browser.sendall(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + b"x" * 2_000_000)
            until = time.monotonic() + 60
            while not [*managing.originals.strays()] and time.monotonic() < until:
                time.sleep(0.02)
        while ([*managing.originals.strays()] or managing.sending) and time.monotonic() < until:
            time.sleep(0.02)
        assert ([*managing.originals.strays()], managing.book.all(), managing.sending) == ([], [], 0)


def test_jobs_that_wait_are_done_after_a_restart(folder):
    book = JobBook(folder.with_name("index-jobs.sqlite"))
    originals = Originals(folder.with_name("index-documents"))
    job = Job(Kind.ADD, "a.txt")
    originals.incoming(job.id, "a.txt").parent.mkdir(parents=True)
    originals.incoming(job.id, "a.txt").write_text("内容。", "utf-8")
    originals.incoming("stray", "b.txt").parent.mkdir(parents=True)
    book.add(job)
    book.change(job.id, state=State.INDEXING)  # where the process ended
    book.close()
    with running(folder) as client:
        until = time.monotonic() + 60
        while not sources(client) and time.monotonic() < until:
            time.sleep(0.05)
        assert sources(client) == ["a.txt"]
        assert not originals.incoming("stray", "b.txt").parent.exists()


def test_a_read_only_place_hides_it_and_says_why(folder, monkeypatch):
    monkeypatch.setattr("ui.documents.managing.os.access", lambda *given: False)
    with running(folder) as client:
        assert send(client, "a.txt", "内容。").json()["error"]["code"] == "read_only"
        page = client.get("/documents/").text
        assert "只读" in page or "不能写入" in page
        assert 'id="manage"' not in page
        assert client.get("/", follow_redirects=False).headers["location"] == "chat/"


def test_an_empty_index_opens_on_the_place_to_drop_files(client):
    assert client.get("/", follow_redirects=False).headers["location"] == "documents/"
    assert "把文件拖到这里" in client.get("/documents/").text


def test_readers_and_site_keys_may_not(folder, tmp_path):
    book = KeyBook(tmp_path / "keys.sqlite")
    keys = {role: book.add("portal", role=role)[1] for role in (Role.READER, Role.EDITOR)}
    with running(folder, access=Access(need_key=True, book=book, origins=["http://portal.example"])) as client:
        for key, status in ((None, 401), (keys[Role.READER], 403), (keys[Role.EDITOR], 202)):
            client.headers = {"X-Yiju-Key": key} if key else {}
            assert send(client, "a.txt", "内容。").status_code == status
            assert client.get("/api/jobs").status_code == {401: 401, 403: 403, 202: 200}[status]
        client.headers = {
            "X-Yiju-Key": keys[Role.EDITOR],
            "Origin": "http://portal.example",
            "Sec-Fetch-Site": "cross-site",
        }
        assert send(client, "b.txt", "内容。").status_code == 403


def test_an_editor_neither_sees_nor_touches_what_only_others_may_read(folder, tmp_path):
    hidden = Document("abc", "工资", "机密内容。", "工资.txt")
    PassageIndex.build([hidden], ENCODER).save(folder)
    rights = tmp_path / "rights.txt"
    rights.write_text("@hr 工资.txt\n", "utf-8")
    book = KeyBook(tmp_path / "keys.sqlite")
    _, key = book.add("it", role=Role.EDITOR)
    access = Access(need_key=True, book=book)
    with running(folder, headers={"X-Yiju-Key": key}, access=access, rights=RightsFile(rights)) as client:
        assert client.delete("/api/documents/abc").status_code == 404
        job = ended(client, send(client, "工资.txt", "别的内容。"))
        assert job["source"] == "key_it/工资.txt"  # in a folder of their own, so that no name tells of others
        assert FolderStore(folder).open(ENCODER).document("abc") == hidden
        assert client.patch(f"/api/documents/{job['documents'][0]}", json={"name": "新"}).status_code == 202


def test_a_rename_opens_nothing(folder, tmp_path):
    rights = tmp_path / "rights.txt"
    rights.write_text("li 工资.txt\n", "utf-8")
    with running(folder, rights=RightsFile(rights)) as client:
        id = ended(client, send(client, "工资.txt", "内容。"))["documents"][0]
        assert (
            client.patch(f"/api/documents/{id}", json={"name": "公开.txt"}).json()["error"]["code"] == "rights_change"
        )


def test_who_may_read_a_document_is_seen_and_set_by_editors(folder, tmp_path):
    rights = tmp_path / "rights.txt"
    with running(folder, rights=RightsFile(rights)) as client:
        id = ended(client, send(client, "人事/工资.txt", "内容。"))["documents"][0]
        assert "所有人" in client.get("/documents/").text
        reply = client.patch(f"/api/documents/{id}", json={"readers": ["@人事处", "li lei"]})
        assert (reply.status_code, reply.json()) == (200, {"readers": ["@人事处", "li lei"]})
        assert rights.read_text("utf-8").endswith("@人事处,li%20lei\t人事/工资.txt\n")
        for page in ("/documents/", f"/documents/{id}"):
            assert "@人事处、li lei" in client.get(page).text
        assert client.patch(f"/api/documents/{id}", json={"readers": ["-"]}).json() == {"readers": []}
        assert client.patch(f"/api/documents/{id}", json={"readers": None}).json() == {"readers": ["*"]}
        for wrong in ([], "li", ["*", "li"], [""], [1]):
            assert client.patch(f"/api/documents/{id}", json={"readers": wrong}).status_code == 422, wrong


def test_an_editor_sets_no_rights_that_would_leave_them_out(folder, tmp_path):
    rights = tmp_path / "rights.txt"
    rights.write_text("@hr,@it *\n", "utf-8")
    book = KeyBook(tmp_path / "keys.sqlite")
    keys = {role: book.add("portal", role=role, groups=["it"])[1] for role in (Role.READER, Role.EDITOR)}
    access = Access(need_key=True, book=book)
    with running(folder, headers={"X-Yiju-Key": keys[Role.EDITOR]}, access=access, rights=RightsFile(rights)) as client:
        id = ended(client, send(client, "a.txt", "内容。"))["documents"][0]
        refused = client.patch(f"/api/documents/{id}", json={"readers": ["@hr"]})
        assert (refused.status_code, "您自己" in refused.text) == (422, True)
        assert client.patch(f"/api/documents/{id}", json={"readers": ["@it"]}).status_code == 200
        assert "@it" in client.get("/documents/").text
        client.headers = {"X-Yiju-Key": keys[Role.READER]}
        assert "@it" not in client.get("/documents/").text
        assert client.patch(f"/api/documents/{id}", json={"readers": ["*"]}).status_code == 403


def test_a_document_tells_its_passages_and_what_was_not_read(client):
    broken = Path(__file__).parents[1].joinpath("cases", "utf8_truncated.txt").read_bytes()
    id = ended(client, send(client, "a.txt", broken))["documents"][0]
    told = client.get(f"/api/documents/{id}").json()
    assert told["passages"] == 1 and len(told["gaps"]) == 1
    page = client.get(f"/documents/{id}").text
    assert told["gaps"][0] in page and "<dt>片段</dt><dd>1 个</dd>" in page


def test_many_at_once_are_neither_lost_nor_doubled(client):
    jobs = [send(client, f"{n}.txt", f"第{n}份文件的内容。") for n in range(60)]
    assert all(ended(client, each)["state"] == "done" for each in jobs)
    assert sources(client) == sorted(f"{n}.txt" for n in range(60))


def test_events_tell_of_a_job_to_its_end(client):
    reply = send(client, "a.txt", "内容。")
    with client.stream("GET", "/api/jobs/events") as events:
        for line in events.iter_lines():
            if reply.json()["id"] in line and '"done"' in line:
                break


def test_a_long_file_tells_its_pages_at_once_and_as_they_are_read(client, monkeypatch):
    told: list[tuple[int, int]] = []
    change = JobBook.change

    def noted(book: JobBook, id: str, **values: Any) -> Job:
        job = change(book, id, **values)
        if "pages" in values:
            told.append((job.page, job.pages))
        return job

    monkeypatch.setattr(JobBook, "change", noted)
    ended(client, send(client, "long.pdf", pdf(*(at(50, 700, f"This is page {n}.") for n in range(1, 41)))))
    assert told == [(n, 40) for n in range(41)]


def test_the_process_that_reads_is_there_before_the_first_file(client, monkeypatch):
    started: list[str] = []
    start, load_all = Sandbox.start, Sandbox.load_all
    ready = Event()

    def noted_start(sandbox: Sandbox) -> None:
        start(sandbox)
        started.append("started")
        ready.set()

    def noted_load(sandbox: Sandbox, *given: Any, **named: Any) -> Any:
        started.append("reads")
        return load_all(sandbox, *given, **named)

    monkeypatch.setattr(Sandbox, "start", noted_start)
    monkeypatch.setattr(Sandbox, "load_all", noted_load)
    client.get("/api/jobs")  # as the page does that takes files
    assert ready.wait(120)
    ended(client, send(client, "a.txt", "内容。"))
    assert started.index("reads") > 0


def test_jobs_that_ended_long_ago_are_forgotten(tmp_path):
    now = [1000.0]
    book = JobBook(tmp_path / "jobs.sqlite", clock=lambda: now[0])
    job = book.add(Job(Kind.REMOVE, "a.txt"))
    book.change(job.id, state=State.DONE)
    assert book.forget_old() == []
    now[0] += 8 * 24 * 3600
    assert [each.id for each in book.forget_old()] == [job.id]
    assert JobBook(tmp_path / "jobs.sqlite").all() == []


def test_a_process_that_is_killed_while_it_reads_costs_its_file_and_nothing_else(client, monkeypatch):
    workers: list[_Worker] = []
    begin, change = _Worker.__init__, JobBook.change

    def noted(worker: _Worker, module: str) -> None:
        begin(worker, module)
        workers.append(worker)

    def killing(book: JobBook, id: str, **changes: Any) -> Job:
        job = change(book, id, **changes)
        if job.page == 3 and job.source == "long.pdf":
            os.killpg(workers[-1]._process.pid, signal.SIGKILL)
        return job

    monkeypatch.setattr(_Worker, "__init__", noted)
    monkeypatch.setattr(JobBook, "change", killing)
    pages = pdf(*(at(50, 700, f"This is page {n}. " * 40) for n in range(1, 400)))
    lost = ended(client, send(client, "long.pdf", pages))
    assert (lost["state"], lost["reason"]) == ("failed", "无法读取 long.pdf：读取程序被系统中止（可能是内存不足）。")
    assert ended(client, send(client, "a.txt", "光伏装机70MW。"))["state"] == "done"
    assert client.post("/api/ask", json={"question": "光伏装机"}).status_code == 200
    assert len(workers) >= 2 and sources(client) == ["a.txt"]
