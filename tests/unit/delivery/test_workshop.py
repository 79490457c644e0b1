"""Copies are made ready ahead of their turn, each once, in any order they are asked for."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from briefingfeed.delivery.copies import Copies
from briefingfeed.delivery.workshop import BATCH, Workshop
from briefingfeed.dkim.signing import Sealing
from briefingfeed.models.delivery import Claimed, Message
from briefingfeed.newsletter.placeholders import SlotValueError
from signatures import AT, dkimpy_accepts, signer

MANY = 2 * BATCH + 3


def row(number: int, address: str | None = None) -> Claimed:
    return Claimed(
        delivery_id=number,
        subscriber_id=f"id{number}",
        address=address or f"reader{number}@example.org",
        attempts=0,
        rendition_id=1,
    )


@pytest.fixture(params=["unsigned", "signed"])
def copies(request: pytest.FixtureRequest, mailing: Any) -> Copies:
    mailing.freeze("ann@example.org")
    sealing = partial(signer().seal, at=AT) if request.param == "signed" else None
    return Copies(mailing.edition, lambda _id: mailing.rendition, mailing.keyring, sealing)


def messages(made: list[Any]) -> list[Message]:
    assert all(isinstance(each, Message) for each in made)
    return made


def test_the_copies_come_in_the_order_asked_for(copies: Copies) -> None:
    rows = [row(number) for number in range(MANY)]

    async def work() -> None:
        with Workshop(copies) as workshop:
            workshop.begin(rows)
            for asked in (rows[20:], rows[:3], rows[3:20]):
                assert [each.delivery_id for each in messages(await workshop.fetch(asked))] == [
                    each.delivery_id for each in asked
                ]
            assert not workshop._batches, "a million readers need no more memory than a thousand"

    asyncio.run(work())


def test_what_was_not_begun_or_is_asked_for_again_is_made_all_the_same(copies: Copies) -> None:
    async def work() -> None:
        with Workshop(copies) as workshop:
            workshop.begin([row(1)])
            first = messages(await workshop.fetch([row(1), row(2)]))
            again = messages(await workshop.fetch([row(2), row(1)]))
            assert [each.segments for each in first] == [each.segments for each in reversed(again)]
            assert await workshop.fetch([]) == []

    asyncio.run(work())


def test_one_that_cannot_be_made_costs_nobody_else_theirs(copies: Copies) -> None:
    async def work() -> list[Any]:
        with Workshop(copies) as workshop:
            return await workshop.fetch([row(1), row(2, "no address"), row(3)])

    first, unfit, third = asyncio.run(work())
    assert isinstance(unfit, SlotValueError)
    assert [each.recipient for each in messages([first, third])] == ["reader1@example.org", "reader3@example.org"]


class Counted(Copies):
    """`made` holds the deliveries whose copies were made, in order."""

    def __init__(self, mailing: Any, sealing: Sealing | None) -> None:
        mailing.freeze("ann@example.org")
        super().__init__(mailing.edition, lambda _id: mailing.rendition, mailing.keyring, sealing)
        self.made: list[int] = []

    def message(self, row: Claimed) -> Message:
        self.made.append(row.delivery_id)
        return super().message(row)


def test_what_nobody_fetches_holds_nobody_up(mailing: Any) -> None:
    copies = Counted(mailing, partial(signer().seal, at=AT))
    with Workshop(copies) as workshop:
        workshop.begin([row(number) for number in range(20_000)])
    assert len(copies.made) < 10_000


def test_unsigned_copies_are_made_a_batch_at_a_time_and_not_before_the_first_is_asked_for(mailing: Any) -> None:
    copies = Counted(mailing, None)

    async def work() -> None:
        with Workshop(copies) as workshop:
            workshop.begin([row(number) for number in range(MANY)])
            assert copies.made == []
            for number in range(BATCH):
                await workshop.fetch([row(number)])
                assert copies.made == list(range(BATCH))
            await workshop.fetch([row(BATCH)])
            assert copies.made == list(range(2 * BATCH))

    asyncio.run(work())


@pytest.mark.parametrize("copies", ["signed"], indirect=True)
def test_copies_that_threads_sign_side_by_side_are_right(copies: Copies) -> None:
    async def work() -> list[Any]:
        with Workshop(copies, threads=4) as workshop:
            return await workshop.fetch([row(number) for number in range(4 * BATCH)])

    made = messages(asyncio.run(work()))
    assert all(dkimpy_accepts(b"".join(each.segments)) for each in made)
    assert [each.segments for each in made[:2]] == [copies.message(row(number)).segments for number in (0, 1)]
