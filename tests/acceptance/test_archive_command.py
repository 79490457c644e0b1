"""The archive as an operator has it: sent to a real mail server, then built by cron's other line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.newsroom import Newsroom, parse
from faults.warm_command import WarmCommand
from servers.smtp_sink import SmtpSink

READERS = [f"reader{number:02}@example.org" for number in range(6)]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SmtpSink]:
    with SmtpSink(tmp_path / "sink") as started:
        yield started


def published(desk: Newsroom) -> dict[str, str]:
    folder = desk.folder / "public"
    return {
        file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in folder.rglob("*") if file.is_file()
    }


def test_an_edition_is_mailed_and_then_stands_on_the_site_without_its_readers(
    tmp_path: Path, sink: SmtpSink, command: WarmCommand
) -> None:
    desk = Newsroom(tmp_path / "publication", port=sink.port, command=command)
    desk.write("Tides", "The tide is high.", days_ago=1)
    desk.subscribe(READERS)
    desk.run("build", expect=0)
    assert not [path for path in published(desk) if path.startswith("editions/")]
    key = desk.send()["editions"][0]["key"]
    assert desk.run("build", expect=0).stderr == ""
    pages = published(desk)
    page = f"editions/{key.lower()}/index.html"
    assert {"editions/index.html", "editions/atom.xml", "editions/rss.xml", "editions/feed.json", page} <= set(pages)
    assert "The tide is high." in pages[page]
    assert desk.run("check", expect=0).stderr == ""

    mails = [parse(content) for _, content in sink.messages()]
    assert len(mails) == len(READERS)
    for mail in mails:
        body = mail.get_body(("plain",))
        assert body is not None
        text = body.get_content()
        assert f"https://harbour.example/{page.removesuffix('index.html')}" in text
        tokens = re.findall(r"/u/(\S+)", text)
        assert tokens
        secrets = [str(mail["To"]), str(mail["Message-ID"]), *tokens, tokens[0].partition(".")[0]]
        assert not [(path, secret) for path, content in pages.items() for secret in secrets if secret in content]

    before = {file: file.stat().st_mtime_ns for file in (desk.folder / "public").rglob("*")}
    desk.run("build", expect=0)
    assert {file: file.stat().st_mtime_ns for file in (desk.folder / "public").rglob("*")} == before


def test_a_rehearsal_leaves_nothing_on_the_site(tmp_path: Path, command: WarmCommand) -> None:
    desk = Newsroom(tmp_path / "publication", provider="outbox", command=command)
    desk.write("Tides", "The tide is high.", days_ago=1)
    desk.subscribe(READERS)
    desk.send()
    desk.run("build", expect=0)
    assert not [path for path in published(desk) if path.startswith("editions/")]
