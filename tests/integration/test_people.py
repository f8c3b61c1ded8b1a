"""One person's questions can be handed over and deleted, by command and on the page for administrators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.support.fake_answerer import FakeAnswerer
from tests.support.served import built
from ui.access.authentication import Access
from ui.access.visitors import Role, Visitor
from ui.audit.chain import verify
from ui.audit.command import entries
from ui.audit.log import AuditLog, Note
from ui.usage.log import UsageLog, read_rows
from ui.usage.people_command import main

PROXY = "192.0.2.1"
ROOT = {"X-Remote-User": "root"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where two people have asked."""
    with closing(UsageLog(tmp_path / "index-usage.sqlite", log_users=True)) as usage:
        for number, (who, question) in enumerate((("李雷", "光伏"), ("han", "风电"), ("李雷", "补贴"))):
            answer = replace(FakeAnswerer().ask(question), id=f"a{number}")
            usage.record(answer, Visitor(who), where="chat")
        usage.flush()
    with closing(AuditLog(tmp_path / "index-audit.jsonl")) as audit:
        for who, question in (("李雷", "光伏"), ("han", "风电")):
            audit.note(Note("ask", who, "chat", {"question": question}, {"documents": []}))
        audit.flush()
    return tmp_path


def questions(folder: Path) -> list[str]:
    return [row["question"] for row in read_rows(folder / "index-usage.sqlite", "SELECT * FROM answers ORDER BY id")]


def run(folder: Path, *arguments: str) -> int:
    return main([*arguments, "--index", str(folder / "index")])


def test_the_command_lists_and_hands_over(folder, capsys):
    assert run(folder, "list") == 0
    assert capsys.readouterr().out == "han\n李雷\n"
    assert run(folder, "export", "李雷") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [(row["from"], row.get("question") or row["said"]["question"]) for row in rows]
    assert told == [("usage", "光伏"), ("usage", "补贴"), ("audit", "光伏")]
    assert rows[0]["citations"][0]["quote"] == "光伏发电计划装机容量70MW。"


def test_the_command_deletes_to_the_last_byte_and_the_audit_log_still_holds(folder, capsys):
    assert run(folder, "forget", "李雷") == 0
    assert "删除了 2 条" in capsys.readouterr().out
    assert questions(folder) == ["风电"]
    assert [(each.get("said") or {}).get("question") for each in entries(folder / "index-audit.jsonl")] == [
        None,
        "风电",
        None,
    ]
    assert verify(folder / "index-audit.jsonl").problem is None
    for file in folder.iterdir():
        assert "李雷".encode() not in file.read_bytes() and "光伏".encode() not in file.read_bytes(), file.name
    assert run(folder, "list") == 0
    assert capsys.readouterr().out == "han\nyiju-serve people\n"


def test_without_any_record_there_is_nothing_to_do(tmp_path, capsys):
    for command in (["list"], ["export", "李雷"]):
        assert run(tmp_path, *command) == 0
        assert capsys.readouterr().out == ""
    assert run(tmp_path, "forget", "李雷") == 0
    assert capsys.readouterr().out == "提问记录中删除了 0 条。\n" and list(tmp_path.iterdir()) == []


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    access = Access(proxies=[ip_network(PROXY)], user_header="X-Remote-User", roles={"root": Role.ADMIN})
    usage = UsageLog(folder / "index-usage.sqlite", log_users=True)
    with closing(AuditLog(folder / "index-audit.jsonl")) as audit:
        app = built(FakeAnswerer(), access=access, usage=usage, audit=audit)
        with TestClient(app, client=(PROXY, 1), follow_redirects=False) as client:
            yield client


def test_an_administrator_hands_over_and_deletes_on_the_page(client, folder):
    reply = client.post("/admin/person", data={"how": "export", "name": "李雷"}, headers=ROOT)
    assert [json.loads(line)["question"] for line in reply.text.splitlines()] == ["光伏", "补贴"]
    assert reply.headers["content-disposition"] == 'attachment; filename="questions.jsonl"'
    unsure = client.post("/admin/person", data={"how": "forget", "name": "李雷"}, headers=ROOT)
    assert unsure.status_code == 422 and "确认" in unsure.text and len(questions(folder)) == 3
    done = client.post("/admin/person", data={"how": "forget", "name": "李雷", "sure": "yes"}, headers=ROOT)
    assert (done.status_code, done.headers["location"]) == (303, "./?done=forgotten")
    assert questions(folder) == ["风电"]
    told = [(each["event"], each["who"], each.get("said")) for each in entries(folder / "index-audit.jsonl")]
    assert told[2:] == [("export", "root", {"person": "李雷"}), ("forget", "root", None)]


def test_readers_may_not_and_what_is_unclear_does_nothing(client, folder):
    form = {"how": "forget", "name": "李雷", "sure": "yes"}
    assert client.post("/admin/person", data=form, headers={"X-Remote-User": "han"}).status_code == 403
    for odd in ({"how": "forget", "name": " ", "sure": "yes"}, {"how": "sell", "name": "李雷"}, {"sure": "yes"}):
        assert client.post("/admin/person", data=odd, headers=ROOT).status_code == 422
    assert len(questions(folder)) == 3
