"""`status`."""

from __future__ import annotations

import click

from briefingfeed.cli.app import App, json_option, print_json, visible
from briefingfeed.services.keeping.restored_words import RESTORED


@click.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Tell where things stand, and what there is to do, with the command that does it."""
    app: App = ctx.obj
    with app.publication() as publication:
        found = publication.status()
    if as_json:
        print_json(found.as_dict())
    else:
        for notice in found.todo:
            if notice.topic == RESTORED:  # nothing below is sure before that is settled
                click.echo(f"{notice}\n")
        facts = [fact for fact in found.facts if fact.words]
        width = max(len(fact.label) for fact in facts)
        for fact in facts:
            click.echo(visible(f"{fact.label + ':':{width + 1}}  {fact.words}"))
        for notice in found.todo:
            if notice.topic != RESTORED:
                click.echo(visible(f"\n- {notice}"))
        if not found.todo:
            click.echo("\nThere is nothing to do.")
    ctx.exit(found.exit_code)
