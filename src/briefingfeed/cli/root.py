"""The command `briefingfeed`: its groups, loaded when called; its exit codes; how errors are shown."""

from __future__ import annotations

import difflib
import gc
import importlib
import os
import sys
import traceback
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from briefingfeed import __version__
from briefingfeed.cli.app import App, visible
from briefingfeed.errors import BriefingfeedError, TemporaryError

_COMMANDS = {
    "init": ("create", "Start a publication: settings, a first post, a list of people."),
    "new": ("create", "Start a post, as a draft with a permanent id."),
    "check": ("publish", "Look everything over without publishing."),
    "build": ("publish", "Turn the posts into feeds and pages."),
    "preview": ("preview", "Look at the next edition and write posts, in a browser."),
    "send-weekly": ("send", "Bring the weekly edition to everyone who should have it."),
    "send-daily": ("send", "Bring the daily edition to everyone who asked for it."),
    "send-monthly": ("send", "Bring the monthly edition to everyone who asked for it."),
    "send-posts": ("send", "Bring each new post by itself to those who asked for that."),
    "editions": ("editions", "Look at editions; hold, release or cancel one."),
    "deliveries": ("deliveries", "Look at single copies; settle the unclear ones."),
    "subscribers": ("subscribers", "Add, import, list and look at readers; let them go."),
    "bounces": ("bounces", "Read what comes back: bounces, complaints, goodbyes."),
    "webhooks": ("webhooks", "Print what to enter at a mail service."),
    "ids": ("create", "Permanent ids of posts."),
    "serve": ("serve", "Answer unsubscribe links, and show the built site."),
    "status": ("status", "Tell where things stand, and what there is to do."),
    "dkim": ("dkim", "Sign mails yourself: keys and their DNS records."),
    "db": ("db", "Upgrade the database, back it up, go on with a restored one."),
    "demo": ("demo", "Try everything with the example publication."),
}
"""Command -> the module beside this one that holds it, and what the list of commands says of it.

A cron run should not wait for what it does not use, nor whoever asks for the list.
"""

_CONFIG_FILE = click.Path(path_type=Path, readable=False)


def _manners(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Let `--config`, `-q` or `-v`, typed behind a command, count as if it stood before it."""
    if value and param.name and isinstance(ctx.obj, App):
        ctx.obj = replace(ctx.obj, **{param.name: value})


def _take_manners(command: click.Command) -> None:
    """Let a command, and those below it, take the options of `briefingfeed` itself: people type them last."""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            _take_manners(each)
    elif not any(param.callback is _manners for param in command.params):
        once = partial(click.Option, hidden=True, expose_value=False, callback=_manners)
        command.params += [
            once(["--config"], type=_CONFIG_FILE),
            once(["-q", "--quiet"], is_flag=True),
            once(["-v", "--verbose"], is_flag=True),
        ]


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"briefingfeed.cli.{_COMMANDS[cmd_name][0]}")
        command = next(
            value for value in vars(module).values() if isinstance(value, click.Command) and value.name == cmd_name
        )
        _take_manners(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_COMMANDS)}."
            ctx.fail(f"{args[0]} is not a command; {hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="A folder of posts becomes feeds, a site and a weekly digest. Begin with: briefingfeed init FOLDER",
)
@click.option(
    "--config",
    "config",
    type=_CONFIG_FILE,
    envvar="BRIEFINGFEED_CONFIG",
    default=Path("briefingfeed.toml"),
    help="The publication's settings file.  [default: ./briefingfeed.toml]",
)
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.option("-v", "--verbose", is_flag=True, help="Say what is done, even when nobody watches.")
@click.version_option(__version__, prog_name="briefingfeed")
@click.pass_context
def briefingfeed(ctx: click.Context, config: Path, quiet: bool, verbose: bool) -> None:
    """Publish a folder of Markdown posts as feeds, a small site, and a weekly email digest.

    \b
    Examples:
      briefingfeed demo                     try it with the example publication
      briefingfeed build                    posts -> feeds and pages
      briefingfeed send-weekly --dry-run    what would go, and to how many

    --config, -q and -v may stand before a command or behind it.
    """
    ctx.obj = App(config, quiet=quiet, verbose=verbose, environ=os.environ)


def main() -> NoReturn:
    """Run the command line and exit with its code: 0, 1, 2, 75 or 78 (docs/operations.md)."""
    stdout = sys.stdout
    # What a command loads stays until it ends: the usual 700 took a tenth of a short command, to find nothing.
    gc.set_threshold(200_000)
    try:
        code = briefingfeed.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        code = 130
    except BriefingfeedError as error:
        click.echo(f"briefingfeed: {visible(str(error))}", err=True)
        code = error.exit_code
    except SystemExit:
        if sys.stdout is stdout:
            raise
        code = 0  # click put something in its place: `briefingfeed … | head`, and nobody reads on
    except OSError as error:
        code = _tell_os_error(error)
    except Exception as error:
        code = _tell_bug(error)
    code = _flushed(code if isinstance(code, int) else 0)
    gc.freeze()  # Python would look through all of it twice on the way out: a fifth of a short command
    sys.exit(code)


def _tell_os_error(error: OSError) -> int:
    """Say what the machine refused that nobody foresaw. The same command may succeed once it is mended."""
    where = f"{error.filename}: " if error.filename else ""
    _last_words(
        f"briefingfeed: {where}{(error.strerror or str(error)).lower()}\n"
        "  see that the disk has room, and that the user who runs briefingfeed may read and write there"
    )
    return TemporaryError.exit_code


def _tell_bug(error: Exception) -> int:
    """Name a mistake of ours by its kind and place only: its words might hold the address of a reader."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    _last_words(
        f"briefingfeed: something went wrong that should not have: {type(error).__name__} in "
        f"{Path(place.filename).name}, line {place.lineno}\n"
        "  please report it with these words; BRIEFINGFEED_TRACEBACK=1 shows the whole story"
    )
    if os.environ.get("BRIEFINGFEED_TRACEBACK"):
        traceback.print_exception(error)
    return BriefingfeedError.exit_code


def _last_words(text: str) -> None:
    with suppress(OSError):
        click.echo(visible(text), err=True)


def _flushed(code: int) -> int:
    """Empty stdout before Python does so itself at the end, where a full disk would become a traceback."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
    except OSError as error:
        _discard_stdout()
        return code or _tell_os_error(error)
    return code


def _discard_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
