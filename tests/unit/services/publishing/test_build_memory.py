"""What a build leaves in the state folder is never taken for more than it is worth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from briefingfeed.errors import LockedError
from briefingfeed.posts.store import Library
from briefingfeed.services.publishing.build import build

from .conftest import Desk


def test_an_older_build_never_publishes_behind_the_back_of_a_newer_one(desk: Desk) -> None:
    """It would take a new post away, and the stamp of the newer build would say that all is well."""
    desk.post("quay")
    old = desk.load()
    desk.post("mooring")
    newer = desk.context()

    def remember(library: Library) -> None:
        newer.remember(library)
        with pytest.raises(LockedError, match="another build is under way"):
            build(replace(desk.context(), load_posts=lambda: old))

    build(replace(newer, remember=remember))
    desk.build()
    assert (desk.public / "posts" / "mooring" / "index.html").exists()


def test_a_build_waits_for_nobody_when_the_one_before_it_came_to_an_end(desk: Desk) -> None:
    desk.post("quay", text="[")
    (desk.root / "templates" / "site").mkdir(parents=True)
    broken = desk.write("templates/site/index.html", "{% nothing %}")
    with pytest.raises(Exception, match="nothing"):
        desk.build()
    broken.unlink()
    assert desk.build().posts == 1


@pytest.mark.parametrize("name", ["feed-history.json", "feeds-sound.json", "build.json", "output.trees.json"])
def test_what_is_only_remembered_may_be_rubbish(desk: Desk, name: str) -> None:
    desk.post("quay")
    desk.build()
    (desk.root / "var" / name).write_bytes(b"\xff\xfe\0rubbish")
    desk.post("mooring")
    desk.build()
    assert (desk.public / "posts" / "mooring" / "index.html").exists()
