"""Statement 40 of the feeds checklist: whatever happens to the posts, no reader shows an old entry as new.

Each reader is subscribed to each document that it knows, at our own server, and fetches after each change.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract.readers.house import House, open_house
from contract.readers.keepers import Lemon24, Newsboat, Rss2email
from contract.readers.parsers import Feedparser, Feedsmith, RssParser
from contract.readers.programs import Program

PROGRAMS = [Feedparser, Lemon24, Newsboat, Rss2email, RssParser, Feedsmith]
EBB = "tag:harbour.example,2025:2025-07-01/ebb"
NEW = "---\ntitle: Ebb – Ebbe\ndate: 2025-07-01 08:00\nauthors: Bo Ek\ntopics: [water]\n---\nNew, and no more.\n"


def subscribe(program: type[Program], house: House, folder: Path) -> list[Program]:
    """Return one reader for each document, none of which has anything left to show."""
    readers = [program(folder / document, f"{house.address}/{document}") for document in program.formats]
    for reader in readers:
        assert len(reader.fetch()) == 3
        assert reader.fetch() == []
    return readers


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def edit_a_title(house: House) -> None:
    edit(house.posts / "2025-06-01-tides.md", "Gezeiten", "Ebbe & Flut")


def edit_a_text(house: House) -> None:
    edit(house.posts / "2025-02-01-quay.md", "More of it.", "Less of it.\n")


def move_a_file(house: House) -> None:
    """Its name makes its address."""
    (house.posts / "2025").mkdir()
    (house.posts / "2025-01-15-hafen.md").rename(house.posts / "2025" / "2025-01-15-wasser.md")


def change_the_domain(house: House) -> None:
    house.url = f"http://localhost:{house.port}"


CHANGES: dict[str, Callable[..., None]] = {
    "rebuild": lambda house: None,
    "title edit": edit_a_title,
    "text edit": edit_a_text,
    "moved file": move_a_file,
    "changed domain": change_the_domain,
}


@contextmanager
def redirecting(port: int, address: str) -> Iterator[list[str]]:
    """Answer on this port that everything has moved for good; yield the paths asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(301)
            self.send_header("Location", address + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("program", PROGRAMS)
def test_40_only_what_is_new_is_shown_as_new(house: House, tmp_path: Path, program: type[Program]) -> None:
    readers = subscribe(program, house, tmp_path)
    for name, change in CHANGES.items():
        change(house)
        house.build()
        assert [reader.fetch() for reader in readers] == [[]] * len(readers), name
    if program.keeps_up:
        for reader in readers:
            assert {(item.title, item.url) for item in reader.items()} == {
                ("AT&T <3 “Ebbe & Flut” – Öl 😀", f"{house.url}/posts/tides/"),
                ("The quay", f"{house.url}/posts/quay/"),
                ("Hafen & <Wasser>", f"{house.url}/posts/wasser/"),
            }
    (house.posts / "2025-07-01-ebb.md").write_text(NEW, "utf-8")
    house.build()
    assert [reader.fetch() for reader in readers] == [[EBB]] * len(readers)
    assert [len(reader.items()) for reader in readers] == [4] * len(readers)


@pytest.mark.parametrize("program", [Lemon24, Newsboat, Rss2email])
def test_40_remembered_ids_outlive_the_domain_in_them(tmp_path: Path, program: type[Program]) -> None:
    """Without an id_authority, ids hold the domain of the day on which they were made."""
    with open_house(tmp_path / "house", authority=None) as house:
        readers = subscribe(program, house, tmp_path)
        change_the_domain(house)
        house.build()
        assert [reader.fetch() for reader in readers] == [[]] * len(readers)
        assert {item.id for reader in readers for item in reader.items()} >= {"tag:127.0.0.1,2025-06-01:tides"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_40_a_domain_left_behind_with_a_redirect(house: House, tmp_path: Path, program: type[Program]) -> None:
    """Where the publication was, every address now answers 301."""
    readers = subscribe(program, house, tmp_path)
    old = house.port
    house.move()
    with redirecting(old, house.address) as asked:
        assert [reader.fetch() for reader in readers] == [[]] * len(readers)
        (house.posts / "2025-07-01-ebb.md").write_text(NEW, "utf-8")
        house.build()
        assert [reader.fetch() for reader in readers] == [[EBB]] * len(readers)
    assert {f"/{document}" for document in program.formats} <= set(asked)


@pytest.mark.parametrize("program", [program for program in PROGRAMS if program.asks_at])
def test_38_a_feed_that_a_reader_knows_is_answered_with_304(
    steady: House, tmp_path: Path, program: type[Program]
) -> None:
    for document in program.formats:
        reader = program(tmp_path / document, f"{steady.address}/{document}")
        before = len(steady.answers(0))
        asked = [reader.fetch() for _ in range(program.asks_at or 0)]
        answers = steady.answers(before + len(asked))[before:]
        assert answers == ["200"] * (len(asked) - 1) + ["304"]
        assert asked[1:] == [[]] * (len(asked) - 1)


def test_38_newsboat_shows_a_post_once_that_stands_in_two_of_its_feeds(steady: House, tmp_path: Path) -> None:
    """It knows entries by their ids, whatever feed they came from; so a post's id is the same in all feeds."""
    topics = [f"{steady.address}/topics/{name}/atom.xml" for name in ("water", "rights-tides")]
    reader = Newsboat(tmp_path / "newsboat", f"{steady.address}/atom.xml", *topics)
    assert len(reader.fetch()) == 3
    assert reader.fetch() == []
    assert len(reader.items()) == len({item.id for item in reader.items()}) == 3
