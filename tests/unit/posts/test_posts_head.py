from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from briefingfeed.models.post import Author, CallToAction, Contact, Correction

if TYPE_CHECKING:
    from briefingfeed.models.post import Post
    from unit.posts.conftest import Publication


def head(publication: Publication, *lines: str) -> Post:
    publication.write("a.md", "\n".join(["---", *lines, "---", "Text."]))
    return publication.only()


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("topics: [Housing, housing, Energy]", "topics", ("Housing", "Energy")),
        ("tags: housing energy", "topics", ("housing", "energy")),
        ("tags: housing policy, energy", "topics", ("housing policy", "energy")),
        ("topics: housing policy", "topics", ("housing policy",)),
        ("category: housing policy", "topics", ("housing policy",)),
        ("Tags: [a]", "topics", ("a",)),
        ("params: {tags: [a]}", "topics", ("a",)),
        ("draft: true", "draft", True),
        ("published: false", "draft", True),
        ("published: true", "draft", False),
        ("status: draft", "draft", True),
        ("eleventyExcludeFromCollections: true", "draft", True),
        ("permalink: false", "draft", True),
        ("slug: other", "slug", "other"),
        ("slug: /other/", "slug", "other"),
        ("description: Short.", "summary", "Short."),
        ("excerpt: Short *indeed*.", "summary", "Short indeed."),
        ("url: https://elsewhere.example/x", "url", "https://elsewhere.example/x"),
        ("url: HTTPS://Elsewhere.example/x", "url", "https://Elsewhere.example/x"),
        ("url: /2026/x/", "url", "https://lantern.example/2026/x/"),
        ("permalink: /2026/x/", "url", "https://lantern.example/2026/x/"),
        ("permalink: /:year/:title/", "url", "https://lantern.example/posts/a/"),
        ("permalink: pretty", "url", "https://lantern.example/posts/a/"),
        ("url: /jalapeño/", "url", "https://lantern.example/jalape%C3%B1o/"),
        ("aliases: [/old/, older/]", "aliases", ("/old/", "/older/")),
        ("redirect_from: /old/", "aliases", ("/old/",)),
        ("feed: false", "feed", False),
        ("email: no", "email", False),
        ("email: true", "email", True),
        ("comments: on", "comments", True),
        ("language: pt_BR", "language", "pt-BR"),
        ("lang: de", "language", "de"),
        ("id: tag:lantern.example,2026:x", "id", "tag:lantern.example,2026:x"),
        ("contact: {name: Ada, email: ada@x.example}", "contact", Contact(name="Ada", email="ada@x.example")),
        ("call_to_action: Take part", "call_to_action", CallToAction(label="Take part")),
        ("call_to_action: {label: Go, url: '#form'}", "call_to_action", None),
        ("layout: post", "topics", ()),
    ],
)
def test_keys(publication: Publication, line: str, field: str, value: Any) -> None:
    post = head(publication, "title: A", "date: 2026-11-24", line)
    if value is None:
        assert post.call_to_action is not None
        assert str(post.call_to_action.url).startswith("https://lantern.example/posts/a/#")
    else:
        assert getattr(post, field) == value


def test_date_may_come_from_other_names_and_from_the_file(publication: Publication) -> None:
    assert head(publication, "title: A", "publishDate: 2026-11-24").published.date() == date(2026, 11, 24)
    assert head(publication, "title: A", "published: 2026-11-25").published.date() == date(2026, 11, 25)
    (publication.root / "posts/a.md").unlink()
    publication.post("2026-11-26-b.md", date=None)
    post = publication.only()
    assert (post.published.isoformat(), post.time_given, post.slug) == ("2026-11-26T00:00:00+00:00", False, "b")


def test_head_wins_over_file_name(publication: Publication) -> None:
    publication.post("2026-11-26-b.md", date="2026-11-20 10:00")
    post = publication.only()
    assert (post.published.isoformat(), post.time_given) == ("2026-11-20T10:00:00+00:00", True)


def test_unknown_keys_are_kept(publication: Publication) -> None:
    post = head(publication, "title: A", "date: 2026-11-24", "layout: post", "Weight: 3", "params: {x: [1]}")
    assert post.extra == {"layout": "post", "Weight": "3", "params": {"x": ["1"]}, "x": ["1"]}


def test_closing_day_ends_at_midnight_of_the_zone(publication: Publication) -> None:
    closes = head(publication, "title: A", "date: 2026-06-01", "closes: 2026-06-30").closes
    assert closes is not None
    assert (closes.at.isoformat(), closes.day) == ("2026-07-01T00:00:00+01:00", date(2026, 6, 30))
    closes = head(publication, "title: A", "date: 2026-06-01", "closes: 2026-06-30 17:00").closes
    assert closes is not None
    assert (closes.at.isoformat(), closes.time_given) == ("2026-06-30T17:00:00+01:00", True)


def test_newest_correction_raises_updated(publication: Publication) -> None:
    post = head(
        publication,
        "title: A",
        "date: 2026-11-20",
        "updated: 2026-11-21",
        "corrections:",
        "  - {date: 2026-11-26, note: Second.}",
        "  - date: 2026-11-22",
        "    note: First.",
    )
    assert post.corrections == (
        Correction(date=date(2026, 11, 22), note="First."),
        Correction(date=date(2026, 11, 26), note="Second."),
    )
    assert post.updated is not None
    assert post.updated.date() == date(2026, 11, 26)
    assert post.entry_updated > post.entry_published


def test_correction_on_the_day_itself_changes_the_entry(publication: Publication) -> None:
    post = head(publication, "title: A", "date: 2026-11-20 15:00", "corrections: [{date: 2026-11-20, note: Oops.}]")
    assert post.updated == post.published
    assert post.entry_updated > post.entry_published


def test_image_of_other_generators(publication: Publication) -> None:
    post = head(publication, "title: A", "date: 2026-11-24", "image: {path: https://x.example/a.png, alt: A cat}")
    assert post.image is not None
    assert (post.image.url, post.image.alt) == ("https://x.example/a.png", "A cat")


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["date: 2026-11-24"], "posts/a.md:1: error: The post has no title."),
        (["title: A"], "posts/a.md:1: error: The post has no date."),
        (["title: A", "date: 2026-02-30"], "posts/a.md:3: error: date: There is no 30 February 2026."),
        (["title: [A]", "date: 2026-11-24"], "posts/a.md:2: error: title must be a text."),
        (["title: A", "date: Last Modified"], "posts/a.md:3: error: “Last Modified” takes the date from elsewhere"),
        (["title: A", "date: Created"], "posts/a.md:3: error: “Created” takes the date from elsewhere"),
        (["title: A", "date: 2026-11-24", "draft: maybe"], "posts/a.md:4: error: draft must be true or false."),
        (["title: A", "date: 2026-11-24", "closes: soon"], "posts/a.md:4: error: closes: “soon” is not a date"),
        (["title: A", "date: 2026-11-24", "contact: Ada"], "posts/a.md:4: error: contact needs a name and an email"),
        (["title: A", "date: 2026-11-24", "corrections: yes"], "posts/a.md:4: error: Each correction needs a date"),
        (["title: A", "date: 2026-11-24", "topics: {a: b}"], "posts/a.md:4: error: topics must be a list of words."),
        (["title: A", "date: 2026-11-24", "authors: [[x]]"], "posts/a.md:4: error: authors must be names."),
        (["title: A", "date: 2026-11-24", "authors: [{role: x}]"], "posts/a.md:4: error: an author has no name."),
        (["title: A", "date: 2026-11-24", "url: javascript:x"], "posts/a.md:4: error: The address “javascript:x”"),
        (
            ["title: A", "date: 2026-11-24", "url: //elsewhere.example/x"],
            "posts/a.md:4: error: The address “//elsewhere",
        ),
        (["title: A", "date: 2026-11-24", "url: /../x"], "posts/a.md:4: error: The address “/../x”"),
        (["title: A", "date: 2026-11-24", "call_to_action: {url: x}"], "posts/a.md:4: error: call_to_action needs"),
        (["title: A", "date: 2026-11-24", "autors: x"], "posts/a.md:4: warning: There is no key autors"),
        (["title: A", "date: 2026-11-24", "sumary: x"], "posts/a.md:4: warning: There is no key sumary"),
        (["title: A", "date: 2026-11-24", "stand-first: x"], "posts/a.md:4: warning: There is no key stand-first"),
        (["title: A", "date: 2026-11-24", "slug: Ä b"], "posts/a.md:4: warning: The slug “Ä b”"),
        (["title: A", "date: 2026-11-24", "id: 42"], "posts/a.md:4: warning: The id “42”"),
        (["title: A", "date: 2026-11-24", "id: tag:x,2026:a b"], "posts/a.md:4: warning: The id “tag:x,2026:a b”"),
        (["title: A", "date: 2026-11-24", "language: German"], "posts/a.md:4: warning: “German” is not a language tag"),
        (["title: A", "date: 2026-11-24", "language: '%%'"], "posts/a.md:4: warning: “%%” is not a language"),
        (["title: A", "date: 2026-11-24", "updated: 2026-01-01"], "posts/a.md:4: warning: updated lies before"),
        (["title: A", "date: 2026-11-24", "aliases: ['https://x.example/']"], "posts/a.md:4: warning: The alias"),
        (["title: A", "date: 2026-11-24", "title: B"], "posts/a.md:4: warning: The key title appears twice"),
        (["title: A", "date: 2026-11-24", "image: 'data:x'"], "posts/a.md:4: warning: The image “data:x”"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(publication: Publication, lines: list[str], complaint: str) -> None:
    publication.write("a.md", "\n".join(["---", *lines, "---", "Text."]))
    complaints = publication.complaints()
    assert len(complaints) == 1
    assert complaints[0].startswith(complaint)


def test_misspelt_key_is_suggested(publication: Publication) -> None:
    publication.post("a.md", titel="x")
    (problem,) = publication.load().problems
    assert "Did you mean title?" in problem.message


@pytest.mark.parametrize("key", ["layout", "weight", "keywords", "cover", "status", "guid", "series", "permalink"])
def test_keys_of_other_generators_are_no_misspellings(publication: Publication, key: str) -> None:
    publication.post("a.md", **{key: "/x/"})
    assert not publication.complaints()


def test_all_errors_of_a_file_are_told_together(publication: Publication) -> None:
    publication.post("a.md", title=None, date="2026-02-30", draft="perhaps")
    assert len(publication.complaints()) == 3


PEOPLE = {
    "amara": Author(name="Amara Osei", role="Policy lead"),
    "li": Author(name="Li Wei", organisation="Harbour Trust", guest=True),
}


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("amara", ["Amara Osei"]),
        ("Jo Bloggs", ["Jo Bloggs"]),
        ("[amara, Jo Bloggs]", ["Amara Osei", "Jo Bloggs"]),
        ("amara, li", ["Amara Osei", "Li Wei"]),
        ("Smith, John", ["Smith, John"]),
        ("[{name: Jo, role: Guest, email: jo@x.example, guest: true}]", ["Jo"]),
        ("[{name: amara, role: Director}]", ["Amara Osei"]),
        ("{name: Jo}", ["Jo"]),
        ("[amara, amara]", ["Amara Osei"]),
        ("", []),
    ],
)
def test_authors(publication: Publication, written: str, names: list[str]) -> None:
    publication.people = PEOPLE
    publication.post("a.md", authors=written)
    assert [author.name for author in publication.only().authors] == names


def test_pelican_authors_are_divided(publication: Publication) -> None:
    publication.write("a.md", "Title: A\nDate: 2026-11-24\nAuthors: Jo Bloggs; Al Smith\nTags: a b, c\n\nText.")
    post = publication.only()
    assert [author.name for author in post.authors] == ["Jo Bloggs", "Al Smith"]
    assert post.topics == ("a b", "c")


def test_mapping_may_change_what_authors_toml_says(publication: Publication) -> None:
    publication.people = PEOPLE
    publication.post("a.md", authors="[{name: amara, role: Director}]")
    assert publication.only().authors == (Author(name="Amara Osei", role="Director"),)


def test_slip_in_an_authors_key_is_suggested(publication: Publication) -> None:
    publication.people = PEOPLE
    publication.post("a.md", authors="amarra")
    library = publication.load()
    assert [author.name for author in library.posts[0].authors] == ["amarra"]
    assert "Did you mean amara?" in library.problems[0].message


def test_toml_head_with_hugo_names(publication: Publication) -> None:
    publication.write(
        "a.md",
        "+++\ntitle = 'A'\ndate = 2026-11-24T10:00:00Z\nlastmod = 2026-11-25\ntags = ['x']\n[params]\n"
        "standfirst = 'S'\n+++\nText.",
    )
    post = publication.only()
    assert (post.title, post.topics, post.standfirst) == ("A", ("x",), "S")
    assert post.updated is not None
    assert post.updated.date() == date(2026, 11, 25)
