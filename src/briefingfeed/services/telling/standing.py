"""What awaits a decision of the operator, as the database knows it."""

from __future__ import annotations

from sqlalchemy import Connection

from briefingfeed.models.edition import EditionState
from briefingfeed.services.keeping.restored_words import restored_notices
from briefingfeed.services.readers.mailbox import mailbox_notices
from briefingfeed.services.telling.notices import Notice
from briefingfeed.services.telling.words import held, unsettled, waits_for_provider
from briefingfeed.storage import deliveries, editions

_OPEN = (EditionState.HELD, EditionState.FROZEN, EditionState.SENDING)


def standing_notices(connection: Connection, *, rehearses: bool) -> tuple[Notice, ...]:
    """Return all that stands open; `rehearses`: the provider of this run mails nobody."""
    notices = restored_notices(connection)
    for edition in editions.list_all(connection, _OPEN):
        if edition.state is EditionState.HELD:
            notices.append(held(edition))
        elif rehearses and not edition.rehearsal and edition.state in (EditionState.FROZEN, EditionState.SENDING):
            waiting = sum(count for state, count in deliveries.counts(connection, edition.key).items() if state.waits)
            if waiting:
                notices.append(waits_for_provider(edition, waiting))
    notices += mailbox_notices(connection)
    open_rows = unsettled(deliveries.unsettled(connection))
    return (*notices, open_rows) if open_rows else tuple(notices)
