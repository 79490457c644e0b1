"""What the operator hears of the real command: exit codes, words, reports by real SMTP, the watcher."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acceptance.newsroom import Newsroom, ended, parse
from faults.warm_command import WarmCommand
from servers.smtp_sink import Options, SmtpSink
from servers.watcher_server import WatcherServer

OLA = "ola@harbour.example"


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SmtpSink]:
    with SmtpSink(tmp_path / "sink") as started:
        yield started


@pytest.fixture
def newsroom(tmp_path: Path, command: WarmCommand) -> Callable[..., Newsroom]:
    def open_newsroom(sink: SmtpSink, readers: list[str], **newsletter: object) -> Newsroom:
        made = Newsroom(tmp_path / "publication", port=sink.port, command=command)
        settle(made, **newsletter)
        made.write("Tides")
        made.subscribe(readers)
        return made

    return open_newsroom


def settle(desk: Newsroom, **newsletter: object) -> None:
    """Add keys to [newsletter]."""
    file = desk.folder / "briefingfeed.toml"
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in newsletter.items())
    file.write_text(file.read_text("utf-8").replace("[newsletter]\n", f"[newsletter]\n{lines}", 1), "utf-8")


def change(desk: Newsroom, old: str, new: str) -> None:
    file = desk.folder / "briefingfeed.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def reports(sink: SmtpSink, whom: str = OLA) -> list[str]:
    return [str(parse(content)["Subject"]) for recipient, content in sink.messages() if recipient == whom]


@dataclass(frozen=True)
class Case:
    """A matter, the code of the run that meets it and of the next, and what settles it."""

    reader: str
    codes: tuple[int, int]
    before: Callable[[Newsroom], object] = lambda _desk: None
    settle: Callable[[Newsroom], object] = lambda _desk: None
    settled: int = 0
    words: str = ""
    environment: dict[str, str] = field(default_factory=dict)


def hold(desk: Newsroom) -> None:
    desk.die_at("after-freeze")
    desk.run("editions", "hold", desk.editions()[0].key, expect=0)


def release(desk: Newsroom) -> None:
    desk.run("editions", "release", desk.editions()[0].key, expect=0)


def break_the_only_post(desk: Newsroom) -> None:
    for file in (desk.folder / "posts").iterdir():
        file.write_text("---\ntitle: [\n---\n\nText.\n", "utf-8")


def mend_the_only_post(desk: Newsroom) -> None:
    for file in (desk.folder / "posts").iterdir():
        file.unlink()
    desk.write("Tides")


def acknowledge(desk: Newsroom) -> None:
    desk.run("deliveries", "acknowledge", expect=0)


CASES = {
    "all is well": Case("ann@example.org", (0, 0)),
    "a reader doesn't exist, and is suppressed by that": Case("550-5.1.1.a@example.org", (0, 0)),
    "a reader's server refuses for good": Case("550-5.2.2.a@example.org", (1, 1), settle=acknowledge, words="refused"),
    "a copy is unclear": Case(
        "drop-after-dot.a@example.org",
        (1, 1),
        settle=lambda desk: desk.run("deliveries", "resolve", "--accepted", "1", expect=0),
        words="briefingfeed deliveries resolve",
    ),
    "it is held": Case("ann@example.org", (1, 1), hold, release, words="briefingfeed editions release"),
    "it is blocked": Case(
        "ann@example.org",
        (1, 1),
        lambda desk: change(desk, "Harbour Trust, 1 Quay, Porttown", " "),
        lambda desk: change(desk, 'postal_address = " "', 'postal_address = "Harbour Trust, 1 Quay, Porttown"'),
        words="postal",
    ),
    "the only post can't be read": Case(
        "ann@example.org", (1, 1), break_the_only_post, mend_the_only_post, words="can't be read"
    ),
    "the server is down": Case(
        "ann@example.org",
        (75, 75),
        lambda desk: change(desk, "port = ", "port = 9 # "),
        lambda desk: change(desk, "port = 9 # ", "port = "),
        words="mail server",
    ),
    "the settings can't be read": Case(
        "ann@example.org",
        (78, 78),
        lambda desk: change(desk, "[newsletter]", "[newsletter]\nwekly = 1"),
        lambda desk: change(desk, "\nwekly = 1", ""),
        words="weekly",
    ),
    "the sender is the example's": Case(
        "ann@example.org",
        (78, 78),
        lambda desk: change(desk, "notes@harbour.example", "briefings@briefings.example"),
        lambda desk: change(desk, "briefings@briefings.example", "notes@harbour.example"),
        words="[newsletter] from",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_code_stays_until_it_is_settled_and_the_words_come_once(
    newsroom: Callable[..., Newsroom], sink: SmtpSink, name: str
) -> None:
    case = CASES[name]
    desk = newsroom(sink, [case.reader])
    case.before(desk)
    first = desk.run("send-weekly", "--now", expect=case.codes[0])
    assert case.words in first.stderr
    assert first.stdout == ""
    second = desk.run("send-weekly", "--now", expect=case.codes[1])
    if case.codes[1] != 78:  # what is said before the database is open can't be remembered
        assert second.stderr == ""
        assert desk.run("status").returncode == (case.codes[1] == 1)
    case.settle(desk)
    settled = desk.run("send-weekly", "--now", expect=case.settled)
    assert settled.stderr == ""
    desk.run("status", expect=0)
    assert "@example.org" not in first.stderr + second.stderr


def test_one_report_arrives_and_says_what_became_of_everybody(
    newsroom: Callable[..., Newsroom], sink: SmtpSink
) -> None:
    desk = newsroom(sink, ["ann@example.org", "550-5.1.1.b@example.org"], report_to=[f"Ola <{OLA}>"])
    for _ in range(3):
        desk.run("send-weekly", "--now", expect=0)
    (subject,) = reports(sink)
    assert subject.endswith(": 1 of 2 handed over")
    content = next(content for recipient, content in sink.messages() if recipient == OLA)
    mail = parse(content)
    assert not mail.defects
    assert mail["To"] == f"Ola <{OLA}>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert b"example.org" not in content
    assert mail.get_body(("html",)).get_content().startswith("<!DOCTYPE html>")  # type: ignore[union-attr]


def test_killed_between_sending_a_report_and_remembering_it_one_more_arrives_at_most(
    newsroom: Callable[..., Newsroom], sink: SmtpSink
) -> None:
    whom = "once-silent-after-dot.ola@harbour.example"  # the server has the mail, and doesn't say so
    desk = newsroom(sink, ["ann@example.org"], report_to=[whom])
    with ended(desk.start("send-weekly", "--now")) as process:
        deadline = time.monotonic() + 120
        while not sink.copies(whom):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
        assert process.wait(30) == -signal.SIGKILL
    for _ in range(3):
        desk.run("send-weekly", "--now", expect=0)
    assert sink.copies(whom) == 2
    assert sink.copies("ann@example.org") == 1
    ids = {parse(content)["Message-ID"] for recipient, content in sink.messages() if recipient == whom}
    assert len(ids) == 1


def test_the_watcher_is_asked_after_good_runs_only_and_its_address_is_told_to_nobody(
    newsroom: Callable[..., Newsroom], sink: SmtpSink
) -> None:
    with WatcherServer() as watcher:
        desk = newsroom(sink, ["550-5.2.2.a@example.org"], heartbeat_url=watcher.url)
        told = desk.run("-v", "send-weekly", "--now", expect=1)
        assert watcher.asked == []
        told_before = desk.run("-v", "send-weekly", expect=1)
        assert len(watcher.asked) == 1
        watcher.answer = 500
        failing = desk.run("-v", "send-weekly", expect=1)
        silent = desk.run("send-weekly", expect=1)
        assert len(watcher.asked) == 3
        assert "heartbeat_url: it answers 500" in failing.stderr
        assert silent.stderr == ""
        status = desk.run("status", "--json", expect=1)
        assert json.loads(status.stdout)["heartbeat_trouble"]["words"] == "it answers 500"
        for each in (told, told_before, failing, status):
            assert "s3cr3t" not in each.stdout + each.stderr


def test_a_wrong_password_is_told_by_mail_once_it_is_right_again(
    newsroom: Callable[..., Newsroom], tmp_path: Path
) -> None:
    with SmtpSink(tmp_path / "sink", Options(auth=("harbour", "right"))) as sink:
        desk = newsroom(sink, ["ann@example.org"], report_to=[OLA])
        change(desk, 'security = "none"', 'security = "none"\nusername = "harbour"')
        wrong = {"BRIEFINGFEED_SMTP_PASSWORD": "wrong"}
        told = desk.run("send-weekly", "--now", environment=wrong, expect=75)
        assert "login" in told.stderr
        assert desk.run("send-weekly", environment=wrong, expect=75).stderr == ""
        assert sink.messages() == []
        desk.run("send-weekly", environment={"BRIEFINGFEED_SMTP_PASSWORD": "right"}, expect=0)
        assert sink.copies("ann@example.org") == 1
        assert len(reports(sink)) == 1
