"""`serve`: the pages a subscriber meets, and the built site."""

from __future__ import annotations

import logging
import sys

import click

from briefingfeed.cli.app import App
from briefingfeed.web.app import create_app
from briefingfeed.web.server import HOST, PORT
from briefingfeed.web.server import serve as run


@click.command()
@click.option("--host", default=HOST, show_default=True, help="Address to listen on; put a web server in front of it.")
@click.option("--port", default=PORT, show_default=True, help="0 picks a free one.")
@click.pass_obj
def serve(app: App, host: str, port: int) -> None:
    """Answer unsubscribe links and what providers tell, and show the built site. Runs until it is stopped."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING if app.quiet else logging.INFO, format="%(levelname)s %(message)s"
    )
    with app.publication() as publication:
        run(
            create_app(
                settings=publication.settings,
                database=publication.database,
                keyring=publication.keys.ring,
                look=publication.look,
                now=publication.now,
                webhooks={each.provider: each.webhook for each in publication.webhooks() if each.webhook},
            ),
            host=host,
            port=port,
            ready=lambda address: click.echo(f"Serving at {address} (stop with Ctrl-C)", err=True),
        )
