"""A folder that others write into, too: what is theirs is never replaced, and nobody is locked out."""

from __future__ import annotations

from pathlib import Path

import pytest

from briefingfeed.errors import RefusedError
from briefingfeed.output import Published, publish

from .conftest import Place, output_files

PAGES = {"index.html": b"index", "posts/a/index.html": b"post a"}


def put(place: Place, tree: dict[str, bytes], *, built_before: bool = False) -> Published:
    return publish(output_files(tree), place.folder, manifest=place.manifest, built_before=built_before)


def theirs(place: Place, tree: dict[str, bytes]) -> None:
    for path, content in tree.items():
        file = place.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


@pytest.mark.parametrize("link", [False, True])
def test_first_publish_replaces_nothing_of_others(place: Place, link: bool) -> None:
    theirs(place, {"index.html": b"an old home page", "about.html": b"about"})
    if link:
        (place.folder / "index.html").rename(place.folder / "home.html")
        (place.folder / "index.html").symlink_to("home.html")
    before = place.tree()

    with pytest.raises(RefusedError, match="did not write") as raised:
        put(place, PAGES)

    assert place.tree() == before
    assert raised.value.where == str(place.folder / "index.html")
    assert not place.manifest.exists()


def test_it_is_told_how_many_stand_in_the_way(place: Place) -> None:
    theirs(place, {"index.html": b"x", "posts/a/index.html": b"y"})

    with pytest.raises(RefusedError, match="and so do 1 more"):
        put(place, PAGES)


def test_later_publish_replaces_nothing_of_others_either(place: Place) -> None:
    put(place, PAGES)
    theirs(place, {"about/index.html": b"theirs"})

    with pytest.raises(RefusedError, match="did not write"):
        put(place, {**PAGES, "about/index.html": b"ours"})

    assert place.tree() == {**PAGES, "about/index.html": b"theirs"}


def test_what_was_there_before_the_first_publish_stays_if_nothing_of_ours_must_stand_there(place: Place) -> None:
    own = {"CNAME": b"harbour.example", "robots.txt": b"User-agent: *", ".git/HEAD": b"ref: refs/heads/gh-pages"}
    theirs(place, own)

    put(place, PAGES)

    assert place.tree() == {**own, **PAGES}


def test_file_that_is_moved_away_is_in_nobodys_way(place: Place) -> None:
    theirs(place, {"index.html": b"an old home page"})
    with pytest.raises(RefusedError):
        put(place, PAGES)

    (place.folder / "index.html").rename(place.folder / "old.html")
    put(place, PAGES)

    assert place.tree() == {**PAGES, "old.html": b"an old home page"}


def test_same_bytes_are_ours_although_the_list_is_lost(place: Place) -> None:
    put(place, PAGES)
    place.manifest.unlink()

    assert put(place, PAGES).unchanged == 2


def test_folder_that_is_known_again_is_written_anew_although_the_list_is_lost(place: Place) -> None:
    put(place, PAGES)
    place.manifest.unlink()

    put(place, {**PAGES, "index.html": b"new"}, built_before=True)

    assert place.tree()["index.html"] == b"new"


def test_list_of_one_folder_says_nothing_of_another(place: Place) -> None:
    """Whoever names another output folder must not lose what stands there, nor what has our old names."""
    put(place, PAGES)
    place.folder = place.root / "www"
    theirs(place, {"posts/a/index.html": b"an article of theirs"})

    put(place, {"index.html": b"index"})

    assert place.tree() == {"index.html": b"index", "posts/a/index.html": b"an article of theirs"}
    with pytest.raises(RefusedError):
        put(place, PAGES)


def test_publication_that_was_moved_as_a_whole_knows_its_files(place: Place) -> None:
    put(place, PAGES)
    moved = place.root / "elsewhere"
    moved.mkdir()
    for folder in ("site", "state"):
        (place.root / folder).rename(moved / folder)
    place = Place(moved)

    put(place, {"index.html": b"new"})

    assert place.tree() == {"index.html": b"new"}


def test_folder_in_which_others_have_more_stays_the_folder_it_is(place: Place) -> None:
    """Programs that watch or hold it would go on with the old one."""
    theirs(place, {f"{number}.conf": b"x" for number in range(9)})
    inode = place.folder.stat().st_ino

    put(place, PAGES)
    put(place, {**PAGES, "index.html": b"new"})

    assert place.folder.stat().st_ino == inode
    assert Path(place.folder / "index.html").read_bytes() == b"new"
    assert not place.spare.exists()
