"""What a service says of each copy, on its way into any database."""

from __future__ import annotations

import pytest

from briefingfeed.models.delivery import Result
from briefingfeed.providers.http_answers import Item
from briefingfeed.providers.http_batch import Batch
from servers.recorded_work import RecordedWork

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("theirs", "kept"),
    [
        ("<20261122.1@mail.example>", "<20261122.1@mail.example>"),
        ("\ud800", None),
        ("a\0b", None),
        ("", None),
    ],
)
async def test_an_id_that_no_database_can_hold_is_not_kept(theirs: str, kept: str | None) -> None:
    work = RecordedWork(["ann@readers.example"])
    (message,) = taken = await work.take(1)
    await Batch(work, taken).report(message, Item(result=Result.ACCEPTED, provider_id=theirs))
    outcome = work.outcomes["ann@readers.example"]
    assert (outcome.result, outcome.provider_id) == (Result.ACCEPTED, kept)
