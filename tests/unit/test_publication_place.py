"""By its place a run knows whose runs its lock holds off: two hosts must never count as one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from briefingfeed.publication import Publication

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def _place(folder: Path, name: str) -> str:
    folder.mkdir(exist_ok=True)
    file = folder / "briefingfeed.toml"
    file.write_text(
        '[publication]\nurl = "https://harbour.example"\n[newsletter]\nfrom = "Notes <notes@harbour.example>"\n'
    )
    publication = Publication(file, {"BRIEFINGFEED_INSTANCE": name} if name else {}, lambda: NOW)
    try:
        return publication.send_context().place
    finally:
        publication.close()


def test_two_containers_of_one_image_are_two_places_by_their_names(tmp_path: Path) -> None:
    places = [_place(tmp_path / "a", name) for name in ("harbour-1", "harbour-1", " harbour-1 ")]
    assert len(set(places)) == 1
    assert _place(tmp_path / "a", "harbour-2") not in places


def test_without_a_name_the_machine_and_the_folder_tell(tmp_path: Path) -> None:
    assert _place(tmp_path / "a", "") == _place(tmp_path / "a", "")
    assert _place(tmp_path / "a", "") != _place(tmp_path / "b", "")
    assert _place(tmp_path / "a", "") != _place(tmp_path / "a", "harbour-1")
