"""`editions`: look at mailings; hold, release, cancel one."""

from __future__ import annotations

import click

from briefingfeed.cli.app import App, json_option, print_json, yes_option
from briefingfeed.cli.words import counts_in_words
from briefingfeed.services import editions as service
from briefingfeed.services.editions import EditionView


@click.group()
def editions() -> None:
    """Look at editions; hold, release or cancel one. KEY is such as weekly/2026-W48."""


@editions.command("list")
@json_option
@click.pass_obj
def list_(app: App, as_json: bool) -> None:
    """Print every edition, newest first."""
    with app.publication() as publication:
        views = service.list_editions(publication.database)
    if as_json:
        print_json([view.as_dict() for view in views])
        return
    for view in views:
        click.echo(_line(view))
    if not views:
        app.say("None yet.")


@editions.command()
@click.argument("key")
@json_option
@click.pass_obj
def show(app: App, key: str, as_json: bool) -> None:
    """Print one edition: state, subject, and what became of its copies."""
    with app.publication() as publication:
        view = service.show_edition(publication.database, key)
        zone = publication.zone
    if as_json:
        print_json(view.as_dict())
        return
    click.echo(_line(view))
    click.echo(f"  due      {view.edition.slot_at.astimezone(zone):%A %d %B %Y, %H:%M %Z}")
    if view.edition.frozen_at:
        click.echo(f"  frozen   {view.edition.frozen_at.astimezone(zone):%A %d %B %Y, %H:%M %Z}")
    if view.subject:
        click.echo(f"  subject  {view.subject}")
    if view.edition.note:
        click.echo(f"  note     {view.edition.note}")


@editions.command()
@click.argument("key")
@json_option
@click.pass_obj
def hold(app: App, key: str, as_json: bool) -> None:
    """Stop an edition until it is released."""
    with app.publication() as publication:
        _tell(service.hold_edition(publication.database, key, publication.now()), as_json)


@editions.command()
@click.argument("key")
@json_option
@click.pass_obj
def release(app: App, key: str, as_json: bool) -> None:
    """Let a held edition go on with the next run."""
    with app.publication() as publication:
        _tell(service.release_edition(publication.database, key, publication.now()), as_json)


@editions.command()
@click.argument("key")
@yes_option
@json_option
@click.pass_obj
def cancel(app: App, key: str, yes: bool, as_json: bool) -> None:
    """Give an edition up. If nobody had it, its posts go with the next one."""
    with app.publication() as publication:
        view = service.show_edition(publication.database, key)
        app.confirm(f"{_line(view)}\nCancel it? {view.wait} readers will not get this edition.", yes=yes)
        _tell(service.cancel_edition(publication.database, key, publication.now()), as_json)


def _line(view: EditionView) -> str:
    return f"{view.edition.key}  {view.edition.state}  {counts_in_words(view.counts)}"


def _tell(change: service.Change, as_json: bool) -> None:
    if as_json:
        print_json(change.as_dict())
    else:
        click.echo(change.words)
