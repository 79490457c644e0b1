"""An edition whose stored content is damaged keeps nobody else's waiting."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from briefingfeed.errors import ProviderError
from briefingfeed.models.edition import EditionState

W48, W49 = "weekly/2026-W48", "weekly/2026-W49"


def test_it_is_held_with_words_and_the_next_edition_goes(desk) -> None:
    desk.change(catch_up=None)
    desk.write("Tides")
    desk.subscribe("ann", "ben")
    desk.begin()
    desk.office.down = ProviderError("no connection")
    desk.now += timedelta(days=5)
    desk.send()
    with desk.database.write() as connection:
        connection.execute(text("DROP TRIGGER rendition_keep_content"))
        connection.execute(text("UPDATE rendition SET subject = 'Another'"))
    desk.office.down = None
    desk.write("Winds", "2026-11-27")
    desk.now += timedelta(days=2)
    report = desk.send()
    assert [desk.edition(key).state for key in (W48, W49)] == [EditionState.HELD, EditionState.DONE]
    assert [mail["Subject"] for mail in desk.office.mails] == ["Harbour Notes: Winds"] * 2
    (notice,) = report.news
    assert notice.topic == f"held:{W48}"
    assert "damaged" in notice.text
    assert "backup" in notice.text
    assert report.exit_code == 1
    assert desk.send().news == ()
