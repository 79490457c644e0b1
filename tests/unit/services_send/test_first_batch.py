"""The first batch, told as stories: some readers first, a pause, and the rest only if nothing was wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from briefingfeed.models.edition import EditionState

W48 = "weekly/2026-W48"
READERS = [f"r{number:02}" for number in range(40)]
PAUSE = timedelta(minutes=30)


@pytest.fixture
def desk(desk):
    desk.write("Tides")
    desk.subscribe(*READERS)
    desk.begin()
    desk.change(first_batch=20, first_batch_pause=PAUSE)
    return desk


def later(desk, minutes: float):
    desk.now += timedelta(minutes=minutes)
    return desk.send()


class TestAFirstBatchThatWentWell:
    def test_is_followed_by_the_rest_in_the_first_run_after_the_pause(self, desk) -> None:
        first = desk.send()
        assert len(desk.office.seen) == 20
        assert first.editions[0].state is EditionState.SENDING
        assert first.exit_code == 0
        assert first.news == ()
        assert later(desk, 15).exit_code == 0
        assert len(desk.office.seen) == 20
        last = later(desk, 15)
        assert desk.office.recipients == sorted(f"{name}@example.org" for name in READERS)
        assert last.editions[0].state is EditionState.DONE

    def test_is_of_other_people_each_week(self, desk) -> None:
        desk.send()
        first = set(desk.office.recipients)
        later(desk, 30)
        desk.office.seen.clear()
        desk.write("Winds", "2026-11-27")
        desk.now += timedelta(days=7)
        desk.send()
        assert len(desk.office.seen) == 20
        assert set(desk.office.recipients) != first
