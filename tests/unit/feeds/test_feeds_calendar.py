from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import vobject
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from icalendar import Calendar, Event

from briefingfeed.feeds.calendar import CALENDAR, build_calendar, calendar_links, unannounced_changes
from briefingfeed.models.post import CallToAction, Closing, Post
from briefingfeed.models.problem import Problem, Severity
from briefingfeed.models.settings import Settings

LONDON = ZoneInfo("Europe/London")

Made = Callable[..., Post]


def until(day: date) -> Closing:
    return Closing(at=datetime.combine(day + timedelta(days=1), datetime.min.time(), LONDON), day=day)


def until_time(at: datetime) -> Closing:
    return Closing(at=at, day=at.date(), time_given=True)


def written(posts: list[Post], settings: Settings, now: datetime) -> bytes:
    [file] = build_calendar(posts, settings, now)
    assert file.path == CALENDAR
    return file.content


def events(content: bytes) -> list[Event]:
    return list(Calendar.from_ical(content).walk("VEVENT"))


@pytest.fixture
def only(settings: Settings, now: datetime) -> Callable[..., Event]:
    def build(post: Post, settings: Settings = settings) -> Event:
        [event] = events(written([post], settings, now))
        return event

    return build


def test_closing_day_takes_the_whole_day(only: Callable[..., Event], post: Made) -> None:
    event = only(post(closes=until(date(2026, 11, 30))))

    assert event.decoded("DTSTART") == date(2026, 11, 30)
    assert event.to_ical().count(b"DTSTART;VALUE=DATE:20261130\r\n") == 1
    assert "DTEND" not in event
    assert "DURATION" not in event


@pytest.mark.parametrize(
    ("at", "instant"),
    [
        (datetime(2026, 7, 1, 17, 0, tzinfo=LONDON), b"20260701T160000Z"),
        (datetime(2026, 12, 1, 17, 0, tzinfo=LONDON), b"20261201T170000Z"),
        (datetime(2026, 10, 25, 1, 30, fold=1, tzinfo=LONDON), b"20261025T013000Z"),
        (datetime(2026, 12, 1, 1, 0, tzinfo=ZoneInfo("Asia/Kathmandu")), b"20261130T191500Z"),
    ],
)
def test_closing_time_is_an_instant(only: Callable[..., Event], post: Made, at: datetime, instant: bytes) -> None:
    assert b"DTSTART:" + instant + b"\r\n" in only(post(closes=until_time(at))).to_ical()


def test_closing_time_is_told_in_the_zone_of_the_publication(
    only: Callable[..., Event], post: Made, settings: Settings
) -> None:
    london = replace(settings, publication=replace(settings.publication, timezone=LONDON))
    event = only(post(closes=until_time(datetime(2026, 7, 1, 16, tzinfo=UTC))), london)

    assert "Closes: 1 July 2026, 17:00 (Europe/London)" in event["DESCRIPTION"]


def test_event_says_what_closes_and_what_one_can_do(only: Callable[..., Event], post: Made) -> None:
    event = only(
        post(
            title="Tides; rights, and \\ more",
            closes=until(date(2026, 11, 30)),
            call_to_action=CallToAction(label="Answer the survey", url="https://survey.example/?a=1,2;b=ü"),
            topics=("rights", "water, salt", "rights"),
        )
    )

    assert event["SUMMARY"] == "Closes: Tides; rights, and \\ more"
    assert event["DESCRIPTION"] == (
        "The quay of mooring.\n\n"
        "Open until the end of 30 November 2026.\n\n"
        "Answer the survey: https://survey.example/?a=1,2;b=%C3%BC\n\n"
        "https://harbour.example/news/posts/mooring/"
    )
    assert event["URL"] == "https://harbour.example/news/posts/mooring/"
    assert event.categories == ["rights", "water, salt"]
    assert event["TRANSP"] == "TRANSPARENT"


def test_call_without_an_address_is_told_all_the_same(only: Callable[..., Event], post: Made) -> None:
    event = only(post(closes=until(date(2026, 11, 30)), call_to_action=CallToAction(label="Tell us at the door")))

    assert "\n\nTell us at the door\n\n" in event["DESCRIPTION"]
    assert "CATEGORIES" not in event


def test_language_is_told_where_it_is_another(only: Callable[..., Event], post: Made) -> None:
    german, own = (only(post(closes=until(date(2026, 11, 30)), language=language)) for language in ("de", "en-GB"))

    assert german["SUMMARY"].params == {"LANGUAGE": "de"}
    assert own["SUMMARY"].params == {}


def test_uid_follows_the_id_and_nothing_else(only: Callable[..., Event], post: Made) -> None:
    closing = until(date(2026, 11, 30))
    first = only(post(closes=closing))
    moved = only(
        post(slug="elsewhere", id=post().id, closes=until(date(2026, 12, 24)), title="Other", url="https://x.example/")
    )

    assert first["UID"] == moved["UID"] == str(uuid.uuid5(uuid.NAMESPACE_URL, post().id))
    assert only(post(slug="quay", closes=closing))["UID"] != first["UID"]


@pytest.mark.parametrize(("minutes", "sequence"), [(None, 0), (0, 0), (-30, 0), (1.9, 1), (60 * 24 * 365, 525600)])
def test_sequence_counts_the_minutes_until_updated(
    only: Callable[..., Event], post: Made, minutes: float | None, sequence: int
) -> None:
    updated = None if minutes is None else post().published + timedelta(minutes=minutes)

    assert only(post(closes=until(date(2026, 11, 30)), updated=updated))["SEQUENCE"] == sequence


def test_stamp_is_the_last_change_in_utc(only: Callable[..., Event], post: Made) -> None:
    changed = datetime(2026, 11, 21, 0, 12, 5, 999, tzinfo=ZoneInfo("Asia/Kolkata"))
    event = only(post(closes=until(date(2026, 11, 30)), entry_updated=changed))

    assert event["DTSTAMP"].to_ical() == event["LAST-MODIFIED"].to_ical() == b"20261120T184205Z"


def test_calendar_names_itself(settings: Settings, now: datetime, post: Made) -> None:
    settings = replace(settings, publication=replace(settings.publication, title="Tides, rights; more"))
    lines = written([post(closes=until(date(2026, 11, 30)))], settings, now).split(b"\r\n")

    assert lines[:11] == [
        b"BEGIN:VCALENDAR",
        b"VERSION:2.0",
        b"PRODID:-//briefingfeed//closing dates//EN",
        rb"NAME:Tides\, rights\; more: closing dates",
        rb"X-WR-CALNAME:Tides\, rights\; more: closing dates",
        b"REFRESH-INTERVAL;VALUE=DURATION:PT12H",
        b"SOURCE;VALUE=URI:https://harbour.example/news/closing-dates.ics",
        b"URL:https://harbour.example/news/",
        b"X-PUBLISHED-TTL:PT12H",
        b"BEGIN:VEVENT",
        b"SUMMARY:Closes: Mooring",
    ]
    assert lines[-3:] == [b"END:VEVENT", b"END:VCALENDAR", b""]


def test_what_closed_stays_and_what_is_not_published_is_left_out(settings: Settings, now: datetime, post: Made) -> None:
    posts = [
        post("past", days_ago=900, closes=until(date(2024, 7, 1))),
        post("soon", closes=until(date(2026, 11, 24))),
        post("open", closes=until(date(2027, 1, 5))),
        post("none"),
        post("draft", closes=until(date(2026, 11, 30)), draft=True),
        post("to-come", days_ago=-2, closes=until(date(2026, 11, 30))),
        post("elsewhere", closes=until(date(2026, 11, 30)), feed=False),
    ]
    found = events(written(posts, settings, now))

    assert [event["SUMMARY"] for event in found] == ["Closes: Past", "Closes: Soon", "Closes: Open"]


def test_calendar_is_the_same_bytes_whenever_it_is_built(settings: Settings, now: datetime, post: Made) -> None:
    posts = [post(f"p{day}", closes=until(date(2026, 11, day))) for day in (30, 20, 26)]
    first = written(posts, settings, now)

    assert written(posts[::-1], settings, now) == first
    assert written(posts, settings, now + timedelta(days=400)) == first


def test_without_a_closing_date_there_is_no_calendar(settings: Settings, now: datetime, post: Made) -> None:
    assert build_calendar([post()], settings, now) == []
    assert calendar_links([post()], settings, now) == ()


def test_calendar_is_announced_once_it_is_there(settings: Settings, now: datetime, post: Made) -> None:
    [link] = calendar_links([post(closes=until(date(2026, 11, 30)))], settings, now)

    assert (link.path, link.url, link.media_type, link.title) == (
        "closing-dates.ics",
        "https://harbour.example/news/closing-dates.ics",
        "text/calendar",
        "Harbour Notes: closing dates",
    )


def test_long_past_gives_way_to_what_closes_last(settings: Settings, now: datetime, post: Made) -> None:
    posts = [post(f"p{day}", days_ago=800, closes=until(date(2025, 1, 1) + timedelta(days=day))) for day in range(510)]
    found = events(written(posts, settings, now))

    assert len(found) == 500
    assert found[0].decoded("DTSTART") == date(2025, 1, 11)


# A changed closing date, without a word


def warnings(before: Post, after: Post, settings: Settings, now: datetime) -> list[Problem]:
    return list(unannounced_changes(written([before], settings, now), [after], now))


def test_changed_closing_date_without_updated_is_a_warning(settings: Settings, now: datetime, post: Made) -> None:
    before = post(closes=until(date(2026, 11, 30)))
    after = replace(before, closes=until_time(datetime(2026, 11, 30, 17, tzinfo=UTC)))

    [problem] = warnings(before, after, settings, now)
    assert (problem.path, problem.severity) == (before.path, Severity.WARNING)
    assert "updated" in problem.remedy


def test_changed_closing_date_with_updated_is_none(settings: Settings, now: datetime, post: Made) -> None:
    before = post(closes=until(date(2026, 11, 30)))
    after = replace(before, closes=until(date(2026, 12, 7)), updated=now)

    assert warnings(before, after, settings, now) == []
    assert len(warnings(after, replace(after, closes=before.closes), settings, now)) == 1


def test_unchanged_and_new_and_hidden_dates_are_none(settings: Settings, now: datetime, post: Made) -> None:
    before = post(closes=until_time(datetime(2026, 11, 30, 17, tzinfo=LONDON)))
    draft = replace(before, closes=until(date(2026, 12, 7)), draft=True)

    for after in (before, replace(before, title="Other"), replace(before, closes=None), draft):
        assert warnings(before, after, settings, now) == []
    assert warnings(before, post("quay", closes=until(date(2026, 12, 7))), settings, now) == []


@pytest.mark.parametrize(
    "published",
    [
        b"",
        b"\xff\xfe\x00",
        b"<html>",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:never\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101\r\nSEQUENCE:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    ],
)
def test_what_is_no_calendar_of_ours_tells_nothing(published: bytes, now: datetime, post: Made) -> None:
    assert list(unannounced_changes(published, [post(closes=until(date(2026, 11, 30)))], now)) == []


# Any text at all

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)
SPACED = str.maketrans({"\x85": "\n", "\u2028": "\n", "\u2029": "\n"})


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=ANY_TEXT, summary=ANY_TEXT, label=ANY_TEXT, topics=st.lists(ANY_TEXT, max_size=3), name=ANY_TEXT)
def test_any_text_comes_back_from_two_parsers(
    settings: Settings, now: datetime, post: Made,
    title: str, summary: str, label: str, topics: list[str], name: str,
) -> None:  # fmt: skip
    settings = replace(settings, publication=replace(settings.publication, title=name))
    made = post(
        title=title,
        summary=summary,
        topics=tuple(topics),
        closes=until(date(2026, 11, 30)),
        call_to_action=CallToAction(label=label, url="https://survey.example/"),
    )
    content = written([made], settings, now)

    for line in content.split(b"\r\n"):
        assert len(line) <= 75
        assert not {0, 10, 13, 0x7F} & set(line)
        line.decode()
    [event] = events(content)
    assert event.errors == []
    assert Calendar.from_ical(content).to_ical() == content
    parsed = vobject.readOne(content.decode())
    assert parsed.vevent.summary.value.strip() == str(event["SUMMARY"]).strip()
    assert parsed.vevent.description.value == str(event["DESCRIPTION"])
    assert parsed.vevent.dtstart.value == event.decoded("DTSTART") == date(2026, 11, 30)
    named = visible(name).rstrip(" \t\n\r")
    assert parsed.x_wr_calname.value.split() == f"{named}: closing dates".split()
    assert event["SUMMARY"].split() == f"Closes: {visible(title)}".split()


def visible(text: str) -> str:
    kept = (letter for letter in text.translate(SPACED) if not "\ud800" <= letter <= "\udfff")
    return "".join(letter for letter in kept if letter in "\t\n\r" or not _forbidden(letter))


def _forbidden(letter: str) -> bool:
    return letter < " " or "\x7f" <= letter <= "\x9f" or "\ufdd0" <= letter <= "\ufdef" or letter in "\ufffe\uffff"
