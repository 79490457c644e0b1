"""The real command with a PostgreSQL database: passwords, a server that is away, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.newsroom import Newsroom
from servers.postgres import PostgresServer

PASSWORD = "canary sesame"


@pytest.fixture
def guarded(postgres: PostgresServer) -> Iterator[str]:
    """The address of a database whose owner needs a password."""
    postgres.execute(f"CREATE ROLE keeper LOGIN PASSWORD '{PASSWORD}'")
    postgres.execute("CREATE DATABASE kept OWNER keeper")
    yield f"postgresql://keeper@/kept?host={postgres.folder}"
    postgres.execute("DROP DATABASE kept WITH (FORCE)")
    postgres.execute("DROP ROLE keeper")


def test_the_password_comes_from_the_environment(tmp_path: Path, guarded: str) -> None:
    desk = Newsroom(tmp_path / "desk", url=guarded)
    environment = {"BRIEFINGFEED_DATABASE_PASSWORD": PASSWORD}
    desk.run("subscribers", "add", "ann@example.org", "--source", "paper", expect=0, environment=environment)
    listed = desk.run("subscribers", "list", expect=0, environment=environment)
    assert "ann@example.org" in listed.stdout


def test_or_from_a_file_that_only_its_owner_can_read(tmp_path: Path, guarded: str) -> None:
    desk = Newsroom(tmp_path / "desk", url=guarded)
    settings = desk.folder / "briefingfeed.toml"
    settings.write_text(settings.read_text("utf-8") + 'password_file = "secret"\n', "utf-8")
    secret = desk.folder / "secret"
    secret.write_text(f"{PASSWORD}\n", "utf-8")
    secret.chmod(0o644)
    refused = desk.run("subscribers", "list", expect=78)
    assert "others" in refused.stderr
    secret.chmod(0o600)
    desk.run("subscribers", "list", expect=0)


@pytest.mark.parametrize("given", [None, "canary guess"])
def test_without_the_right_one_the_command_says_what_to_do(tmp_path: Path, guarded: str, given: str | None) -> None:
    desk = Newsroom(tmp_path / "desk", url=guarded)
    environment = {"BRIEFINGFEED_DATABASE_PASSWORD": given} if given else {}
    done = desk.run("subscribers", "list", expect=78, environment=environment)
    assert "password" in done.stderr
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr + done.stdout


def test_a_password_in_the_settings_is_refused_and_not_repeated(tmp_path: Path) -> None:
    desk = Newsroom(tmp_path / "desk", url="postgresql://me:canary@db.example/notes")
    done = desk.run("subscribers", "list", expect=78)
    assert "BRIEFINGFEED_DATABASE_PASSWORD" in done.stderr
    assert "canary" not in done.stderr + done.stdout


def test_a_server_that_is_away_ends_the_command_with_try_again_later(tmp_path: Path) -> None:
    desk = Newsroom(tmp_path / "desk", url=f"postgresql://me@/notes?host={tmp_path}")
    done = desk.run("send-weekly", expect=75)
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_tables_of_a_version_before_are_brought_up_to_date(tmp_path: Path, postgres: PostgresServer) -> None:
    desk = Newsroom(tmp_path / "desk", url=postgres.fresh_url())
    desk.run("db", "upgrade", expect=0)
    desk.run("db", "upgrade", expect=0)
    postgres.execute("UPDATE alembic_version SET version_num = '0001'", desk.url)
    done = desk.run("subscribers", "list", expect=78)
    assert "briefingfeed db upgrade" in done.stderr
