"""A list larger than what the mail service takes in an hour: several runs, no noise, nobody twice, nobody left out."""

from __future__ import annotations

from datetime import timedelta

from briefingfeed.models.edition import EditionState
from briefingfeed.providers.base import Limits
from briefingfeed.services.telling.status import read_status

READERS = [f"reader{number}" for number in range(7)]
WORDS = "Waits for the limit of 3 per hour: the next copies may go on Monday at 09:06."


def status(desk):
    return read_status(
        desk.database,
        desk.settings,
        desk.now,
        provider=desk.office.name,
        rehearses=False,
        limits=desk.office.limits,
    )


def limited(desk):
    desk.begin()
    desk.write("Tides")
    desk.subscribe(*READERS)
    desk.office.limits = Limits(per_hour=3)
    return desk


def test_the_runs_of_a_morning_bring_it_to_everybody(desk) -> None:
    limited(desk)
    sent = []
    for _ in range(14):  # a run each quarter of an hour
        report = desk.send()
        assert report.exit_code == 0
        sent.append(len(desk.office.seen))
        desk.now += timedelta(minutes=15)
    assert sent == [3, 3, 3, 3, 3, 6, 6, 6, 6, 6, 7, 7, 7, 7]
    assert desk.office.recipients == sorted(f"{name}@example.org" for name in READERS)
    assert desk.edition().state is EditionState.DONE


def test_who_watches_is_told_and_cron_has_nothing_to_mail(desk) -> None:
    report = limited(desk).send()
    assert report.news == ()
    (notice,) = report.standing
    assert notice.text.startswith(WORDS)
    assert not notice.awaits
    assert report.as_dict()["exit_code"] == 0


def test_status_tells_as_long_as_it_is_so(desk) -> None:
    limited(desk).send()
    (notice,) = status(desk).todo
    assert notice.text.startswith(WORDS)
    desk.now += timedelta(minutes=61)
    assert status(desk).todo == ()


def test_a_finished_edition_waits_for_nothing(desk) -> None:
    limited(desk)
    desk.office.limits = Limits(per_hour=7)
    assert desk.send().standing == ()
    assert status(desk).todo == ()
