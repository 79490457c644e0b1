"""A post is corrected after it was mailed: whoever may have the wrong text hears of it, once, and nobody else."""

from __future__ import annotations

import re
from email import message_from_bytes, policy

import pytest

from briefingfeed.models.delivery import Result
from briefingfeed.models.edition import Cadence, EditionState
from briefingfeed.models.settings import Mailbox
from briefingfeed.services.sending.braking import cancel_edition, hold_edition
from briefingfeed.services.sending.deliveries import Resolution, resolve_deliveries
from briefingfeed.services.sending.rerendering import release_rerendered
from briefingfeed.services.sending.send_plan import plan_edition

from .house import House

DAILY, WEEKLY, POSTS = Cadence.DAILY, Cadence.WEEKLY, Cadence.POSTS
NOTE = "The tide turns at six, not at five."


@pytest.fixture
def house(house: House) -> House:
    """The weekly edition of 23 November went out with one post."""
    house.have_all_cadences()
    house.subscribe("ann", "ben")
    for cadence in (WEEKLY, DAILY, POSTS):
        house.run(cadence)
    house.write("Tides", "2026-11-19")
    return house


def correct(house: House, *notes: tuple[str, str], title: str = "Tides", day: str = "2026-11-19") -> None:
    lines = "".join(f'  - {{date: {date}, note: "{note}"}}\n' for date, note in notes)
    text = f"---\ntitle: {title}\ndate: {day}\ncorrections:\n{lines}---\n\nThe text of {title}.\n"
    house.file(f"{day}-{title.lower()}.md", text)


def told(house: House, name: str) -> list[list[str]]:
    """Return the corrections in each mail that somebody got."""
    return [_corrections(text) for text in texts(house, name)]


def texts(house: House, name: str) -> list[str]:
    found = []
    for message in house.office.seen:
        if message.recipient == f"{name}@example.org":
            body = message_from_bytes(b"".join(message.segments), policy=policy.default).get_body(("plain",))
            assert body is not None
            found.append(body.get_content().replace("\r\n", "\n"))
    return found


def subjects(house: House, name: str) -> list[str]:
    mine = [message for message in house.office.seen if message.recipient == f"{name}@example.org"]
    return [str(message_from_bytes(b"".join(each.segments), policy=policy.default)["Subject"]) for each in mine]


def _corrections(text: str) -> list[str]:
    section = re.search(r"^Corrections\n-+\n\n(.*?)\n\n", text, re.DOTALL | re.MULTILINE)
    return [" ".join(each.split()) for each in re.split(r"^- ", section[1], flags=re.MULTILINE)[1:]] if section else []


LINE = f"Tides, 24 November 2026: {NOTE} https://harbour.example/posts/tides/"


def test_whoever_had_the_wrong_text_hears_of_it_once(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    house.subscribe("cyd")
    correct(house, ("2026-11-24", NOTE))
    house.write("Moorings", "2026-11-25")
    house.run(at="2026-11-30 08:05")
    assert told(house, "ann") == told(house, "ben") == [[], [LINE]]
    assert told(house, "cyd") == [[]]
    assert house.mails("ann") == [["Tides"], ["Moorings"]]
    house.write("Gulls", "2026-12-01")
    house.run(at="2026-12-07 08:05")
    assert told(house, "ann")[2:] == [[]]
    assert house.mails("cyd") == [["Moorings"], ["Gulls"]]


def test_without_a_post_only_those_are_mailed_whom_it_concerns(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    house.subscribe("cyd")
    correct(house, ("2026-11-24", NOTE))
    report = house.run(at="2026-11-30 08:05")
    assert subjects(house, "ann")[1:] == ["Correction: Tides"]
    assert told(house, "ben") == [[], [LINE]]
    assert house.mails("cyd") == []
    (edition,) = report.editions
    assert (edition.recipients, house.state("weekly/2026-W49")) == (2, EditionState.DONE)
    house.run(at="2026-12-07 08:05")
    assert house.state("weekly/2026-W50") is EditionState.EMPTY


def test_a_mail_that_went_after_the_correction_shows_it_and_no_other_tells_it(house: House) -> None:
    correct(house, ("2026-11-20", NOTE))
    house.run(at="2026-11-23 08:05")
    assert f"Correction, 20 November 2026: {NOTE}" in " ".join(texts(house, "ann")[0].split())
    house.run(at="2026-11-30 08:05")
    assert house.state("weekly/2026-W49") is EditionState.EMPTY


def test_a_correction_dated_before_the_mail_counts_if_it_came_after_it(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    correct(house, ("2026-11-19", NOTE))
    house.run(at="2026-11-30 08:05")
    assert len(told(house, "ann")[1]) == 1


def test_an_unclear_copy_counts_and_a_refused_one_does_not(house: House) -> None:
    house.subscribe("cyd", "dov")
    house.office.answers = {"ben": Result.UNCERTAIN, "cyd": Result.REJECTED}
    house.run(at="2026-11-23 08:05")
    house.office.answers = {}
    correct(house, ("2026-11-24", NOTE))
    house.run(at="2026-11-30 08:05")
    assert told(house, "ben") == told(house, "dov") == [[], [LINE]]
    assert told(house, "cyd") == [[]]


def test_told_with_an_unclear_copy_it_is_not_told_again(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    correct(house, ("2026-11-24", NOTE))
    house.office.answers = {"ann": Result.UNCERTAIN, "ben": Result.REJECTED}
    house.run(at="2026-11-30 08:05")
    house.office.answers = {}
    house.write("Gulls", "2026-12-01")
    house.run(at="2026-12-07 08:05")
    assert told(house, "ann")[2:] == [[]]


def test_a_copy_sent_again_is_told_of_with_the_next(house: House) -> None:
    """Ben's copy was unclear, and is sent again as it was after the post was corrected."""
    house.office.answers = {"ben": Result.UNCERTAIN}
    house.run(at="2026-11-23 08:05")
    house.office.answers = {}
    correct(house, ("2026-11-24", NOTE))
    resolve_deliveries(house.database, Resolution.RESEND, house.now, edition_key="weekly/2026-W48")
    house.run(at="2026-11-24 09:00")
    assert house.mails("ben") == [["Tides"], ["Tides"]]
    house.run(at="2026-11-30 08:05")
    assert told(house, "ben")[2:] == [[LINE]]


def test_rerendered_for_those_who_wait_it_is_told_to_the_others(house: House) -> None:
    house.office.answers = {"ben": Result.DEFERRED}
    house.run(at="2026-11-23 08:05")
    hold_edition(house.database, "weekly/2026-W48", house.now)
    correct(house, ("2026-11-23", NOTE))
    release_rerendered(house.context, "weekly/2026-W48")
    house.office.answers = {}
    house.run(at="2026-11-23 20:05")
    house.run(at="2026-11-30 08:05")
    assert [len(each) for each in told(house, "ann")] == [0, 1]
    assert "Correction, 23 November 2026:" in texts(house, "ben")[-1]
    assert told(house, "ben")[-1] == []


def test_corrections_stay_in_a_mail_that_is_rendered_again(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    correct(house, ("2026-11-24", NOTE))
    house.office.answers = {"ann": Result.DEFERRED, "ben": Result.DEFERRED}
    house.run(at="2026-11-30 08:05")
    hold_edition(house.database, "weekly/2026-W49", house.now)
    correct(house, ("2026-11-24", "The tide turns at six."))
    release_rerendered(house.context, "weekly/2026-W49")
    house.office.answers = {}
    house.run(at="2026-11-30 20:05")
    assert told(house, "ann")[-1] == [LINE.replace(", not at five", "")]


def test_a_reworded_note_is_no_news_and_a_second_correction_is(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    correct(house, ("2026-11-24", NOTE))
    house.run(at="2026-11-30 08:05")
    correct(house, ("2026-11-24", "The tide turns at 6."))
    house.run(at="2026-12-07 08:05")
    assert house.state("weekly/2026-W50") is EditionState.EMPTY
    correct(house, ("2026-12-08", "Nor at seven."), ("2026-11-24", "The tide turns at 6."))
    house.run(at="2026-12-14 08:05")
    assert told(house, "ann")[2:] == [["Tides, 8 December 2026: Nor at seven. https://harbour.example/posts/tides/"]]


def test_whoever_changed_their_cadence_or_left(house: House) -> None:
    house.subscribe("dot", cadence=DAILY)
    house.run(at="2026-11-23 08:05")
    house.switch("ben", DAILY, at="2026-11-23 12:00")
    correct(house, ("2026-11-24", NOTE))
    house.run(DAILY, at="2026-11-25 08:05")
    assert told(house, "ben") == [[], [LINE]]
    assert not any(told(house, "dot"))
    house.run(at="2026-11-30 08:05")
    assert told(house, "ann") == [[], [LINE]]
    assert len(told(house, "ben")) == 2


def test_a_cancelled_edition_has_told_nobody(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    correct(house, ("2026-11-24", NOTE))
    house.office.answers = {"ann": Result.DEFERRED, "ben": Result.DEFERRED}
    house.run(at="2026-11-30 08:05")
    cancel_edition(house.database, "weekly/2026-W49", house.now)
    house.office.answers = {}
    house.run(at="2026-12-07 08:05")
    assert told(house, "ann")[-1] == [LINE]


def test_passed_over_and_never_mailed_posts_tell_nobody(house: House) -> None:
    correct(house, ("2026-11-24", "An old mistake."), title="Archive", day="2026-01-10")
    house.run(at="2026-11-23 08:05")
    house.run(at="2026-11-30 08:05")
    assert told(house, "ann") == [[]]


def test_a_rehearsal_has_told_nobody(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    correct(house, ("2026-11-24", NOTE))
    house.rehearse()
    house.run(at="2026-11-30 08:05")
    house.go_live()
    house.run(at="2026-11-30 08:15")
    assert told(house, "ann") == [[], [LINE]]


def test_posts_that_go_by_themselves_are_corrected_by_a_mail_of_its_own(house: House) -> None:
    house.subscribe("pat", "pia", cadence=POSTS)
    house.write("Gulls", "2026-11-19 12:00")
    house.run(POSTS, at="2026-11-19 12:05")
    assert sorted(house.mails("pat")) == [["Gulls"], ["Tides"]]
    correct(house, ("2026-11-24", NOTE))
    house.run(POSTS, at="2026-11-24 10:05")
    house.run(POSTS, at="2026-11-24 10:20")
    assert told(house, "pat") == told(house, "pia") == [[], [], [LINE]]
    assert house.state("posts/2026-11-24-corrections") is EditionState.DONE
    correct(house, ("2026-11-24", NOTE), ("2026-11-24", "And the moon is full."))
    house.write("Nets", "2026-11-24 11:00")
    house.run(POSTS, at="2026-11-24 11:05")
    assert [len(each) for each in told(house, "pat")] == [0, 0, 1, 1]
    assert house.mails("pat")[-1] == ["Nets"]


def test_what_would_go_is_shown_before_it_goes(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    correct(house, ("2026-11-24", NOTE))
    house.at("2026-11-30 08:05")
    (planned,) = plan_edition(house.context, WEEKLY).editions
    assert (planned.subject, planned.posts, planned.corrections) == ("Correction: Tides", (), ("Tides",))
    assert (planned.recipients, planned.told) == (2, 2)


def test_the_report_on_a_mail_of_corrections_says_what_was_corrected(house: House) -> None:
    house.set_up(report_to=(Mailbox("ola@example.org"),))
    house.run(at="2026-11-23 08:05")
    correct(house, ("2026-11-24", NOTE))
    house.run(at="2026-11-30 08:05")
    first, second = texts(house, "ola")
    assert "In it:\n  - Tides\n" in first
    assert "Corrected in it:" not in first
    assert f"Corrected in it:\n  - Tides: {NOTE}\n" in second
    assert "  - Tides\n" not in second


def test_a_file_that_cannot_be_read_holds_corrections_back_as_it_might_be_the_post(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    correct(house, ("2026-11-24", NOTE))
    broken = house.file("2026-11-25-nets.md", "---\ntitle: Nets\ndate: 2026-11-31\n---\nThe text of Nets.\n")
    house.run(at="2026-11-30 08:05")
    assert len(told(house, "ann")) == 1
    broken.write_text("---\ntitle: Nets\ndate: 2026-11-25\n---\nThe text of Nets.\n", "utf-8")
    house.run(at="2026-11-30 08:20")
    assert told(house, "ann")[1:] == [[LINE]]
    assert house.mails("ann")[1:] == [["Nets"]]


def test_cancelled_where_posts_go_by_themselves_it_is_not_made_again(house: House) -> None:
    house.subscribe("pat", cadence=POSTS)
    house.run(POSTS, at="2026-11-19 12:05")
    correct(house, ("2026-11-24", NOTE))
    house.office.answers = {"pat": Result.DEFERRED}
    house.run(POSTS, at="2026-11-24 10:05")
    cancel_edition(house.database, "posts/2026-11-24-corrections", house.now)
    house.office.answers = {}
    house.run(POSTS, at="2026-11-24 10:20")
    house.run(POSTS, at="2026-11-25 10:20")
    assert [key for key in house.editions if key.endswith("-corrections")] == ["posts/2026-11-24-corrections"]
