"""Mails of our own (tests, proofs, reports): they count by the provider's limits, and one machine sends each of them.

They are not rows of an edition: each is sent at least once.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from briefingfeed.delivery.pace import Full, Pace
from briefingfeed.delivery.single import hand_over
from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Message, Outcome, Phase, Result
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.storage import own_mails


def mail(context: SendContext, message: Message) -> Outcome:
    """Hand a mail over, whose sender waits, and return what became of it; put off if a limit is reached. Raises
    ProviderError."""
    with context.database.write() as connection:
        full = _take_place(context, connection)
    return _mail(context, message, full, in_haste=True)


def mail_once(
    context: SendContext, message: Message, name: str, is_wanted: Callable[[Connection], bool]
) -> Outcome | None:
    """Hand over a mail that no other machine is to send as well; None if one does, or it is not wanted any more.

    Whoever gets an outcome records it, and releases `name` (`storage.own_mails`) in the same transaction. Raises
    ProviderError: then nothing has left, and it is released.
    """
    with context.database.write() as connection:
        if not is_wanted(connection) or not own_mails.claim(connection, name, context.place):
            return None
        full = _take_place(context, connection)
    try:
        return _mail(context, message, full)
    except ProviderError:
        with context.database.write() as connection:
            own_mails.release(connection, name)
        raise


def _take_place(context: SendContext, connection: Connection) -> Full | None:
    """Count one mail; return the limit that is reached instead, if one is."""
    pace, now = Pace(provider=context.provider.name, limits=context.provider.limits), context.now()
    room = pace.room(connection, now)
    if room is not None and not room.places:
        return room.full
    pace.count(connection, 1, now)
    return None


def _mail(context: SendContext, message: Message, full: Full | None, *, in_haste: bool = False) -> Outcome:
    if full is None:
        return hand_over(context.provider, message, context.sealing(context.now()), in_haste=in_haste)
    until = full.until.astimezone(context.settings.publication.timezone)
    return Outcome(
        delivery_id=message.delivery_id,
        result=Result.DEFERRED,
        phase=Phase.CONNECT,
        note=f"the limit of {full.limit} is reached until {until:%H:%M}",
    )
