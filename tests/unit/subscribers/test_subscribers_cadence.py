"""How often somebody is mailed: chosen when added or imported, and changed later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from briefingfeed import config
from briefingfeed.errors import ConfigurationError, UsageError
from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import Settings
from briefingfeed.services.readers.subscriber_imports import apply, check_cadences, read_file
from briefingfeed.services.readers.subscribers import Change, add, change_cadence, find
from briefingfeed.storage.database import Database
from publications import KEY

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "briefingfeed.toml"
    file.write_text('[newsletter]\ndaily = "07:30"\n', "utf-8")
    return config.load(file, provider_names=("outbox",))


def cadence_of(database: Database, who: str) -> tuple[Cadence, datetime | None]:
    with database.read() as connection:
        person = find(connection, who)
    return person.cadence, person.cadence_since


def test_is_weekly_unless_it_is_said(database: Database) -> None:
    add(database, "ann@example.org", consent_note="form", suppression_key=KEY, now=NOW)
    add(database, "ben@example.org", consent_note="form", suppression_key=KEY, now=NOW, cadence=Cadence.DAILY)
    assert cadence_of(database, "ann@example.org") == (Cadence.WEEKLY, None)
    assert cadence_of(database, "ben@example.org") == (Cadence.DAILY, None)


def test_can_be_changed_and_is_dated_then(database: Database, settings: Settings) -> None:
    add(database, "ann@example.org", consent_note="form", suppression_key=KEY, now=NOW)
    first = change_cadence(database, "ann@example.org", Cadence.DAILY, settings=settings, now=NOW)
    again = change_cadence(database, "ann@example.org", Cadence.DAILY, settings=settings, now=NOW + timedelta(days=1))
    assert (first.change, again.change) == (Change.CADENCE, Change.NOTHING)
    assert cadence_of(database, "ann@example.org") == (Cadence.DAILY, NOW)
    with pytest.raises(UsageError):
        change_cadence(database, "stranger@example.org", Cadence.DAILY, settings=settings, now=NOW)
    with pytest.raises(ConfigurationError, match="no cadence “monthly”"):
        change_cadence(database, "ann@example.org", Cadence.MONTHLY, settings=settings, now=NOW)


def test_comes_with_an_import(database: Database, tmp_path: Path, settings: Settings) -> None:
    file = tmp_path / "members.csv"
    file.write_text("Email,Cadence\nann@example.org,daily\nben@example.org,\n", "utf-8")
    candidates = read_file(file)
    check_cadences(candidates, settings)
    apply(database, candidates, consent_note="form", suppression_key=KEY, now=NOW)
    assert cadence_of(database, "ann@example.org")[0] is Cadence.DAILY
    assert cadence_of(database, "ben@example.org")[0] is Cadence.WEEKLY


def test_that_is_not_set_up_stops_an_import(tmp_path: Path, settings: Settings) -> None:
    file = tmp_path / "members.csv"
    file.write_text("Email,Cadence\nann@example.org,monthly\nben@example.org,monthly\ncy@example.org,daily\n", "utf-8")
    with pytest.raises(ConfigurationError, match="2 of these people are to be mailed “monthly”"):
        check_cadences(read_file(file), settings)
