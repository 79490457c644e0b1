"""A publication on one machine: real posts, database, state folder and services; only the clock and the world are ours.

Each command is a process of its own in life. So the database is opened anew whenever one is killed, and a killed run
is a real process that gets SIGKILL: nothing of it tidies up.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import tarfile
import time as clock
import traceback
import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path

from briefingfeed.delivery.failpoints import Failpoint, ignore
from briefingfeed.errors import BriefingfeedError
from briefingfeed.look import Look
from briefingfeed.mailbox.maildir import Maildir
from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import BounceSettings, DatabaseSettings, NewsletterSettings, PublicationSettings
from briefingfeed.services.keeping.backup import back_up
from briefingfeed.services.keeping.restored import AdoptContext
from briefingfeed.services.publishing.post_library import load_library, remember_library
from briefingfeed.services.readers.mailbox import MailboxContext
from briefingfeed.services.sending.send import send_edition
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.services.sending.send_report import SendReport
from briefingfeed.shipped import shipped_templates
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring, fingerprint
from faults.books import Books
from publications import KEY, SENDER, harbour_in
from stateful.shelf import Shelf
from stateful.world import FAIR, Breakdown, Weather, World

BEGIN = datetime(2026, 11, 18, 10, tzinfo=UTC)
"""A Wednesday."""
LEAVE = "leave@harbour.example"
_LONGEST_RUN = 120.0


class Press:
    def __init__(self, folder: Path, url: str | None = None, **newsletter: object) -> None:
        """`newsletter` changes settings. Without `url` the database is a SQLite file in the state folder."""
        self.folder = folder
        self.now = BEGIN
        self.settings = harbour_in(
            folder,
            newsletter=replace(NewsletterSettings(from_=SENDER, daily=time(7, 30)), **newsletter),
            bounces=BounceSettings(
                address="bounces@harbour.example", unsubscribe_address=LEAVE, maildir=folder / "bounces"
            ),
            database=DatabaseSettings(url=url or f"sqlite:///{folder / 'var' / 'press.db'}"),
        )
        self.keyring = Keyring({fingerprint(KEY): KEY})
        self.shelf = Shelf(folder / "posts")
        self.world = World(folder / "world.jsonl", lambda: self.now)
        self.books = Books(self.settings.database.url)
        for name in ("new", "cur", "tmp"):
            (folder / "bounces" / name).mkdir(parents=True)
        self._mails = 0
        self.open()

    def open(self) -> None:
        self.database = Database.open(self.settings.database.url, state=self.settings.paths.state, machine="id:here")

    def close(self) -> None:
        self.database.close()

    def context(self, weather: Weather = FAIR, failpoint: Failpoint = ignore) -> SendContext:
        look = _look(self.settings.publication)
        return SendContext(
            settings=self.settings,
            database=self.database,
            open_look=lambda: look,
            keyring=self.keyring,
            provider=self.world.provider(weather),
            load_posts=lambda: load_library(self.settings, self.database, self.now),
            page_trouble=lambda _url: None,
            now=lambda: self.now,
            place="here",
            failpoint=failpoint,
            mailbox=self.mailbox(failpoint),
        )

    def mailbox(self, failpoint: Failpoint = ignore) -> MailboxContext:
        return MailboxContext(
            database=self.database,
            keyring=self.keyring,
            open=lambda: Maildir(self.folder / "bounces", keep=False),
            name="the bounces",
            aside=self.settings.paths.state / "unclear-mail",
            unsubscribe_address=LEAVE,
            now=lambda: self.now,
            failpoint=failpoint,
        )

    def comes_back(self, raw: bytes) -> None:
        """Let a mail arrive in the bounces' mailbox."""
        self._mails += 1
        received = f"Received: by mx.harbour.example with LMTP id {self._mails}\n".encode()  # no two are the same
        (self.folder / "bounces" / "new" / f"{self._mails:05}.here").write_bytes(received + raw)

    @property
    def adopting(self) -> AdoptContext:
        return AdoptContext(
            settings=self.settings,
            database=self.database,
            load_posts=lambda: load_library(self.settings, self.database, self.now),
            now=lambda: self.now,
        )

    def build(self) -> None:
        """Remember the posts as `briefingfeed build` does."""
        library = load_library(self.settings, self.database, self.now)
        remember_library(self.settings, self.database, library, self.now)

    def send(self, cadence: Cadence, weather: Weather = FAIR, *, force: bool = False) -> SendReport | None:
        """Run `send-…`; None if the program broke in its middle."""
        try:
            return self._send(self.context(weather), cadence, force=force)
        except Breakdown:
            return None

    def send_and_die(self, cadence: Cadence, weather: Weather, place: str, count: int) -> bool:
        """Run it in a process that is killed where it reaches `place` for the `count`th time; False: it never did."""
        return self._in_a_process(
            lambda: self._send(self.context(weather, _killer(place, count)), cadence, force=False)
        )

    @staticmethod
    def _send(context: SendContext, cadence: Cadence, *, force: bool) -> SendReport:
        return send_edition(context, cadence, force=force, lock_wait=timedelta(0), patience=timedelta(0))

    def _in_a_process(self, work: Callable[[], object]) -> bool:
        # No connection may be open on both sides of a fork.
        self.close()
        told = self.folder / "child.txt"
        with warnings.catch_warnings():
            # From Python 3.12 on: a test runner's other threads hold no lock that the child needs.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            code = 3
            try:
                self.open()
                work()
                code = 0
            except (BriefingfeedError, Breakdown):
                code = 0
            except BaseException:
                told.write_text(traceback.format_exc(), "utf-8")
            finally:
                os._exit(code)
        status = _wait(child)
        self.open()
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, told.read_text("utf-8")
        return os.WIFSIGNALED(status)

    def copy(self, target: Path) -> None:
        """Copy the database alone, as an operator with the tools of SQLite would."""
        target.unlink(missing_ok=True)
        assert self.database.file
        with closing(sqlite3.connect(self.database.file)) as ours, closing(sqlite3.connect(target)) as theirs:
            ours.backup(theirs)

    def back_up(self, target: Path) -> None:
        back_up(self.settings, self.database, target, self.now)

    def restore(self, source: Path, *, all_is_lost: bool = False, keep_journal: bool = True) -> None:
        """Bring a copy or a backup back: the database alone, or after the state folder was lost, too."""
        file, state = self.database.file, self.settings.paths.state
        assert file
        self.close()
        for each in file.parent.glob(f"{file.name}*"):
            each.unlink()
        journal = state / "unsubscribed.jsonl"
        if all_is_lost:
            known = journal.read_bytes() if keep_journal and journal.exists() else None
            shutil.rmtree(state)
            state.mkdir()
            if known is not None:
                journal.write_bytes(known)
        if source.suffix == ".gz":
            with tarfile.open(source) as archive:
                inside = [each for each in archive if all_is_lost or each.name.startswith(file.name)]
                archive.extractall(state, inside, filter="data")
        else:
            shutil.copyfile(source, file)
        self.open()


def _killer(place: str, count: int) -> Failpoint:
    left = count

    def reached(name: str) -> None:
        nonlocal left
        left -= name == place
        if name == place and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def _wait(child: int) -> int:
    deadline = clock.monotonic() + _LONGEST_RUN
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status
        if clock.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise AssertionError("a run hangs")
        clock.sleep(0.002)


@cache
def _look(publication: PublicationSettings) -> Look:
    return Look([shipped_templates()], publication)
