"""The lines of `status`: all of it on one screen, and the same for programs."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from briefingfeed.models.delivery import Result
from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import Mailbox
from briefingfeed.providers.base import Limits
from briefingfeed.services.sending.braking import cancel_edition
from briefingfeed.services.telling import heartbeat, run_log
from briefingfeed.services.telling.status import Status, read_status
from briefingfeed.storage import meta
from briefingfeed.storage.database import Database
from briefingfeed.storage.snapshot import BACKED_UP_AT, copy_sqlite, mark_sqlite


@pytest.fixture
def status(desk):
    def read() -> Status:
        return read_status(desk.database, desk.settings, desk.now, provider="post-office", rehearses=False)

    return read


def lines(found: Status) -> dict[str, str]:
    return {fact.label: fact.words for fact in found.facts if fact.words}


def test_a_publication_that_has_just_begun(desk, status) -> None:
    assert lines(status()) == {
        "Next edition": "Monday 30 November 2026, 08:00 UTC",
        "Provider": "post-office",
        "Subscribers": "nobody yet",
        "Last run": "none yet",
    }


def test_everything_at_once(desk, status) -> None:
    desk.change(report_to=(Mailbox("ola@harbour.example"),), heartbeat_url="https://watcher.example/s3cr3t")
    desk.write("Tides")
    desk.subscribe("ann", "ben")
    desk.begin()
    desk.office.answers = {"ben@example.org": Result.DEFERRED}
    with desk.database.write() as connection:
        run = run_log.begin(connection, Cadence.WEEKLY, desk.now, by_hand=False)
    desk.send()
    with desk.database.write() as connection:
        run_log.end(connection, run, desk.now, 0)
        heartbeat.remember(connection, "it answers 500", desk.now)
        meta.set_mark(connection, BACKED_UP_AT, (desk.now - timedelta(days=1)).isoformat())
    found = lines(status())
    assert found["Last edition"] == "weekly/2026-W48: 1 handed over, 1 put off"
    assert found["On its way"].startswith(
        "weekly/2026-W48: 1 reader waits, the next from Monday 23 November 2026, 08:1"
    )
    assert found["On its way"].endswith("given up on Saturday 28 November 2026, 08:05 UTC")
    assert found["Last run"] == "Monday 23 November 2026, 08:05 UTC: all is well (0)"
    assert found["Last backup"] == "Sunday 22 November 2026, 08:05 UTC"
    assert found["Heartbeat"] == "fails since Monday 23 November 2026, 08:05 UTC: it answers 500"


def test_a_run_that_was_killed_is_seen(desk, status) -> None:
    with desk.database.write() as connection:
        run_log.begin(connection, Cadence.WEEKLY, desk.now, by_hand=False)
    assert lines(status())["Last run"].endswith("did not come to its end, or is at work")


def test_programs_find_each_name_each_time(desk, status) -> None:
    data = json.loads(json.dumps(status().as_dict()))
    assert data["next_slots"] == {"weekly": "2026-11-30T08:00:00+00:00"}
    for name, nothing in (
        ("last_runs", []),
        ("last_backup", None),
        ("reports_waiting", 0),
        ("heartbeat_trouble", None),
    ):
        assert data[name] == nothing


def test_of_each_cadence_only_the_last_runs_are_kept(desk) -> None:
    with desk.database.write() as connection:
        for minutes in range(0, 60 * 15, 15):
            run_log.begin(connection, Cadence.WEEKLY, desk.now + timedelta(minutes=minutes), by_hand=False)
        run_log.begin(connection, Cadence.DAILY, desk.now, by_hand=False)
        kept = run_log.read(connection, Cadence.WEEKLY)
        assert len(kept) == run_log.KEPT
        assert kept[-1].started_at == desk.now + timedelta(minutes=59 * 15)
        assert len(run_log.read(connection, Cadence.DAILY)) == 1


def test_readers_whom_no_edition_reaches_are_counted_apart(desk, status) -> None:
    desk.write("Tides")
    desk.subscribe("ann", "ben")
    desk.begin()
    desk.office.answers = {"ben@example.org": Result.REJECTED}
    desk.send()
    said = "2 confirmed, 1 of the confirmed never mailed: `briefingfeed subscribers list` says why"
    assert lines(status())["Subscribers"] == said


def test_an_edition_that_was_cancelled_is_the_last_one_all_the_same(desk, status) -> None:
    desk.write("Tides")
    desk.subscribe("ann", "ben")
    desk.begin()
    desk.office.answers = {"ben": Result.DEFERRED}
    desk.send()
    cancel_edition(desk.database, "weekly/2026-W48", desk.now)
    assert lines(status())["Last edition"] == "weekly/2026-W48, cancelled: 1 handed over, 1 left out"


def test_the_next_copies_are_not_promised_before_the_limit_lets_them_go(desk) -> None:
    limits = desk.office.limits = Limits(per_hour=1)
    desk.write("Tides")
    desk.subscribe("ann", "ben")
    desk.begin()
    desk.send()
    found = read_status(
        desk.database, desk.settings, desk.now, provider=desk.office.name, rehearses=False, limits=limits
    )
    words = lines(found)["On its way"]
    assert words.startswith("weekly/2026-W48: 1 reader waits, the next from Monday 23 November 2026, 09:06")


def test_a_copy_knows_that_it_is_the_last_backup(desk, tmp_path) -> None:
    desk.subscribe("ann")
    copy = tmp_path / "copy.db"
    copy_sqlite(desk.database.file, copy)
    mark_sqlite(copy, desk.now)
    with Database.open(f"sqlite:///{copy}") as restored:
        found = read_status(restored, desk.settings, desk.now, provider="post-office", rehearses=False)
    assert lines(found)["Last backup"] == "Monday 23 November 2026, 08:05 UTC"
