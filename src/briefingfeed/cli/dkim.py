"""`dkim`: make the key that signs mails, print its record, ask whether the domain has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from briefingfeed.cli.app import App, json_option, print_json
from briefingfeed.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from briefingfeed.dkim.record import Record

_FILE = click.Path(path_type=Path, dir_okay=False)


def _which_key(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--selector", metavar="NAME", help="With --key: its selector."),
        click.option("--key", type=_FILE, metavar="FILE", help="A key that the settings don't name yet."),
    ):
        command = option(command)
    return command


@click.group()
def dkim() -> None:
    """Sign mails yourself, where no mail server does it for you: keys and their DNS records (DKIM)."""


@dkim.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--selector", metavar="NAME", help="What the key is called in the DNS.  [default: by the day]")
@json_option
@click.pass_obj
def make(app: App, file: Path | None, selector: str | None, as_json: bool) -> None:
    """Make a new key; print the record to publish, and the settings that use it.

    It goes into FILE, which must not be there yet, and which only you may read; without FILE into the state folder.
    Nothing is signed with it before the settings name it: first publish the record.
    """
    from briefingfeed.services.keeping.dkim_key import make_key_file

    with app.publication() as publication:
        made = make_key_file(publication.settings, file, selector, publication.now())
    if as_json:
        print_json({"file": made.file, "record": _as_dict(made.record), "settings": dict(made.settings)})
        return
    lines = [f'{key} = "{value}"' for key, value in made.settings.items()]
    click.echo("\n".join([*_as_lines(made.record), "", "[smtp]", *lines]))
    app.say(
        f"\nThe key is in {made.file}. Publish the record first. Once `briefingfeed dkim check` with "
        f"--key {made.file} --selector {made.settings['dkim_selector']} finds it, put the last lines into "
        f"{publication.settings.file.name}."
    )


@dkim.command()
@_which_key
@click.option("--zone", is_flag=True, help="Print one line for a zone file.")
@json_option
@click.pass_obj
def record(app: App, key: Path | None, selector: str | None, zone: bool, as_json: bool) -> None:
    """Print the DNS record to publish, so that others can check the signatures."""
    expected = _expected(app, key, selector)
    if as_json:
        print_json(_as_dict(expected))
    else:
        click.echo(expected.zone_line if zone else "\n".join(_as_lines(expected)))


@dkim.command()
@_which_key
@click.pass_obj
def check(app: App, key: Path | None, selector: str | None) -> None:
    """Ask the DNS whether the record is there and right.

    The exit code is 1 if it is not, 75 if nobody could be asked.
    """
    from briefingfeed.dkim.record import look_up

    expected = _expected(app, key, selector)
    fault = expected.fault(look_up(expected.name))
    if fault is not None:
        raise RefusedError(
            fault,
            where=expected.name,
            remedy="publish what `briefingfeed dkim record` prints; a change may take a day to be seen everywhere",
        )
    app.say(f"{expected.name} has the right key.")


def _expected(app: App, key: Path | None, selector: str | None) -> Record:
    from briefingfeed.services.keeping.dkim_key import coming_signer
    from briefingfeed.services.sending.signing import record_of

    if (key is None) != (selector is None):
        raise UsageError("--key and --selector go together", remedy="leave both out for the key that is in use")
    with app.publication() as publication:
        in_use = publication.signer if key is None else None
        signer = coming_signer(publication.settings, key, selector) if key and selector else in_use
    if signer is None:
        raise RefusedError(
            "nothing is signed here: [smtp] names no dkim_selector, or provider is not smtp",
            where=str(publication.settings.file),
            remedy="docs/dkim.md says who needs it; a key comes from: briefingfeed dkim make",
        )
    return record_of(signer)


def _as_lines(record: Record) -> list[str]:
    return [f"Name   {record.name}", "Type   TXT", f"Value  {record.text}"]


def _as_dict(record: Record) -> dict[str, str]:
    return {"name": record.name, "type": "TXT", "value": record.text}
