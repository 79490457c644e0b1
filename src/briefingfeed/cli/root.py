"""The command `briefingfeed`: its groups, loaded when called; its exit codes; how errors are shown."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from briefingfeed import __version__
from briefingfeed.cli.app import App
from briefingfeed.errors import BriefingfeedError

_COMMANDS = {
    "init": "create",
    "new": "create",
    "check": "publish",
    "build": "publish",
    "send-weekly": "send",
    "editions": "editions",
    "deliveries": "deliveries",
    "subscribers": "subscribers",
    "ids": "create",
    "serve": "serve",
    "status": "status",
    "db": "db",
    "demo": "demo",
}
"""Command -> the module beside this one that holds it. A cron run should not wait for what it does not use."""


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"briefingfeed.cli.{_COMMANDS[cmd_name]}")
        return next(
            value for value in vars(module).values() if isinstance(value, click.Command) and value.name == cmd_name
        )


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="A folder of posts becomes feeds, a site and a weekly digest. Begin with: briefingfeed init FOLDER",
)
@click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
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
    """
    ctx.obj = App(config, quiet=quiet, verbose=verbose, environ=os.environ)


def main() -> NoReturn:
    """Run the command line and exit with its code: 0, 1, 2, 75 or 78 (docs/operations.md)."""
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
    except BrokenPipeError:  # `briefingfeed … | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def visible(text: str) -> str:
    """Replace control characters other than line breaks: a file name or server reply must not steer the terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text)
