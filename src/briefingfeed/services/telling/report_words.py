"""What stands in the mails to `report_to`: an edition that is through, and what awaits a decision. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from briefingfeed.days import time_in_words
from briefingfeed.models.delivery import DeliveryState, EventKind
from briefingfeed.models.edition import Edition, EditionState
from briefingfeed.newsletter.notes import Block, Figures, Lines, Note
from briefingfeed.services.telling.figures import totals
from briefingfeed.services.telling.notices import Notice
from briefingfeed.services.telling.report_queue import Outage

_HEARD = (
    (EventKind.BOUNCED, "came back as undeliverable"),
    (EventKind.COMPLAINED, "reported as spam"),
    (EventKind.UNSUBSCRIBED, "answered by unsubscribing"),
)
_REASON = (
    "You get this because report_to in briefingfeed.toml names you. `briefingfeed status` says how things stand now."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionFacts:
    """What is known of an edition that is over."""

    edition: Edition
    subject: str | None
    counts: Mapping[DeliveryState, int]
    """They add up to the edition's recipients."""
    titles: Sequence[str]
    corrections: Sequence[str]
    """What it told to those who had a wrong text: a line each."""
    ended: datetime | None
    heard: Mapping[EventKind, int]


def edition_note(facts: EditionFacts, notices: Sequence[Notice], outage: Outage | None, zone: ZoneInfo) -> Note:
    """Return the one mail about an edition that is over; `notices` need a decision."""
    edition = facts.edition
    handed_over = facts.counts.get(DeliveryState.ACCEPTED, 0)
    cancelled = edition.state is EditionState.CANCELLED
    end = "was cancelled" if cancelled else "was rehearsed; nobody was mailed" if edition.rehearsal else "is through"
    blocks: list[Block] = [
        f"{edition.key}, “{facts.subject}”, {end}.",
        Figures(_rows(facts)),
        *_decisions(notices),
        *_outage(outage, zone),
        *_heard(facts.heard),
        *_listed("In it:", facts.titles),
        *_listed("Corrected in it:", facts.corrections),
        *_when(facts, zone),
        _REASON,
    ]
    sums = f"{handed_over} of {edition.recipients} handed over"
    return Note(subject=f"{edition.key}: {'cancelled, ' * cancelled}{sums}", blocks=tuple(blocks))


def matters_note(notices: Sequence[Notice], outage: Outage | None, zone: ZoneInfo) -> Note:
    """Return the mail that something awaits a decision, or that mail goes out again; one of them is there."""
    if not notices:
        return Note(subject="Mail goes out again", blocks=(*_outage(outage, zone), _REASON))
    first = notices[0].text.partition("\n")[0].rstrip(":.")
    more = f" (and {len(notices) - 1} more)" if len(notices) > 1 else ""
    return Note(subject=f"{first}{more}", blocks=(*map(_lines, notices), *_outage(outage, zone), _REASON))


def _rows(facts: EditionFacts) -> tuple[tuple[int, str], ...]:
    rows = {"handed over": 0} | dict(totals(facts.counts))
    everybody = (facts.edition.recipients, "in all")
    return (*((count, words) for words, count in rows.items()), everybody)


def _listed(heading: str, lines: Sequence[str]) -> Sequence[Block]:
    return (Lines((heading, *(f"  - {line}" for line in lines))),) if lines else ()


def _when(facts: EditionFacts, zone: ZoneInfo) -> Sequence[Block]:
    began, ended = facts.edition.frozen_at, facts.ended
    if began is None or ended is None:
        return ()
    first = began.astimezone(zone)
    start, until = f"{first:%A}, {time_in_words(began, zone)}", _until(began, ended, zone)
    if start.endswith(until):
        return (f"It went out on {start} ({first:%Z}).",)
    return (f"It went out from {start}, until {until} ({first:%Z}).",)


def _until(began: datetime, ended: datetime, zone: ZoneInfo) -> str:
    """Write the end of a span, with its day only if it is another."""
    last = ended.astimezone(zone)
    return f"{last:%H:%M}" if began.astimezone(zone).date() == last.date() else time_in_words(ended, zone)


def _heard(heard: Mapping[EventKind, int]) -> Sequence[Block]:
    rows = tuple((heard[kind], words) for kind, words in _HEARD if heard.get(kind))
    return ("So far, of those handed over:", Figures(rows)) if rows else ()


def _outage(outage: Outage | None, zone: ZoneInfo) -> Sequence[Block]:
    if outage is None:
        return ()
    since = time_in_words(outage.since, zone)
    until = _until(outage.since, outage.until, zone) if outage.until else "now"
    why = outage.words.partition("\n")[0]  # what there was to do has been done
    return (Lines((f"From {since}, until {until} nothing could be handed over:", f"  {why}")),)


def _decisions(notices: Sequence[Notice]) -> Sequence[Block]:
    return ("What awaits you:", *map(_lines, notices)) if notices else ("Nothing awaits you.",)


def _lines(notice: Notice) -> Block:
    return Lines(tuple(str(notice).splitlines()))
