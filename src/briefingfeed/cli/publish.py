"""`check` and `build`."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from briefingfeed.cli.app import App, json_option, print_json
from briefingfeed.models.problem import Problem

if TYPE_CHECKING:
    from briefingfeed.services.publishing.hub import Announcement


@click.command()
@click.option("--accept-as-new", is_flag=True, help="Publish even if feed readers will show old posts as new.")
@click.option("--publish", is_flag=True, help="Tell the WebSub hub which feeds have changed, once they are published.")
@click.option("--against", metavar="URL", help="Compare with the feed published there as well, before anything.")
@json_option
@click.pass_context
def build(ctx: click.Context, accept_as_new: bool, publish: bool, against: str | None, as_json: bool) -> None:
    """Turn the posts into feeds and pages.

    A broken post keeps its last good version and is named; everything else is published. The exit code is then 1.

    If feed readers would show old posts as new, because ids or many dates changed, nothing is published. Whoever
    uploads the output builds first, uploads, and then says build --publish: it tells the hub what is still untold.
    """
    # A build makes many small things that hold no cycles, and ends soon: looking for cycles took a quarter of its time.
    gc.disable()
    app: App = ctx.obj
    with app.publication() as publication:
        report = publication.build(accept_as_new=accept_as_new, against=against)
        announcement = publication.announce() if publish else None
    if as_json:
        print_json(
            {
                "posts": report.posts,
                "written": report.written,
                "unchanged": report.unchanged,
                "removed": report.removed,
                "next_change": report.next_change,
                "problems": problems_as_dicts(report.problems),
                "hub": asdict(announcement) if announcement else None,
            }
        )
    else:
        tell_problems(app, report.problems)
        if announcement:
            _tell_announcement(app, announcement)
        changed = f"{len(report.written)} files written, {len(report.removed)} removed, {report.unchanged} as before"
        app.say(f"{report.posts} posts published in {publication.settings.paths.output}: {changed}.")
    ctx.exit(1 if report.has_errors else 0)


@click.command()
@click.option("--online", is_flag=True, help="Ask other servers, too, whether what posts link to is still there.")
@json_option
@click.pass_context
def check(ctx: click.Context, online: bool, as_json: bool) -> None:
    """Look everything over without publishing: posts, settings, templates, links within the site.

    It also says who signs the mails; with --online it asks the domain's name servers for the DKIM record, too.

    The exit code is 1 if there is anything to mend, be it a warning.
    """
    app: App = ctx.obj
    with app.publication() as publication:
        report = publication.check(online=online)
    if as_json:
        print_json({"posts": report.posts, "signing": report.signing, "problems": problems_as_dicts(report.problems)})
    else:
        for problem in report.problems:
            app.warn(str(problem))
        app.say(report.signing)
        count = len(report.problems)
        app.say(f"{report.posts} posts looked at, {'1 thing' if count == 1 else f'{count} things'} to mend.")
    ctx.exit(1 if report.problems else 0)


def _tell_announcement(app: App, announcement: Announcement) -> None:
    """Say what the hub was told; trouble once, as long as it stays the same."""
    if announcement.told:
        app.say(f"The hub was told of {len(announcement.told)} changed feeds.")
    if announcement.trouble:
        tell = app.warn if announcement.is_news else app.say
        tell(
            f"briefingfeed.toml: warning: The WebSub hub could not be told of {len(announcement.waiting)} changed "
            f"feeds: {announcement.trouble}.\n  Everything is published; the next build --publish tells it again."
        )


def tell_problems(app: App, problems: Sequence[Problem]) -> None:
    """Print what is wrong, warnings only to somebody who watches or asked for them."""
    for problem in problems:
        if problem.is_error:
            app.warn(str(problem))
        else:
            app.say(str(problem))


def problems_as_dicts(problems: Sequence[Problem]) -> list[dict[str, object]]:
    return [
        {
            "path": problem.path,
            "line": problem.line,
            "severity": problem.severity,
            "message": problem.message,
            "remedy": problem.remedy,
        }
        for problem in problems
    ]
