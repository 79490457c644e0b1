"""`subscribers`: who gets the digest, and how we know that they want it."""

from __future__ import annotations

from pathlib import Path

import click

from briefingfeed.cli.app import App, json_option, print_json, visible, yes_option
from briefingfeed.cli.subscriber_words import CHANGES, plan_as_dict, plan_in_words, record_as_dict
from briefingfeed.models.edition import Cadence
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.newsletter.schedule import require
from briefingfeed.services.readers import subscriber_imports, subscriber_records
from briefingfeed.services.readers import subscribers as service
from briefingfeed.subscribers.export import COLUMNS, Listed, csv_lines

_CADENCES = click.Choice([cadence.value for cadence in Cadence])
_STATES = click.Choice([state.value for state in SubscriberState])
_international_option = click.option(
    "--international", is_flag=True, help="Take letters outside a-z before the @; your mail server must offer SMTPUTF8."
)


@click.group()
def subscribers() -> None:
    """Add, import, list and look at the people who get the digest; let them go."""


@subscribers.command()
@click.argument("addresses", nargs=-1, required=True)
@click.option("--source", required=True, help='Where their consent comes from: "paper form, spring fair 2026".')
@click.option("--cadence", type=_CADENCES, default=Cadence.WEEKLY.value, help="How often they are mailed.")
@_international_option
@json_option
@click.pass_obj
def add(app: App, addresses: tuple[str, ...], source: str, cadence: str, international: bool, as_json: bool) -> None:
    """Subscribe ADDRESSES. Their consent is recorded with its source.

    An address that left, bounced or was erased is refused.
    """
    done = []
    with app.publication() as publication:
        require(publication.settings, Cadence(cadence))
        for address in addresses:
            changed = service.add(
                publication.database,
                address,
                consent_note=source,
                suppression_key=publication.keys.suppression,
                now=publication.now(),
                cadence=Cadence(cadence),
                international=international,
            )
            done.append(changed)
            if not as_json:
                _tell(app, [changed], as_json)
    if as_json:
        _tell(app, done, as_json)


@subscribers.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--source", required=True, help="Where the consent of these people comes from; kept as proof.")
@_international_option
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@yes_option
@json_option
@click.pass_obj
def import_(app: App, file: Path, source: str, international: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Import a CSV file, a list of addresses, or Mailchimp's export (also its zip).

    It shows what it would do before it does it. Nobody who left or was suppressed is brought back.
    """
    with app.publication() as publication:
        key = publication.keys.suppression
        candidates = subscriber_imports.read_file(file, international=international)
        subscriber_imports.check_cadences(candidates, publication.settings)
        plan = subscriber_imports.preview(publication.database, candidates, suppression_key=key)
        if not as_json:
            app.warn(plan_in_words(plan))
        if not dry_run:
            app.confirm("Import them?", yes=yes)
            plan = subscriber_imports.apply(
                publication.database, candidates, consent_note=source, suppression_key=key, now=publication.now()
            )
            app.say("Done.")
    if as_json:
        print_json(plan_as_dict(plan) | {"done": not dry_run})


@subscribers.command()
@click.option("--state", type=_STATES, help="Only those in this state.")
@json_option
@click.pass_obj
def export(app: App, state: str | None, as_json: bool) -> None:
    """Print everybody as CSV (or JSON): address, state, cadence, dates."""
    listed = _listed(app, state)
    if as_json:
        print_json([_as_dict(each) for each in listed])
    else:
        for line in csv_lines(listed):
            click.echo(line, nl=False)


@subscribers.command("list")
@click.option("--state", type=_STATES, help="Only those in this state.")
@json_option
@click.pass_obj
def list_(app: App, state: str | None, as_json: bool) -> None:
    """Print who is known, a line each: address, state, cadence, and why not if mail is not sent."""
    listed = _listed(app, state)
    if as_json:
        print_json([_as_dict(each) for each in listed])
        return
    for each in listed:
        suppressed = f"  never mailed: {each.suppression}" if each.suppression else ""
        click.echo(f"{each.subscriber.address}  {each.subscriber.state}  {each.subscriber.cadence}{suppressed}")
    app.say(f"{len(listed)} in all." if listed else "Nobody yet: briefingfeed subscribers add ADDRESS --source TEXT")


def _as_dict(listed: Listed) -> dict[str, str]:
    return {"id": listed.subscriber.id, **dict(zip(COLUMNS, listed.cells(), strict=True))}


def _listed(app: App, state: str | None) -> tuple[Listed, ...]:
    with app.publication() as publication:
        return subscriber_records.list_subscribers(
            publication.database,
            suppression_key=publication.keys.suppression,
            state=SubscriberState(state) if state else None,
        )


@subscribers.command()
@click.argument("who")
@json_option
@click.pass_obj
def show(app: App, who: str, as_json: bool) -> None:
    """Tell the story of one address (or id): consent, every copy, what came back; and how to mail them again."""
    with app.publication() as publication:
        record = subscriber_records.show(
            publication.database, who, suppression_key=publication.keys.suppression, now=publication.now()
        )
    if as_json:
        print_json(record_as_dict(record))
        return
    person = record.subscriber
    click.echo(
        f"{person.address}: {person.state}, {person.cadence}, known since {person.created_at:%Y-%m-%d}, id {person.id}"
    )
    for line in record.story:
        edition = f"{line.edition}: " if line.edition else ""
        click.echo(visible(f"  {line.at:%Y-%m-%d %H:%M}  {edition}{line.words}"))
    click.echo(f"  {record.way_back}")


@subscribers.command()
@click.argument("who")
@click.argument("how", type=_CADENCES, metavar="weekly|daily|monthly|posts")
@json_option
@click.pass_obj
def cadence(app: App, who: str, how: str, as_json: bool) -> None:
    """Let an address (or id) be mailed weekly, daily, monthly, or each post by itself.

    It counts from the next edition on. No post comes twice, and none is lost.
    """
    with app.publication() as publication:
        done = service.change_cadence(
            publication.database, who, Cadence(how), settings=publication.settings, now=publication.now()
        )
    _tell(app, [done], as_json)


@subscribers.command()
@click.argument("who")
@click.option("--note", default="", help="How they asked to leave.")
@json_option
@click.pass_obj
def unsubscribe(app: App, who: str, note: str, as_json: bool) -> None:
    """Unsubscribe an address (or id) that asked for it by other ways than the link."""
    with app.publication() as publication:
        done = service.unsubscribe(publication.database, who, note=note, now=publication.now())
    _tell(app, [done], as_json)


@subscribers.command()
@click.argument("who")
@click.option("--wish", required=True, help='How they asked to come back: "mail of 3 May".')
@json_option
@click.pass_obj
def resubscribe(app: App, who: str, wish: str, as_json: bool) -> None:
    """Subscribe somebody again who left, on their own wish."""
    with app.publication() as publication:
        key = publication.keys.suppression
        done = service.resubscribe(publication.database, who, wish=wish, suppression_key=key, now=publication.now())
    _tell(app, [done], as_json)


@subscribers.command()
@click.argument("address")
@click.option("--why", required=True, help='What changed: "mailbox repaired".')
@json_option
@click.pass_obj
def unsuppress(app: App, address: str, why: str, as_json: bool) -> None:
    """Allow an address again that bounced, complained or was erased. It subscribes nobody."""
    with app.publication() as publication:
        key = publication.keys.suppression
        done = service.unsuppress(publication.database, address, why=why, suppression_key=key, now=publication.now())
    _tell(app, [done], as_json)


@subscribers.command()
@click.argument("who")
@yes_option
@json_option
@click.pass_obj
def erase(app: App, who: str, yes: bool, as_json: bool) -> None:
    """Forget a person. Only a hash stays, so that no import brings the address back."""
    with app.publication() as publication:
        app.confirm("Forget everything about this person? This cannot be undone.", yes=yes)
        done = service.erase(publication.database, who, now=publication.now())
    _tell(app, [done], as_json)


def _tell(app: App, done: list[service.Changed], as_json: bool) -> None:
    if as_json:
        print_json([{"id": each.subscriber_id, "address": each.address, "change": each.change} for each in done])
        return
    for each in done:
        app.say(f"{each.address} {CHANGES[each.change]}")
