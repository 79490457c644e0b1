"""Readers: they come, leave and come back; and mails come back."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from briefingfeed.models.edition import Cadence
from briefingfeed.services.readers import subscribers
from briefingfeed.services.readers.leave import leave
from briefingfeed.services.readers.mailbox import read_mailbox
from briefingfeed.services.readers.subscribers import Change
from publications import KEY
from returned import bounces, others
from stateful import laws
from stateful.chronicle import LEFT, SUPPRESSED, Copy
from stateful.machine import CADENCES, READERS, Machine, address
from stateful.press import LEAVE

number = st.integers(0, 9)
_FATAL = "no such mailbox"
_MAILS = {
    _FATAL: bounces.postfix_unknown_user,
    "gave up": bounces.postfix_gave_up,
    "mailbox full": bounces.gmail_mailbox_full,
    "no": bounces.exim_report,
    "delayed": bounces.postfix_delayed,
    "delivered": bounces.postfix_delivered,
    "complaint": others.complaint,
}
ACTS = ("subscribes", "asks to be removed", "comes back", "is allowed again", "switches", "is erased")


class Readers(Machine):
    @rule(who=st.sampled_from(READERS), what=st.sampled_from(ACTS), cadence=st.sampled_from(CADENCES))
    def a_reader(self, who: str, what: str, cadence: Cadence) -> None:
        database, now = self.press.database, self.press.now
        with self.refusable():
            match what:
                case "subscribes":
                    self.subscribe(who, cadence)
                case "asks to be removed":
                    subscribers.unsubscribe(database, address(who), now=now)
                    self.leaves(who, LEFT)
                case "comes back":
                    wish = {"wish": "a call", "suppression_key": KEY}
                    if subscribers.resubscribe(database, address(who), now=now, **wish).change is Change.RESUBSCRIBED:
                        self.comes_back(who, LEFT)
                case "is allowed again":
                    subscribers.unsuppress(database, address(who), why="mended", suppression_key=KEY, now=now)
                    self.comes_back(who, SUPPRESSED)
                case "switches":
                    subscribers.change_cadence(database, address(who), cadence, settings=self.press.settings, now=now)
                case "is erased":
                    subscribers.erase(database, address(who), now=now)
                    self.leaves(who, LEFT, SUPPRESSED)
                    self.forgotten(who)

    @rule(which=number, by_mail=st.booleans())
    def somebody_unsubscribes(self, which: int, by_mail: bool) -> None:
        copy = self._copy(which)
        if copy is None:
            return
        known = laws.is_known(self.press.books, copy.token.partition(".")[0])
        if by_mail:
            self.press.comes_back(others.wish(f"unsubscribe {copy.token}", to=LEAVE))
            read_mailbox(self.press.mailbox())
        else:
            leave(self.press.database, self.press.keyring, copy.token, source="page", now=self.press.now)
        if known:
            self.leaves(copy.to.partition("@")[0], LEFT)

    @rule(which=number, kind=st.sampled_from(sorted(_MAILS)), is_read=st.booleans())
    def a_mail_comes_back(self, which: int, kind: str, is_read: bool) -> None:
        copy = self._copy(which)
        if copy is None:
            return
        self.press.comes_back(
            _MAILS[kind](
                bounces.Copy(
                    recipient=copy.to,
                    return_path=copy.return_path,
                    message_id=copy.message_id,
                    token=copy.token,
                )
            )
        )
        if is_read:
            must_count = kind in (_FATAL, "complaint") and self._counts(copy)
            read_mailbox(self.press.mailbox())
            self.note_suppressed()
            assert not must_count or self.chronicle.must_not_be_mailed(copy.to), f"{kind} came to nothing: {copy}"

    def _copy(self, which: int) -> Copy | None:
        """Return one of the last copies that somebody got."""
        copies = self.chronicle.copies
        return copies[-1 - which % len(copies)] if copies else None

    def _counts(self, copy: Copy) -> bool:
        """Whether a report about this copy must have a consequence: it is known, and was not settled since."""
        since = self.press.now - timedelta(days=300)
        return not self.in_doubt and laws.is_on_record(self.press.books, copy, since)
