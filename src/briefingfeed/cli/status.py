"""`status`."""

from __future__ import annotations

import click

from briefingfeed.cli.app import App, json_option, print_json
from briefingfeed.cli.words import counts_in_words
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.services.restored_words import RESTORED
from briefingfeed.services.status import Status


@click.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Tell where things stand, and what there is to do, with the command that does it."""
    app: App = ctx.obj
    with app.publication() as publication:
        found = publication.status()
        zone = publication.zone
    if as_json:
        print_json(found.as_dict())
    else:
        for notice in found.todo:
            if notice.topic == RESTORED:  # nothing below is sure before that is settled
                click.echo(f"{notice}\n")
        click.echo(f"Next edition:  {found.next_slot.astimezone(zone):%A %d %B %Y, %H:%M %Z}")
        click.echo(f"Provider:      {found.provider}{' (rehearses: nobody is mailed)' * found.rehearses}")
        click.echo(f"Subscribers:   {_people(found)}")
        if found.last:
            click.echo(f"Last edition:  {found.last.edition.key}: {counts_in_words(found.last.counts)}")
        for notice in found.todo:
            if notice.topic != RESTORED:
                click.echo(f"\n- {notice}")
        if not found.todo:
            click.echo("\nThere is nothing to do.")
    ctx.exit(1 if any(notice.awaits for notice in found.todo) else 0)


def _people(found: Status) -> str:
    counts = [f"{found.subscribers[state]} {state}" for state in SubscriberState if found.subscribers.get(state)]
    return ", ".join(counts) or "nobody yet"
