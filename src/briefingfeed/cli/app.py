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

from briefingfeed.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from briefingfeed.publication import Publication

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")

_DAY_ALONE = len("2026-11-16")
_YEARS = range(1970, 3000)


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
        except ConfigurationError as error:
            from briefingfeed import config

            error.where = config.place_of(publication.settings.file, error.where)
            raise
        finally:
            publication.close()

    def say(self, words: str) -> None:
        """Tell how it went, if somebody watches: silent when stdout is no terminal, so that cron mails nothing."""
        if self.verbose or (sys.stdout.isatty() and not self.quiet):
            click.echo(visible(words), err=True)

    def warn(self, words: str) -> None:
        """Tell something that needs a person, always."""
        click.echo(visible(words), err=True)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask on a terminal; without one only `--yes` goes on. Raises UsageError or Abort."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise UsageError(f"this needs a decision: {question}", remedy="say it with --yes")
        click.confirm(visible(question), abort=True, err=True)


def visible(text: str) -> str:
    """Replace control characters other than line breaks: a file name or server reply must not steer the terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text)


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
    """A moment: `2026-11-16` (its end), `2026-11-16 08:05`, or with a zone. Without one, the publication's is meant."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f'"{value}" is no moment; write 2026-11-16 or "2026-11-16 08:05"', param, ctx)
        if at.year not in _YEARS:
            self.fail(f"the year {at.year} cannot be meant", param, ctx)
        return datetime.combine(at, time.max.replace(microsecond=0)) if len(value) == _DAY_ALONE else at
