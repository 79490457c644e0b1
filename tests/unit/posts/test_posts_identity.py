from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from briefingfeed.errors import StorageError
from briefingfeed.posts.memory import IdMemory, Remembered, merge, read_ids, write_ids

if TYPE_CHECKING:
    from pathlib import Path

    from unit.posts.conftest import Publication

DAY = "tag:lantern.example,2026-11-24"


def ids(publication: Publication) -> dict[str, str]:
    return {post.path.removeprefix("posts/"): post.id for post in publication.load().posts}


def test_new_id_is_a_tag_uri_of_host_date_and_slug(publication: Publication) -> None:
    publication.post("a.md")
    assert ids(publication) == {"a.md": f"{DAY}:a"}


def test_id_authority_takes_the_place_of_the_host(publication: Publication) -> None:
    publication.id_authority = "example.org,2026"
    publication.post("a.md")
    assert ids(publication) == {"a.md": "tag:example.org,2026:2026-11-24/a"}


def test_written_id_counts(publication: Publication) -> None:
    publication.post("a.md", id="https://old.example/?p=7")
    assert ids(publication) == {"a.md": "https://old.example/?p=7"}


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another title"},
        {"slug": "another"},
        {"date": "2026-11-20"},
        {"body": "Quite another text."},
        {"title": "Another", "slug": "another", "body": "Another."},
        {"title": "Another", "slug": "another", "date": "2020-01-01"},
    ],
    ids=lambda change: "+".join(change),
)
def test_id_survives_edits(publication: Publication, change: dict[str, str]) -> None:
    publication.post("a.md")
    before = ids(publication)
    publication.post("a.md", **change)
    assert ids(publication) == before


def test_id_survives_one_edit_after_another(publication: Publication) -> None:
    publication.post("a.md")
    before = ids(publication)
    publication.post("a.md", date="2026-11-20")
    ids(publication)
    publication.post("a.md", "New text.", date="2026-11-20")
    assert ids(publication) == before


def test_id_survives_a_move(publication: Publication) -> None:
    file = publication.post("a.md", "The very same text.")
    ids(publication)
    file.rename(file.with_name("b.md"))
    assert ids(publication) == {"b.md": f"{DAY}:a"}


def test_two_files_may_swap_names(publication: Publication) -> None:
    a = publication.post("a.md", "One text.", date="2026-11-20")
    b = publication.post("b.md", "Other text.", date="2026-11-21")
    before = ids(publication)
    a.rename(a.with_name("c.md"))
    b.rename(a)
    a.with_name("c.md").rename(b)
    assert ids(publication) == {"a.md": before["b.md"], "b.md": before["a.md"]}


def test_copy_of_a_post_is_a_new_post(publication: Publication) -> None:
    publication.post("a.md", "The same text.")
    ids(publication)
    publication.post("b.md", "The same text.")
    assert ids(publication) == {"a.md": f"{DAY}:a", "b.md": f"{DAY}:b"}


def test_empty_texts_are_not_taken_for_each_other(publication: Publication) -> None:
    file = publication.post("a.md", "")
    ids(publication)
    file.unlink()
    publication.post("b.md", "")
    assert ids(publication) == {"b.md": f"{DAY}:b"}


def test_new_post_never_takes_an_id_in_use(publication: Publication) -> None:
    publication.post("a.md", "One.")
    ids(publication)
    publication.post("a.md", "One.", slug="b")
    publication.post("c.md", "Two.", slug="a")
    assert ids(publication) == {"a.md": f"{DAY}:a", "c.md": f"{DAY}:a-2"}


def test_restored_file_is_the_old_post_again(publication: Publication) -> None:
    file = publication.post("a.md", "One.")
    publication.post("z.md", "Other.", date="2026-11-01")
    before = ids(publication)
    file.unlink()
    ids(publication)
    publication.post("a.md", "One, edited.")
    assert ids(publication) == before


def test_date_and_text_both_changed_is_an_error_with_the_way_out(publication: Publication) -> None:
    publication.post("a.md")
    before = ids(publication)
    publication.post("a.md", "Another text.", date="2026-11-20")
    library = publication.load()
    assert library.posts == ()
    (problem,) = library.problems
    assert (problem.path, problem.line) == ("posts/a.md", 3)
    assert f"id: {before['a.md']}" in problem.remedy
    publication.post("a.md", "Another text.", date="2026-11-20", id=before["a.md"])
    assert ids(publication) == before


def test_drafts_and_posts_of_the_future_may_change_as_they_like(publication: Publication) -> None:
    publication.post("a.md", draft="true")
    publication.post("b.md", date="2027-01-01")
    assert len(publication.load().memory) == 0
    publication.post("a.md", "Another text.", date="2026-11-20", draft="true")
    publication.post("b.md", "Another text.", date="2027-02-01")
    assert not publication.complaints()


def test_same_id_twice_stays_with_the_post_that_has_it(publication: Publication) -> None:
    publication.post("b.md", "One.", id="tag:x.example,2026:1")
    publication.load()
    publication.post("a.md", "Two.", id="tag:x.example,2026:1")
    library = publication.load()
    assert [post.path for post in library.posts] == ["posts/b.md"]
    (problem,) = library.problems
    assert problem.path == "posts/a.md"
    assert "posts/b.md" in problem.message


def test_id_of_another_post_cannot_be_claimed(publication: Publication) -> None:
    publication.post("b.md", "One.")
    publication.load()
    publication.post("a.md", "Two.", id=f"{DAY}:b")
    library = publication.load()
    assert [post.path for post in library.posts] == ["posts/b.md"]
    assert "posts/b.md" in library.problems[0].message


def test_same_address_stays_with_the_older_post(publication: Publication) -> None:
    publication.post("2026-11-20-x.md", "One.", date=None)
    publication.post("2026-11-21-x.md", "Two.", date=None)
    library = publication.load()
    assert [post.path for post in library.posts] == ["posts/2026-11-20-x.md"]
    (problem,) = library.problems
    assert (problem.path, problem.is_error) == ("posts/2026-11-21-x.md", True)
    assert "posts/2026-11-20-x.md" in problem.message


def test_same_address_stays_with_the_post_that_is_remembered(publication: Publication) -> None:
    publication.post("b.md", "One.", slug="x")
    publication.load()
    publication.post("a.md", "Two.", slug="x", date="2020-01-01")
    assert [post.path for post in publication.load().posts] == ["posts/b.md"]


def test_same_slug_is_no_trouble_at_different_addresses(publication: Publication) -> None:
    publication.post_url = "/{year}/{slug}/"
    publication.post("2025/x.md", "One.", date="2025-01-01")
    publication.post("2026/x.md", "Two.", date="2026-01-01")
    assert len(publication.load().posts) == 2
    assert not publication.complaints()


def test_changing_the_domain_changes_no_id(publication: Publication) -> None:
    publication.post("a.md")
    before = ids(publication)
    publication.id_authority = "elsewhere.example,2027"
    assert ids(publication) == before


ROW = Remembered(
    post_id="tag:x.example,2026-11-24:ä",
    path="posts/ä.md",
    date=date(2026, 11, 24),
    body_digest="0" * 32,
    published=datetime(2026, 11, 24, 0, 5, 7, tzinfo=UTC),
    updated=datetime(2026, 11, 25, tzinfo=UTC),
)


def test_memory_is_written_once_and_read_back(tmp_path: Path) -> None:
    file = tmp_path / "state" / "ids.jsonl"
    assert read_ids(file) == IdMemory()
    assert write_ids(file, IdMemory([ROW]))
    stamp = file.stat().st_mtime_ns
    assert not write_ids(file, IdMemory([ROW]))
    assert file.stat().st_mtime_ns == stamp
    assert read_ids(file) == IdMemory([ROW])
    assert [path.name for path in file.parent.iterdir()] == ["ids.jsonl"]


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"id": 1}', "\x00"])
def test_damaged_memory_is_never_guessed_at(tmp_path: Path, line: str) -> None:
    file = tmp_path / "ids.jsonl"
    write_ids(file, IdMemory([ROW]))
    with file.open("a") as stream:
        stream.write(f"{line}\n")
    with pytest.raises(StorageError) as error:
        read_ids(file)
    assert str(error.value).startswith(f"{file}:2: ")


def test_a_row_gives_up_its_path_to_the_post_that_is_there_now() -> None:
    newer = replace(ROW, post_id="tag:x.example,2026-11-24:newer")
    assert set(IdMemory([ROW]).updated([newer])) == {replace(ROW, path=""), newer}


def test_merging_keeps_what_either_remembers() -> None:
    other = Remembered(
        post_id="tag:x.example,2026-11-24:b",
        path="posts/b.md",
        date=ROW.date,
        body_digest="1" * 32,
        published=ROW.published,
        updated=ROW.updated,
    )
    assert set(merge(IdMemory([ROW]), IdMemory([other]))) == {ROW, other}
    assert merge(IdMemory([ROW]), IdMemory()) == merge(IdMemory(), IdMemory([ROW])) == IdMemory([ROW])
