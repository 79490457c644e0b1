"""Statement 38 of the feeds checklist: real readers read what was written, over HTTP, in every format they know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from contract.readers.house import House
from contract.readers.keepers import Lemon24, Newsboat, Rss2email
from contract.readers.parsers import Feedparser, Feedsmith, RssParser
from contract.readers.programs import Item, Program, shown

PROGRAMS: tuple[type[Program], ...] = (Feedparser, Lemon24, Newsboat, Rss2email, RssParser, Feedsmith)
TELL_UPDATES = (Feedparser, Lemon24, Feedsmith)
TIDES = "tag:harbour.example,2025:2025-06-01/tides"
QUAY = "tag:harbour.example,2025:2025-02-01/quay"
HAFEN = "tag:harbour.example,2025:2025-01-15/hafen"


@dataclass(frozen=True)
class Shelf:
    """What a reader shows of a document."""

    program: type[Program]
    document: str
    items: dict[str, Item]

    def __getitem__(self, id_: str) -> Item:
        return self.items[id_]


@pytest.fixture(
    scope="module",
    params=[(program, document) for program in PROGRAMS for document in program.formats],
    ids=lambda param: f"{param[0].__name__}-{param[1]}",
)
def shelf(request: pytest.FixtureRequest, steady: House, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    program, document = request.param
    subscribed = program(tmp_path_factory.mktemp("reader") / "one", f"{steady.address}/{document}")
    assert sorted(subscribed.fetch()) == sorted([TIDES, QUAY, HAFEN])
    items = subscribed.items()
    assert len(items) == 3
    return Shelf(program, document, {item.id: item for item in items})


def test_38_titles_ids_and_addresses(steady: House, shelf: Shelf) -> None:
    assert {item.id: (item.title, item.url) for item in shelf.items.values()} == {
        TIDES: ("AT&T <3 “Gezeiten” – Öl 😀", f"{steady.address}/posts/tides/"),
        QUAY: ("The quay", f"{steady.address}/posts/quay/"),
        HAFEN: ("Hafen & <Wasser>", f"{steady.address}/posts/hafen/"),
    }


def test_38_the_guest_is_the_author_of_the_guest_post(shelf: Shelf) -> None:
    assert (shelf[TIDES].author, shelf[HAFEN].author) == ("Nguyễn Thị Ánh", "Bo Ek")
    # Some show one of two authors: the first or the last.
    assert shelf[QUAY].author in {"Inès Sorby, Bo Ek", "Inès Sorby", "Bo Ek"}


def test_38_content_is_whole_and_its_addresses_absolute(steady: House, shelf: Shelf) -> None:
    words, addresses = shown(shelf[TIDES].content)
    assert words == (
        "A pharmacist writes & we listen. Łódź: tea & biscuits <3 <b> ]]>. See the other and below . "
        "Part Hear the tide . Nguyễn Thị Ánh Pharmacist Corner & Sons"
    )
    post = f"{steady.address}/posts/tides/"
    assert addresses[0] == f"{steady.address}/posts/quay/"
    assert addresses[1].startswith(f"{post}#")
    assert addresses[2:] == [f"{post}tide-%26-wind.mp3"]
    assert shown(shelf[HAFEN].content) == ("Alles.", [])


def test_38_dates(shelf: Shelf) -> None:
    assert {item.id: item.published for item in shelf.items.values()} == {
        TIDES: datetime(2025, 6, 1, 8, 30, tzinfo=UTC),  # summer time in London
        QUAY: datetime(2025, 2, 1, 12, 0, tzinfo=UTC),
        HAFEN: datetime(2025, 1, 15, 7, 5, tzinfo=UTC),
    }
    told = shelf.program in TELL_UPDATES and shelf.document != "rss.xml"  # which has no element for it
    assert shelf[TIDES].updated == (datetime(2025, 6, 4, 9, 0, tzinfo=UTC) if told else None)


def test_38_enclosures(steady: House, shelf: Shelf) -> None:
    recording, picture = (f"{steady.address}/posts/{name}" for name in ("tides/tide-%26-wind.mp3", "quay/quay.png"))
    if (shelf.program, shelf.document) == (RssParser, "atom.xml"):  # looks for them in RSS only
        return
    assert shelf[TIDES].enclosures == (recording,)
    assert not shelf[HAFEN].enclosures
    if shelf.program is not Newsboat:  # takes sound and film only
        assert shelf[QUAY].enclosures == (picture,)
