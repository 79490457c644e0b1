"""Files as forms: what is shown of them, and that nothing else is touched when they are saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.errors import RefusedError
from briefingfeed.models.post import Author
from briefingfeed.posts.discovery import Candidate, describe
from briefingfeed.posts.frontmatter import HeadError
from briefingfeed.services.previewing.form import Form, put_form, read_form

PEOPLE = {"amara": Author(name="Amara Osei"), "li": Author(name="Li Wei")}
CANDIDATE = describe(Path("posts/2026-11-24-bus.md"), "posts/2026-11-24-bus.md")

FULL = b"""---
# kept
Title: "The night: bus"
date: 2026-11-20 17:00   # of the meeting
author: amara, li
tags: buses nights
category: transport
standfirst: One
  sentence
closes: 2026-12-01
call_to_action: {label: Write, url: "https://x.example/", colour: red}
cover: {src: bus.png, alt: A bus}
layout: wide
email: no
feed: no
status: draft
---

Words.
"""


def form(data: bytes, candidate: Candidate = CANDIDATE) -> Form:
    return read_form(data, candidate, PEOPLE)


def put(data: bytes, candidate: Candidate = CANDIDATE, **changes: Any) -> str:
    changed = put_form(data, replace(form(data, candidate), **changes), candidate, PEOPLE)
    assert form(changed, candidate) == replace(form(data, candidate), **changes)
    return changed.decode()


def test_all_names_and_shapes_are_read() -> None:
    assert form(FULL) == Form(
        title="The night: bus",
        date="2026-11-20 17:00",
        authors=("amara", "li"),
        standfirst="One sentence",
        topics=("buses", "nights", "transport"),
        closes="2026-12-01",
        action_label="Write",
        action_url="https://x.example/",
        image="bus.png",
        image_alt="A bus",
        feed=False,
        email=False,
        ready=False,
        body="Words.",
    )


@pytest.mark.parametrize("source", [FULL, FULL.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + FULL, b"Title: x\n\ny\n"])
def test_saving_without_a_change_gives_the_same_bytes(source: bytes) -> None:
    assert put_form(source, form(source), CANDIDATE, PEOPLE) == source


@pytest.mark.parametrize(
    ("changes", "gone", "new"),
    [
        ({"title": "Bus"}, '"The night: bus"', '"Bus"'),
        ({"date": "2026-11-21"}, "2026-11-20 17:00", "2026-11-21"),
        ({"authors": ("amara",)}, "amara, li", "amara"),
        ({"topics": ("trams",)}, "tags: buses nights\ncategory: transport\n", "tags: [trams]\n"),
        ({"action_url": ""}, 'label: Write, url: "https://x.example/"', "label: Write"),
        ({"action_label": "", "action_url": ""},
            'call_to_action: {label: Write, url: "https://x.example/", colour: red}\n', ""),
        ({"image": "tram.png"}, "cover: {src: bus.png, alt: A bus}\n", "cover: tram.png\nimage_alt: A bus\n"),
        ({"image_alt": "Two"}, "alt: A bus}\n", "alt: A bus}\nimage_alt: Two\n"),
        ({"feed": True}, "feed: no\n", ""),
        ({"email": None}, "email: no\n", ""),
        ({"email": True}, "email: no\n", "email: true\n"),
        ({"ready": True}, "status: draft\n", "status: published\n"),
        ({"closes": ""}, "closes: 2026-12-01\n", ""),
        ({"summary": "Short"}, "colour: red}\n", "colour: red}\nsummary: Short\n"),
        ({"body": "Words.\n\nMore."}, "Words.\n", "Words.\n\nMore.\n"),
    ],
    ids=str,
)  # fmt: skip
def test_only_the_line_that_was_changed_changes(changes: dict[str, Any], gone: str, new: str) -> None:
    before = FULL.decode()
    assert before.count(gone) == 1
    assert put(FULL, **changes) == before.replace(gone, new)


def test_a_guest_stands_with_role_and_organisation() -> None:
    guest = {"name": "Ana", "role": "Driver", "guest": "true"}
    assert 'author: [li, {name: Ana, role: Driver, guest: "true"}]\n' in put(FULL, authors=("li", guest))


def test_a_file_of_mere_words_becomes_a_post() -> None:
    assert put(b"Just words.\n", title="A title", date="2026-11-24").startswith("---\ntitle: A title\n---\n\nJust")


def test_the_date_in_the_name_is_shown_and_written_only_if_it_is_changed() -> None:
    source = b"---\ntitle: x\n---\n"
    assert form(source).date == "2026-11-24"
    assert put(source, date="2026-11-25") == "---\ntitle: x\ndate: 2026-11-25\n---\n"


@pytest.mark.parametrize(
    ("source", "changes", "words"),
    [
        (FULL, {"action_label": ""}, "needs words"),
        (b"Title: x\n\ny\n", {"authors": ({"name": "Ana", "role": "x"},)}, "cannot be changed here"),
        (b"---\ntitle: \xff\n---\n", {}, "not UTF-8"),
    ],
)
def test_what_cannot_be_said_is_refused_in_words(source: bytes, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        put_form(source, replace(form(source), **changes), CANDIDATE, PEOPLE)


def test_a_folder_of_drafts_is_left_by_moving_the_file() -> None:
    candidate = describe(Path("posts/_drafts/bus.md"), "posts/_drafts/bus.md", is_draft=True)
    with pytest.raises(RefusedError, match="folder of drafts"):
        put(b"---\ntitle: x\n---\n", candidate, ready=True)


LINES = st.sampled_from(
    ["title: x", "title: 'y: z'  # c", "# c", "", "tags: a b", "tags:\n- a\n# c\n- b", "authors: amara", "draft: true",
        "summary: |\n  # no comment\n\n  x", "x: {y: [1, 2]}", "title = 'x'", "tags = [\n'a',\n]", "[params]", "date:",
        "Title: z", "author:\n  name: Q", "image: [a.png]", "email: maybe", "call_to_action: go", "published: false"]
)  # fmt: skip
SOURCES = st.builds(
    lambda fence, lines, end, body: end.join("\n".join([fence, *lines, fence, body]).split("\n")).encode(),
    st.sampled_from(["---", "+++", "Title: a"]),
    st.lists(LINES, max_size=7),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\n\nWords.\n", "Words", "\n\n\nA\n\nB\n\n"]),
)


@given(
    source=SOURCES,
    title=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), max_size=12).map(
        lambda text: " ".join(text.split())
    ),
    ready=st.booleans(),
)
def test_whatever_the_head_looks_like(source: bytes, title: str, ready: bool) -> None:
    try:
        before = form(source)
    except (HeadError, RefusedError):
        return
    assert put_form(source, before, CANDIDATE, PEOPLE) == source
    wanted = replace(before, title=title or before.title, ready=ready)
    try:
        after = put_form(source, wanted, CANDIDATE, PEOPLE)
    except RefusedError:
        return
    assert form(after) == wanted
    assert put_form(after, wanted, CANDIDATE, PEOPLE) == after
