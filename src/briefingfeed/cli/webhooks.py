"""`webhooks`: where a provider tells what became of mails."""

from __future__ import annotations

import click

from briefingfeed.cli.app import App, json_option, print_json
from briefingfeed.services.readers.webhook_check import webhook_findings


@click.command()
@json_option
@click.pass_obj
def webhooks(app: App, as_json: bool) -> None:
    """Print what to enter at a mail service, so that it tells of bounces and complaints.

    An address may hold a password. It follows from the secret keys, and changes with them; the older ones still count.
    """
    with app.publication() as publication:
        opened = publication.webhooks()
        findings = tuple(webhook_findings(publication.settings, [each.provider for each in opened]))
    for finding in findings:
        app.warn(str(finding))
    if as_json:
        print_json(
            [
                {
                    "provider": each.provider,
                    "address": each.address,
                    "events": each.events,
                    "needs": each.needs or None,
                    "open": each.webhook is not None,
                }
                for each in opened
            ]
        )
        return
    for each in opened:
        click.echo(f"{each.provider}: enter this address there, for {each.events}:\n  {each.address}")
        if each.webhook is None:
            app.warn(f"It stays closed: {each.needs} is missing, by which {each.provider} proves that it calls.")
    if not opened:
        click.echo("No provider here calls back. What comes back comes by mail: briefingfeed bounces --help")
