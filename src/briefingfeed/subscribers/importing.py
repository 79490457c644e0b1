"""An import as a decision: a file's rows and what is known here become a plan that is shown before it is done.

Everything here is pure. No row can bring anybody back: who left here, bounced, complained or was erased stays out
whatever a file says, and who left elsewhere is written down as such, so that no later file can add them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.subscribers.addresses import is_nobodys
from briefingfeed.subscribers.candidates import Candidate, Candidates
from briefingfeed.subscribers.standings import Standing


class Fate(StrEnum):
    """What becomes of one row."""

    NEW = "new"
    PRESENT = "present"
    """Subscribed here already (or waiting to confirm); nothing changes."""
    KEPT_AWAY = "kept-away"
    """Left here; stays unsubscribed."""
    SUPPRESSED = "suppressed"
    """Bounced, complained or was erased here; stays suppressed."""
    LEFT = "left"
    """Left elsewhere and unknown here: written down as unsubscribed."""
    LEAVES = "leaves"
    """Subscribed here, but the file says they left: unsubscribed here too."""
    BARRED = "barred"
    """Bounced or complained elsewhere: suppressed."""
    NOT_CONFIRMED = "not-confirmed"
    """Never confirmed elsewhere; left out."""
    DUPLICATE = "duplicate"
    """Another row of the file has the same address; the strictest of them counts."""
    INVALID = "invalid"


CHANGING = frozenset({Fate.NEW, Fate.LEFT, Fate.LEAVES, Fate.BARRED})
"""The fates by which something is written."""
_MOST_PLACES = 10
"""That one warning names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known here of an address. `state` is None for one that is only suppressed."""

    subscriber_id: str | None = None
    state: SubscriberState | None = None
    suppressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    candidate: Candidate
    fate: Fate
    known: Known | None = None

    @property
    def place(self) -> str:
        return f"{self.candidate.file}:{self.candidate.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What an import would do, or did. `name` is the file's; rows in the order of the file."""

    name: str
    rows: tuple[PlannedRow, ...] = field(repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def counts(self) -> Mapping[Fate, int]:
        """How many rows have which fate; every fate is there."""
        counted = Counter(row.fate for row in self.rows)
        return {fate: counted[fate] for fate in Fate}

    @property
    def changes(self) -> bool:
        return any(row.fate in CHANGING for row in self.rows)

    def of(self, fate: Fate) -> tuple[PlannedRow, ...]:
        return tuple(row for row in self.rows if row.fate is fate)


def plan_import(candidates: Candidates, known: Mapping[str, Known]) -> ImportPlan:
    """Decide what becomes of every row. `known` has what is known here, by `Candidate.key`."""
    decisive = _decisive(candidates.rows)
    rows = []
    for candidate in candidates.rows:
        if candidate.reason:
            rows.append(PlannedRow(candidate=candidate, fate=Fate.INVALID))
            continue
        here = known.get(candidate.key)
        fate = _fate(candidate.standing, here) if decisive[candidate.key] is candidate else Fate.DUPLICATE
        rows.append(PlannedRow(candidate=candidate, fate=fate, known=here))
    return ImportPlan(name=candidates.name, rows=tuple(rows), warnings=(*candidates.warnings, *_nobodys(rows)))


def _nobodys(rows: Sequence[PlannedRow]) -> Iterator[str]:
    """Remark on rows that would subscribe an office or a machine; it is the operator who knows better."""
    places = [row.place for row in rows if row.fate is Fate.NEW and is_nobodys(row.candidate.address)]
    if places:
        more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
        yield (
            "Addresses such as no-reply@ or postmaster@ can hardly have asked for mail: "
            f"{', '.join(places[:_MOST_PLACES])}{more}."
        )


def _decisive(candidates: Sequence[Candidate]) -> Mapping[str, Candidate]:
    """Return for each address the row that counts: the strictest, of equals the first."""
    decisive: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.reason:
            continue
        rival = decisive.setdefault(candidate.key, candidate)
        if candidate.standing > rival.standing:
            decisive[candidate.key] = candidate
    return decisive


def _fate(standing: Standing, here: Known | None) -> Fate:
    if here and here.suppressed:
        return Fate.SUPPRESSED
    if standing in (Standing.BOUNCED, Standing.COMPLAINED):
        return Fate.BARRED
    state = here.state if here else None
    if state is SubscriberState.UNSUBSCRIBED:
        return Fate.KEPT_AWAY
    if standing is Standing.LEFT:
        return Fate.LEFT if state is None else Fate.LEAVES
    if state is not None:
        return Fate.PRESENT
    return Fate.NOT_CONFIRMED if standing is Standing.NOT_CONFIRMED else Fate.NEW
