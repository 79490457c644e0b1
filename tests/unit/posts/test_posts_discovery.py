from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from unit.posts.conftest import Publication

HEAD = "---\ntitle: A\ndate: 2026-11-24\n---\nText.\n"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("a.md", "a"),
        ("a.markdown", "a"),
        ("A.MD", "a"),
        ("2026/11/a.md", "a"),
        ("2026-11-24-a.md", "a"),
        ("2026-11-24 a b.md", "a-b"),
        ("2026-11-24.md", "2026-11-24"),
        ("bundle/index.md", "bundle"),
        ("2026-11-24-bundle/index.md", "bundle"),
        ("_posts/2026-11-24-a.md", "a"),
        ("topic/_posts/2026-11-24-a.md", "a"),
        ("README.md", "readme"),
    ],
)
def test_posts_are_found(publication: Publication, name: str, slug: str) -> None:
    publication.write(name, HEAD)
    post = publication.only()
    assert (post.path, post.slug, post.draft) == (f"posts/{name}", slug, False)


def test_jekyll_drafts_are_drafts(publication: Publication) -> None:
    publication.write("_drafts/a.md", HEAD)
    assert publication.only().draft


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.md",
        ".git/a.md",
        "_index.md",
        "section/_index.md",
        "_includes/a.md",
        "node_modules/x/a.md",
        "a.txt",
        "a.md.bak",
        "a.md~",
    ],
)
def test_what_is_no_post_is_passed_over(publication: Publication, name: str) -> None:
    publication.write("real.md", HEAD)
    publication.write(name, HEAD)
    assert publication.only().slug == "real"


def test_pages_of_a_jekyll_site_are_no_posts(publication: Publication) -> None:
    publication.write("_posts/2026-11-24-a.md", HEAD)
    publication.write("about.md", "---\ntitle: About\n---\n")
    publication.write("docs/guide.md", "Just a guide.")
    assert publication.only().slug == "a"


@pytest.mark.parametrize("name", ["README.md", "LICENSE.md", "CONTRIBUTING.md", "index.md"])
def test_papers_without_a_head_are_passed_over(publication: Publication, name: str) -> None:
    publication.write("real.md", HEAD)
    publication.write(name, "# How we write\n\nWith care.\n")
    assert publication.only().slug == "real"


def test_other_file_without_a_head_is_told(publication: Publication) -> None:
    publication.write("notes.md", "Some notes.")
    assert publication.complaints() == [
        "posts/notes.md:1: error: The file has no front matter, so it has neither title nor date."
    ]


def test_links_out_of_the_folder_are_told_and_not_followed(publication: Publication) -> None:
    publication.write("real.md", HEAD)
    outside = publication.root / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text(HEAD)
    (publication.root / "posts/linked.md").symlink_to(outside / "secret.md")
    (publication.root / "posts/folder").symlink_to(outside)
    library = publication.load()
    assert [post.slug for post in library.posts] == ["real"]
    assert [problem.path for problem in library.problems] == ["posts/folder", "posts/linked.md"]


def test_link_that_leads_nowhere_is_told(publication: Publication) -> None:
    publication.write("real.md", HEAD)
    (publication.root / "posts/gone.md").symlink_to("was-here.md")
    (publication.root / "posts/circle.md").symlink_to("circle.md")
    library = publication.load()
    assert [post.slug for post in library.posts] == ["real"]
    assert [problem.path for problem in library.problems] == ["posts/circle.md", "posts/gone.md"]
    assert "not there" in library.problems[0].message


def test_links_inside_the_folder_do_no_harm(publication: Publication) -> None:
    publication.write("a/real.md", HEAD)
    (publication.root / "posts/again.md").symlink_to(publication.root / "posts/a/real.md")
    (publication.root / "posts/a/loop").symlink_to(publication.root / "posts")
    assert publication.only().slug == "real"


def test_posts_folder_may_be_a_link(publication: Publication) -> None:
    (publication.root / "posts").rmdir()
    (publication.root / "real").mkdir()
    (publication.root / "posts").symlink_to(publication.root / "real")
    publication.write("a.md", HEAD)
    publication.write("pic.png", b"x")
    assert publication.only().path == "posts/a.md"


def test_fifo_is_not_waited_for(publication: Publication) -> None:
    os.mkfifo(publication.root / "posts/a.md")
    assert "not a file that can be read" in publication.complaints()[0]


def test_unreadable_name_is_told(publication: Publication) -> None:
    folder = os.fsencode(publication.root / "posts")
    with open(folder + b"/b\xff.md", "wb") as file:  # noqa: PTH123
        file.write(HEAD.encode())
    (complaint,) = publication.complaints()
    assert "name holds characters" in complaint
    complaint.encode()


def test_missing_folder_is_an_error(publication: Publication) -> None:
    (publication.root / "posts").rmdir()
    library = publication.load()
    assert library.unreadable
    assert "not there" in library.problems[0].message


def test_empty_folder_is_a_warning_the_first_time_and_an_error_later(publication: Publication) -> None:
    library = publication.load()
    assert not library.unreadable
    assert "no post yet" in library.problems[0].message
    file = publication.write("a.md", HEAD)
    publication.load()
    file.unlink()
    library = publication.load()
    assert library.unreadable
    assert "not one post" in library.problems[0].message
