"""The tables, the constraints that keep promises, and the migrations that lead to them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, MetaData, Table, insert, select, text

from briefingfeed.errors import ConfigurationError, StorageError
from briefingfeed.storage import schema
from briefingfeed.storage.database import Database
from briefingfeed.storage.migrations.run import alembic_config
from briefingfeed.storage.types import Instant

from .samples import NOW, freeze, subscribe

WRITTEN = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL",
    "postgresql": """
        SELECT concat('column ', table_name, '.', column_name),
            concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default)
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT concat('constraint ', conname), concat(conrelid::regclass, ' ', pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT concat('index ', indexname), indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT concat('trigger ', tgname), pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT concat('function ', proname), prosrc
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
}


def written(database: Database) -> dict[str, str]:
    """Return what the database has stored of each table, index and trigger, white space apart; columns in any order."""
    with database.read() as c:
        rows = c.execute(text(WRITTEN[database.dialect].replace("::", "\\:\\:"))).all()
    return {name: " ".join(sorted(re.findall(r"[^\s,()]+|[()]", sql))) for name, sql in rows}


@pytest.fixture
def migrated(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[Database]:
    server = request.getfixturevalue("postgres") if url.startswith("postgresql") else None
    with Database(server.fresh_url() if server else f"sqlite:///{tmp_path}/migrated.db") as database:
        database.upgrade()
        yield database


def test_migrating_from_nothing_gives_exactly_the_tables_of_the_schema(migrated: Database) -> None:
    with migrated.read() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []


def test_migrating_from_nothing_gives_the_same_constraints_and_triggers(migrated: Database, database: Database) -> None:
    """What alembic can't compare: checks, partial indexes, triggers."""
    assert written(migrated) == written(database)
    assert len(written(database)) > 20


def test_the_newest_migration_is_the_one_the_schema_names() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [schema.HEAD]


def test_upgrading_twice_changes_nothing(migrated: Database) -> None:
    before = written(migrated)
    migrated.upgrade()
    assert written(migrated) == before
    assert migrated.revision() == schema.HEAD


def test_opening_a_database_does_not_import_alembic(url: str) -> None:
    code = (
        "import sys; from briefingfeed.storage.database import Database; "
        f"Database.open({url!r}).close(); Database.open({url!r}).close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("revision", "words"), [("0000", "briefingfeed db upgrade"), ("0042", "newer briefingfeed")])
def test_a_database_of_another_version_is_refused(url: str, revision: str, words: str) -> None:
    with Database.open(url) as database, database.write() as c:
        c.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    with pytest.raises(ConfigurationError, match=words):
        Database.open(url)


def test_a_newer_database_is_not_upgraded(url: str) -> None:
    with Database.open(url) as database:
        with database.write() as c:
            c.execute(text("UPDATE alembic_version SET version_num = '0042'"))
        with pytest.raises(ConfigurationError, match="newer briefingfeed"):
            database.upgrade()


def test_the_database_of_another_program_is_refused(url: str) -> None:
    with Database(url) as theirs:
        theirs._backend.prepare()
        with theirs.write() as c:
            c.execute(text("CREATE TABLE bookmarks (url TEXT)"))
    with pytest.raises(ConfigurationError, match="another program"):
        Database.open(url)
    with Database(url) as database, pytest.raises(ConfigurationError):
        database.upgrade()


def test_an_instant_comes_back_in_utc(database: Database) -> None:
    table = Table("moment", MetaData(), Column("at", Instant))
    berlin = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    with database.write() as c:
        table.create(c)
        c.execute(insert(table), [{"at": berlin}, {"at": None}])
        found = c.scalars(select(table.c.at)).all()
    assert found == [berlin, None]
    assert found[0].tzinfo is UTC


def test_a_naive_instant_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="time zone"), database.read() as c:
        c.execute(select(schema.edition).where(schema.edition.c.slot_at == datetime(2026, 11, 23, 8)))  # noqa: DTZ001


def test_instants_sort_as_text(database: Database) -> None:
    moments = [NOW + timedelta(microseconds=us) for us in (0, 1, 999_999, 1_000_000, 10**12)]
    table = Table("moment", MetaData(), Column("at", Instant))
    with database.write() as c:
        table.create(c)
        c.execute(insert(table), [{"at": moment} for moment in reversed(moments)])
        assert c.scalars(select(table.c.at).order_by(table.c.at)).all() == moments


def test_a_word_that_is_none_of_the_enum_is_refused(database: Database) -> None:
    with pytest.raises(LookupError, match="sent"), database.read() as c:
        c.execute(select(schema.delivery).where(schema.delivery.c.state == "sent"))


CONSENT_BREACHES = ("UPDATE consent SET note = ''", "UPDATE consent SET kind = 'erased'", "DELETE FROM consent")
TRUNCATES = {"sqlite": (), "postgresql": ("TRUNCATE consent",)}


def test_a_consent_row_can_neither_change_nor_go(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
    for statement in (*CONSENT_BREACHES, *TRUNCATES[database.dialect]):
        with pytest.raises(StorageError) as error, database.write() as c:
            c.execute(text(statement))
        assert "append-only" in str(error.value.__cause__)


def test_after_an_erasure_a_consent_row_can_only_be_blanked(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        c.execute(
            text(
                "INSERT INTO consent (subscriber_id, kind, at, source, note)"
                " SELECT subscriber_id, 'erased', at, '', '' FROM consent"
            )
        )
        c.execute(text("UPDATE consent SET source = '', note = '' WHERE kind = 'added'"))
    for change in ("note = 'forged'", "kind = 'imported'", "at = '2020-01-01 00:00:00.000000'", "subscriber_id = 'x'"):
        with pytest.raises(StorageError), database.write() as c:
            c.execute(text(f"UPDATE consent SET {change}"))  # noqa: S608


def test_a_rendition_can_neither_change_nor_go(database: Database) -> None:
    with database.write() as c:
        freeze(c)
    truncates = [each.replace("consent", "rendition CASCADE") for each in TRUNCATES[database.dialect]]
    for statement in ("UPDATE rendition SET html = 'other'", "DELETE FROM rendition", *truncates):
        with pytest.raises(StorageError) as error, database.write() as c:
            c.execute(text(statement))
        assert "never changes" in str(error.value.__cause__)


@pytest.mark.parametrize(
    "change",
    [
        "address = 'same@readers.example'",
        "subscriber_id = 'id-ann'",
        "state = 'sent'",
        "state = 'claimed'",
        "claim_id = 'run'",
        "state = 'deferred'",
        "edition_key = 'weekly/none'",
        "subscriber_id = 'id-nobody'",
    ],
)
def test_the_database_itself_refuses_a_row_that_breaks_a_promise(database: Database, change: str) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben")
        freeze(c)
    with pytest.raises(StorageError, match="would break one of its rules"), database.write() as c:
        c.execute(text(f"UPDATE delivery SET {change}"))  # noqa: S608
