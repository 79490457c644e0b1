"""PostgreSQL: what a session promises, and what people are told when the server doesn't play along."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text

from briefingfeed.errors import AccessError, ConfigurationError, DamageError, StorageError
from briefingfeed.storage import meta
from briefingfeed.storage.database import Database
from briefingfeed.storage.postgres_failures import storage_error
from servers.postgres import PostgresServer

from .samples import subscribe


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.fresh_url()


@pytest.fixture
def guarded(postgres: PostgresServer) -> Iterator[str]:
    """A role that needs a password, has one connection, and may do nothing."""
    postgres.execute("CREATE ROLE guarded LOGIN PASSWORD 'sesame' CONNECTION LIMIT 1")
    yield "guarded"
    postgres.execute("DROP ROLE guarded")


def mark(database: Database, value: str) -> None:
    with database.write() as c:
        meta.set_mark(c, "mark", value)


@pytest.mark.parametrize("asked", ["on", "off", "local", "remote_apply"])
def test_no_session_forgets_what_it_has_committed(database: Database, postgres: PostgresServer, asked: str) -> None:
    """F14: what a server says by itself is taken, unless it would lose a commit when the power fails."""
    postgres.execute(f"ALTER ROLE briefingfeed SET synchronous_commit = {asked}")
    try:
        with Database(database.where + f"?host={postgres.folder}") as other, other.read() as c:
            found = c.scalar(text("SHOW synchronous_commit"))
    finally:
        postgres.execute("ALTER ROLE briefingfeed RESET synchronous_commit")
    assert found == ("on" if asked == "off" else asked)


def test_every_session_keeps_the_settings_of_the_promise(database: Database) -> None:
    wanted = {
        "transaction_isolation": ("repeatable read", "read committed"),
        "transaction_read_only": ("on", "off"),
        "lock_timeout": ("200ms", "200ms"),
        "idle_in_transaction_session_timeout": ("1min", "1min"),
        "TimeZone": ("UTC", "UTC"),
    }
    with database.read() as reading, database.write() as writing:
        found = {name: tuple(c.scalar(text(f"SHOW {name}")) for c in (reading, writing)) for name in wanted}
    assert found == wanted


def test_text_that_no_server_can_hold_is_held_without_it(database: Database) -> None:
    """As a mail server's reply may be: SQLite keeps the NUL, PostgreSQL refuses it."""
    with database.write() as c:
        meta.set_mark(c, "mark", "a\0b")
        assert meta.get_mark(c, "mark") == "a\ufffdb"


def test_runs_take_turns_by_a_file_in_the_state_folder(url: str, tmp_path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "state")
    with Database.open(url, state=tmp_path / "state") as one, Database.open(url, state=tmp_path / "link") as other:
        assert one.lock_file == other.lock_file == tmp_path / "state" / "send.lock"


def test_eight_that_make_the_tables_at_once_all_get_them(url: str) -> None:
    failures: list[BaseException] = []
    barrier = threading.Barrier(8)

    def make() -> None:
        try:
            barrier.wait(30)
            Database.open(url).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


class TestTrouble:
    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
    def test_a_server_that_was_restarted_is_found_again(
        self, database: Database, postgres: PostgresServer, how: signal.Signals
    ) -> None:
        mark(database, "before")
        postgres.restart(how)
        with database.read() as c:
            assert meta.get_mark(c, "mark") == "before"

    def test_a_connection_lost_in_a_transaction_is_told_and_the_next_is_a_new_one(
        self, database: Database, url: str, postgres: PostgresServer
    ) -> None:
        def lose_it() -> None:
            with database.write() as c:
                meta.set_mark(c, "mark", "half done")
                postgres.kill_backends(url)
                meta.set_mark(c, "mark", "never")

        with pytest.raises(StorageError, match="connection to the database was lost") as error:
            lose_it()
        assert error.value.exit_code == 75
        mark(database, "again")
        with database.read() as c:
            assert meta.get_mark(c, "mark") == "again"

    def test_a_server_that_is_gone_is_told(self, database: Database, postgres: PostgresServer) -> None:
        postgres.stop()
        try:
            with pytest.raises(StorageError, match=r"cannot be reached: .*No such file") as error:
                mark(database, "never")
        finally:
            postgres.start()
        assert "see that it runs" in str(error.value)
        mark(database, "again")

    def test_a_server_that_may_not_write_is_told(self, url: str, postgres: PostgresServer) -> None:
        Database.open(url).close()
        name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        with Database.open(url) as database, pytest.raises(StorageError, match="cannot be written") as error:
            mark(database, "never")
        assert "not a standby" in str(error.value)

    @pytest.mark.parametrize(
        ("code", "words"),
        [
            ("53100", "disk is full"),
            ("53200", "no memory"),
            ("55P03", "database is busy"),
            ("40001", "met another"),
            ("40P01", "met another"),
            ("58030", "disk failed"),
            ("57014", "too long"),
            ("42501", "may not do that"),
            ("XX000", "did not do what was asked .XX000"),
        ],
    )
    def test_what_a_server_reports_is_said_in_words(self, database: Database, code: str, words: str) -> None:
        with pytest.raises(StorageError, match=words), database.write() as c:
            c.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'quoi?' USING ERRCODE = '{code}'; END $$"))

    def test_damage_is_told_apart(self, database: Database) -> None:
        with pytest.raises(DamageError, match="damaged"), database.write() as c:
            c.execute(text("DO $$ BEGIN RAISE EXCEPTION 'quoi?' USING ERRCODE = 'XX001'; END $$"))

    def test_the_cause_of_an_error_holds_no_address(self, database: Database) -> None:
        """The server repeats the values of the row that it refuses."""
        with pytest.raises(StorageError) as error, database.write() as c:
            subscribe(c, "secret", "secret")
        assert "subscriber_pkey" in str(error.value.__cause__)
        assert "secret" not in repr(error.value.__cause__)


class TestAddress:
    def test_a_wrong_password_is_told(self, url: str, guarded: str) -> None:
        with pytest.raises(AccessError, match="does not let this user in") as error:
            Database.open(url.replace("briefingfeed@", f"{guarded}@"), password="open")
        assert "open" not in str(error.value)

    def test_a_missing_password_is_told(self, url: str, guarded: str) -> None:
        with pytest.raises(AccessError, match="asks for a password") as error:
            Database.open(url.replace("briefingfeed@", f"{guarded}@"))
        assert "BRIEFINGFEED_DATABASE_PASSWORD" in str(error.value)

    def test_the_right_password_opens_and_too_many_connections_are_told(self, url: str, guarded: str) -> None:
        Database.open(url).close()
        theirs = url.replace("briefingfeed@", f"{guarded}@")
        with (
            psycopg.connect(theirs, password="sesame"),
            pytest.raises(StorageError, match="no connection free"),
        ):
            Database.open(theirs, password="sesame")
        with pytest.raises(AccessError, match="may not do that"):
            Database.open(theirs, password="sesame")

    def test_a_database_that_is_not_there_is_told(self, url: str) -> None:
        with pytest.raises(AccessError, match="no such database or user"):
            Database.open(url.replace("/fresh", "/nowhere"))

    @pytest.mark.parametrize("option", ["sslmood=require", "sslmode=reqire"])
    def test_an_option_that_postgresql_does_not_know_is_told(self, url: str, option: str) -> None:
        with pytest.raises(AccessError, match="nothing that PostgreSQL knows"):
            Database.open(f"{url}{'&' if '?' in url else '?'}{option}")

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ("server does not support SSL, but SSL was required", "offers no encryption"),
            ("SSL error: certificate verify failed", "not one that this machine trusts"),
            ('server certificate for "a" does not match host name "b"', "not one that this machine trusts"),
        ],
    )
    def test_encryption_that_does_not_come_about_is_for_the_operator(self, said: str, words: str) -> None:
        error = storage_error(psycopg.OperationalError(f"connection failed: {said}"), "postgresql://db/x")
        assert isinstance(error, AccessError)
        assert words in error.message

    @pytest.mark.parametrize("url", ["postgresql://me:sesame@host/db", "postgresql://me@host/db?password=sesame"])
    def test_a_password_in_the_settings_file_is_refused(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match="shown to others") as error:
            Database(url)
        assert "sesame" not in str(error.value)
        assert "BRIEFINGFEED_DATABASE_PASSWORD" in str(error.value)

    @pytest.mark.parametrize(
        "url", ["postgresql://", "postgresql://me@host", "postgresql:///", "postgresql://me@h:p/d"]
    )
    def test_an_address_without_a_database_is_refused(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match=r"\[database\] url"):
            Database(url)

    def test_the_name_for_people_holds_neither_password_nor_options(self) -> None:
        with Database("postgresql://me@db.example:5433/notes?sslmode=require", password="sesame") as database:
            assert database.where == "postgresql://me@db.example:5433/notes"

    def test_an_encoding_that_cannot_hold_every_name_is_refused(self, url: str, postgres: PostgresServer) -> None:
        postgres.execute(
            "CREATE DATABASE plain OWNER briefingfeed ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc"
            " TEMPLATE template0"
        )
        try:
            with pytest.raises(ConfigurationError, match="encoding is SQL_ASCII"):
                Database.open(f"postgresql://briefingfeed@/plain?host={postgres.folder}")
        finally:
            postgres.execute("DROP DATABASE plain WITH (FORCE)")

    def test_a_missing_driver_is_told_with_the_command_that_installs_it(self) -> None:
        code = (
            "import sys; sys.modules['psycopg'] = None\n"
            "from briefingfeed.storage.database import Database\n"
            "Database('postgresql://me@host/db')"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "ConfigurationError" in done.stderr
        assert "pip install 'psycopg[binary]'" in done.stderr
