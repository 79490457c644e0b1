from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from briefingfeed.errors import StorageError
from briefingfeed.posts import lastgood
from briefingfeed.posts.lastgood import LastGood
from briefingfeed.posts.source import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from unit.posts.conftest import Publication

BROKEN = "---\ntitle: A\ndate: 2026-02-30\n---\nText.\n"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"---\ntitle: A\ndate: 2026-11-24\n\nText", "posts/b.md:1: error: The front matter that begins here"),
        (
            b"---\ntitle: Z\xf6e\ndate: 2026-11-24\n---\n",
            "posts/b.md:2: error: This line holds a byte (hexadecimal F6)",
        ),
        ("---\ntitle: A\n---\n".encode("utf-16"), "posts/b.md:1: error: This file is saved as UTF-16"),
        (b"", "posts/b.md:1: error: The file has no front matter"),
        (b"---\ntitle: A\ndate: 2026-11-24\n---\n" + b"x" * LIMIT, "posts/b.md: error: The post is larger than 2 MB"),
    ],
)
def test_broken_file_stops_only_itself(publication: Publication, content: bytes, complaint: str) -> None:
    publication.post("a.md")
    publication.write("b.md", content)
    library = publication.load()
    assert [post.path for post in library.posts] == ["posts/a.md"]
    (problem,) = library.problems
    assert str(problem).startswith(complaint)
    assert problem.remedy
    assert library.unreadable


def test_five_megabytes_are_refused_in_plain_words(publication: Publication) -> None:
    publication.post("a.md", "word " * 1_000_000)
    (problem,) = publication.load().problems
    assert "larger than 2 MB" in problem.message


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf---\ntitle: A\ndate: 2026-11-24\n---\nText.\n",
        b"---\r\ntitle: A\r\ndate: 2026-11-24\r\n---\r\nText.\r\n",
        b"---\rtitle: A\rdate: 2026-11-24\r---\rText.\r",
        b"+++\r\ntitle = 'A'\r\ndate = 2026-11-24\r\n+++\r\nText.\r\n",
        b"Title: A\r\nDate: 2026-11-24\r\n\r\nText.\r\n",
    ],
)
def test_marks_and_line_ends_of_other_systems_do_no_harm(publication: Publication, content: bytes) -> None:
    publication.write("a.md", content)
    post = publication.only()
    assert (post.title, post.body.html) == ("A", "<p>Text.</p>\n")


def test_control_characters_are_removed_with_a_warning(publication: Publication) -> None:
    publication.post("a.md", "Bell\x07 and null\x00.", title='"A\\u0007"')
    library = publication.load()
    (post,) = library.posts
    assert (post.title, post.body.html) == ("A", "<p>Bell and null.</p>\n")
    (problem,) = library.problems
    assert (problem.line, problem.is_error) == (5, False)
    assert "U+0007" in problem.message


def test_posts_come_newest_first(publication: Publication) -> None:
    for name, day in (("a", "2026-11-20"), ("b", "2026-11-22"), ("c", "2026-11-20"), ("d", "2026-11-21 09:00")):
        publication.post(f"{name}.md", f"Text {name}.", date=day)
    assert [post.slug for post in publication.load().posts] == ["b", "d", "a", "c"]


def test_problems_come_by_file_and_line(publication: Publication) -> None:
    publication.post("b.md", date="x", draft="x")
    publication.post("a.md", title=None)
    assert [complaint[:13] for complaint in publication.complaints()] == [
        "posts/a.md:1:",
        "posts/b.md:3:",
        "posts/b.md:4:",
    ]


def test_loading_twice_gives_the_same(publication: Publication) -> None:
    publication.post("a.md", "# A\n\n*b*[^1]\n\n[^1]: c")
    publication.write("b.md", BROKEN)
    first, second = publication.load(), publication.load()
    assert first.posts == second.posts
    assert first.problems == second.problems
    assert first.memory == second.memory


def test_loading_writes_nothing(publication: Publication) -> None:
    publication.post("a.md")
    before = sorted(publication.root.rglob("*"))
    publication.load()
    assert sorted(publication.root.rglob("*")) == before


def test_post_that_breaks_keeps_its_last_good_version(publication: Publication) -> None:
    publication.post("a.md", "Good text.")
    before = publication.build().posts
    publication.write("a.md", BROKEN)
    library = publication.build()
    assert library.posts == before
    assert library.unreadable
    assert [problem.line for problem in library.problems] == [3]
    assert publication.build().posts == before


def test_of_a_post_that_breaks_only_what_broke_it_is_told(publication: Publication) -> None:
    publication.post("a.md", "Good text.", id="no address")
    assert [problem.is_error for problem in publication.build().problems] == [False]
    publication.write("a.md", BROKEN)
    assert [problem.is_error for problem in publication.load().problems] == [True]


def test_post_that_was_never_published_has_no_last_good_version(publication: Publication) -> None:
    publication.post("a.md", draft="true")
    publication.post("b.md", date="2027-01-01")
    publication.build()
    publication.write("a.md", BROKEN)
    publication.write("b.md", BROKEN)
    assert publication.load().posts == ()


def test_deleted_post_is_gone(publication: Publication) -> None:
    file = publication.post("a.md")
    publication.post("b.md", "Other.")
    publication.build()
    file.unlink()
    assert [post.slug for post in publication.build().posts] == ["b"]
    assert set(LastGood(publication.settings.paths.state).digests()) == {"posts/b.md"}


def test_post_that_clashes_after_an_edit_keeps_its_last_good_version(publication: Publication) -> None:
    publication.post("a.md", "One.")
    publication.post("b.md", "Two.", date="2026-11-25")
    publication.build()
    publication.post("b.md", "Two, edited.", date="2026-11-25", slug="a")
    library = publication.load()
    assert {post.path: post.url for post in library.posts} == {
        "posts/a.md": "https://lantern.example/posts/a/",
        "posts/b.md": "https://lantern.example/posts/b/",
    }
    assert [problem.path for problem in library.problems] == ["posts/b.md"]


def test_post_nested_beyond_measure_keeps_its_last_good_version(publication: Publication) -> None:
    publication.post("a.md", "Good.")
    publication.build()
    publication.post("a.md", ">" * 300 + " deep")
    library = publication.load()
    assert library.posts[0].body.html == "<p>Good.</p>\n"
    assert library.unreadable


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may read everything; for a moment it is nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_becomes_unreadable_keeps_its_last_good_version(publication_in: Callable[[Path], Publication]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        publication = publication_in(root)
        file = publication.post("a.md", "Good.")
        publication.post("old/b.md", "Old.", date="2026-11-20")
        before = publication.build().posts
        for path in (*root.rglob("*"), root):
            path.chmod(0o755)
        file.chmod(0)
        (root / "posts/old").chmod(0)
        with ordinary_user():
            library = publication.load()
        (root / "posts/old").chmod(0o755)
    assert library.posts == before
    assert library.unreadable
    assert [problem.path for problem in library.problems] == ["posts/a.md", "posts/old"]


def test_file_that_becomes_a_folder_is_told(publication: Publication) -> None:
    publication.post("b.md")
    (publication.root / "posts/a.md").mkdir()
    assert [post.slug for post in publication.load().posts] == ["b"]


def test_kept_sources_survive_a_kill_in_the_middle(publication: Publication) -> None:
    publication.post("a.md", "Good.")
    publication.build()
    state = publication.settings.paths.state
    script = (
        "import os, signal, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1])\n"
        "c.execute('PRAGMA cache_size = 1')\n"
        "c.executemany('INSERT INTO good VALUES (?, ?, ?)', ((str(n), 'x', bytes(5000)) for n in range(2000)))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(state / lastgood.NAME)], check=False)
    assert set(LastGood(state).digests()) == {"posts/a.md"}
    assert b"Good." in (LastGood(state).source("posts/a.md") or b"")


def test_damaged_store_of_last_good_versions_is_told(publication: Publication) -> None:
    publication.post("a.md")
    state = publication.settings.paths.state
    state.mkdir()
    (state / lastgood.NAME).write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match="last good versions"):
        publication.load()


def test_only_changed_sources_are_kept_again(publication: Publication) -> None:
    publication.post("a.md", "One.")
    publication.post("b.md", "Two.")
    assert len(publication.build().sources) == 2
    assert (publication.settings.paths.state / lastgood.NAME).stat().st_mode & 0o777 == 0o600
    publication.post("b.md", "Two, edited.")
    assert set(publication.build().sources) == {"posts/b.md"}


def test_many_posts_of_one_day_have_instants_of_their_own(publication: Publication) -> None:
    for number in range(200):
        publication.post(f"p{number}.md", f"Text {number}.")
    library = publication.load()
    assert len({post.entry_published for post in library.posts}) == 200
