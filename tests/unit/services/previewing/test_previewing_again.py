"""A desk that looks again makes only what changed, and shows all that did."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from briefingfeed.models.edition import Cadence
from briefingfeed.newsletter.digest import Digest
from briefingfeed.services.previewing.desk import Desk
from briefingfeed.services.previewing.renditions import RecentRenditions
from briefingfeed.services.sending.send_context import Examined
from stories.house import House


class Table:
    """A desk, and how many mails were rendered for it."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder)
        self.rendered = 0
        self._recent = RecentRenditions()
        self.context = replace(self.house.context, recall=self._recall)
        self.desk = Desk(lambda: self.context)

    def _recall(self, digest: Digest, test: bool, made: Callable[[], Examined]) -> Examined:
        def counted() -> Examined:
            self.rendered += 1
            return made()

        return self._recent(digest, test, counted)

    def mail(self) -> str:
        rendition = self.desk.look().editions[0].rendition
        return rendition.html if rendition else ""


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


def test_a_mail_is_rendered_once_as_long_as_its_posts_are_the_same(table: Table) -> None:
    post = table.house.write("Tides", "2026-11-17")
    for _ in range(3):
        assert "Tides" in table.mail()
    assert table.rendered == 1
    table.house.write("A draft", "2026-11-17", draft=True)
    table.mail()
    assert table.rendered == 1
    post.write_text(post.read_text() + "\nThe ebb.\n")
    assert "The ebb." in table.mail()
    assert table.rendered == 2


def test_posts_that_stay_as_they_are_are_not_made_again(table: Table) -> None:
    changed = table.house.write("Tides", "2026-11-17")
    table.house.write("Boats", "2026-11-16")
    before = {post.title: post for post in table.desk.look().library.posts}
    changed.write_text(changed.read_text() + "\nThe ebb.\n")
    after = {post.title: post for post in table.desk.look().library.posts}
    assert after["Boats"] is before["Boats"]
    assert after["Tides"] is not before["Tides"]
    assert "The ebb." in after["Tides"].body.html


@pytest.mark.parametrize("width", [40, 48])
def test_a_picture_that_is_replaced_under_its_name_is_another_mail(table: Table, width: int) -> None:
    post = table.house.write("Tides", "2026-11-17")
    post.write_text(post.read_text() + "\n![The quay](quay.png)\n")
    picture = post.with_name("quay.png")
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 40, 30))
    before = table.desk.look()
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, 30) + b"other")
    assert f'width="{width}"' in table.mail()
    after = table.desk.look()
    assert after.number > before.number
    assert after.posts[0].mark != before.posts[0].mark
    assert after.editions[0].mark != before.editions[0].mark


def test_a_look_that_sees_nothing_else_is_no_news(table: Table) -> None:
    table.house.write("Tides", "2026-11-17")
    first = table.desk.look().number
    assert table.desk.look().number == first
    table.house.write("Boats", "2026-11-16")
    assert table.desk.look().number == first + 1


def test_settings_that_were_saved_while_something_else_was_broken_count_once_it_is_mended(table: Table) -> None:
    table.house.write("Tides", "2026-11-17")
    table.house.settings.file.write_text("old")
    table.desk.look()
    table.desk.look()
    people = table.house.settings.paths.root / "authors.toml"
    people.write_text("[broken")
    table.house.settings.file.write_text("new and longer")
    publication = replace(table.house.settings.publication, title="Harbour Times")
    table.context = replace(table.context, settings=replace(table.house.settings, publication=publication))
    assert table.desk.look().trouble
    people.unlink()
    view = table.desk.look()
    assert view.trouble is None
    assert view.context.settings.publication.title == "Harbour Times"


def test_a_post_that_went_by_itself_does_not_go_again_when_it_is_dated_later(table: Table) -> None:
    house = table.house
    house.set_up(posts=True)
    house.subscribe("ann", cadence=Cadence.POSTS)
    house.run(Cadence.POSTS)
    file = house.write("Tides", "2026-11-18")
    house.build()
    table.context = house.context
    assert [edition.name for edition in table.desk.look().editions] == ["weekly", "posts/2026-11-18-tides"]
    house.run(Cadence.POSTS)
    file.write_text(file.read_text().replace("date: 2026-11-18", "date: 2026-11-20"))
    house.write("Boats", "2026-11-21")
    assert [edition.name for edition in table.desk.look().editions] == ["weekly", "posts/2026-11-21-boats"]


def test_of_posts_that_go_by_themselves_no_more_are_made_than_shown(table: Table) -> None:
    house = table.house
    house.set_up(posts=True)
    house.run(Cadence.POSTS)
    for number in range(8):
        house.write(f"Due {number}", "2026-11-18")
        house.write(f"Later {number}", "2026-11-20")
    house.build()
    table.context = replace(house.context, recall=table.context.recall)
    shown = [edition.name for edition in table.desk.look().editions]
    assert [name[17:].partition("-")[0] for name in shown] == ["", *["due"] * 8, *["later"] * 2]
    assert table.rendered == len(shown)
    for number in range(8, 12):
        house.write(f"Due {number}", "2026-11-18")
    shown = [edition.name for edition in table.desk.look().editions]
    assert [name[17:].partition("-")[0] for name in shown] == ["", *["due"] * 10]
    assert table.rendered == 11 + 4 + 1  # those that came, and the weekly one with them
