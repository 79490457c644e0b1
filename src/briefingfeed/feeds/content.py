"""What a feed reader sees of a post: the text with everything that belongs to it, as one piece of HTML.

The three formats carry exactly this. It depends on the post alone, never on the time: a closing date is stated as a
date, so that an entry doesn't come back as changed on the day it closes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from briefingfeed.days import day_in_words, time_in_words
from briefingfeed.models.post import Author, CallToAction, Closing, Contact, Correction, Post


def compose_content(post: Post, zone: ZoneInfo) -> str:
    """Return the HTML of a whole entry: standfirst, text, sign-off, contact, closing date, corrections."""
    return "\n".join(_pieces(post, zone)) + "\n"


def _pieces(post: Post, zone: ZoneInfo) -> Iterator[str]:
    if post.introduction:
        yield Markup("<p><em>{}</em></p>").format(post.introduction)
    yield post.body.html.strip()
    for author in post.signatories:
        yield _sign_off(author)
    if post.contact:
        yield _contact(post.contact)
    if post.closes:
        yield _closing(post.closes, zone)
    if post.call_to_action:
        yield _call_to_action(post.call_to_action)
    if post.corrections:
        yield _corrections(post.corrections)


def _sign_off(author: Author) -> Markup:
    lines = [Markup("<strong>{}</strong>").format(author.name)]
    lines += [escape(line) for line in (author.role, author.organisation) if line]
    return Markup("<p>{}</p>").format(Markup("<br>").join(lines))


def _contact(contact: Contact) -> Markup:
    return Markup('<p>Contact: {}, <a href="mailto:{}">{}</a></p>').format(contact.name, contact.email, contact.email)


def _closing(closing: Closing, zone: ZoneInfo) -> Markup:
    when = time_in_words(closing.at, zone) if closing.time_given else day_in_words(closing.day)
    return Markup("<p><strong>Closing date:</strong> {}</p>").format(when)


def _call_to_action(call: CallToAction) -> Markup:
    if call.url is None:
        return Markup("<p><strong>{}</strong></p>").format(call.label)
    return Markup('<p><a href="{}"><strong>{}</strong></a></p>').format(call.url, call.label)


def _corrections(corrections: Iterable[Correction]) -> Markup:
    notes = Markup("").join(
        Markup("<li>{}: {}</li>").format(day_in_words(correction.date), correction.note) for correction in corrections
    )
    return Markup("<p><strong>Corrections</strong></p>\n<ul>{}</ul>").format(notes)
