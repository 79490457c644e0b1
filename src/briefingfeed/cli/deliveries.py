"""`deliveries`: what became of single copies, and decisions that only a person can take."""

from __future__ import annotations

import click

from briefingfeed.cli.app import App, json_option, print_json, yes_option
from briefingfeed.cli.words import DELIVERY_WORDS
from briefingfeed.errors import UsageError
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.services.sending import deliveries as service
from briefingfeed.services.sending.deliveries import Resolution

_key_option = click.option("--edition", "key", help="All of this edition, such as weekly/2026-W48.")


@click.group()
def deliveries() -> None:
    """Look at single copies; settle those that only a person can settle."""


@deliveries.command("list")
@_key_option
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in DeliveryState]),
    help="Only these states.  [default: refused and unclear ones that nobody has acknowledged]",
)
@click.option("--all", "everything", is_flag=True, help="Every copy.")
@json_option
@click.pass_obj
def list_(app: App, key: str | None, states: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Print copies, a line each: number, edition, address, what became of it, and the server's words."""
    with app.publication() as publication:
        found = service.list_deliveries(
            publication.database,
            edition_key=key,
            states=[DeliveryState(state) for state in states] or None,
            unsettled=not (states or everything or key),
        )
    if as_json:
        print_json([service.as_dict(each) for each in found])
        return
    for each in found:
        words = " ".join(str(part) for part in (each.code, each.enhanced_code, each.note) if part)
        address = each.address or "(erased)"
        click.echo(f"{each.id}  {each.edition_key}  {address}  {DELIVERY_WORDS[each.state]}{': ' * bool(words)}{words}")
    if not found:
        app.say("None." if states or everything or key else "None awaits you. Every copy: --all")


@deliveries.command()
@click.argument("ids", nargs=-1, type=int)
@_key_option
@click.option("--accepted", "resolution", flag_value=Resolution.ACCEPTED, help="It arrived.")
@click.option("--resend", "resolution", flag_value=Resolution.RESEND, help="Send it again: may be a second copy.")
@click.option("--give-up", "resolution", flag_value=Resolution.GIVE_UP, help="Leave it at that.")
@yes_option
@json_option
@click.pass_obj
def resolve(app: App, ids: tuple[int, ...], key: str | None, resolution: str | None, yes: bool, as_json: bool) -> None:
    """Say what is to become of unclear copies: those with these IDS, or all of an edition."""
    if resolution is None or not (ids or key):
        raise UsageError(
            "say which copies and what to do",
            remedy="briefingfeed deliveries resolve 12 13 --accepted   (or --resend, --give-up; or --edition KEY)",
        )
    if resolution == Resolution.RESEND:
        app.confirm("Whoever got the first copy gets a second one. Send again?", yes=yes)
    with app.publication() as publication:
        done = service.resolve_deliveries(
            publication.database, Resolution(resolution), publication.now(), ids=ids, edition_key=key
        )
    if as_json:
        print_json([service.as_dict(each) for each in done.deliveries])
    else:
        click.echo(done.words)


@deliveries.command()
@click.argument("ids", nargs=-1, type=int)
@_key_option
@json_option
@click.pass_obj
def acknowledge(app: App, ids: tuple[int, ...], key: str | None, as_json: bool) -> None:
    """Note that you have seen refused and unclear copies: named ones, an edition's, or all."""
    with app.publication() as publication:
        count = service.acknowledge_deliveries(
            publication.database, publication.now(), ids=ids or None, edition_key=key
        )
    if as_json:
        print_json({"acknowledged": count})
    else:
        click.echo("1 delivery noted as seen." if count == 1 else f"{count} deliveries noted as seen.")
