"""A run's lease: the word to other machines that it is alive, and to itself that it still may send."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from briefingfeed.errors import StorageError
from briefingfeed.storage import runs

if TYPE_CHECKING:
    from briefingfeed.delivery.ledger import Ledger

RENEWAL: Final = 60.0
"""Seconds between two renewals."""


class Lease:
    """Of one run. Its methods that take a connection may be called from the ledger's thread."""

    def __init__(self, run_id: str, place: str, *, renewal: float = RENEWAL) -> None:
        """`place`: see `storage.runs`."""
        self._run_id = run_id
        self._place = place
        self._renewal = renewal
        self.is_lost = False
        """The run could not renew it in time, as when its machine slept: others may have taken its rows over."""

    def begin(self, connection: Connection) -> None:
        runs.begin(connection, self._run_id, self._place)

    def end(self, connection: Connection) -> None:
        runs.end(connection, self._run_id)

    def may_arm(self, connection: Connection) -> bool:
        """Whether a copy may still leave. Once the answer is no, it stays so."""
        self.is_lost = self.is_lost or not runs.may_arm(connection, self._run_id)
        return not self.is_lost

    async def keep(self, ledger: Ledger[Any, Any, Any]) -> None:
        """Renew it until cancelled, or until the ledger has failed: that ends the run."""
        while ledger.failure is None:
            await asyncio.sleep(self._renewal)
            with suppress(Exception):
                await ledger.commit("renew", self._renew)

    def _renew(self, connection: Connection) -> None:
        runs.renew(connection, self._run_id)


def lost() -> StorageError:
    """Return the error of a run whose lease is lost."""
    return StorageError(
        "this run was out of touch with the database for too long, so it has stopped; others may go on with its work",
        remedy="nothing to do but to run it again; see that this machine isn't put to sleep while it sends",
    )
