"""Every command takes the options of `briefingfeed` itself, has a readable help text, and can be completed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from briefingfeed.cli.root import briefingfeed

WIDTH = 100


def leaves(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(leaves(briefingfeed))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_help_text_says_what_the_command_and_each_of_its_options_do(command: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(briefingfeed, [*command, "--help"], terminal_width=WIDTH)

    assert shown.exit_code == 0
    assert max(map(len, shown.output.splitlines())) <= WIDTH
    assert "Usage: briefingfeed" in shown.output
    assert COMMANDS[command].help
    options = [each for each in COMMANDS[command].params if isinstance(each, click.Option)]
    assert [each.name for each in options if not (each.help or each.hidden)] == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_config_q_and_v_may_stand_behind_every_command(command: tuple[str, ...]) -> None:
    said = CliRunner().invoke(briefingfeed, [*command, "-v", "-q", "--config", "elsewhere.toml", "--help"])

    assert said.exit_code == 0


def test_what_stands_behind_a_command_counts_as_if_it_stood_before(tmp_path: Path) -> None:
    init = ["init", str(tmp_path / "a"), "--title", "A", "--url", "https://a.example", "--timezone", "UTC"]
    CliRunner().invoke(briefingfeed, [*init, "--from", "A <a@a.example>", "--postal-address", "1 Quay"])
    config = str(tmp_path / "a" / "briefingfeed.toml")

    before = CliRunner().invoke(briefingfeed, ["--config", config, "-v", "check"])
    behind = CliRunner().invoke(briefingfeed, ["check", "--config", config, "-v"])

    assert "looked at" in before.stderr
    assert behind.stderr == before.stderr
    assert "looked at" not in CliRunner().invoke(briefingfeed, ["check", "--config", config]).stderr


def test_commands_and_options_are_completed() -> None:
    completion = ShellComplete(briefingfeed, {}, "briefingfeed", "_BRIEFINGFEED_COMPLETE")

    assert "release" in {each.value for each in completion.get_completions(["editions"], "re")}
    assert "--dry-run" in {each.value for each in completion.get_completions(["send-weekly"], "--")}
