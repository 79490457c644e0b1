"""Secret keys: made once, never replaced, refused when others could read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from briefingfeed.errors import SecretKeyError
from briefingfeed.services.keeping.keys import SECRET_KEY, SUPPRESSION_KEY, open_keys
from briefingfeed.services.readers.subscribers import add
from briefingfeed.storage.database import Database
from briefingfeed.tokens import fingerprint, read_unsubscribe_token, unsubscribe_token

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path}/state/briefingfeed.db") as opened:
        yield opened


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def subscribe(database: Database, suppression_key: bytes) -> None:
    add(database, "ann@example.org", consent_note="paper", suppression_key=suppression_key, now=NOW)


def test_keys_are_made_once_and_only_for_their_owner(state: Path, database: Database) -> None:
    first = open_keys(state, database, {}, NOW)
    again = open_keys(state, database, {}, NOW)
    assert first.ring.current == again.ring.current
    assert first.suppression == again.suppression
    assert first.ring.current != fingerprint(first.suppression)
    assert {file.name: file.stat().st_mode & 0o777 for file in state.glob("*.key")} == {
        "secret.key": 0o600,
        "suppression.key": 0o600,
    }
    assert not list(state.glob(".*"))


@pytest.mark.parametrize("name", ["secret.key", "suppression.key"])
def test_a_key_lost_later_is_refused_and_the_backup_named(state: Path, database: Database, name: str) -> None:
    subscribe(database, open_keys(state, database, {}, NOW).suppression)
    (state / name).unlink()
    with pytest.raises(SecretKeyError, match="restore it from the backup") as caught:
        open_keys(state, database, {}, NOW)
    variable = SECRET_KEY if name == "secret.key" else SUPPRESSION_KEY
    assert caught.value.where == f"{variable} or {state / name}"
    assert caught.value.exit_code == 78
    assert not (state / name).exists()


@pytest.mark.parametrize("name", ["secret.key", "suppression.key"])
def test_a_foreign_key_is_refused_once_somebody_depends_on_the_old_one(
    state: Path, database: Database, name: str
) -> None:
    subscribe(database, open_keys(state, database, {}, NOW).suppression)
    (state / name).write_text("ab" * 32)
    with pytest.raises(SecretKeyError, match="is missing") as caught:
        open_keys(state, database, {}, NOW)
    assert f"{SECRET_KEY} or {state / 'secret.key'}" in str(caught.value.where)


def test_a_new_key_signs_and_the_old_one_still_opens_links(state: Path, database: Database) -> None:
    old = open_keys(state, database, {}, NOW)
    subscribe(database, old.suppression)
    token = unsubscribe_token(old.ring, "somebody")
    (state / "secret.key").write_text((state / "secret.key").read_text() + "cd" * 32 + "\n")
    new = open_keys(state, database, {}, NOW)
    assert new.ring.current == fingerprint(bytes.fromhex("cd" * 32))
    assert read_unsubscribe_token(new.ring, token) == "somebody"


def test_keys_from_the_environment_leave_no_file(state: Path, database: Database) -> None:
    keys = open_keys(state, database, {SECRET_KEY: "ab" * 32, SUPPRESSION_KEY: "cd" * 32}, NOW)
    assert keys.suppression == bytes.fromhex("cd" * 32)
    assert not list(state.glob("*.key"))


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_can_read_is_refused(state: Path, database: Database, mode: int) -> None:
    open_keys(state, database, {}, NOW)
    (state / "secret.key").chmod(mode)
    with pytest.raises(SecretKeyError, match="chmod 600"):
        open_keys(state, database, {}, NOW)


@pytest.mark.parametrize(("content", "words"), [("not hex", "hexadecimal"), ("abcd", "too short")])
def test_what_is_no_key_is_named(state: Path, database: Database, content: str, words: str) -> None:
    with pytest.raises(SecretKeyError, match=words) as caught:
        open_keys(state, database, {SECRET_KEY: content}, NOW)
    assert caught.value.where == SECRET_KEY


def test_an_empty_key_file_is_no_key(state: Path, database: Database) -> None:
    open_keys(state, database, {}, NOW)
    (state / "secret.key").write_text("\n")
    with pytest.raises(SecretKeyError, match="holds no key"):
        open_keys(state, database, {}, NOW)


def test_a_database_that_was_lost_is_not_taken_for_a_new_publication(state: Path, tmp_path: Path) -> None:
    with Database.open(f"sqlite:///{state}/briefingfeed.db") as first:
        open_keys(state, first, {}, NOW)
        (first.file).unlink()
    with (
        Database.open(f"sqlite:///{state}/briefingfeed.db") as second,
        pytest.raises(SecretKeyError, match="restore the database from the backup"),
    ):
        open_keys(state, second, {}, NOW)


def test_keys_that_nobody_depended_on_are_made_again(state: Path, database: Database) -> None:
    first = open_keys(state, database, {}, NOW)
    for file in state.glob("*.key"):
        file.unlink()
    assert open_keys(state, database, {}, NOW).ring.current != first.ring.current
