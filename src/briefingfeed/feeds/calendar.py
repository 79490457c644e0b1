"""closing-dates.ics (RFC 5545): when surveys, consultations and calls close. The only user of icalendar.

It depends on the posts alone, never on the time. A date that has passed stays, as past days do in any calendar: nothing
disappears from a reader's calendar because a day went by, and a build makes the same bytes today and next year.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter

from icalendar import Calendar, Event, vDuration, vText, vUri

from briefingfeed.days import day_in_words, time_in_words
from briefingfeed.feeds.characters import ascii_url, one_line
from briefingfeed.models.feed import FeedLink, FeedScope
from briefingfeed.models.output import OutputFile
from briefingfeed.models.post import Closing, Post
from briefingfeed.models.problem import Problem, Severity
from briefingfeed.models.settings import PublicationSettings, Settings

CALENDAR = "closing-dates.ics"

_MOST = 500
"""So many dates stand in it, those that close last: calendars ask for the whole file again and again."""

_REFRESH = timedelta(hours=12)
_PRODUCT = "-//briefingfeed//closing dates//EN"
_BREAKS = re.compile("[\x85\u2028\u2029]")
"""What some parsers take for the end of a line, besides what is one."""


def build_calendar(posts: Iterable[Post], settings: Settings, now: datetime) -> list[OutputFile]:
    """Return the calendar of all closing dates that feeds may show at `now`.

    Nothing while there is no such date: RFC 5545 (section 3.6) knows no calendar without a component.
    """
    closing = _with_closing(posts, now)
    if not closing:
        return []
    calendar = _new_calendar(settings.publication)
    for post, closes in closing:
        calendar.add_component(_event(post, closes, settings.publication))
    return [OutputFile(CALENDAR, calendar.to_ical())]


def calendar_links(posts: Iterable[Post], settings: Settings, now: datetime) -> tuple[FeedLink, ...]:
    """Return where the calendar is found, as pages name it; nothing while there is none."""
    if not _with_closing(posts, now):
        return ()
    publication = settings.publication
    link = FeedLink(
        kind="iCalendar",
        scope=FeedScope.CALENDAR,
        title=_name(publication),
        url=f"{publication.url}/{CALENDAR}",
        media_type="text/calendar",
        path=CALENDAR,
    )
    return (link,)


def unannounced_changes(published: bytes, posts: Iterable[Post], now: datetime) -> Iterator[Problem]:
    """Yield a warning for each closing date that is not the one in the `published` calendar while the post's `updated`
    is: calendars and feed readers then have no reason to look again. What is no calendar of ours tells nothing."""
    before = _published_dates(published)
    for post, closes in _with_closing(posts, now):
        start, sequence = before.get(_uid(post), (None, 0))
        if start is not None and start != _start(closes) and _sequence(post) <= sequence:
            yield Problem(
                path=post.path,
                message="`closes` has changed since it was published, and `updated` has not",
                remedy="set `updated` to today, so that calendars and feed readers show the new date as a change",
                severity=Severity.WARNING,
            )


def _with_closing(posts: Iterable[Post], now: datetime) -> list[tuple[Post, Closing]]:
    """Return the posts that belong into the calendar, with their closing dates, the first to close first."""
    found = [(post.closes.at, post.id, (post, post.closes)) for post in posts if post.closes and post.in_feed_at(now)]
    return [pair for _, _, pair in sorted(found, key=itemgetter(0, 1))][-_MOST:]


def _new_calendar(publication: PublicationSettings) -> Calendar:
    """The names and the interval stand in it twice: as RFC 7986 has them, and as calendars had them before."""
    name = vText(_name(publication))
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", _PRODUCT)
    calendar.add("NAME", name)
    calendar.add("X-WR-CALNAME", name)
    calendar.add("URL", vUri(ascii_url(f"{publication.url}/")))
    calendar.add("SOURCE", vUri(ascii_url(f"{publication.url}/{CALENDAR}")), parameters={"VALUE": "URI"})
    calendar.add("REFRESH-INTERVAL", vDuration(_REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(_REFRESH))
    return calendar


def _event(post: Post, closes: Closing, publication: PublicationSettings) -> Event:
    updated = post.entry_updated.astimezone(UTC).replace(microsecond=0)
    event = Event()
    event.add("UID", vText(_uid(post)))
    event.add("DTSTART", _start(closes))
    event.add("DTSTAMP", updated)
    event.add("LAST-MODIFIED", updated)
    event.add("SEQUENCE", _sequence(post))
    event.add("SUMMARY", vText(f"Closes: {_line(post.title)}"), parameters=_language(post, publication))
    event.add("DESCRIPTION", vText(_description(post, closes, publication)), parameters=_language(post, publication))
    event.add("URL", vUri(ascii_url(post.url)))
    if topics := [topic for topic in dict.fromkeys(_line(topic) for topic in post.topics) if topic]:
        event.add("CATEGORIES", topics)
    event.add("TRANSP", vText("TRANSPARENT"))
    return event


def _uid(post: Post) -> str:
    """A UUID, as RFC 7986 (section 5.3) asks; made from the id, it changes no more than that does."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, post.id))


def _start(closes: Closing) -> date:
    """Return the day, or else the instant in UTC.

    Calendars show an instant in their reader's own zone, and nothing has to be said about when clocks change here.
    """
    return closes.at.astimezone(UTC).replace(microsecond=0) if closes.time_given else closes.day


def _sequence(post: Post) -> int:
    """The minutes from `date` to `updated`: it never goes back as long as `updated` doesn't."""
    return 0 if post.updated is None else max(0, (post.updated - post.published) // timedelta(minutes=1))


def _description(post: Post, closes: Closing, publication: PublicationSettings) -> str:
    if closes.time_given:
        zone = publication.timezone
        closing = f"Closes: {time_in_words(closes.at, zone)} ({zone.key})"
    else:
        closing = f"Open until the end of {day_in_words(closes.day)}."
    paragraphs = [_line(post.summary), closing]
    if call := post.call_to_action:
        paragraphs.append(_line(call.label) + (f": {ascii_url(call.url)}" if call.url else ""))
    return "\n\n".join([*paragraphs, ascii_url(post.url)])


def _language(post: Post, publication: PublicationSettings) -> dict[str, str]:
    return {} if post.language == publication.language else {"LANGUAGE": post.language}


def _name(publication: PublicationSettings) -> str:
    return f"{_line(publication.title)}: closing dates"


def _line(text: str) -> str:
    return one_line(_BREAKS.sub("\n", text))


def _published_dates(published: bytes) -> dict[str, tuple[date, int]]:
    """Return start and sequence of each event by its UID."""
    try:
        events = Calendar.from_ical(published).walk("VEVENT")
        return {str(event["UID"]): (event.decoded("DTSTART"), int(str(event.get("SEQUENCE", 0)))) for event in events}
    except (ValueError, LookupError, AttributeError, TypeError):
        return {}
