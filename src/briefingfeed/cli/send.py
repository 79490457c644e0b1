"""`send-weekly`, `send-daily`, `send-monthly` and `send-posts`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import click

from briefingfeed.cli.app import App, When, clock, json_option, print_json, yes_option
from briefingfeed.cli.words import counts_in_words, have_all_posts
from briefingfeed.errors import UsageError
from briefingfeed.models.edition import Cadence
from briefingfeed.publication import Publication
from briefingfeed.services.sending.sample import SampleReport, send_sample
from briefingfeed.services.sending.send import Progress, send_edition
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.services.sending.send_plan import PlannedEdition, SendPlan, plan_edition
from briefingfeed.services.sending.send_report import SendReport
from briefingfeed.services.telling.watched_run import watched_run
from briefingfeed.services.telling.words import HELD
from briefingfeed.subscribers.addresses import normalise

_NOTHING_TWICE = """Run it from cron every 15 minutes. Any number of runs is fine: nobody is mailed twice.

\b
Exit codes: 0 done or nothing to do, 1 something awaits you, 75 try again later, 78 settings.
"""


def _command(cadence: Cadence, what: str, latest: str) -> click.Command:
    """Make the command of a cadence; `latest` is what it can begin with."""

    @click.command(f"send-{cadence}", help=f"{what}\n\n{_NOTHING_TWICE}", short_help=what)
    @click.option("--dry-run", is_flag=True, help="Say what would go, and to how many. Writes and sends nothing.")
    @click.option("--test-to", metavar="ADDRESS", help="Send what would go now to ADDRESS alone, marked as a test.")
    @click.option(
        "--as-of", type=When(), help='Act as if it were then, such as "2026-11-16 08:05". Only for rehearsals.'
    )
    @click.option("--now", "at_once", is_flag=True, help=f"The first time: begin with the {latest}.")
    @click.option("--force", is_flag=True, help="Go on although the last edition was long ago.")
    @yes_option
    @json_option
    @click.pass_context
    def send(ctx: click.Context, /, **options: Any) -> None:
        _send(ctx, cadence, **options)

    return send


_LAST_SLOT = "last slot instead of the next"
send_weekly_command = _command(
    Cadence.WEEKLY, "Bring the weekly edition to everyone who should have it by now.", _LAST_SLOT
)
send_daily_command = _command(Cadence.DAILY, "Bring the daily edition to everyone who asked for it.", _LAST_SLOT)
send_monthly_command = _command(Cadence.MONTHLY, "Bring the monthly edition to everyone who asked for it.", _LAST_SLOT)
send_posts_command = _command(
    Cadence.POSTS, "Bring each new post by itself to everyone who asked for that.", "newest post instead of the next"
)


def _send(
    ctx: click.Context,
    cadence: Cadence,
    *,
    dry_run: bool,
    test_to: str | None,
    as_of: datetime | None,
    at_once: bool,
    force: bool,
    yes: bool,
    as_json: bool,
) -> None:
    app: App = ctx.obj
    if dry_run and test_to:
        raise UsageError("--dry-run and --test-to do not go together", remedy="use one of them")
    if test_to is not None:
        test_to = normalise(test_to, international=True)
    with app.publication(_clock_from(as_of, app)) as publication:
        context = publication.send_context()
        if dry_run:
            plan = plan_edition(context, cadence, at_once=at_once, force=force, as_of=as_of is not None)
            _tell_plan(plan, as_json, publication.zone)
            return
        if test_to:
            sample = send_sample(context, cadence, test_to, as_of=as_of is not None)
            _tell_sample(app, publication, sample, as_json)
            ctx.exit(sample.exit_code)
        _ask_first(app, context, cadence, at_once=at_once, force=force, yes=yes)
        with _progress(app) as progress:
            send = partial(send_edition, context, cadence, at_once=at_once, force=force, progress=progress)
            if as_of is None:
                report = watched_run(context, cadence, send, by_hand=sys.stdin.isatty())
            else:
                report = send(as_of=True)
    _tell_report(app, report, as_json, publication.zone)
    ctx.exit(report.exit_code)


def _clock_from(as_of: datetime | None, app: App) -> Callable[[], datetime]:
    """Return a clock that begins at `as_of` and goes on from there."""
    if as_of is None:
        return clock
    if as_of.tzinfo is None:
        with app.publication() as publication:
            as_of = as_of.replace(tzinfo=publication.zone)
    shift: timedelta = as_of.astimezone(UTC) - clock()
    return lambda: clock() + shift


def _ask_first(app: App, context: SendContext, cadence: Cadence, *, at_once: bool, force: bool, yes: bool) -> None:
    """On a terminal, ask before people are mailed. cron is never asked."""
    if context.provider.rehearses or not sys.stdin.isatty():
        return
    plan = plan_edition(context, cadence, at_once=at_once, force=force)
    going = [edition for edition in plan.editions if edition.subject and edition.recipients]
    if going:
        most = max(edition.recipients for edition in going)
        readers = "1 reader" if most == 1 else f"{most} readers"
        what = "\n".join(f"{edition.key}: {edition.subject}" for edition in going)
        app.confirm(f"{what}\nSend to {readers} now?", yes=yes)


@contextmanager
def _progress(app: App) -> Iterator[Progress]:
    """Show a bar on a terminal, nothing elsewhere."""
    if app.quiet or not sys.stderr.isatty():
        yield lambda _key, _settled, _of: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, int] = {}

        def show(key: str, settled: int, of: int) -> None:
            if key not in tasks:
                tasks[key] = bars.add_task(key, total=of)
            bars.update(tasks[key], completed=settled)  # type: ignore[arg-type]

        yield show


def _tell_report(app: App, report: SendReport, as_json: bool, zone: ZoneInfo) -> None:
    for notice in report.notices:
        if notice in report.news:
            app.warn(str(notice))
        else:  # told before: cron would mail it every quarter of an hour
            app.say(str(notice))
    for finding in report.warnings:
        app.say(f"{finding.message}\n  {finding.remedy}")
    if as_json:
        print_json(report.as_dict())
        return
    if report.busy:
        app.say("Another run is at work; this one leaves it to that.")
    if report.heartbeat_trouble:
        app.say(f"heartbeat_url: {report.heartbeat_trouble}.")
    for edition in report.editions:
        app.say(f"{edition.key}: {edition.state}. {counts_in_words(edition.counts)}, {edition.recipients} in all.")
        if edition.without:
            app.say(f"  {have_all_posts(edition.without)}.")
        if edition.first_batch:
            app.say(f"  {edition.first_batch}")
    for key in report.proofs:
        app.say(f"{key}: its proof went to proof_to.")
    is_held = any(notice.topic.startswith(HELD) for notice in report.notices)
    if not (report.editions or report.proofs or report.busy or is_held):
        app.say(_nothing_due("Nothing is due.", report.next_slot, zone))


def _tell_plan(plan: SendPlan, as_json: bool, zone: ZoneInfo) -> None:
    if as_json:
        print_json(plan.as_dict())
        return
    for problem in plan.problems:
        click.echo(str(problem), err=True)
    for view in plan.unfinished:
        click.echo(f"{view.edition.key} would go on: {view.wait} wait, {view.have_it} have it.")
    for edition in plan.editions:
        _tell_planned(edition, plan.provider)
    if not plan.editions:
        click.echo(_nothing_due("No edition is due.", plan.next_slot, zone))


def _tell_planned(edition: PlannedEdition, provider: str) -> None:
    click.echo(f"{edition.key} would go to {edition.recipients} through {provider}.")
    if edition.subject is None:
        click.echo("  It has no post, so nobody would be mailed.")
        return
    if edition.without:
        click.echo(f"  {have_all_posts(edition.without)}.")
    click.echo(f"  Subject: {edition.subject}")
    if edition.introduced:
        click.echo("  It begins with what introduction.md says; no later edition will.")
    for title in edition.posts:
        click.echo(f"  - {title}")
    for title in edition.corrections:
        click.echo(f"  correction: {title} (told to {'1 reader' if edition.told == 1 else f'{edition.told} readers'})")
    for path in edition.waiting:
        click.echo(f"  too old to go by itself: {path} (email: true sends it)")
    if edition.hold_reason:
        click.echo(f"  It would be held: {edition.hold_reason}")
    for finding in edition.findings:
        click.echo(f"  {'STOPS IT' if finding.stops else 'look'}: {finding.message}\n    {finding.remedy}")


def _nothing_due(words: str, next_slot: datetime | None, zone: ZoneInfo) -> str:
    return f"{words} The next edition: {_moment(next_slot, zone)}." if next_slot else words


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%A %d %B %Y, %H:%M %Z}"


def _tell_sample(app: App, publication: Publication, sample: SampleReport, as_json: bool) -> None:
    if as_json:
        print_json(sample.as_dict())
        return
    for finding in sample.findings:
        app.warn(f"{finding.message}\n  {finding.remedy}")
    if sample.exit_code:
        app.warn(f"The test mail was not taken: {sample.outcome.result}. {sample.outcome.note}")
    elif sample.rehearsal:
        app.say(f"“{sample.subject}” is in the outbox, {publication.outbox}; nobody was mailed.")
    else:
        app.say(f"“{sample.subject}” was handed over.")
