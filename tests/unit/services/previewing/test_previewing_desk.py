"""The desk sees what is saved, also while it is looking."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from briefingfeed.services.previewing.desk import Desk
from briefingfeed.services.sending.send_context import SendContext
from stories.house import House


class Shop:
    """A settings file that holds nothing but the publication's title."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder)
        self.file = self.house.settings.file
        self.saved_while_read = ""
        self.readings = 0

    def open_context(self) -> SendContext:
        self.readings += 1
        title = self.file.read_text()
        if self.saved_while_read:
            self.file.write_text(self.saved_while_read)
            self.saved_while_read = ""
        publication = replace(self.house.settings.publication, title=title)
        return replace(self.house.context, settings=replace(self.house.settings, publication=publication))


def title_of(desk: Desk) -> str:
    return desk.view.context.settings.publication.title


def test_settings_that_are_saved_while_they_are_read_are_seen_with_the_next_look(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.file.write_text("Tides")
    desk = Desk(shop.open_context)
    desk.look()
    shop.file.write_text("Harbour")
    shop.saved_while_read = "Harbour Notes"
    desk.look()
    desk.look()
    assert title_of(desk) == "Harbour Notes"


def test_settings_that_stay_as_they_are_are_not_read_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.file.write_text("Tides")
    desk = Desk(shop.open_context)
    for _ in range(5):
        desk.look()
    assert shop.readings == 2  # the first reading cannot know what the file was before it
    assert title_of(desk) == "Tides"
