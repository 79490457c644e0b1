"""What every command shares: the publication it works on, and how it speaks."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from briefingfeed.errors import UsageError

if TYPE_CHECKING:
    from briefingfeed.publication import Publication

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")


def clock() -> datetime:
    """Return the present moment. The only place that looks at the clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class App:
    """One call of the command line. stdout is for data, stderr for words."""

    config: Path
    quiet: bool
    verbose: bool
    environ: Mapping[str, str]

    @contextmanager
    def publication(self, now: Callable[[], datetime] = clock) -> Iterator[Publication]:
        """Open the publication for the time of a `with` block."""
        from briefingfeed.publication import Publication

        publication = Publication(self.config, self.environ, now)
        try:
            yield publication
        finally:
            publication.close()

    def say(self, words: str) -> None:
        """Tell how it went, if somebody watches: silent when stdout is no terminal, so that cron mails nothing."""
        if self.verbose or (sys.stdout.isatty() and not self.quiet):
            click.echo(words, err=True)

    def warn(self, words: str) -> None:
        """Tell something that needs a person, always."""
        click.echo(words, err=True)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask on a terminal; without one only `--yes` goes on. Raises UsageError or Abort."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise UsageError(f"this needs a decision: {question}", remedy="say it with --yes")
        click.confirm(question, abort=True, err=True)


def print_json(data: Any) -> None:
    """Print one JSON document to stdout; dates as ISO 8601."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


class When(click.ParamType[datetime]):
    """A moment: `2026-11-16`, `2026-11-16 08:05`, or with a zone. Without one, the publication's is meant."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            if len(value) == 10:
                return datetime.combine(date.fromisoformat(value), time.max.replace(microsecond=0))
            return datetime.fromisoformat(value)
        except ValueError:
            self.fail(f'"{value}" is no moment; write 2026-11-16 or "2026-11-16 08:05"', param, ctx)
