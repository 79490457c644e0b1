"""A machine that fails: disks, permissions, databases, keys, mail servers, closed pipes. The old state stays whole."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from acceptance.newsroom import Newsroom
from acceptance.verdicts import assert_refused, content_of, without_roots_powers
from briefingfeed.models.delivery import DeliveryState
from servers.certificates import Authority
from servers.smtp_sink import Options, SmtpSink

READERS = ["ann@example.net", "ben@example.net"]


@pytest.fixture
def desk(tmp_path: Path) -> Newsroom:
    desk = Newsroom(tmp_path / "desk", provider="outbox")
    desk.write("Tides")
    return desk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 2 MB where we may mount one; else `file_limit` is what stops a file from growing."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() == 0:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], check=True)
    try:
        yield folder
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", folder], check=True)


def file_limit() -> Callable[[], None] | None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    return None if os.geteuid() == 0 else limit


def fill_up(file: Path) -> None:
    with suppress(OSError), file.open("wb", buffering=0) as out:
        while True:
            out.write(bytes(4096))


class TestDisk:
    def test_a_full_disk_leaves_the_old_output_and_the_next_build_catches_up(self, small_disk: Path) -> None:
        desk = Newsroom(small_disk / "desk", provider="outbox")
        desk.write("Tides")
        desk.run("build", expect=0)
        before = content_of(desk.folder / "public")
        big = desk.write("Big", "![chart](chart.bin)", days_ago=2)
        (big.parent / "chart.bin").write_bytes(os.urandom(1_100_000))
        assert_refused(
            desk.run("build", before=file_limit()), 75, str(desk.folder), "could not be written", "then build again"
        )
        assert content_of(desk.folder / "public") == before
        (big.parent / "chart.bin").write_bytes(b"small")
        desk.run("build", expect=0)
        assert "Big" in (desk.folder / "public" / "atom.xml").read_text("utf-8")

    def test_new_on_a_full_disk_leaves_no_half_post(self, small_disk: Path) -> None:
        desk = Newsroom(small_disk / "desk", provider="outbox")
        if os.geteuid() == 0:
            fill_up(small_disk / "fill")
            done = desk.run("new", "Tides")
        else:
            (desk.folder / "posts").chmod(0o555)
            done = desk.run("new", "Tides")
            (desk.folder / "posts").chmod(0o755)
        assert_refused(done, 75, "tides.md: cannot be written", "room")
        assert list((desk.folder / "posts").iterdir()) == []

    @pytest.mark.parametrize("folder", ["public", "var"])
    def test_a_folder_that_may_not_be_written_is_named(self, desk: Newsroom, folder: str) -> None:
        desk.run("build", expect=0)
        before = content_of(desk.folder / "public")
        desk.write("Ebb")
        closed = desk.folder / folder
        closed.chmod(0o555)
        for within in closed.iterdir():
            if within.is_dir():
                within.chmod(0o555)
        try:
            done = desk.run("build", before=without_roots_powers())
        finally:
            closed.chmod(0o755)
            for within in closed.iterdir():
                if within.is_dir():
                    within.chmod(0o755)
        assert_refused(done, 75, str(desk.folder))
        assert content_of(desk.folder / "public") == before

    def test_output_that_cannot_be_printed_ends_with_75(self, desk: Newsroom) -> None:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "briefingfeed", "status"],
                cwd=desk.folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
        assert_refused(done, 75, "no space left on device")

    def test_a_reader_that_stops_early_is_no_error(self, desk: Newsroom) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, "-m", "briefingfeed", "status"],
            cwd=desk.folder, stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        os.close(writing)
        assert (done.returncode, done.stderr) == (0, "")


class TestDatabase:
    def test_a_file_that_is_no_database_is_named_and_never_written_over(self, desk: Newsroom) -> None:
        file = desk.folder / "var" / "briefingfeed.db"
        file.parent.mkdir()
        file.write_bytes(b"no database at all, only words\n" * 100)
        for command in (["build"], ["send-weekly", "--now"], ["status"]):
            assert_refused(desk.run(*command), 1, str(file), "this file is not a database", "backup")
        assert file.read_bytes() == b"no database at all, only words\n" * 100
        assert not (desk.folder / "public").exists()

    def test_a_damaged_database_asks_for_the_backup(self, desk: Newsroom) -> None:
        desk.subscribe(READERS)
        file = desk.folder / "var" / "briefingfeed.db"
        for leftover in file.parent.glob("briefingfeed.db-*"):
            leftover.unlink()
        os.truncate(file, 30_000)
        assert_refused(desk.run("send-weekly"), 1, str(file), "the database is damaged", "restore it from the backup")


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Newsroom:
    desk = Newsroom(tmp_path_factory.mktemp("keys") / "desk", provider="outbox")
    desk.write("Tides")
    desk.subscribe(READERS)
    return desk


class TestKeys:
    @pytest.fixture
    def key(self, keyed: Newsroom) -> Iterator[Path]:
        file = keyed.folder / "var" / "secret.key"
        right = file.read_text()
        yield file
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_text(right)

    @pytest.mark.parametrize(
        ("content", "mode", "words"),
        [
            (None, 0, "secret.key: this key is missing"),
            ("", 0o600, "secret.key: it holds no key"),
            ("no key\n", 0o600, "hexadecimal"),
            ("abcd\n", 0o600, "secret.key: a key here is too short"),
            ("11" * 32 + "\n", 0o600, "is missing; links in mails already sent"),
            ("same", 0o644, "others on this machine can read this secret"),
        ],
        ids=["missing", "empty", "words", "short", "foreign", "open to all"],
    )
    def test_a_key_that_is_not_ours_stops_everything(
        self, keyed: Newsroom, key: Path, content: str | None, mode: int, words: str
    ) -> None:
        if content is None:
            key.unlink()
        else:
            key.write_text(key.read_text() if content == "same" else content)
            key.chmod(mode)
        assert_refused(keyed.run("send-weekly", "--now"), 78, words)
        assert key.exists() == (content is not None), "it made a new key"
        assert keyed.editions() == []


class TestMailServer:
    def desk(self, folder: Path, port: int, *, security: str = "none", more: str = "") -> Newsroom:
        desk = Newsroom(folder / "desk", port=port, more=more)
        file = desk.folder / "briefingfeed.toml"
        text = file.read_text("utf-8").replace('"none"', f'"{security}"').replace('"127.0.0.1"', '"localhost"')
        file.write_text(text, "utf-8")
        desk.write("Tides")
        desk.subscribe(READERS)
        return desk

    @pytest.mark.parametrize(
        ("has_certificate", "words"),
        [(True, "signed by somebody this machine does not trust"), (False, "offers no STARTTLS")],
    )
    def test_without_trusted_tls_nothing_leaves(self, tmp_path: Path, has_certificate: bool, words: str) -> None:
        certificate = str(Authority(tmp_path).issue("localhost")) if has_certificate else ""
        with SmtpSink(tmp_path / "sink", Options(certificate=certificate)) as sink:
            desk = self.desk(tmp_path, sink.port, security="starttls")
            assert_refused(desk.run("send-weekly", "--now"), 75, f"localhost:{sink.port}", words, "[smtp]")
            assert sink.messages() == []
        assert set(desk.states().values()) == {DeliveryState.PENDING}

    def test_trouble_is_told_once_stands_in_the_status_and_goes_with_its_cause(self, tmp_path: Path) -> None:
        with SmtpSink(tmp_path / "sink", Options(auth=("user", "right"))) as sink:
            desk = self.desk(tmp_path, sink.port, more='username = "user"\n')
            assert_refused(desk.run("send-weekly", "--now"), 78, "The password for user", "BRIEFINGFEED_SMTP_PASSWORD")
            wrong = {"BRIEFINGFEED_SMTP_PASSWORD": "wrong"}
            first = desk.run("send-weekly", "--now", environment=wrong)
            assert_refused(first, 75, "refused our login", "BRIEFINGFEED_SMTP_PASSWORD")
            assert first.stderr.count("refused our login") == 1
            again = desk.run("send-weekly", environment=wrong)
            assert (again.returncode, again.stdout, again.stderr) == (75, "", "")
            assert "refused our login" in desk.run("status", environment=wrong, expect=0).stdout
            right = {"BRIEFINGFEED_SMTP_PASSWORD": "right"}
            desk.run("send-weekly", environment=right, expect=0)
            assert sorted(recipient for recipient, _ in sink.messages()) == READERS
            assert "refused our login" not in desk.run("status", environment=right, expect=0).stdout
