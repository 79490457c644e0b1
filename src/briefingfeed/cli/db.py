"""`db`: bring the database up to date, back it up, go on with one that was restored."""

from __future__ import annotations

from pathlib import Path

import click

from briefingfeed.cli.app import App, json_option, print_json, yes_option
from briefingfeed.services.keeping.restored import adopt_restored, look_at_restored
from briefingfeed.services.keeping.restored_words import outcome_in_words, plan_in_words


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
@click.pass_obj
def upgrade(app: App) -> None:
    """Bring the database to this version of briefingfeed. Make a backup first: db backup."""
    with app.publication() as publication:
        publication.upgrade_database()
        app.say(f"{publication.settings.database.url} is up to date.")


@db.command()
@click.argument("target", type=click.Path(path_type=Path))
@yes_option
@json_option
@click.pass_obj
def backup(app: App, target: Path, yes: bool, as_json: bool) -> None:
    """Copy the database and what belongs to it into one file, at any time.

    TARGET is a file such as briefings.tar.gz, or a folder for one with the date in its name. The file holds addresses
    and keys, and how to restore it: RESTORE.txt.
    """
    with app.publication() as publication:
        file = publication.backup_file(target)
        if file.exists():
            app.confirm(f"{file} is there already. Replace it?", yes=yes)
        done = publication.back_up(file)
    if as_json:
        print_json(done.as_dict())
        return
    app.say(f"{done.file}: {', '.join(done.holds)}. To restore it, read RESTORE.txt in it.")
    if done.keys_elsewhere:
        app.say("The keys are not in it: they come from the environment. Keep them too.")


@db.command()
@click.option("--resend", is_flag=True, help="Nothing was mailed since the copy was made: send what waits or is due.")
@yes_option
@json_option
@click.pass_obj
def adopt(app: App, resend: bool, yes: bool, as_json: bool) -> None:
    """Go on with a database that was restored or copied.

    What may have been mailed since the copy was made is not mailed again. It says what it will do, and asks.
    """
    with app.publication() as publication:
        plan = look_at_restored(publication.adopt_context(), resend=resend)
        if plan.doubt is not None:
            app.warn(plan_in_words(plan, resend=resend))
            app.confirm("Adopt this database?", yes=yes)
            plan = adopt_restored(publication.adopt_context(), resend=resend)
    if as_json:
        print_json(plan.as_dict() | {"done": plan.doubt is not None})
    elif plan.doubt is None:
        click.echo("There is nothing to adopt: this is the database that was worked with here last.")
    else:
        click.echo(outcome_in_words(plan))
