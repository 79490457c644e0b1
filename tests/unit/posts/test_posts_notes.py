"""Notes: what counts, and what is passed over."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from briefingfeed.models.post import Author
from briefingfeed.posts.dates import Moment, read_moment
from briefingfeed.posts.head import PostHead
from briefingfeed.posts.notes import Note, Notes
from briefingfeed.posts.packing import Packing

LONDON = ZoneInfo("Europe/London")
OLD = "1000 1000 12 7 1"


def note(title: str = "A title") -> Note:
    head = PostHead(
        title=title, date=read_moment("2026-10-25 01:30", LONDON), slug="a", updated=None, id=None, url=None,
        authors=(Author(name="Amara", email="amara@lantern.example"),), standfirst=None, contact=None,
        topics=("water",), summary=None, draft=False, aliases=(), image=None, image_alt="", closes=None,
        call_to_action=None, corrections=(), feed=True, email=None, comments=False, language="en",
        lines={"date": 3, "id": None}, extra={"tuple": ["list", {"dict": "x"}]},
    )  # fmt: skip
    return Note(digest="d", body_digest="b", first_line=5, head=head, problems=())


def kept(state: Path, surroundings: str = "s") -> Path:
    notes = Notes(state, surroundings, LONDON)
    notes.put("posts/a.md", OLD, note())
    notes.keep()
    return state / "cache" / "posts.sqlite"


def found(state: Path, surroundings: str = "s") -> tuple[str | None, Note | None]:
    return Notes(state, surroundings, LONDON).find("posts/a.md")


def test_a_note_comes_back_as_it_was(tmp_path: Path) -> None:
    file = kept(tmp_path)
    assert found(tmp_path) == (OLD, note())
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_both_halves_of_the_hour_that_comes_twice_stay_apart() -> None:
    packing = Packing(LONDON, (Moment,))
    for fold in (0, 1):
        at = datetime(2026, 10, 25, 1, 30, tzinfo=LONDON, fold=fold)
        again = packing.unpack(packing.pack(Moment(at, True))).at
        assert (again.fold, again.astimezone(UTC), again.tzinfo) == (fold, at.astimezone(UTC), LONDON)


@pytest.mark.parametrize(
    "value", [(), [], {}, None, True, 3, "tuple", ["tuple"], ("list", [1]), {"a": ("b",)}, date(2026, 1, 1), Path("a")]
)
def test_values_come_back_with_their_types(value: object) -> None:
    packing = Packing(LONDON, ())
    again = packing.unpack(packing.pack(value))
    assert (again, type(again).__name__) == (value, type(value).__name__)


def test_what_is_not_known_is_not_packed() -> None:
    with pytest.raises(TypeError):
        Packing(LONDON, ()).pack(object())
    with pytest.raises(TypeError):
        Packing(LONDON, ()).pack(datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")))


def test_notes_of_other_surroundings_do_not_count(tmp_path: Path) -> None:
    kept(tmp_path)
    assert found(tmp_path, "other") == (None, None)
    kept(tmp_path, "other")
    assert found(tmp_path) == (None, None)


def test_a_file_that_others_may_write_is_passed_over(tmp_path: Path) -> None:
    kept(tmp_path).chmod(0o620)
    assert found(tmp_path) == (None, None)


def test_a_link_is_passed_over(tmp_path: Path) -> None:
    file = kept(tmp_path)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert found(tmp_path) == (None, None)


def test_a_changed_note_is_passed_over(tmp_path: Path) -> None:
    with closing(sqlite3.connect(kept(tmp_path))) as connection, connection:
        connection.execute("UPDATE note SET text = replace(text, 'A title', 'B title')")
    assert found(tmp_path) == (None, None)


def test_marks_of_a_file_that_changed_just_now_are_not_relied_on(tmp_path: Path) -> None:
    notes = Notes(tmp_path, "s", LONDON)
    file = tmp_path / "now"
    file.touch()
    notes.put("posts/a.md", f"{os.stat(file).st_ctime_ns} 0 0 0 0", note())  # noqa: PTH116
    notes.keep()
    assert found(tmp_path) == (None, note())


def test_notes_of_files_that_are_gone_go(tmp_path: Path) -> None:
    kept(tmp_path)
    Notes(tmp_path, "s", LONDON).keep()
    assert found(tmp_path) == (None, None)


def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the way")
    kept(tmp_path)
    assert found(tmp_path) == (None, None)
