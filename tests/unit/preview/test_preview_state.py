"""What the page's script is told of an edition."""

from __future__ import annotations

from pathlib import Path

from briefingfeed.preview.state import state_of
from briefingfeed.services.previewing.desk import Desk
from stories.house import House


def test_a_warning_stops_nothing_and_readers_who_get_a_copy_are_not_without(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.subscribe("ann", "bob")
    house.write("Tides " * 20, "2026-11-17")
    view = Desk(lambda: house.context).look()
    (seen,) = view.editions
    (edition,) = state_of(view)["editions"]
    assert [finding.stops for finding in seen.findings] == [False]
    assert edition["stops"] == 0
    assert (edition["recipients"], edition["without"]) == (2, 0)
    house.database.close()
