"""What the copies of an edition are made of."""

from __future__ import annotations

from briefingfeed.models.edition import Rendition
from briefingfeed.storage import renditions
from briefingfeed.storage.database import Database


class Contents:
    """The renditions of one edition by their ids, as its rows name them.

    All are read and checked at once, so that damage is found before the first copy goes; one that is made later is read
    when a row first asks for it. Both raise StorageError.
    """

    def __init__(self, database: Database, key: str) -> None:
        self._database = database
        with database.read() as connection:
            self._known = renditions.by_id(connection, key)

    def __call__(self, rendition_id: int) -> Rendition:
        if rendition_id not in self._known:
            with self._database.read() as connection:
                self._known[rendition_id] = renditions.get(connection, rendition_id)
        return self._known[rendition_id]
