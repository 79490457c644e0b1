"""What stands between a restored database and the people it would mail twice: each transaction passes here.

Storage calls `advance` wherever it changes an edition or decides about a delivery, and `departures.note` wherever
somebody leaves or comes back, so that no caller can forget it. `Database` does the rest around the commit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlalchemy import BigInteger, Connection, String, cast, update

from briefingfeed.errors import StorageError
from briefingfeed.storage import departures, instance, meta
from briefingfeed.storage.folders import make_folder
from briefingfeed.storage.instance import COUNTER, INSTANCE, NEEDS_ADOPT, Doubt, Marks, Witness
from briefingfeed.storage.journal import NAME as JOURNAL
from briefingfeed.storage.journal import Journal
from briefingfeed.storage.schema import meta as marks_table

_GUARD: Final = "briefingfeed_guard"
_ADVANCED: Final = "briefingfeed_advanced"


class Guard:
    """Of one database and one state folder."""

    def __init__(self, state: Path, *, machine: str | None = None, is_shared: bool = False) -> None:
        """`machine`: see `instance.machine_mark`. `is_shared`: other hosts may work on the database."""
        self.file = state / instance.NAME
        self.journal = Journal(state / JOURNAL)
        self.failure: StorageError | None = None
        """Why the file could not follow the database; None once it has."""
        self._machine = machine
        self._is_shared = is_shared

    def begin(self, c: Connection) -> None:
        """Call it as a transaction begins. A connection may be an old one, of a transaction that failed."""
        c.info[_GUARD] = self
        c.info.pop(_ADVANCED, None)
        departures.begin(c)

    def before_commit(self, c: Connection) -> Witness | None:
        """Write down who left; return what the file must say once the transaction is committed."""
        advanced: Witness | None = c.info.pop(_ADVANCED, None)
        if advanced is not None or departures.are_noted(c):
            make_folder(self.file.parent)
        departures.write_noted(c, self.journal)
        if advanced is not None and instance.read_witness(self.file) is None:
            # First, or a crash after the commit would leave a database with a history and no witness.
            instance.write_witness(self.file, Witness(instance=advanced.instance, counter=0, machine=self._machine))
        return advanced

    def after_commit(self, advanced: Witness | None) -> None:
        """Let the file follow. A failure is kept: nobody is mailed until it does (`require`)."""
        if advanced is None:
            return
        try:
            instance.write_witness(self.file, advanced)
        except StorageError as error:
            self.failure = error
        else:
            self.failure = None

    def doubt(self, c: Connection, *, is_shared: bool | None = None) -> Doubt | None:
        """Return why this may not be the database that was worked with here last."""
        is_shared = self._is_shared if is_shared is None else is_shared
        return instance.find_doubt(read_marks(c), instance.read_witness(self.file), self._machine, is_shared=is_shared)

    def advance(self, c: Connection) -> None:
        if _ADVANCED in c.info:
            return
        self.check(c)
        c.info[_ADVANCED] = Witness(instance=self._name(c), counter=_raise_counter(c, 1), machine=self._machine)

    def check(self, c: Connection) -> None:
        doubt = self.doubt(c)
        if doubt is not None:
            raise instance.refusal(doubt, self.file)

    def adopt(self, c: Connection) -> None:
        """Take the database for the one to go on with; see `instance.STRIDE`."""
        witness = instance.read_witness(self.file)
        behind = max(witness.counter - read_marks(c).counter, 0) if witness else 0
        counter = _raise_counter(c, behind + instance.STRIDE)
        meta.clear_mark(c, NEEDS_ADOPT)
        c.info[_ADVANCED] = Witness(instance=self._name(c), counter=counter, machine=self._machine)

    def _name(self, c: Connection) -> str:
        """Return the instance of the database; name it if it has none."""
        if (named := meta.get_mark(c, INSTANCE)) is not None:
            return named
        witness = instance.read_witness(self.file)
        return meta.settle_mark(c, INSTANCE, witness.instance if witness and not witness.counter else uuid4().hex)


def advance(c: Connection) -> None:
    """Raise the counter, once for the transaction; the file in the state folder follows its commit.

    Raises RestoredError if the database may be an older copy: then nothing about editions may be changed. A database
    that was opened without its state folder counts nothing.
    """
    if guard := guard_of(c):
        guard.advance(c)


def check(c: Connection) -> None:
    """Refuse to go on with what may be an older copy. Raises RestoredError."""
    if guard := guard_of(c):
        guard.check(c)


def require(c: Connection) -> None:
    """Refuse to lease copies while the file can't follow: a restored database would go unnoticed then.

    Raises StorageError.
    """
    guard = guard_of(c)
    if guard and guard.failure:
        raise guard.failure


def guard_of(c: Connection) -> Guard | None:
    found: Guard | None = c.info.get(_GUARD)
    return found


def read_marks(c: Connection) -> Marks:
    return Marks(
        instance=meta.get_mark(c, INSTANCE),
        counter=int(meta.get_mark(c, COUNTER) or 0),
        copied=meta.get_mark(c, NEEDS_ADOPT),
    )


def _raise_counter(c: Connection, by: int) -> int:
    value = marks_table.c.value
    meta.settle_mark(c, COUNTER, "0")
    raised = c.scalar(
        update(marks_table)
        .where(marks_table.c.name == COUNTER)
        .values(value=cast(cast(value, BigInteger) + by, String))
        .returning(value)
    )
    return int(raised or 0)
