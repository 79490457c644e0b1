"""`bounces`: read what came back, whether from a mailbox or handed in by the mail server."""

from __future__ import annotations

import sys

import click

from briefingfeed.cli.app import App, json_option, print_json
from briefingfeed.cli.words import event_as_dict, mailbox_in_words
from briefingfeed.errors import BriefingfeedError, TemporaryError, UsageError
from briefingfeed.services.readers import bounces as service
from briefingfeed.services.readers import mailbox as reading
from briefingfeed.services.readers.subscriber_story import event_in_words

_MOST_PIPED = 1 << 25
"""Octets: of a larger mail the rest is read and dropped."""


@click.group()
def bounces() -> None:
    """Read the mailbox that undeliverable mail, complaints and unsubscribing mails come back to."""


@bounces.command()
@json_option
@click.pass_obj
def read(app: App, as_json: bool) -> None:
    """Read every new mail of the mailbox in [bounces], and do what follows. send-weekly does so, too.

    Exit code 1: mails wait for somebody to look at them. 75: the mailbox can't be reached now.
    """
    with app.publication() as publication:
        context = publication.mailbox_context()
        if context.open is None:
            raise UsageError(
                "[bounces] names no mailbox.",
                remedy="Set maildir, or imap_host; or let the mail server call: briefingfeed bounces pipe",
            )
        report = reading.read_mailbox(context)
        news = reading.tell_news(context)
    if as_json:
        print_json(report.as_dict() | {"news": [each.as_dict() for each in news]})
    else:
        for notice in news:
            if report.trouble is None or report.trouble.message not in notice.text:
                app.warn(str(notice))
        if report.read or report.trouble is None:
            app.say(mailbox_in_words(report))
    if report.trouble is not None:
        raise report.trouble
    if report.set_aside:
        if not news:
            app.say("Mails that were not understood still wait there for somebody: briefingfeed status")
        sys.exit(1)


@bounces.command()
@click.pass_obj
def pipe(app: App) -> None:
    """Read one mail from standard input, as a mail server hands it in.

    Exit code 0: it is dealt with, or kept for somebody to look at. 75: the mail server shall try again later. There is
    no other, so that no mail is ever refused or lost.
    """
    try:
        raw = sys.stdin.buffer.read(_MOST_PIPED)
        while sys.stdin.buffer.read(1 << 20):
            pass
        with app.publication() as publication:
            reading.read_piped(publication.mailbox_context(), raw)
    except BriefingfeedError as error:
        app.warn(f"briefingfeed: {error}")
        sys.exit(TemporaryError.exit_code)
    except Exception as error:  # whatever it is: the mail server keeps the mail, and tries again
        app.warn(f"briefingfeed: something went wrong that should not have: {type(error).__name__}")
        sys.exit(TemporaryError.exit_code)


@bounces.command("list")
@click.option("--edition", "key", help="Only those of this edition: weekly/2026-W48.")
@json_option
@click.pass_obj
def list_(app: App, key: str | None, as_json: bool) -> None:
    """Print what came back, newest first: when, of which edition, what the other side said, which subscriber."""
    with app.publication() as publication:
        listed = service.list_events(publication.database, key)
    if as_json:
        print_json([{"edition": heard.edition_key, **event_as_dict(heard.event)} for heard in listed])
        return
    for event, edition_key in listed:
        whose = f"subscriber {event.subscriber_id}" if event.subscriber_id else "nobody"
        click.echo(f"{event.at:%Y-%m-%d %H:%M}  {edition_key or '-'}  {whose}: {event_in_words(event)}")
    app.say(f"{len(listed)} in all." if listed else "Nothing came back.")
