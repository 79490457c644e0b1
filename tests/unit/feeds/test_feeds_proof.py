from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from briefingfeed.errors import BriefingfeedError
from briefingfeed.feeds.entry import make_entry
from briefingfeed.feeds.extension import ATOM_PREFIXES, RSS_PREFIXES
from briefingfeed.feeds.jsonfeed import make_item
from briefingfeed.feeds.proof import (
    prove_atom_entry,
    prove_json_frame,
    prove_json_item,
    prove_rss_item,
    prove_xml_frame,
)
from briefingfeed.feeds.syndication import escape_content, fill, write_entry
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings


@pytest.mark.parametrize("sabotage", [(b"quay", b"coast"), (b"</", b"<//"), (b"tag:", b"tog:"), (b"Mooring", b"")])
def test_entry_that_does_not_read_back_is_refused_by_name(
    post: Callable[..., Post], settings: Settings, sabotage: tuple[bytes, bytes]
) -> None:
    entry = make_entry(post(), settings)
    atom, rss = write_entry(entry, "Harbour Notes")
    atom = fill(atom, escape_content(entry.content or ""))

    prove_atom_entry(atom, entry)
    prove_rss_item(rss, entry)
    for prove, bare in ((prove_atom_entry, atom), (prove_rss_item, rss)):
        with pytest.raises(BriefingfeedError, match="would be broken") as raised:
            prove(bare.replace(*sabotage), entry)
        assert raised.value.where == post().path


@pytest.mark.parametrize(
    "sabotage", [(b"&content;", b""), (b"&content;", b"&content;&content;"), (b"Moor", b"&content;")]
)
def test_item_without_exactly_one_room_for_its_content_is_refused(
    post: Callable[..., Post], settings: Settings, sabotage: tuple[bytes, bytes]
) -> None:
    entry = make_entry(post(), settings)
    _, rss = write_entry(entry, "Harbour Notes")

    with pytest.raises(BriefingfeedError, match="would be broken"):
        prove_rss_item(rss.replace(*sabotage), entry)


def test_item_that_does_not_read_back_is_refused_by_name(post: Callable[..., Post], settings: Settings) -> None:
    entry = make_entry(post(), settings)
    item = make_item(entry)
    written = json.dumps(item).encode()

    prove_json_item(written, item, entry)
    for broken in (written[:-1], written.replace(b"quay", b"coast")):
        with pytest.raises(BriefingfeedError, match="would be broken") as raised:
            prove_json_item(broken, item, entry)
        assert raised.value.where == post().path


def test_entry_twice_or_not_at_all_is_refused(post: Callable[..., Post], settings: Settings) -> None:
    entry = make_entry(post(), settings)
    atom = fill(write_entry(entry, "Harbour Notes")[0], escape_content(entry.content or ""))
    start, end = atom.index(b"  <entry"), atom.index(b"</feed>")

    for broken in (atom[:end] + atom[start:], atom[:start] + atom[end:]):
        with pytest.raises(BriefingfeedError, match=r"comes back as [02] entries"):
            prove_atom_entry(broken, entry)


@pytest.mark.parametrize(
    "frame",
    [
        b"<feed/>",
        b"<feed xmlns='http://www.w3.org/2005/Atom'/>",
        b"<feed xmlns='http://www.w3.org/2005/Atom'",
        b"<rss xmlns:media='http://other.example/'><channel/></rss>",
    ],
)
def test_frame_in_which_an_entry_would_mean_something_else_is_refused(frame: bytes) -> None:
    for prefixes in (ATOM_PREFIXES, RSS_PREFIXES):
        with pytest.raises(BriefingfeedError) as raised:
            prove_xml_frame(frame, prefixes, "topics/water/atom.xml")
        assert raised.value.where == "topics/water/atom.xml"


@pytest.mark.parametrize("frame", [b"{", b"{}", b'{"items": [{}]}'])
def test_json_frame_with_anything_in_it_is_refused(frame: bytes) -> None:
    with pytest.raises(BriefingfeedError):
        prove_json_frame(frame, "feed.json")
