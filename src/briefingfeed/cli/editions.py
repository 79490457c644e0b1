"""`editions`: look at mailings; hold, release, cancel one."""

from __future__ import annotations

import click

from briefingfeed.cli.app import App, json_option, print_json, yes_option
from briefingfeed.cli.words import counts_in_words
from briefingfeed.errors import UsageError
from briefingfeed.models.edition import Cadence
from briefingfeed.publication import Publication
from briefingfeed.services.sending import braking
from briefingfeed.services.sending import editions as service
from briefingfeed.services.sending.batch_words import first_batch
from briefingfeed.services.sending.editions import EditionView
from briefingfeed.services.sending.rerendering import release_rerendered


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
        zone, now = publication.zone, publication.now()
    if as_json:
        print_json(view.as_dict())
        return
    click.echo(_line(view))
    click.echo(f"  due      {view.edition.slot_at.astimezone(zone):%A %d %B %Y, %H:%M %Z}")
    if view.edition.proof_sent_at:
        click.echo(f"  proof    {view.edition.proof_sent_at.astimezone(zone):%A %d %B %Y, %H:%M %Z}")
    if view.edition.frozen_at:
        click.echo(f"  frozen   {view.edition.frozen_at.astimezone(zone):%A %d %B %Y, %H:%M %Z}")
    if view.subject:
        click.echo(f"  subject  {view.subject}")
    if view.edition.note:
        click.echo(f"  note     {view.edition.note}")
    if words := first_batch(view.edition, view.batches, now, zone):
        click.echo(f"  {words}")


@editions.command()
@click.argument("key")
@json_option
@click.pass_obj
def hold(app: App, key: str, as_json: bool) -> None:
    """Stop an edition until it is released. The next one can be held before its hour comes."""
    with app.publication() as publication:
        change = braking.hold_edition(publication.database, key, publication.now(), publication.coming_edition)
    _tell(change, as_json)


@editions.command()
@click.argument("key")
@click.option("--rerender", is_flag=True, help="Those who wait get it as its posts are now; the others keep theirs.")
@json_option
@click.pass_obj
def release(app: App, key: str, rerender: bool, as_json: bool) -> None:
    """Let a held edition go on with the next run; a single post's, if it was cancelled."""
    with app.publication() as publication:
        if rerender:
            change = release_rerendered(publication.send_context(), key)
        else:
            change = braking.release_edition(publication.database, key, publication.now())
    _tell(change, as_json)


@editions.command()
@click.argument("key")
@yes_option
@json_option
@click.pass_obj
def cancel(app: App, key: str, yes: bool, as_json: bool) -> None:
    """Give an edition up. If nobody had it, its posts go with the next one; a single post waits for its release."""
    with app.publication() as publication:
        app.confirm(_what_is_lost(publication, key), yes=yes)
        change = braking.cancel_edition(publication.database, key, publication.now(), publication.coming_edition)
    _tell(change, as_json)


def _what_is_lost(publication: Publication, key: str) -> str:
    try:
        view = service.show_edition(publication.database, key)
    except UsageError:
        if publication.coming_edition(key) is None:
            raise
        view = None
    if view is not None:
        braking.check_cancellable(view.edition)
    if view is not None and view.edition.cadence is Cadence.POSTS and not view.edition.is_made:
        return f"{key} has not been made yet. Cancel it? Its post isn't mailed unless somebody releases it."
    if view is None or not view.edition.is_made:
        return f"{key} has not been made yet. Skip it? Its posts go with the next edition."
    return f"{_line(view)}\nCancel it? {braking.readers(view.wait)} will not get this edition."


def _line(view: EditionView) -> str:
    return f"{view.edition.key}  {view.edition.state}  {counts_in_words(view.counts)}"


def _tell(change: braking.Change, as_json: bool) -> None:
    if as_json:
        print_json(change.as_dict())
    else:
        click.echo(change.words)
