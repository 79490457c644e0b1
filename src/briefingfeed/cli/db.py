"""`db upgrade`."""

from __future__ import annotations

import click

from briefingfeed.cli.app import App


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
@click.pass_obj
def upgrade(app: App) -> None:
    """Bring the database to this version of briefingfeed. Make a backup of the state folder first."""
    with app.publication() as publication:
        publication.upgrade_database()
        app.say(f"{publication.settings.database.url} is up to date.")
