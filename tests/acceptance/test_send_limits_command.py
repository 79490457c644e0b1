"""`send-weekly` at servers with limits and logins of their own, as the real command in processes of its own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from acceptance.newsroom import Newsroom, assert_accounts
from servers.postgres import PostgresServer
from servers.smtp_sink import Options, SmtpSink

READERS = [f"reader{number:02}@example.org" for number in range(12)]


def newsroom(tmp_path: Path, port: int, *, more: str = "", url: str | None = None) -> Newsroom:
    made = Newsroom(tmp_path / "publication", port=port, more=more, url=url)
    made.write("Tides")
    made.subscribe(READERS)
    return made


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_limit_per_hour_holds_over_restarts_and_kills(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = None
    if database == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.fresh_url()
    with SmtpSink(tmp_path / "sink") as sink:
        desk = newsroom(tmp_path, sink.port, more="per_hour = 5", url=url)
        if url:
            desk.run("db", "upgrade")
        desk.die_at("after-reply:3")
        for _ in range(2):
            desk.send(expect=None)
        copies = sink.counts()
        assert max(copies.values()) == 1
        # Two rows may have been armed when the run died; they count, whether their copies left or not.
        assert 3 <= copies.total() <= 5
        said = desk.run("status").stdout
        assert "Waits for the limit of 5 per hour" in said
        desk.configure(port=sink.port, more="per_hour = 500")
        desk.send(expect=None)
        assert_accounts(desk, sink.counts(), uncertain=2)


def test_cron_is_told_nothing_while_an_edition_waits_for_its_limit(tmp_path: Path) -> None:
    with SmtpSink(tmp_path / "sink") as sink:
        desk = newsroom(tmp_path, sink.port, more="per_day = 4")
        for _ in range(2):
            done = desk.run("send-weekly", "--now", expect=0)
            assert (done.stdout, done.stderr) == ("", "")
        assert sink.counts().total() == 4
        report = desk.send()
        (notice,) = report["notices"]
        assert notice["text"].startswith("Waits for the limit of 4 per day")
        assert report["editions"][0]["deliveries"]["pending"] == 8


def test_a_rehearsal_takes_no_place(tmp_path: Path) -> None:
    with SmtpSink(tmp_path / "sink") as sink:
        desk = newsroom(tmp_path, sink.port, more="per_hour = 12")
        desk.configure(port=sink.port, provider="outbox", more="per_hour = 12")
        desk.send()
        desk.configure(port=sink.port, more="per_hour = 12")
        desk.send()
        assert sink.counts() == Counter(READERS)


def test_a_throttled_run_ends_with_try_again_later_and_the_next_goes_on(tmp_path: Path) -> None:
    desk, options = newsroom(tmp_path, 9), Options(throttle_after=4, throttle_seconds=3600)
    copies: Counter[str] = Counter()
    for code, taken in ((75, 4), (75, 4), (0, 4)):
        with SmtpSink(tmp_path / f"sink{len(copies)}", options) as sink:  # it takes four an hour, and the hour is over
            desk.configure(port=sink.port)
            done = desk.run("send-weekly", "--now", expect=code)
            assert ("asks us to slow down: 454" in done.stderr) == (not copies)
            assert sink.counts().total() == taken
        copies += sink.counts()
        assert set(desk.states().values()) <= {"accepted", "pending"}
    assert copies == Counter(READERS)


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_token_comes_from_the_environment_or_a_file(place: str, tmp_path: Path) -> None:
    token = "ya29.canary-token"
    options = Options(auth=("notes@harbour.example", token), mechanisms="PLAIN XOAUTH2")
    with SmtpSink(tmp_path / "sink", options) as sink:
        desk = newsroom(tmp_path, sink.port, more='username = "notes@harbour.example"\ntoken_file = "token"')
        file = desk.folder / "token"
        file.write_text("an old one" if place == "environment" else f"{token}\n")
        file.chmod(0o600)
        environment = {"BRIEFINGFEED_SMTP_TOKEN": token} if place == "environment" else {}
        done = desk.run("send-weekly", "--now", environment=environment, expect=0)
        assert token not in done.stdout + done.stderr
        assert sink.counts() == Counter(READERS)
        assert "AUTH XOAUTH2" in sink.commands()
