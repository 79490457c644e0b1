"""Mails what `reporting` has queued for `report_to`, by the provider of the digest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from briefingfeed.errors import BriefingfeedError, ProviderError
from briefingfeed.models.delivery import Message, Outcome, Result
from briefingfeed.models.settings import Mailbox
from briefingfeed.newsletter.notes import Note, note_message
from briefingfeed.newsletter.placeholders import ascii_domain
from briefingfeed.services.sending.corrections import corrections_for
from briefingfeed.services.sending.editions import subject_of
from briefingfeed.services.sending.own_mails import mail_once
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.services.telling import report_queue
from briefingfeed.services.telling.report_queue import Entry, after, person
from briefingfeed.services.telling.report_trouble import (
    note_refused,
    note_taken,
    note_unreachable,
    note_waits,
    resting,
)
from briefingfeed.services.telling.report_words import EditionFacts, edition_note, matters_note
from briefingfeed.services.telling.reporting import Marks
from briefingfeed.storage import corrected, deliveries, editions, own_mails, summary
from briefingfeed.tokens import message_id


def send_reports(context: SendContext) -> None:
    """Mail what is queued and due, each mail remembered before the next one goes.

    What can't be mailed now waits for later runs, and `report_trouble` knows why. Raises StorageError, TemplateError
    and ConfigurationError.
    """
    people = {person(mailbox): mailbox for mailbox in context.settings.newsletter.report_to}
    with context.database.read() as connection:
        queue = report_queue.read(connection, Marks(context.rehearses).queue)
        refused = resting(connection, context.now())
    try:
        for entry in queue:
            _send_entry(context, entry, people, refused)
    except ProviderError as error:
        with context.database.write() as connection:
            note_unreachable(connection, error, context.now())


def _send_entry(context: SendContext, entry: Entry, people: Mapping[str, Mailbox], refused: Collection[str]) -> None:
    due = [who for who in people if who not in refused and entry.is_due(who, context.now())]
    if due and not entry.is_over(people, context.now()):
        note = _note(context, entry)
        for who in due:
            message, name = _message(context, entry, note, who, people[who]), f"report/{entry.id}/{who}"
            outcome = mail_once(context, message, name, partial(_is_due, context, entry.id, who))
            if outcome is not None:  # else another machine sends it
                _remember(context, entry.id, who, outcome, people, name)
    elif entry.is_over(people, context.now()):
        with context.database.write() as connection:
            _replace(context, connection, people, lambda stored: stored)


def _is_due(context: SendContext, entry_id: str, who: str, connection: Connection) -> bool:
    """Whether it still is, by now: another machine may have sent it."""
    queue = report_queue.read(connection, Marks(context.rehearses).queue)
    return any(stored.id == entry_id and stored.is_due(who, context.now()) for stored in queue)


def _remember(
    context: SendContext, entry_id: str, who: str, outcome: Outcome, people: Mapping[str, Mailbox], name: str
) -> None:
    words, now = outcome.note or str(outcome.result), context.now()
    with context.database.write() as connection:
        own_mails.release(connection, name)
        if outcome.result is Result.ACCEPTED:
            note_taken(connection, who)
        elif outcome.result in (Result.DEFERRED, Result.RETURNED, Result.UNCERTAIN):
            note_waits(connection, who, words, now)
        else:
            note_refused(connection, who, words, now)
        _replace(
            context,
            connection,
            people,
            lambda stored: after(stored, who, outcome.result, now) if stored.id == entry_id else stored,
        )


def _replace(
    context: SendContext, connection: Connection, people: Mapping[str, Mailbox], changed: Callable[[Entry], Entry]
) -> None:
    """Change what is queued, and drop what is over."""
    mark = Marks(context.rehearses).queue
    queue = [changed(each) for each in report_queue.read(connection, mark)]
    report_queue.write(connection, mark, [each for each in queue if not each.is_over(people, context.now())])


def _message(context: SendContext, entry: Entry, note: Note, who: str, recipient: Mailbox) -> Message:
    sender, keyring = context.settings.newsletter.from_, context.keyring
    domain = ascii_domain(sender.address.rpartition("@")[2])
    return note_message(
        note,
        sender=sender,
        recipient=recipient,
        # The same for every try, so that a mail program shows a second copy only once.
        message_id=message_id(keyring, keyring.current, f"report/{entry.id}", who, domain),
        at=context.now().astimezone(context.settings.publication.timezone),
        look=context.look,
    )


def _note(context: SendContext, entry: Entry) -> Note:
    zone, notices = context.settings.publication.timezone, (*entry.events, *entry.matters)
    facts = _facts(context, entry.edition) if entry.edition else None
    if facts is None:
        return matters_note(notices, entry.outage, zone)
    return edition_note(facts, notices, entry.outage, zone)


def _facts(context: SendContext, key: str) -> EditionFacts | None:
    with context.database.read() as connection:
        edition = editions.get(connection, key)
        if edition is None:
            return None
        facts = EditionFacts(
            edition=edition,
            subject=subject_of(connection, key),
            counts=deliveries.counts(connection, key),
            titles=(),
            corrections=(),
            ended=summary.last_change(connection, key),
            heard=summary.heard(connection, key),
        )
        carried, told = editions.post_ids(connection, key), corrected.told_in(connection, key)
    with suppress(BriefingfeedError):  # a report without its posts is better than none
        posts = context.load_posts().posts
        return replace(
            facts,
            titles=tuple(post.title for post in posts if post.id in carried),
            corrections=tuple(f"{each.post.title}: {each.correction.note}" for each in corrections_for(told, posts)),
        )
    return facts
