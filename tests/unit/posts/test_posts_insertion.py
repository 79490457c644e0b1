from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.errors import RefusedError
from briefingfeed.posts.frontmatter import HeadError, split
from briefingfeed.posts.insertion import insert_id

TAG = "tag:lantern.example,2026-11-24:a"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("---\ntitle: A\n---\nText.\n", f"---\ntitle: A\nid: {TAG}\n---\nText.\n"),
        ("---\r\ntitle: A\r\n---\r\nText.\n", f"---\r\ntitle: A\r\nid: {TAG}\r\n---\r\nText.\n"),
        ("\ufeff---\ntitle: A\n---\n", f"\ufeff---\ntitle: A\nid: {TAG}\n---\n"),
        ("---\ntitle: A\nnote: |\n  x\n\n---\n", f"---\ntitle: A\nnote: |\n  x\n\nid: {TAG}\n---\n"),
        ("---\n# remark\ntitle: 'A'   # B\n---", f"---\n# remark\ntitle: 'A'   # B\nid: {TAG}\n---"),
        ("---\n---\nText.", f"---\nid: {TAG}\n---\nText."),
        ("+++\ntitle = 'A'\n[params]\nx = 1\n+++\nT", f"+++\nid = \"{TAG}\"\ntitle = 'A'\n[params]\nx = 1\n+++\nT"),
        ("Title: A\nDate: 2026-11-24\n\nText.", f"Title: A\nDate: 2026-11-24\nid: {TAG}\n\nText."),
        ("Title: A\r\nDate: x\r\n\r\nText.", f"Title: A\r\nDate: x\r\nid: {TAG}\r\n\r\nText."),
        ("\n\n---\ntitle: A\n---\n", f"\n\n---\ntitle: A\nid: {TAG}\n---\n"),
    ],
)
def test_only_the_id_is_added(before: str, after: str) -> None:
    assert insert_id(before.encode(), TAG) == after.encode()


@pytest.mark.parametrize(
    "data",
    [
        b"Text.",
        b"---\ntitle: A\n",
        b"---\nid: x\n---\n",
        b"---\nID: x\n---\n",
        b"---\na: b: c\n---\n",
        b"---\na: Z\xf6e\n---\n",
    ],
    ids=["no head", "unclosed", "has an id", "has an ID", "wrong head", "Latin-1"],
)
def test_what_has_an_id_or_no_sound_head_stays_as_it_is(data: bytes) -> None:
    assert insert_id(data, TAG) == data


@pytest.mark.parametrize("text", ["---\n{title: A}\n---\n", "---\n  title: A\n---\n"])
def test_where_it_cannot_be_added_it_is_said(text: str) -> None:
    with pytest.raises(RefusedError):
        insert_id(text.encode(), TAG)


@given(
    title=st.text(
        st.characters(codec="utf-8", exclude_characters="\r\n'\x85\u2028\u2029", min_codepoint=32), max_size=20
    ),
    body=st.text(st.characters(codec="utf-8"), max_size=80),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_every_other_byte_stays(title: str, body: str, end: str) -> None:
    before = end.join(["---", f"title: '{title}'", "---", body]).encode()
    try:
        split(before.decode().replace("\r\n", "\n").replace("\r", "\n"))
    except HeadError:
        return
    after = insert_id(before, TAG)
    assert after.replace(f"id: {TAG}{end}".encode(), b"", 1) == before
