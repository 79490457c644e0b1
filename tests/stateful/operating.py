"""The operator: cron runs, or dies; editions are held and let go; what is unclear is settled; backups come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import rule

from briefingfeed.delivery import failpoints
from briefingfeed.models.edition import Cadence
from briefingfeed.newsletter.schedule import upcoming_slot
from briefingfeed.services.readers.mailbox import AFTER_APPLY
from briefingfeed.services.readers.subscribers import change_cadence
from briefingfeed.services.sending.braking import cancel_edition, hold_edition, release_edition
from briefingfeed.services.sending.coming import coming_edition
from briefingfeed.services.sending.deliveries import Resolution, acknowledge_deliveries, resolve_deliveries
from briefingfeed.services.sending.rerendering import release_rerendered
from stateful import laws
from stateful.machine import CADENCES, MEANWHILE, READERS, Machine, address
from stateful.world import ANSWERS, Weather

_STEPS = ("begin", "look", "close", "end")
PLACES = (
    *failpoints.NAMES,
    AFTER_APPLY,
    *(f"{when}-{step}" for step in _STEPS for when in ("before", "after")),
)
cadence = st.sampled_from(CADENCES)
number = st.integers(0, 9)
weather = st.builds(
    Weather,
    answers=st.lists(st.sampled_from(ANSWERS), max_size=6).map(tuple),
    window=st.integers(1, 3),
    meanwhile=st.none() | st.tuples(st.integers(1, 3), st.sampled_from(MEANWHILE), number),
)
place = st.sampled_from(PLACES)
_HOURS = (0.2, 1, 1, 6, 24, 24, 72, 144, 480, 70 * 24, -2, -72)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A copy or a backup, and what was true when it was made."""

    file: Path
    gone: dict[str, set[str]]
    copies: int


class Operator(Machine):
    kept: Kept | None = None
    is_state_lost = False
    """Since the last adoption."""

    @rule(weather=weather, news=st.booleans())
    def a_week_goes_by(self, weather: Weather, news: bool) -> None:
        self._its_hour_comes(Cadence.WEEKLY, news=news)
        self.send(Cadence.WEEKLY, weather)

    @rule(weather=weather, news=st.booleans())
    def a_day_goes_by(self, weather: Weather, news: bool) -> None:
        self._its_hour_comes(Cadence.DAILY, news=news)
        self.send(Cadence.DAILY, weather)

    @rule(who=st.sampled_from(READERS), to=cadence, weather=weather)
    def somebody_switches_after_an_edition(self, who: str, to: Cadence, weather: Weather) -> None:
        """Its post goes with an edition of the other cadence, too; whoever had it must not get it again."""
        (before,) = set(CADENCES) - {to}
        self._its_hour_comes(before, news=True)
        self.send(before, weather)
        with self.refusable():
            change_cadence(self.press.database, address(who), to, settings=self.press.settings, now=self.press.now)
        self.to_slot(to)
        self.send(to)

    def _its_hour_comes(self, cadence: Cadence, *, news: bool) -> None:
        self.to_slot(cadence)
        if news:
            self.press.shelf.add((self.press.now - timedelta(days=1)).date())

    @rule(cadence=cadence, weather=weather, force=st.sampled_from((False, False, True)), again=st.booleans())
    def cron_runs(self, cadence: Cadence, weather: Weather, force: bool, again: bool) -> None:
        report = self.send(cadence, weather, force=force)
        if report is None or report.error or not again or laws.due_rows(self.press.books, self.press.now):
            return
        copies = len(self.chronicle.copies)
        repeated = self.send(cadence)
        assert len(self.chronicle.copies) == copies, "I6: a second run mailed somebody"
        assert repeated is not None
        assert not repeated.news, "what was told is told again"

    @rule(cadence=cadence, weather=weather, place=place, count=st.sampled_from((1, 1, 2, 3)))
    def a_run_is_killed(self, cadence: Cadence, weather: Weather, place: str, count: int) -> None:
        self.press.build()
        self.press.send_and_die(cadence, weather, place, count)
        self.chronicle.look()
        self.note_suppressed()

    @rule(cadence=cadence, weather=weather, place=place, count=st.sampled_from((1, 1, 2, 3)))
    def a_run_is_killed_at_its_hour(self, cadence: Cadence, weather: Weather, place: str, count: int) -> None:
        self._its_hour_comes(cadence, news=True)
        self.a_run_is_killed(cadence, weather, place, count)

    @rule(by=st.sampled_from(_HOURS))
    def time_goes_by(self, by: float) -> None:
        """Or the clock is set."""
        self.press.now += timedelta(hours=by)

    @rule(which=number, what=st.sampled_from(("hold", "release", "release", "rerender", "cancel")))
    def somebody_decides_about_an_edition(self, which: int, what: str) -> None:
        keys = [edition.key for edition in self.press.books.editions()]
        if keys:
            self._decide(keys[-1 - which % len(keys)], what)

    @rule(cadence=cadence, what=st.sampled_from(("hold", "cancel")))
    def somebody_stops_what_is_to_come(self, cadence: Cadence, what: str) -> None:
        self._decide(upcoming_slot(self.press.settings, cadence, self.press.now).key, what)

    def _decide(self, key: str, what: str) -> None:
        press = self.press
        with self.refusable():
            if what == "rerender":
                release_rerendered(press.context(), key)
            elif what == "release":
                release_edition(press.database, key, press.now)
            else:
                stop = hold_edition if what == "hold" else cancel_edition
                stop(
                    press.database,
                    key,
                    press.now,
                    lambda each: coming_edition(press.settings, each, press.now, rehearses=False),
                )

    @rule(which=number, how=st.sampled_from(Resolution))
    def something_unclear_is_settled(self, which: int, how: Resolution) -> None:
        unclear = [row for row in self.press.books.rows() if row.state == "uncertain"]
        if not unclear:
            return
        row = unclear[which % len(unclear)]
        with self.refusable():
            resolve_deliveries(self.press.database, how, self.press.now, ids=[row.id])
            if row.address is not None:
                if how is Resolution.ACCEPTED:
                    self.chronicle.vouched.add((row.edition, row.address))
                else:
                    self.chronicle.allow_again(row.edition, row.address)

    @rule()
    def all_that_failed_is_acknowledged(self) -> None:
        with self.refusable():
            acknowledge_deliveries(self.press.database, self.press.now)

    @rule(with_tools=st.booleans())
    def a_backup_is_made(self, with_tools: bool) -> None:
        """Of a SQLite file: the tools of PostgreSQL are tried elsewhere."""
        if self.press.database.file is None:
            return
        file = self.folder / ("copy.db" if with_tools else "backup.tar.gz")
        (self.press.copy if with_tools else self.press.back_up)(file)
        gone = {who: set(why) for who, why in self.chronicle.gone.items()}
        self.kept = Kept(file=file, gone=gone, copies=len(self.chronicle.copies))

    @rule(all_is_lost=st.booleans(), keep_journal=st.booleans(), adopt_at_once=st.booleans())
    def the_backup_is_restored(self, all_is_lost: bool, keep_journal: bool, adopt_at_once: bool) -> None:
        if self.kept is None:
            return
        all_is_lost = all_is_lost and self.kept.file.suffix == ".gz"
        self.press.restore(self.kept.file, all_is_lost=all_is_lost, keep_journal=keep_journal)
        self.in_doubt = True
        self.chronicle.restored += 1
        self.is_state_lost = self.is_state_lost or all_is_lost
        if all_is_lost and not keep_journal:
            # Who left since then is lost with it; `db adopt` says so.
            for who, why in self.chronicle.gone.items():
                lost = why - self.kept.gone.get(who, set())
                if lost:
                    self.comes_back(who.partition("@")[0], *lost)
            self.chronicle.look()
        if adopt_at_once:
            self.the_database_is_adopted(trusting=False)

    @rule(trusting=st.booleans())
    def the_database_is_adopted(self, trusting: bool) -> None:
        if not self.in_doubt:
            return
        # Whoever says so must know that nothing was mailed since.
        resend = trusting and self.kept is not None and self.kept.copies == len(self.chronicle.copies)
        with self.refusable():
            self.adopt(resend=resend)

    def adopt(self, *, resend: bool = False) -> None:
        hidden = {piece.name for piece in self.press.shelf.pieces if not piece.is_out(self.press.now)}
        super().adopt(resend=resend)
        if self.is_state_lost:
            # Nobody can know that these were ever mailed.
            self.chronicle.allow_posts(hidden & self.chronicle.mailed)
        self.is_state_lost = False
