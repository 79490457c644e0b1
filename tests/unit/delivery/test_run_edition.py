from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from briefingfeed.delivery.run import RunResult, RunSetup, run_edition
from briefingfeed.errors import ProviderError, StorageError
from briefingfeed.models.delivery import DeliveryState, Message, Outcome, Phase, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.providers.base import Limits, Work
from briefingfeed.providers.outbox import OutboxProvider
from briefingfeed.storage import deliveries, subscribers

ACCEPTED, DEFERRED, FAILED = DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.FAILED
PENDING, SKIPPED, UNCERTAIN = DeliveryState.PENDING, DeliveryState.SKIPPED, DeliveryState.UNCERTAIN
ADDRESSES = [f"reader{number}@example.org" for number in range(7)]


class Scripted:
    """A way out that answers as told: by recipient, or `ACCEPTED`."""

    name = "scripted"
    rehearses = False
    is_local = True
    limits = Limits()

    def __init__(
        self,
        answers: dict[str, Sequence[Result]] | None = None,
        *,
        at_once: int = 2,
        before: Callable[[Message], Awaitable[None]] | None = None,
    ) -> None:
        self.answers = {address: list(results) for address, results in (answers or {}).items()}
        self.at_once = at_once
        self.before = before
        self.seen: list[Message] = []

    async def deliver(self, work: Work) -> None:
        while messages := await work.take(self.at_once):
            for message in messages:
                self.seen.append(message)
                if self.before:
                    await self.before(message)
                await work.report(self.outcome(message))

    def outcome(self, message: Message) -> Outcome:
        left = self.answers.get(message.recipient, [])
        result = left.pop(0) if left else Result.ACCEPTED
        return Outcome(delivery_id=message.delivery_id, result=result, phase=Phase.RCPT, note=f"told {result}")

    @property
    def recipients(self) -> list[str]:
        return [message.recipient for message in self.seen]


class Broken(Scripted):
    """Hands one over, then breaks down with the next in hand."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def deliver(self, work: Work) -> None:
        messages = await work.take(2)
        await work.report(self.outcome(messages[0]))
        if isinstance(self.error, ProviderError):
            await work.report(Outcome(delivery_id=messages[1].delivery_id, result=Result.RETURNED, phase=Phase.CONNECT))
        raise self.error


def run(
    mailing, provider, *, patience: float = 0, pauses: tuple[float, ...] = (0.01,), run_id: str = "r1"
) -> RunResult:
    setup = RunSetup(
        database=mailing.database,
        provider=provider,
        run_id=run_id,
        now=mailing.clock,
        patience=timedelta(seconds=patience),
        pauses=pauses,
    )
    return asyncio.run(run_edition(mailing.key, mailing.copies, setup))


def test_everybody_gets_one_copy_and_a_second_run_submits_nothing(mailing) -> None:
    mailing.freeze(*ADDRESSES)
    first, second = Scripted(), Scripted()
    run(mailing, first)
    run(mailing, second, run_id="r2")
    assert sorted(first.recipients) == ADDRESSES
    assert second.seen == []
    assert set(mailing.states.values()) == {ACCEPTED}


def test_a_copy_parses_to_what_was_rendered_for_its_reader(mailing) -> None:
    mailing.freeze("reader@example.org")
    provider = Scripted()
    run(mailing, provider)
    (message,) = provider.seen
    parsed = message_from_bytes(b"".join(message.segments), policy=policy.default)
    link = parsed["List-Unsubscribe"].strip("<>")
    assert parsed["To"] == "reader@example.org"
    assert parsed["Message-ID"] == message.message_id
    assert link.startswith("https://briefings.example/u/id-of-reader.")
    text = parsed.get_body(("plain",)).get_content()
    html = parsed.get_body(("html",)).get_content()
    assert text.replace("\r\n", "\n") == f"The news.\n\nLeave: {link}\n" == message.parts().text
    assert html.replace("\r\n", "\n") == message.parts().html
    assert message.parts().subject == parsed["Subject"] == "The news"


def test_the_real_outbox_holds_one_file_for_each_reader(mailing) -> None:
    mailing.freeze(*ADDRESSES)
    run(mailing, OutboxProvider(mailing.folder / "outbox"))
    found = [message_from_bytes(file.read_bytes())["To"] for file in (mailing.folder / "outbox" / "new").iterdir()]
    assert sorted(found) == ADDRESSES


def test_the_same_row_has_the_same_bytes_in_the_next_run(mailing) -> None:
    mailing.freeze("reader@example.org")
    first, second = Scripted({"reader@example.org": [Result.DEFERRED]}), Scripted()
    run(mailing, first)
    mailing.clock.tick(minutes=10)
    run(mailing, second, run_id="r2")
    assert first.seen[0].segments == second.seen[0].segments


def test_outcomes_are_written_down_and_refused_rows_come_back_when_due(mailing) -> None:
    mailing.freeze(*ADDRESSES)
    answers = [Result.DEFERRED, Result.REJECTED, Result.FAILED, Result.UNCERTAIN]
    run(mailing, Scripted({address: [result] for address, result in zip(ADDRESSES, answers, strict=False)}))
    assert list(mailing.states.values()) == [DEFERRED, FAILED, FAILED, UNCERTAIN, ACCEPTED, ACCEPTED, ACCEPTED]
    early, late = Scripted(), Scripted()
    run(mailing, early, run_id="r2")
    mailing.clock.tick(minutes=7)
    run(mailing, late, run_id="r3")
    assert early.recipients == []
    assert late.recipients == ADDRESSES[:1]


def test_only_an_address_that_does_not_exist_is_suppressed(mailing) -> None:
    mailing.freeze(*ADDRESSES[:3])
    run(mailing, Scripted({ADDRESSES[0]: [Result.REJECTED], ADDRESSES[1]: [Result.FAILED]}))
    with mailing.database.read() as connection:
        rows = deliveries.unsettled(connection)
    assert rows[FAILED] == 1


def test_one_address_that_fits_no_message_fails_alone(mailing) -> None:
    mailing.freeze("good@example.org", "not an address", "also.good@example.org")
    provider = Scripted()
    run(mailing, provider)
    assert mailing.states == {
        "good@example.org": ACCEPTED,
        "not an address": FAILED,
        "also.good@example.org": ACCEPTED,
    }


def test_whoever_left_after_the_freeze_is_skipped(mailing) -> None:
    mailing.freeze(*ADDRESSES)

    async def last_one_leaves(_message: Message) -> None:
        with mailing.database.write() as connection:
            subscribers.set_state(connection, "id-of-reader6", SubscriberState.UNSUBSCRIBED, mailing.clock())

    provider = Scripted(at_once=1, before=last_one_leaves)
    run(mailing, provider)
    assert ADDRESSES[6] not in provider.recipients
    assert mailing.states[ADDRESSES[6]] is SKIPPED


@pytest.mark.parametrize("to", [EditionState.HELD, EditionState.CANCELLED])
def test_an_edition_held_in_mid_run_hands_nothing_more_over(mailing, to: EditionState) -> None:
    mailing.freeze(*ADDRESSES)

    async def somebody_holds(message: Message) -> None:
        if len(provider.seen) == 3:
            mailing.hold(to)

    provider = Scripted(at_once=1, before=somebody_holds)
    run(mailing, provider)
    assert len(provider.seen) == 3
    assert list(mailing.states.values()).count(PENDING) == 4


class TestPolicy:
    def test_a_refusal_fails_once_somebody_else_is_accepted(self, mailing) -> None:
        mailing.freeze(*ADDRESSES[:3])
        run(mailing, Scripted({ADDRESSES[0]: [Result.POLICY]}))
        assert list(mailing.states.values()) == [FAILED, ACCEPTED, ACCEPTED]

    def test_three_in_a_row_hold_the_edition_and_blame_nobody(self, mailing) -> None:
        mailing.freeze(*ADDRESSES)
        run(mailing, Scripted({address: [Result.POLICY] for address in ADDRESSES}, at_once=1))
        assert list(mailing.states.values()) == [DEFERRED] * 3 + [PENDING] * 4
        assert mailing.edition.state is EditionState.HELD
        assert "policy" in mailing.edition.note

    def test_the_last_reader_waits_when_nobody_follows(self, mailing) -> None:
        mailing.freeze(*ADDRESSES[:2])
        run(mailing, Scripted({ADDRESSES[1]: [Result.POLICY]}))
        assert list(mailing.states.values()) == [ACCEPTED, DEFERRED]
        assert mailing.edition.state is EditionState.SENDING


class TestBreakdown:
    def test_a_way_out_that_cannot_be_used_charges_nobody(self, mailing) -> None:
        mailing.freeze(*ADDRESSES)
        result = run(mailing, Broken(ProviderError("no connection")))
        assert str(result.error) == "no connection"
        assert list(mailing.states.values()) == [ACCEPTED] + [PENDING] * 6
        run(mailing, Scripted(), run_id="r2")
        assert set(mailing.states.values()) == {ACCEPTED}

    def test_a_crash_leaves_what_was_in_hand_uncertain(self, mailing) -> None:
        mailing.freeze(*ADDRESSES)
        with pytest.raises(ZeroDivisionError):
            run(mailing, Broken(ZeroDivisionError()))
        assert list(mailing.states.values()) == [ACCEPTED, UNCERTAIN] + [PENDING] * 5

    def test_a_row_that_breaks_every_session_keeps_nobody_waiting(self, mailing) -> None:
        mailing.freeze(*ADDRESSES)
        provider = Scripted({ADDRESSES[0]: [Result.RETURNED] * 50}, at_once=1)
        run(mailing, provider)
        assert list(mailing.states.values()) == [DEFERRED] + [ACCEPTED] * 6
        assert provider.recipients.count(ADDRESSES[0]) <= 3

    def test_outcomes_that_cannot_be_written_stop_the_run(self, mailing) -> None:
        mailing.freeze(*ADDRESSES)
        other = ExitStack()

        async def lock_up(message: Message) -> None:
            if len(provider.seen) == 3:
                other.enter_context(mailing.locked())

        provider = Scripted(at_once=2, before=lock_up)
        with other, pytest.raises(StorageError):
            run(mailing, provider)
        assert len(provider.seen) == 4
        states = list(mailing.states.values())
        assert states.count(DeliveryState.SUBMITTING) == 2
        with mailing.database.write() as connection:
            recovered = deliveries.recover(connection, "r2", mailing.clock())
        assert recovered.uncertain == 2
        run(mailing, Scripted(), run_id="r2")
        assert sorted(mailing.states.values()) == sorted([ACCEPTED] * 5 + [UNCERTAIN] * 2)

    def test_a_short_lock_is_waited_for(self, mailing) -> None:
        mailing.freeze(*ADDRESSES)

        async def lock_for_a_moment(message: Message) -> None:
            if len(provider.seen) == 3:
                asyncio.get_running_loop().call_later(0.4, mailing.locked().close)

        provider = Scripted(before=lock_for_a_moment)
        run(mailing, provider, pauses=(0.1,) * 20)
        assert set(mailing.states.values()) == {ACCEPTED}

    def test_reporting_what_was_not_taken_is_a_fault_of_the_provider(self, mailing) -> None:
        mailing.freeze(*ADDRESSES[:1])

        class Stranger(Scripted):
            async def deliver(self, work: Work) -> None:
                await work.report(Outcome(delivery_id=77, result=Result.ACCEPTED, phase=Phase.DOT))

        with pytest.raises(ValueError, match="not taken"):
            run(mailing, Stranger())


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_the_first_signal_finishes_what_is_in_flight(self, mailing, number: signal.Signals) -> None:
        mailing.freeze(*ADDRESSES)

        async def stop_at_the_third(message: Message) -> None:
            if len(provider.seen) == 3:
                os.kill(os.getpid(), number)
                await asyncio.sleep(0.01)

        provider = Scripted(before=stop_at_the_third)
        result = run(mailing, provider)
        assert result.stopped_by is number
        assert len(provider.seen) == 4
        assert list(mailing.states.values()) == [ACCEPTED] * 4 + [PENDING] * 3

    def test_the_second_signal_drops_it(self, mailing) -> None:
        mailing.freeze(*ADDRESSES)

        async def hang(message: Message) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)

        result = run(mailing, Scripted(before=hang, at_once=1))
        assert result.stopped_by is signal.SIGINT
        assert list(mailing.states.values()) == [UNCERTAIN] + [PENDING] * 6

    def test_the_wait_for_later_rows_can_be_cut_short(self, mailing) -> None:
        mailing.freeze("reader@example.org")

        async def stop_soon(_message: Message) -> None:
            asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)

        provider = Scripted({"reader@example.org": [Result.DEFERRED]}, before=stop_soon)
        result = run(mailing, provider, patience=900)
        assert result.stopped_by is signal.SIGTERM
        assert mailing.states == {"reader@example.org": DEFERRED}

    def test_nobody_who_is_due_waits_for_a_later_row(self, mailing) -> None:
        mailing.freeze(*ADDRESSES[:3])

        class EndsEarly(Scripted):
            async def deliver(self, work: Work) -> None:
                for message in await work.take(1):
                    seconds = 0.0 if message.recipient == ADDRESSES[2] else 20.0
                    asyncio.get_running_loop().call_later(seconds, os.kill, os.getpid(), signal.SIGTERM)
                    await work.report(self.outcome(message))

        run(mailing, EndsEarly({ADDRESSES[0]: [Result.DEFERRED]}), patience=900)
        assert list(mailing.states.values()) == [DEFERRED, ACCEPTED, ACCEPTED]

    def test_signal_handlers_are_given_back(self, mailing) -> None:
        mailing.freeze("reader@example.org")
        before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
        run(mailing, Scripted())
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
