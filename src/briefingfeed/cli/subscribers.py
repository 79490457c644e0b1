"""`subscribers`: who gets the digest, and how we know that they want it."""

from __future__ import annotations

from pathlib import Path

import click

from briefingfeed.cli.app import App, json_option, print_json, yes_option
from briefingfeed.cli.words import CHANGES, DELIVERY_WORDS, plan_as_dict, plan_in_words
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.services import subscriber_imports, subscriber_records
from briefingfeed.services import subscribers as service
from briefingfeed.subscribers.export import COLUMNS, Listed, csv_lines

_STATES = click.Choice([state.value for state in SubscriberState])


@click.group()
def subscribers() -> None:
    """Add, import, list and look at the people who get the digest; let them go."""


@subscribers.command()
@click.argument("addresses", nargs=-1, required=True)
@click.option("--source", required=True, help='Where their consent comes from: "paper form, spring fair 2026".')
@json_option
@click.pass_obj
def add(app: App, addresses: tuple[str, ...], source: str, as_json: bool) -> None:
    """Subscribe ADDRESSES. Their consent is recorded with its source.

    An address that left, bounced or was erased is refused.
    """
    done = []
    with app.publication() as publication:
        for address in addresses:
            changed = service.add(
                publication.database,
                address,
                consent_note=source,
                suppression_key=publication.keys.suppression,
                now=publication.now(),
            )
            done.append(changed)
            if not as_json:
                _tell(app, [changed], as_json)
    if as_json:
        _tell(app, done, as_json)


@subscribers.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--source", required=True, help="Where the consent of these people comes from; kept as proof.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@yes_option
@json_option
@click.pass_obj
def import_(app: App, file: Path, source: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Import a CSV file, a list of addresses, or Mailchimp's export (also its zip).

    It shows what it would do before it does it. Nobody who left or was suppressed is brought back.
    """
    with app.publication() as publication:
        key = publication.keys.suppression
        candidates = subscriber_imports.read_file(file)
        plan = subscriber_imports.preview(publication.database, candidates, suppression_key=key)
        if not as_json:
            app.warn(plan_in_words(plan))
        if not dry_run:
            app.confirm("Do this?", yes=yes)
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
    """Print everybody as CSV (or JSON): address, state, dates."""
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
    """Print who is known, a line each: address, state, and why not if mail is not sent."""
    listed = _listed(app, state)
    if as_json:
        print_json([_as_dict(each) for each in listed])
        return
    for each in listed:
        suppressed = f"  never mailed: {each.suppression}" if each.suppression else ""
        click.echo(f"{each.subscriber.address}  {each.subscriber.state}{suppressed}")
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
    """Tell the story of one address (or id): consent, state, every delivery."""
    with app.publication() as publication:
        record = subscriber_records.show(publication.database, who, suppression_key=publication.keys.suppression)
    person = record.subscriber
    if as_json:
        print_json(
            {
                "id": person.id,
                "address": person.address,
                "state": person.state,
                "created_at": person.created_at,
                "unsubscribed_at": person.unsubscribed_at,
                "suppressed": record.suppression.reason if record.suppression else None,
                "consents": [
                    {"at": each.at, "kind": each.kind, "source": each.source, "note": each.note}
                    for each in record.consents
                ],
                "deliveries": [
                    {"edition": each.edition_key, "state": each.state, "at": each.updated_at, "note": each.note}
                    for each in record.deliveries
                ],
            }
        )
        return
    click.echo(f"{person.address}: {person.state}, known since {person.created_at:%Y-%m-%d}, id {person.id}")
    if record.suppression:
        click.echo(f"  never mailed: {record.suppression.reason} on {record.suppression.at:%Y-%m-%d}")
    for consent in record.consents:
        note = f": {consent.note}" if consent.note else ""
        click.echo(f"  {consent.at:%Y-%m-%d %H:%M}  {consent.kind} ({consent.source}){note}")
    for delivery in record.deliveries:
        click.echo(f"  {delivery.updated_at:%Y-%m-%d %H:%M}  {delivery.edition_key}: {DELIVERY_WORDS[delivery.state]}")


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
