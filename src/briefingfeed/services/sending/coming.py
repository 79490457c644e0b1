"""The edition that comes next of each cadence, before anything is known of it: it can be held or cancelled already."""

from __future__ import annotations

from datetime import datetime

from briefingfeed.delivery.plan import edition_key
from briefingfeed.models.edition import Cadence, Edition, EditionState, Slot
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.schedule import set_up, upcoming_slot


def coming_edition(settings: Settings, key: str, now: datetime, *, rehearses: bool) -> Edition | None:
    """Return the edition with that key as planned, if it is that of a cadence's next slot."""
    for cadence in set_up(settings):
        if cadence is Cadence.POSTS:
            continue  # each goes when it is there; no hour is known before
        slot = upcoming_slot(settings, cadence, now)
        if edition_key(slot, rehearsal=rehearses) == key:
            return planned_edition(settings, slot, rehearses=rehearses)
    return None


def planned_edition(settings: Settings, slot: Slot, *, rehearses: bool) -> Edition:
    """Return the edition of a slot as it is while it is planned; `expires_at` is until when it may be made."""
    catch_up = settings.newsletter.catch_up
    return Edition(
        key=edition_key(slot, rehearsal=rehearses),
        cadence=slot.cadence,
        rehearsal=rehearses,
        slot_at=slot.at,
        state=EditionState.PLANNED,
        expires_at=slot.at + catch_up if catch_up else None,
    )
