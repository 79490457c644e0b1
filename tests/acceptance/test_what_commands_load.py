"""A command loads what it needs and no more: cron starts one every quarter of an hour, mostly to find nothing to do."""

from __future__ import annotations

import re

import pytest

from acceptance.newsroom import Newsroom

NETWORK = {"httpx", "rich", "starlette", "uvicorn", "imapclient", "requests"}
"""rich: httpx brings it along."""
RENDERING = {"premailer", "cssutils", "lxml", "jinja2", "feedgen", "icalendar"}
POSTS = {"yaml", "pyromark", "nh3"}
SELDOM = {"alembic", "watchfiles", "email_validator", "cryptography", "dns", "flufl"}
DATABASE = {"sqlalchemy"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Newsroom:
    """Anything that could be due was rehearsed, anything that could be built is built."""
    made = Newsroom(tmp_path_factory.mktemp("house") / "publication", provider="outbox")
    made.write("Tides", "The tide is high.", days_ago=8)
    made.run("subscribers", "add", "ann@example.org", "--source", "a test")
    for command in ("build", "build", "send-weekly"):
        made.run(command)
    return made


def loaded(desk: Newsroom, *command: str) -> set[str]:
    """Return the modules that a command loads, those of Python apart: as Python itself reports them."""
    done = desk.run(*command, environment={"PYTHONPROFILEIMPORTTIME": "1"}, expect=0)
    return set(re.findall(r"^import time: .*\| +(\S+)$", done.stderr, re.MULTILINE))


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [
        ("--version", NETWORK | RENDERING | POSTS | SELDOM | DATABASE),
        ("--help", NETWORK | RENDERING | POSTS | SELDOM | DATABASE),
        ("build", NETWORK | RENDERING | POSTS | SELDOM | DATABASE),
        ("send-weekly", NETWORK | RENDERING | POSTS | SELDOM),
        ("status", NETWORK | RENDERING | POSTS | SELDOM),
        ("editions list", NETWORK | RENDERING | POSTS | SELDOM),
        ("subscribers list", NETWORK | RENDERING | POSTS | SELDOM),
    ],
)
def test_a_command_that_finds_nothing_to_do_loads_nothing_to_do_it_with(
    desk: Newsroom, command: str, unneeded: set[str]
) -> None:
    found = loaded(desk, *command.split())
    assert "click" in found
    assert found & unneeded == set()


def test_an_edition_that_is_due_loads_what_renders_it_and_no_other_channel(desk: Newsroom) -> None:
    found = loaded(desk, "send-weekly", "--test-to", "ann@example.org")
    assert found >= {"premailer", "jinja2", "pyromark", "email_validator"}
    assert found & (NETWORK - {"requests"} | SELDOM - {"email_validator"} | {"feedgen", "icalendar"}) == set()
