"""A post's keys and text are changed one by one; everything else keeps its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.errors import RefusedError
from briefingfeed.posts.amending import amend, begin_head, text_of, with_text
from briefingfeed.posts.frontmatter import HeadError, Value, split
from briefingfeed.posts.wording import Word

YAML = b"""---
# Who wrote this down?
title: The night bus   # as it is called
date: 2026-11-20
tags: [buses, nights]
authors:
  - amara
  # - oisin
summary: >
  Two years
  of it
layout: {wide: yes}
draft: true   # remove this line to publish
closes:
---

It runs at night.
"""

TOML = b"""+++\r
title = "The night bus" # as it is called\r
date = 2026-11-20\r
tags = [\r
  "buses",\r
]\r
[call_to_action]\r
label = "Write"\r
# nobody did so far\r
[layout]\r
wide = true\r
+++\r
\r
It runs at night.\r
"""

BARE = b"Title: The night bus\nDate: 2026-11-20\nTags: buses, nights\n\nIt runs at night.\n"


@pytest.mark.parametrize(
    ("source", "key", "value", "gone", "new"),
    [
        (YAML, "title", "Two: years", b"The night bus", b'"Two: years"'),
        (YAML, "title", "No", b"The night bus", b'"No"'),
        (YAML, "date", Word("2026-12-01 17:00"), b"2026-11-20", b"2026-12-01 17:00"),
        (YAML, "tags", ["buses", "a, b"], b"[buses, nights]", b'[buses, "a, b"]'),
        (YAML, "summary", "It # runs", b"summary: >\n  Two years\n  of it\n", b'summary: "It # runs"\n'),
        (YAML, "draft", None, b"draft: true   # remove this line to publish\n", b""),
        (YAML, "draft", Word("false"), b"draft: true", b"draft: false"),
        (YAML, "closes", Word("2026-12-01"), b"closes:", b"closes: 2026-12-01"),
        (YAML, "authors", [{"name": "Li Wei", "role": "Driver"}], b"authors:\n  - amara\n",
            b"authors:\n  - name: Li Wei\n    role: Driver\n"),
        (YAML, "call_to_action", {"label": "Go, now", "url": "https://x.example/"}, b"closes:\n",
            b'closes:\ncall_to_action: {label: "Go, now", url: https://x.example/}\n'),
        (YAML, "updated", Word("2026-11-21"), b"tags:", b"updated: 2026-11-21\ntags:"),
        (TOML, "title", 'A "bus"', b'"The night bus"', b'"A \\"bus\\""'),
        (TOML, "date", Word("2026-12-01"), b"2026-11-20", b"2026-12-01"),
        (TOML, "date", Word("2026-12-01 17:00"), b"2026-11-20", b'"2026-12-01 17:00"'),
        (TOML, "tags", ["trams"], b'[\r\n  "buses",\r\n]', b'["trams"]'),
        (TOML, "call_to_action", None, b'[call_to_action]\r\nlabel = "Write"\r\n', b""),
        (TOML, "summary", "Short", b"+++\r\ntitle", b'+++\r\nsummary = "Short"\r\ntitle'),
        (BARE, "title", "Two years", b"The night bus", b"Two years"),
        (BARE, "TAGS", ["trams", "rain"], b"buses, nights", b"trams, rain"),
        (BARE, "draft", Word("true"), b"nights\n", b"nights\ndraft: true\n"),
    ],
)  # fmt: skip
def test_only_what_was_meant_is_changed(source: bytes, key: str, value: Value, gone: bytes, new: bytes) -> None:
    assert source.count(gone) == 1
    assert amend(source, key, value, after=("date",) if key == "updated" else ()) == source.replace(gone, new)


@pytest.mark.parametrize("source", [YAML, TOML, BARE])
def test_what_it_says_already_is_not_written_again(source: bytes) -> None:
    for entry in split(source.decode().replace("\r\n", "\n")).entries:
        assert amend(source, entry.key, entry.value) == source
    assert amend(source, "nothing", None) == source
    assert with_text(source, "It runs at night.") == source
    assert with_text(source, "It runs at night.\r\n\r\n") == source


@pytest.mark.parametrize(
    ("source", "body", "after"),
    [
        (b"---\ntitle: x\n---\n\n\nOne\r\nTwo\rThree\n\n", "One\nTwo\nThree\nFour",
            b"---\ntitle: x\n---\n\n\nOne\r\nTwo\rThree\nFour\n\n"),
        (b"---\r\ntitle: x\r\n---\r\nOne", "Zero\n\nOne", b"---\r\ntitle: x\r\n---\r\n\r\nZero\r\n\r\nOne"),
        (b"---\ntitle: x\n---", "One", b"---\ntitle: x\n---\n\nOne\n"),
        (b"\xef\xbb\xbf---\ntitle: x\n---\nOne\n", "", b"\xef\xbb\xbf---\ntitle: x\n---\n\n\n"),
    ],
)  # fmt: skip
def test_lines_of_the_text_that_stay_keep_their_bytes(source: bytes, body: str, after: bytes) -> None:
    changed = with_text(source, body)
    assert changed == after
    assert text_of(changed) == body


def test_a_file_without_front_matter_can_be_given_some() -> None:
    begun = amend(begin_head(b"Just words\r\n"), "title", "A title")
    assert begun == b"---\r\ntitle: A title\r\n---\r\n\r\nJust words\r\n"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"---\ntitle: [\n---\n", "not right YAML"),
        (b"---\ntitle: x\n", "never closed"),
        (b"Just words", "no front matter"),
        (b"---\ntitle: \xff\n---\n", "not UTF-8"),
        (b"{title: y}\n---\n", "no front matter"),
        (b"---\n{title: x, date: 2026-11-20}\n---\n", "cannot be changed here"),
    ],
)
def test_what_cannot_be_changed_without_harm_is_refused(source: bytes, words: str) -> None:
    with pytest.raises(RefusedError, match=words) as refused:
        amend(source, "title", "New")
    assert refused.value.remedy


KEYS = st.sampled_from(["title", "tags", "layout", "Summary", "x-1", "ü"])
SCALARS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["a: b", "#", "[", "- x", "| \n  x", ">-\n  # no comment\n  y", "'q", '"q"', "yes", "~", "é\u2028"]
    ),
)
LINES = st.one_of(
    st.builds("{}: {}".format, KEYS, SCALARS),
    st.builds("{} = '{}'".format, KEYS, SCALARS),
    st.builds("{}:\n- {}\n# c\n- {}".format, KEYS, SCALARS, SCALARS),
    st.sampled_from(["# a comment", "", "   # inside", "[table]", "  indented: 1"]),
)
HEADS = st.builds(
    lambda fence, lines, end, body: end.join(f"{fence}\n{lines}\n{fence}\n{body}".split("\n")).encode(
        "utf-8", "surrogatepass"
    ),
    st.sampled_from(["---", "+++", "Title: x"]),
    st.lists(LINES, max_size=6).map("\n".join),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.text(max_size=30),
)
VALUES = st.one_of(
    st.none(),
    st.text(min_size=1, max_size=30),
    st.sampled_from([Word("true"), Word("2026-11-24")]),
    st.lists(st.text(min_size=1, max_size=10), min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(["label", "url"]), st.text(min_size=1, max_size=9), min_size=1),
)


@given(data=HEADS, key=KEYS, value=VALUES)
def test_whatever_the_head_looks_like_the_rest_of_it_stays(data: bytes, key: str, value: Value) -> None:
    try:
        changed = amend(data, key, value)
    except RefusedError:
        return
    before, after = (_read(each) for each in (data, changed))
    assert [pair for pair in after[0] if pair[0].lower() != key.lower()] == [
        pair for pair in before[0] if pair[0].lower() != key.lower()
    ]
    assert after[1] == before[1]
    assert amend(changed, key, value) == changed or not isinstance(value, str)


@given(data=HEADS, body=st.text(max_size=40))
def test_whatever_the_text_was_it_becomes_the_new_one(data: bytes, body: str) -> None:
    try:
        changed = with_text(data, body)
    except (RefusedError, HeadError):
        return
    flat = body.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    assert text_of(changed) == flat
    assert _read(changed)[0] == _read(data)[0]
    assert with_text(changed, body) == changed


def _read(data: bytes) -> tuple[list[tuple[str, Value]], str]:
    document = split(data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
    return [(entry.key, entry.value) for entry in document.entries], document.body
