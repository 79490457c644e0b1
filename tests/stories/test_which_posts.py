"""DESIGN section 7, point 2, as it happens in a small office: which posts go with an edition, and which never do."""

from __future__ import annotations

from datetime import timedelta

from briefingfeed.models.edition import Cadence, EditionState
from briefingfeed.services.sending.braking import release_edition
from briefingfeed.services.sending.send_report import SendReport

from .house import House

W48, W49, W50 = "2026-11-23 08:05", "2026-11-30 08:05", "2026-12-07 08:05"


def topics(report: SendReport) -> list[str]:
    return [notice.topic for notice in report.news]


def test_a_first_install_in_mid_week_with_an_archive_and_a_list(house: House) -> None:
    """500 old posts and 800 imported subscribers: the first mail is the next Monday's, with that week's posts."""
    for number in range(500):
        house.write(f"Archive {number}", f"20{10 + number // 50}-0{1 + number % 9}-{10 + number % 19}")
    house.write("Before the slot before", "2026-11-15")
    house.write("Of the week", "2026-11-17")
    house.subscribe(*(f"member{number}" for number in range(800)))
    for at in ("2026-11-18 10:15", "2026-11-20 09:00", "2026-11-22 23:45"):
        assert house.run(at=at).editions == ()
    house.write("Of the week-end", "2026-11-21")
    report = house.run(at=W48)
    assert [(each.recipients, each.posts) for each in report.editions] == [(800, ("Of the week-end", "Of the week"))]
    assert report.exit_code == 0
    assert {len(house.mails(f"member{number}")) for number in range(800)} == {1}
    report = house.run(at=W49)
    assert [each.state for each in report.editions] == [EditionState.EMPTY]
    assert report.news == ()


def test_a_post_committed_late_goes_with_the_next(house: House) -> None:
    house.subscribe("ann")
    house.run()
    house.write("In time", "2026-11-19")
    house.run(at=W48)
    house.write("Late", "2026-11-18")
    house.run(at=W49)
    assert house.mails("ann") == [["In time"], ["Late"]]


def test_a_post_dated_back_beyond_the_window_waits_and_says_so_once(house: House) -> None:
    house.subscribe("ann")
    house.run()
    house.run(at=W48)
    house.write("Forgotten", "2026-10-31")
    house.write("Much too late", "2026-10-30")
    first = house.run(at=W49)
    assert len(topics(first)) == 1
    assert topics(first)[0].startswith("old:")
    assert "email: true" in (first.news[0].remedy or "")
    assert house.run(at=W50).news == ()
    assert house.mails("ann") == [["Forgotten"]]
    house.write("Much too late", "2026-10-30", email=True)
    house.run(at="2026-12-14 08:05")
    assert house.mails("ann") == [["Forgotten"], ["Much too late"]]


def test_a_draft_goes_once_it_is_none(house: House) -> None:
    house.subscribe("ann")
    house.run()
    house.write("Unready", "2026-11-20", draft=True)
    house.write("Ready", "2026-11-20")
    house.run(at=W48)
    house.write("Unready", "2026-11-20")
    house.run(at=W49)
    assert house.mails("ann") == [["Ready"], ["Unready"]]


def test_a_draft_of_the_first_week_that_was_never_seen_is_not_passed_over(house: House) -> None:
    house.subscribe("ann")
    house.run()
    house.write("Unready", "2026-11-02", draft=True)
    house.run(at=W48)
    house.write("Unready", "2026-11-02")
    house.run(at=W49)
    assert house.mails("ann") == [["Unready"]]


def test_a_broken_post_on_monday_records_nothing_until_it_is_mended(house: House) -> None:
    house.subscribe("ann")
    house.run()
    file = house.file("2026-11-20-tides.md", "---\ntitle: [Tides\ndate: 2026-11-20\n---\n\nThe text of Tides.\n")
    first, second = house.run(at=W48), house.run(at="2026-11-23 08:20")
    assert dict(house.editions) == {}
    assert topics(first) == ["unreadable:weekly/2026-W48"]
    assert (second.news, second.exit_code) == ((), 1)
    file.write_text(file.read_text("utf-8").replace("[", ""), "utf-8")
    assert house.run(at="2026-11-23 11:00").exit_code == 0
    assert house.mails("ann") == [["Tides"]]


def test_more_than_ten_old_posts_wait_for_somebody_to_look(house: House) -> None:
    house.subscribe("ann")
    house.run()
    house.run(at=W48)
    for number in range(11):
        house.write(f"Imported {number}", "2026-11-12")
    assert topics(house.run(at=W49)) == ["held:weekly/2026-W49"]
    assert house.mails("ann") == []
    release_edition(house.database, "weekly/2026-W49", house.now)
    house.run(at="2026-11-30 09:00")
    assert [len(mail) for mail in house.mails("ann")] == [11]


def test_from_the_archive_only_what_the_editor_asks_for(house: House) -> None:
    house.subscribe("ann")
    house.write("Classic", "2019-05-01", email=True)
    house.write("Old", "2019-05-02")
    house.write("Quiet", "2026-11-20", email=False)
    house.run()
    house.run(at=W48)
    assert house.mails("ann") == [["Classic"]]
    house.write("Old", "2019-05-02", email=True)  # passed over by then
    house.run(at=W49)
    assert house.mails("ann") == [["Classic"], ["Old"]]
    assert house.run(at=W50).editions[0].state is EditionState.EMPTY


def test_what_closes_soon_makes_no_edition_by_itself(house: House) -> None:
    house.subscribe("ann")
    house.write("Survey", "2026-11-20", closes="2026-12-12")
    house.run()
    house.run(at=W48)
    assert house.run(at=W50).editions[0].state is EditionState.EMPTY
    assert house.mails("ann") == [["Survey"]]


def test_a_rehearsal_and_then_real_mail_in_the_same_week(house: House) -> None:
    """What was rehearsed does not count as mailed, and a rehearsal that was not over is over then."""
    house.subscribe("ann")
    house.write("Tides", "2026-11-20")
    house.rehearse()
    house.run(at="2026-11-23 09:00")
    assert house.state("rehearsal/weekly/2026-W48") is EditionState.DONE
    house.go_live()
    assert house.run(at="2026-11-23 10:00").editions == ()
    assert [each.key for each in house.run(at_once=True).editions] == ["weekly/2026-W48"]
    assert house.mails("ann") == [["Tides"]]
    house.rehearse()
    house.run(at="2026-11-24 10:00")
    house.go_live()
    house.write("Winds", "2026-11-26")
    house.run(at=W49)
    assert house.mails("ann") == [["Tides"], ["Winds"]]


def test_a_rehearsal_of_another_cadence_takes_nothing_from_anybody(house: House) -> None:
    house.have_all_cadences()
    house.subscribe("sue")
    house.run(Cadence.WEEKLY)
    house.run(Cadence.DAILY)
    house.write("Tides", "2026-11-20")
    house.rehearse()
    for cadence in Cadence:
        house.run(cadence, at="2026-11-21 09:00")
    house.go_live()
    house.switch("sue", Cadence.DAILY)
    house.run(Cadence.DAILY, at="2026-11-22 08:05")
    assert house.mails("sue") == [["Tides"]]


def test_the_state_folder_is_lost(house: House) -> None:
    """The database still knows each post's id: a title that changed meanwhile makes no old post new."""
    house.subscribe("ann")
    house.write("Tides", "2026-11-20")
    house.run()
    house.build()
    house.run(at=W48)
    (house.folder / "var" / "ids.jsonl").unlink()
    file = next((house.folder / "posts").glob("*-tides.md"))
    file.write_text(file.read_text("utf-8").replace("title: Tides", "title: Tides and winds"), "utf-8")
    file.rename(file.with_name("2026-11-20-tides-and-winds.md"))
    assert house.run(at=W49).editions[0].state is EditionState.EMPTY
    house.build()
    assert (house.folder / "var" / "ids.jsonl").exists()
    assert house.mails("ann") == [["Tides"]]


def test_the_clock_jumps(house: House) -> None:
    house.subscribe("ann")
    house.write("Tides", "2026-11-20")
    house.run()
    house.run(at=W48)
    house.run(at="2026-11-23 06:10")
    ahead = house.run(at="2027-11-23 08:05")
    assert topics(ahead) == ["silence:weekly"]
    assert ahead.exit_code == 1
    assert house.run(at="2026-11-23 08:20").exit_code == 0
    house.write("Winds", "2026-11-26")
    house.run(at=W49)
    assert house.mails("ann") == [["Tides"], ["Winds"]]


def test_a_second_cadence_begins_by_the_same_rule(house: House) -> None:
    house.subscribe("wim")
    house.write("Old", "2026-11-17")
    house.run()
    house.have_all_cadences()
    house.subscribe("dot", cadence=Cadence.DAILY)
    house.run(Cadence.DAILY, at="2026-11-19 09:00")
    house.write("Yesterday", "2026-11-19")
    house.run(Cadence.DAILY, at="2026-11-20 07:30")
    house.run(at=W48)
    assert house.mails("dot") == [["Yesterday"]]
    assert house.mails("wim") == [["Yesterday", "Old"]]


def test_sixty_days_of_silence_ask_for_a_word(house: House) -> None:
    house.set_up(monthly=None)
    house.have_all_cadences()
    house.subscribe("ann", cadence=Cadence.MONTHLY)
    house.run(Cadence.MONTHLY)
    house.write("Tides", "2026-11-20")
    house.run(Cadence.MONTHLY, at="2026-12-01 08:05")
    house.write("Winds", "2027-01-20")
    assert house.run(Cadence.MONTHLY, at="2027-02-20 08:05").exit_code == 1  # January was missed, and it is told
    assert house.mails("ann") == [["Tides"], ["Winds"]]
    assert house.state("monthly/2027-01") is EditionState.MISSED
    house.now += timedelta(days=120)
    assert topics(house.run(Cadence.MONTHLY)) == ["silence:monthly"]
    house.write("Sands", "2027-06-10")
    assert house.run(Cadence.MONTHLY, force=True).editions
