"""`editions cancel`, as it is typed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from briefingfeed.cli.root import briefingfeed
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.storage import editions
from briefingfeed.storage.database import Database

KEY = "weekly/2026-W47"


def test_edition_that_is_over_is_not_asked_about(tmp_path: Path) -> None:
    CliRunner().invoke(briefingfeed, ["init", str(tmp_path)], catch_exceptions=False)
    over = Edition(
        key=KEY,
        cadence=Cadence.WEEKLY,
        rehearsal=False,
        slot_at=datetime(2026, 11, 16, 8, tzinfo=UTC),
        state=EditionState.EMPTY,
    )
    with Database.open(f"sqlite:///{tmp_path}/var/briefingfeed.db") as database, database.write() as connection:
        editions.create(connection, over)

    said = CliRunner().invoke(
        briefingfeed, ["--config", str(tmp_path / "briefingfeed.toml"), "editions", "cancel", KEY]
    )

    assert said.exit_code == 1
    assert f"{KEY} is empty, not " in str(said.exception)
