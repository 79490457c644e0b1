"""Rows that are taken back while a run has them in hand, and that it claims anew."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from briefingfeed.delivery.book import Armed, Ask, EditionBook
from briefingfeed.delivery.contents import Contents
from briefingfeed.delivery.copies import Copies
from briefingfeed.delivery.lease import Lease
from briefingfeed.delivery.pace import Pace
from briefingfeed.delivery.run import RunSetup, run_edition
from briefingfeed.delivery.work import CLAIM
from briefingfeed.errors import StorageError
from briefingfeed.models.delivery import Claimed, DeliveryState, Message, Outcome, Phase, Result
from briefingfeed.models.edition import EditionState, Rendition
from briefingfeed.providers.base import Limits, Work
from briefingfeed.storage import deliveries, editions, renditions, waiting
from briefingfeed.storage.database import Database
from renditions import rendition_of

RUN = "r1"


def rerender(mailing) -> None:
    """What an operator does with `editions hold` and `editions release --rerender`."""
    mailing.hold()
    with mailing.database.write() as connection:
        (old,) = waiting.renditions(connection, mailing.key)
        mended = rendition_of(
            "The MENDED news.\n\nLeave: {leave}\n",
            '<p>The MENDED news.</p><p><a href="{leave}">Leave</a></p>\n',
            sender="Briefings <news@briefings.example>",
            subject="The news",
            post_id="tag:one",
        )
        waiting.move(connection, mailing.key, old, renditions.add(connection, mailing.key, mended, number=2))
        editions.set_state(connection, mailing.key, EditionState.SENDING, mailing.clock())


class TestArming:
    @pytest.fixture
    def book(self, mailing) -> EditionBook:
        mailing.freeze("ann@readers.example", "ben@readers.example")
        lease = Lease(RUN, "")
        with mailing.database.write() as connection:
            lease.begin(connection)
        pace = Pace(provider="relay", limits=Limits(per_hour=10))
        return EditionBook(key=mailing.key, run_id=RUN, now=mailing.clock, pace=pace, lease=lease)

    def claim(self, mailing) -> list[Claimed]:
        with mailing.database.write() as connection:
            return deliveries.claim(connection, mailing.key, RUN, 10, mailing.clock())

    def armed(self, database: Database, book: EditionBook, *asks: list[Claimed]) -> list[set[int]]:
        wanted = [Ask(renditions={row.delivery_id: row.rendition_id for row in rows}) for rows in asks]
        with database.write() as connection:
            answers = book.arm(connection, wanted)
        return [set(answer.ids) for answer in answers if isinstance(answer, Armed)]

    def test_a_row_asked_for_twice_goes_once(self, mailing, book: EditionBook) -> None:
        rows = self.claim(mailing)
        first, second = self.armed(mailing.database, book, rows, rows)
        assert first == {row.delivery_id for row in rows}
        assert second == set()

    def test_a_copy_of_an_older_text_does_not_go_and_the_newer_does(self, mailing, book: EditionBook) -> None:
        old = self.claim(mailing)
        rerender(mailing)
        new = self.claim(mailing)
        assert self.armed(mailing.database, book, old) == [set()]
        assert self.armed(mailing.database, book, old, new) == [set(), {row.delivery_id for row in new}]


class Interrupted:
    """A way out during which something else happens, when so many messages have gone."""

    name = "interrupted"
    rehearses = False
    is_local = True
    limits = Limits()

    def __init__(self, after: int, meanwhile: Callable[[], None]) -> None:
        self._after = after
        self._meanwhile = meanwhile
        self.seen: list[Message] = []

    async def deliver(self, work: Work) -> None:
        while messages := await work.take(50):
            for message in messages:
                self.seen.append(message)
                if len(self.seen) == self._after:
                    self._meanwhile()
                await work.report(Outcome(delivery_id=message.delivery_id, result=Result.ACCEPTED, phase=Phase.REQUEST))


def send_all(mailing, provider: Interrupted, contents: Callable[[int], Rendition] | None = None) -> None:
    setup = RunSetup(database=mailing.database, provider=provider, run_id=RUN, now=mailing.clock, pauses=(0.01,))
    copies = Copies(mailing.edition, contents or Contents(mailing.database, mailing.key), mailing.keyring)
    asyncio.run(run_edition(mailing.key, copies, setup))


@pytest.mark.parametrize("mailing", ["sqlite"], indirect=True)
def test_after_the_text_was_mended_nobody_gets_the_old_one_and_nobody_two(mailing) -> None:
    mailing.freeze(*[f"reader{number:04}@example.org" for number in range(CLAIM + 200)])
    provider = Interrupted(CLAIM - 150, lambda: rerender(mailing))
    send_all(mailing, provider)
    assert set(Counter(message.recipient for message in provider.seen).values()) == {1}
    assert len(provider.seen) == CLAIM + 200
    late = [message for message in provider.seen[CLAIM - 150 :] if b"MENDED" not in b"".join(message.segments)]
    assert late == []


@pytest.mark.parametrize("mailing", ["sqlite"], indirect=True)
def test_the_next_rows_are_claimed_before_the_last_are_gone(mailing) -> None:
    mailing.freeze(*[f"reader{number:04}@example.org" for number in range(CLAIM + 200)])
    waiting_then = []
    provider = Interrupted(
        CLAIM - 60, lambda: waiting_then.append(Counter(mailing.states.values())[DeliveryState.PENDING])
    )
    send_all(mailing, provider)
    assert waiting_then == [0]


def test_a_text_that_cannot_be_read_ends_the_run_and_nobody_is_handed_over(mailing) -> None:
    mailing.freeze("ann@readers.example", "ben@readers.example")

    def damaged(rendition_id: int) -> Rendition:
        raise StorageError(f"rendition {rendition_id} is damaged")

    provider = Interrupted(1, lambda: None)
    with pytest.raises(StorageError, match="damaged"):
        send_all(mailing, provider, damaged)
    assert provider.seen == []
    assert set(mailing.states.values()) == {DeliveryState.PENDING}
