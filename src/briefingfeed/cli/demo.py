"""`demo`: the whole way once, with the example publication. Nothing leaves the machine."""

from __future__ import annotations

import shutil
import sys
from datetime import timedelta
from pathlib import Path

import click

from briefingfeed.cli.app import App, clock
from briefingfeed.cli.publish import tell_problems
from briefingfeed.cli.words import counts_in_words
from briefingfeed.errors import UsageError
from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import EXAMPLE_URL
from briefingfeed.publication import Publication
from briefingfeed.services.publishing.example import CONSENT, FOLDER, OWN_WEEK, SUBSCRIBERS, unpack_example
from briefingfeed.services.readers.subscribers import add
from briefingfeed.services.sending.send import send_edition


@click.command()
@click.pass_obj
def demo(app: App) -> None:
    """Try everything with the example publication: build it, rehearse its digest, say where to look.

    Outside a checkout the example is copied into ./briefingfeed-demo first. A second run repeats no mail.
    """
    config = app.config if app.config.exists() else unpack_example(Path(FOLDER))
    shift = OWN_WEEK - clock()
    publication = Publication(config, app.environ, lambda: clock() + shift)
    try:
        _refuse_others(publication)
        _run(app, publication)
    finally:
        publication.close()


def _refuse_others(publication: Publication) -> None:
    if publication.settings.publication.url != EXAMPLE_URL or publication.settings.newsletter.provider != "outbox":
        raise UsageError(
            "demo is only for the example publication",
            where=str(publication.settings.file),
            remedy="for yours: briefingfeed build, then briefingfeed send-weekly",
        )


def _run(app: App, publication: Publication) -> None:
    built = publication.build()
    tell_problems(app, built.problems)
    for address in SUBSCRIBERS:
        add(
            publication.database,
            address,
            consent_note=CONSENT,
            suppression_key=publication.keys.suppression,
            now=publication.now(),
        )
    report = send_edition(publication.send_context(), Cadence.WEEKLY, as_of=True, patience=timedelta(0))
    output, outbox = publication.settings.paths.output, publication.outbox
    lines = [
        f"{built.posts} posts are published. Look at:",
        f"  {output / 'index.html'}",
        *(f"  {output / name}" for name in ("atom.xml", "rss.xml", "feed.json")),
        "",
    ]
    lines += [
        f"The digest {edition.key} was rehearsed: {counts_in_words(edition.counts)}. Nobody was mailed."
        for edition in report.editions
    ]
    if not report.editions:
        lines.append("The digest was rehearsed before; nothing was repeated. Nobody was mailed.")
    lines += ["Its mails, to be opened with any mail program:", *(f"  {file}" for file in _mails(outbox)), ""]
    command = _command()
    own = "" if publication.settings.file.parent == Path.cwd() else f" --config {publication.settings.file}"
    ways = {
        f"{command}{own} serve": "shows the site at http://127.0.0.1:8090, every link at work",
        f"{command}{own} status": "tells where things stand",
        f"{command} init FOLDER": "begins a publication of your own",
    }
    width = max(map(len, ways))
    lines += ["Go on with:", *(f"  {way:{width}}  {what}" for way, what in ways.items())]
    click.echo("\n".join(lines))


def _command() -> str:
    """Return what to type for this program: its name if the shell finds it, else where it lies."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "briefingfeed" and not shutil.which("briefingfeed") else "briefingfeed"


def _mails(outbox: Path) -> list[Path]:
    return sorted(outbox.glob("new/*"))[: len(SUBSCRIBERS)]
