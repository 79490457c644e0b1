"""`init`, `new`, `ids write`, `ids adopt`."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import click

from briefingfeed.cli.app import App, clock, json_option, print_json, visible, yes_option
from briefingfeed.errors import UsageError
from briefingfeed.models.settings import UNSET_FROM_ADDRESS, UNSET_POSTAL_ADDRESS, UNSET_URL
from briefingfeed.services.publishing.create import (
    Identity,
    check_free,
    check_identity,
    create_post,
    create_publication,
)

_SAMPLE = Identity(
    title="Our briefings",
    url=UNSET_URL,
    sender=f"Our briefings <{UNSET_FROM_ADDRESS}>",
    postal_address=UNSET_POSTAL_ADDRESS,
    timezone="Europe/London",
)
_QUESTIONS = {
    "title": "Title",
    "url": "Address of the site",
    "sender": "Sender of the mails",
    "postal_address": "Postal address",
    "timezone": "Time zone",
}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--title", help="What the publication is called.")
@click.option("--url", help="Where its site is read, such as https://example.org")
@click.option("--from", "sender", help='The sender of mails: "Our Briefings <briefings@example.org>"')
@click.option("--postal-address", help="Stands at the foot of every mail.")
@click.option("--timezone", help='Such as "Europe/London".')
@click.option("--language", default="en", show_default=True, help='Such as "cy" or "en-GB".')
@click.pass_obj
def init(app: App, /, folder: Path, **given: str | None) -> None:
    """Start a publication in FOLDER: settings, a first post, a list of people.

    On a terminal it asks for what is not given. Nothing leaves the machine until a mail server is named.
    """
    check_free(folder)
    today = clock().date()
    known = {name: value for name, value in given.items() if value}
    identity = replace(_SAMPLE, **known)
    check_identity(identity, today)  # before the first question
    for name, question in _QUESTIONS.items():
        if name not in known and sys.stdin.isatty():
            identity = _ask(question, name, identity, today)
    for file in create_publication(folder, identity, today):
        click.echo(file)
    app.say(f"Now: cd {shlex.quote(str(folder))} && briefingfeed build, and look into public/")


def _ask(question: str, name: str, identity: Identity, today: date) -> Identity:
    """Return the identity with one value as it is answered; ask until it will do."""

    def proved(answer: str) -> Identity:
        answered = replace(identity, **{name: answer})
        try:
            check_identity(answered, today)
        except UsageError as error:
            raise click.UsageError(error.message) from error
        return answered

    found: Identity = click.prompt(question, default=getattr(identity, name), value_proc=proved, err=True)
    return found


@click.command()
@click.argument("title")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The post's date.  [default: today]")
@click.pass_obj
def new(app: App, title: str, day: datetime | None) -> None:
    """Start a post called TITLE, as a draft with a permanent id; print its file."""
    with app.publication() as publication:
        today: date = day.date() if day else publication.now().astimezone(publication.zone).date()
        click.echo(create_post(publication.settings, title, today))


@click.group()
def ids() -> None:
    """Permanent ids of posts."""


@ids.command("write")
@yes_option
@json_option
@click.pass_obj
def ids_write(app: App, yes: bool, as_json: bool) -> None:
    """Write `id:` into every post that has none, so that its id no longer depends on what briefingfeed remembers."""
    with app.publication() as publication:
        app.confirm(f"Add a line to every post in {publication.settings.paths.posts} that has no id?", yes=yes)
        changed = publication.write_ids()
    if as_json:
        print_json({"written": changed})
        return
    for path in changed:
        click.echo(path)
    app.say(f"{len(changed)} files have an id line now.")


@ids.command("adopt")
@click.argument("sources", metavar="FILE_OR_URL...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
@json_option
@click.pass_obj
def ids_adopt(app: App, sources: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Keep the ids that posts had in the program they come from, so that no feed reader shows them as new.

    FILE_OR_URL is the old feed (Atom, RSS or JSON Feed; older pages are followed) or the export of a blog. What is
    found is added to ids.toml; docs/moving.md tells how to move.
    """
    with app.publication() as publication:
        adoption = publication.adopt_ids(sources, dry_run=dry_run)
    if as_json:
        print_json(
            {
                "adopted": adoption.adopted,
                "settled": adoption.settled,
                "stubborn": adoption.stubborn,
                "unmatched": [{"id": entry.id, "url": entry.url} for entry in adoption.unmatched],
                "unfit": [{"id": entry.id, "url": entry.url} for entry in adoption.unfit],
                "strangers": adoption.strangers,
            }
        )
        return
    for path, id_ in sorted(adoption.adopted.items()):
        click.echo(f"{visible(path)}  {visible(id_)}")
    for entry in adoption.unmatched:
        app.warn(f"No post here is {entry.url or entry.id} “{entry.title}”.")
    for entry in adoption.unfit:
        app.warn(f"{entry.url}: its id cannot be kept, it is no whole address: {entry.id}")
    for path, id_ in sorted(adoption.stubborn.items()):
        app.warn(f"{path} has another id by its own id line or ids.toml, which counts; its old one is {id_}")
    done = "would be added to" if dry_run else "added to"
    app.say(f"{len(adoption.adopted)} ids {done} ids.toml, {adoption.settled} were in use before.")
    if adoption.strangers:
        app.say(f"{len(adoption.strangers)} posts here are in none of these feeds; they have ids of their own.")
