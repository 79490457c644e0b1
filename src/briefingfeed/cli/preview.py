"""`preview`: the next edition and a form for posts, on a page of this machine."""

from __future__ import annotations

import gc
import logging
import os
import sys
import webbrowser
from contextlib import ExitStack

import click

from briefingfeed.cli.app import App
from briefingfeed.preview.app import Preview
from briefingfeed.services.previewing.desk import Desk
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.web.server import serve

PORT = 8091


@click.command()
@click.option("--port", default=PORT, show_default=True, help="0 picks a free one.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.pass_obj
def preview(app: App, port: int, no_browser: bool) -> None:
    """Look at the next edition and write posts, in a browser on this machine. Nothing is sent.

    \b
    Example:
      briefingfeed preview          open it, and stop it with Ctrl-C
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s")
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    with ExitStack() as opened:

        def open_context() -> SendContext:
            with ExitStack() as fresh:
                publication = fresh.enter_context(app.publication())
                context = fresh.enter_context(publication.preview())
                opened.close()  # what the settings of before were opened with
                opened.enter_context(fresh.pop_all())
            return context

        desk = Desk(open_context)
        desk.look()
        gc.freeze()  # what was read stays; it need not be gone through at every look for what could be thrown away
        page = Preview(desk)

        def ready(address: str) -> None:
            click.echo(f"{address}{page.query}")
            click.echo("This is only for you. Nothing is sent from there. Stop with Ctrl-C.", err=True)
            if not no_browser and _has_screen():
                webbrowser.open(f"{address}{page.query}")

        serve(page.app, port=port, ready=ready, stopping=page.stop)


def _has_screen() -> bool:
    """Whether a browser would open in a window, and not in this terminal."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
