"""What all rules share: the publication, what really happened, the laws after each step, and how it comes to rest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from briefingfeed.errors import ConfigurationError, RefusedError, RestoredError, UsageError
from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import Mailbox
from briefingfeed.newsletter.schedule import upcoming_slot
from briefingfeed.providers.base import Limits
from briefingfeed.services.keeping.restored import adopt_restored
from briefingfeed.services.readers import subscribers
from briefingfeed.services.sending.braking import cancel_edition, hold_edition, release_edition
from briefingfeed.services.sending.send_report import SendReport
from briefingfeed.storage.database import Database
from publications import KEY
from stateful import laws
from stateful.chronicle import LEFT, SUPPRESSED, Chronicle
from stateful.press import Press
from stateful.world import EDITOR, FAIR, Answer, Weather

READERS = ("ann", "ben", "cat", "dan", "eve")
CADENCES = (Cadence.WEEKLY, Cadence.DAILY)
MEANWHILE = ("leaves", "erased", "hold", "cancel")
SOON = timedelta(minutes=5)
_MOST_ROUNDS = 30


def address(name: str) -> str:
    return f"{name}@example.org"


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        # Nothing here is about what outlasts a power cut; memory saves the disk.
        memory = Path("/dev/shm")
        self.folder = Path(mkdtemp(prefix="briefingfeed-", dir=memory if os.access(memory, os.W_OK) else None))
        self.in_doubt = False
        """The database was restored, and nobody has adopted it."""
        self.adopted_since: set[str] = set()
        """Posts that somebody had before the last time that a database was adopted."""

    def fresh_url(self) -> str | None:
        """Make an empty database; None: a SQLite file."""
        return None

    @initialize(
        first_batch=st.sampled_from((None, 1, 2)),
        per_hour=st.sampled_from((None, None, 3)),
        proofs=st.booleans(),
        catch_up=st.sampled_from((None, timedelta(days=3))),
        daily=st.lists(st.sampled_from(READERS), unique=True, max_size=3),
    )
    def begin(
        self,
        first_batch: int | None,
        per_hour: int | None,
        proofs: bool,
        catch_up: timedelta | None,
        daily: list[str],
    ) -> None:
        self.press = Press(
            self.folder,
            self.fresh_url(),
            first_batch=first_batch,
            proof_to=(Mailbox(EDITOR),) if proofs else (),
            catch_up=catch_up,
        )
        self.press.world.limits = Limits(per_hour=per_hour)
        self.press.world.meanwhile = self.meanwhile
        self.chronicle = Chronicle(self.press.world, self.press.books)
        for name in READERS[:4]:
            self.subscribe(name, Cadence.DAILY if name in daily else Cadence.WEEKLY)
        for age in (1, 3):
            self.press.shelf.add((self.press.now - timedelta(days=age)).date())
        for cadence in CADENCES:
            self.send(cadence)

    def subscribe(self, name: str, cadence: Cadence) -> None:
        changed = subscribers.add(
            self.press.database,
            address(name),
            consent_note="a form",
            suppression_key=KEY,
            now=self.press.now,
            cadence=cadence,
        )
        if changed.change is not subscribers.Change.NOTHING:
            self.comes_back(name, LEFT, SUPPRESSED)

    def leaves(self, name: str, *why: str) -> None:
        """Note it, once it is committed."""
        self.press.world.note("gone", to=address(name), why=why)

    def comes_back(self, name: str, *why: str) -> None:
        self.press.world.note("back", to=address(name), why=why)

    def forgotten(self, name: str) -> None:
        self.press.world.note("forgotten", to=address(name))

    def meanwhile(self, what: str, whom: int) -> None:
        """Somebody does something while a run is at work: with a connection of their own, as it would be in life."""
        # Those whose turn is next are the ones to see.
        next_ones = [row.address for row in self.press.books.rows() if row.state == "claimed" and row.address]
        who = next_ones[whom % len(next_ones)].partition("@")[0] if next_ones else READERS[whom % len(READERS)]
        with self.other_process() as database:
            try:
                if what == "leaves":
                    subscribers.unsubscribe(database, address(who), now=self.press.now)
                    self.leaves(who, LEFT)
                elif what == "erased":
                    subscribers.erase(database, address(who), now=self.press.now)
                    self.leaves(who, LEFT, SUPPRESSED)
                    self.forgotten(who)
                else:
                    stop = hold_edition if what == "hold" else cancel_edition
                    for edition in self.press.books.editions():
                        if edition.state in ("frozen", "sending"):
                            stop(database, edition.key, self.press.now)
            except (RefusedError, UsageError):
                pass

    @contextmanager
    def other_process(self) -> Iterator[Database]:
        settings = self.press.settings
        with Database.open(settings.database.url, state=settings.paths.state, machine="id:here") as database:
            yield database

    @contextmanager
    def refusable(self) -> Iterator[None]:
        """What somebody asks for may be refused; a doubt about the database must have a reason."""
        try:
            yield
        except RestoredError:
            assert self.in_doubt
        except (RefusedError, UsageError, ConfigurationError):
            pass

    def send(self, cadence: Cadence, weather: Weather = FAIR, *, force: bool = False) -> SendReport | None:
        """Run it as cron does, after a build; None if it broke, or was refused."""
        press, known = self.press, self.made
        press.build()
        report = None
        try:
            report = press.send(cadence, weather, force=force)
        except RestoredError:
            assert self.in_doubt
            assert not press.world.news(), "somebody was mailed from a database that is in doubt"
            return None
        self.chronicle.look()
        self.note_suppressed()
        for key in self.made - known:
            laws.assert_nobody_forgotten(press.books, key)
        if report is not None:
            self._judge(report)
        return report

    def _judge(self, report: SendReport) -> None:
        laws.assert_report(report, self.press.books)
        if report.error is not None:
            return
        for who, answer in self.chronicle.answers:
            if answer == Answer.NO_SUCH_RECIPIENT:
                assert self.chronicle.must_not_be_mailed(who), f"{who} doesn't exist, and will be mailed again"
        if not self.press.world.limits.are_set:
            due = laws.due_rows(self.press.books, self.press.now)
            assert not due, f"the run has left {due} though they were due"

    def note_suppressed(self) -> None:
        """Whom the program itself has decided not to mail again must not be mailed again."""
        for name in READERS:
            if address(name) in laws.suppressed(self.press.books) - self.gone_as(SUPPRESSED):
                self.leaves(name, SUPPRESSED)
        self.chronicle.look()

    def gone_as(self, why: str) -> set[str]:
        return {who for who, reasons in self.chronicle.gone.items() if why in reasons}

    @property
    def made(self) -> set[str]:
        """The keys of editions that have content."""
        return {key for (key,) in self.press.books.query("SELECT key FROM edition WHERE frozen_at IS NOT NULL")}

    def to_slot(self, cadence: Cadence) -> None:
        self.press.now = upcoming_slot(self.press.settings, cadence, self.press.now).at + SOON

    @invariant()
    def what_must_hold(self) -> None:
        if not hasattr(self, "press"):
            return
        self.chronicle.look()
        laws.assert_sums(self.press.books)
        if not self.in_doubt:
            laws.assert_rows(self.press.books, self.chronicle)
        # No two things happen at the same instant.
        self.press.now += timedelta(seconds=1)

    def adopt(self, *, resend: bool = False) -> None:
        """Go on with the database that was restored."""
        before = self.chronicle.mailed
        adopt_restored(self.press.adopting, resend=resend)
        self.in_doubt = False
        self.adopted_since = before

    def teardown(self) -> None:
        try:
            if hasattr(self, "press"):
                self.come_to_rest()
        finally:
            if hasattr(self, "press"):
                self.press.close()
            shutil.rmtree(self.folder)

    def come_to_rest(self) -> None:
        """Run in fair weather until nothing waits any more; then nobody may have been forgotten."""
        press = self.press
        press.shelf.mend()
        if self.in_doubt:
            press.build()
            self.adopt()
        press.now = max(press.now, laws.latest_slot(press.books, press.now))
        self.to_slot(Cadence.WEEKLY)
        for _ in range(_MOST_ROUNDS):
            for edition in press.books.editions():
                if edition.state == "held":
                    release_edition(press.database, edition.key, press.now)
            for cadence in CADENCES:
                self.send(cadence, force=True)
            self.what_must_hold()
            if not laws.waiting(press.books):
                break
            press.now += timedelta(minutes=70)
        laws.assert_finished(press.books)
        copies = len(self.chronicle.copies)
        for cadence in CADENCES:
            self.send(cadence)
        assert len(self.chronicle.copies) == copies, "I6: another run mailed somebody"
