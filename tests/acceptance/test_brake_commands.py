"""Hold, release and cancel as an operator types them, and what is read back. All of it a rehearsal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from acceptance.newsroom import Newsroom

READERS = [f"reader{number}@example.org" for number in range(5)]


@pytest.fixture
def desk(tmp_path: Path) -> Newsroom:
    made = Newsroom(tmp_path / "publication", provider="outbox")
    settings = made.folder / "briefingfeed.toml"
    brake = '[newsletter]\nfirst_batch = 2\nfirst_batch_pause = "2 h"'
    settings.write_text(settings.read_text("utf-8").replace("[newsletter]", brake), "utf-8")
    made.write("Tides")
    made.subscribe(READERS)
    return made


def next_key(desk: Newsroom) -> str:
    at = datetime.fromisoformat(json.loads(desk.run("status", "--json").stdout)["next_slot"])
    return f"rehearsal/weekly/{at.astimezone(UTC):%G-W%V}"


def say(desk: Newsroom, *arguments: str, expect: int = 0) -> str:
    done = desk.run("editions", *arguments, expect=expect)
    return done.stdout.strip() if expect == 0 else done.stderr.strip()


def texts(desk: Newsroom) -> list[str]:
    mails = (desk.folder / "var" / "outbox" / "new").iterdir()
    parsed = [message_from_bytes(mail.read_bytes(), policy=policy.default) for mail in mails]
    return [mail.get_body(("plain",)).get_content() for mail in parsed]  # type: ignore[union-attr]


def test_the_next_edition_can_be_held_let_go_and_cancelled_before_anything_is_known_of_it(desk: Newsroom) -> None:
    key = next_key(desk)
    assert say(desk, "hold", key).startswith(f"{key} is held. Nobody has it. Once released it goes out")
    assert say(desk, "hold", key).startswith(f"{key} is held already.")
    assert say(desk, "list") == f"{key}  held  nobody"
    status = desk.run("status", expect=1).stdout
    assert f"but {key} is held" in status
    assert f"briefingfeed editions release {key}, or: briefingfeed editions cancel {key}" in status
    assert say(desk, "release", key) == f"{key} goes out when its hour comes, with the posts as they are then."
    asked = say(desk, "cancel", key, expect=2)
    assert "has not been made yet. Skip it? Its posts go with the next edition." in asked
    assert "--yes" in asked
    cancelled = json.loads(say(desk, "cancel", key, "--yes", "--json"))
    assert (cancelled["state"], cancelled["recipients"]) == ("cancelled", 0)
    assert cancelled["words"] == f"{key} is cancelled. Nobody had it; its posts go with the next edition."
    assert "is cancelled, not held" in say(desk, "release", key, expect=1)
    assert "There is no edition weekly/2001-W01." in say(desk, "hold", "weekly/2001-W01", expect=2)


def test_a_first_batch_goes_pauses_and_the_others_get_the_mended_text(desk: Newsroom) -> None:
    (report,) = json.loads(desk.run("send-weekly", "--json", expect=0).stdout)["editions"]
    key = report["key"]
    assert report["first_batch"].startswith("First batch: 2 of 5 have it; the rest follows at ")
    assert [sum(counts.values()) for counts in report["batches"].values()] == [2, 3]
    assert report["first_batch"] in say(desk, "show", key)
    assert f"First batch:   {key}: 2 of 5 have it" in desk.run("status", expect=0).stdout
    assert say(desk, "hold", key) == f"{key} is held. 2 readers had it, 3 wait."
    assert "First batch: 2 of 5 have it; the rest waits, since the edition is held." in say(desk, "show", key)
    desk.write("Tides", "The mended text.")
    words = say(desk, "release", key, "--rerender")
    assert words == f"{key} goes on with the next run. 2 readers had it, 3 wait. 3 readers get the new text."
    desk.run("send-weekly", expect=0)
    found = texts(desk)
    assert len(found) == 5
    assert sum("The mended text." in text for text in found) == 3
    assert sum("The text of Tides." in text for text in found) == 2
