from __future__ import annotations

import pytest

from briefingfeed.posts.frontmatter import HeadError, Syntax, split


def heads(text: str) -> dict[str, object]:
    return {entry.key: entry.value for entry in split(text).entries}


def lines(text: str) -> dict[str, int]:
    return {entry.key: entry.line for entry in split(text).entries}


@pytest.mark.parametrize(
    ("text", "syntax", "entries", "body"),
    [
        ("---\ntitle: A\n---\nBody\n", Syntax.YAML, {"title": "A"}, "Body\n"),
        ("---  \ntitle: A\n---\t\nBody", Syntax.YAML, {"title": "A"}, "Body"),
        ("---\ntitle: A\n...\nBody", Syntax.YAML, {"title": "A"}, "Body"),
        ("\n\n---\ntitle: A\n---\nBody", Syntax.YAML, {"title": "A"}, "Body"),
        ("---\n---\nBody", Syntax.YAML, {}, "Body"),
        ("---\n# just a remark\n---\nBody", Syntax.YAML, {}, "Body"),
        ("---\ntitle: A\n---", Syntax.YAML, {"title": "A"}, ""),
        ("---\ntitle: A\n---\nOne\n\n---\n\nTwo\n", Syntax.YAML, {"title": "A"}, "One\n\n---\n\nTwo\n"),
        ("+++\ntitle = 'A'\n+++\nBody", Syntax.TOML, {"title": "A"}, "Body"),
        ("+++\ndraft = true\ndate = 2026-11-24T10:00:00Z\n+++\n", Syntax.TOML,
            {"draft": "true", "date": "2026-11-24T10:00:00+00:00"}, ""),
        ("Title: A\nDate: 2026-11-24\n\nBody", Syntax.BARE, {"Title": "A", "Date": "2026-11-24"}, "Body"),
        ("Title: A\nSummary: one\n    two\n\nBody", Syntax.BARE, {"Title": "A", "Summary": "one\ntwo"}, "Body"),
        ("Title: A\nTags:\n\nBody", Syntax.BARE, {"Title": "A", "Tags": None}, "Body"),
        ("Title: A", Syntax.BARE, {"Title": "A"}, ""),
        ("Note: this is no head.\n\nBody", None, {}, "Note: this is no head.\n\nBody"),
        ("Title: A\nand then prose\n\nBody", None, {}, "Title: A\nand then prose\n\nBody"),
        ("Just text", None, {}, "Just text"),
        ("", None, {}, ""),
        ("----\nnot a fence\n", None, {}, "----\nnot a fence\n"),
    ],
)  # fmt: skip
def test_head_and_body_are_told_apart(text: str, syntax: Syntax | None, entries: object, body: str) -> None:
    document = split(text)
    assert (document.syntax, {entry.key: entry.value for entry in document.entries}) == (syntax, entries)
    assert document.body.lstrip("\n") == body.lstrip("\n")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("1.10", "1.10"),
        ("2026-11-24", "2026-11-24"),
        ("true", "true"),
        ("~", None),
        ("null", None),
        ("'null'", "null"),
        ("", None),
        ("''", ""),
        ("0x10", "0x10"),
        ("[a, 'b, c']", ["a", "b, c"]),
        ("{a: 1, b: [2]}", {"a": "1", "b": ["2"]}),
        ("!!python/name:os.system x", "x"),
        ('"\\u0007bell"', "bell"),
        ("|\n  one\n  two", "one\ntwo\n"),
        (">\n  one\n  two", "one two\n"),
    ],
)
def test_yaml_scalars_stay_text(written: str, value: object) -> None:
    assert heads(f"---\nkey: {written}\n---\n") == {"key": value}


def test_entries_know_their_lines() -> None:
    assert lines("---\ntitle: A\nauthors:\n  - x\n  - y\ntags: [a]\n---\n") == {"title": 2, "authors": 3, "tags": 6}
    assert lines("+++\ntitle = 'A'\n\n[params]\nx = 1\n+++\n") == {"title": 2, "params": 4}
    assert lines("Title: A\nSummary: one\n    two\nSlug: x\n\n") == {"Title": 1, "Summary": 2, "Slug": 4}


def test_body_knows_its_line() -> None:
    assert split("---\ntitle: A\n---\nBody").body_line == 4
    assert split("Title: A\n\nBody").body_line == 2
    assert split("Body").body_line == 1


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("---\ntitle: A\nBody without end\n", 1, "never closed"),
        ("\n---\ntitle: A\n", 2, "never closed"),
        ("+++\ntitle = 'A'\n", 1, "never closed"),
        ("---\ntitle: Housing: what we said\n---\n", 2, "colon"),
        ("---\ntitle: A\ntags: [a, b\n---\n", 3, "bracket"),
        ("---\ntitle: A\n\tdate: B\n---\n", 3, "tab"),
        ("---\ntitle: 'A\ndate: 2026-11-24\n---\n", 3, "quotation mark"),
        ("---\ntitle: @us\n---\n", 2, "keeps for itself"),
        ("---\ntitle: *us*\n---\n", 2, "own *"),
        ("---\ntitle: *us\n---\n", 2, "shorthand"),
        ("---\n- a\n- b\n---\n", 2, "keys and values"),
        ("---\n? [a]\n: b\n---\n", 2, "not a word"),
        ("+++\ntitle = A\n+++\n", 2, "TOML"),
        ("+++\ntitle = 'A'\ntitle = 'B'\n+++\n", 3, "TOML"),
    ],
)
def test_wrong_heads_are_told_with_line_and_remedy(text: str, line: int, message: str) -> None:
    with pytest.raises(HeadError) as error:
        split(text)
    assert message in error.value.message
    assert error.value.remedy
    assert error.value.line == line


BOMB = "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(9))


@pytest.mark.parametrize(
    "header",
    [
        BOMB,
        "a: &a [*a]\n",
        "x: " + "[" * 60_000,
        "x: " + "{a: " * 15_000,
        "".join("  " * n + "a:\n" for n in range(200)),
        "x: " + "y" * 70_000,
        "\n".join(f"k{n}: v" for n in range(20_000)),
    ],
    ids=["alias bomb", "endless alias", "brackets", "braces", "indentation", "long value", "many keys"],
)
def test_hostile_heads_are_refused_at_once(header: str) -> None:
    with pytest.raises(HeadError):
        split(f"---\n{header}\n---\nBody\n")


def test_deep_toml_is_refused() -> None:
    with pytest.raises(HeadError):
        split(f"+++\nx = {'[' * 20_000}\n+++\n")
