"""A feed with an error is never written, and only what changed is judged again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from briefingfeed.errors import ContentError
from briefingfeed.models.output import OutputCopy, OutputFile
from briefingfeed.services.publishing.build import build
from briefingfeed.services.publishing.feed_validation import SOUND, judge_feeds, read_sound
from briefingfeed.services.publishing.rendering import render_output

from .conftest import Desk


def rendered(desk: Desk) -> list[OutputFile | OutputCopy]:
    return list(render_output(desk.load().posts, desk.settings, desk.look, desk.now, at_once=False).files)


def spoilt(files: list[OutputFile | OutputCopy], path: str) -> list[OutputFile | OutputCopy]:
    return [
        OutputFile(file.path, file.content.replace(b"&lt;p&gt;", b"&lt;p onclick='x()'&gt;"))
        if isinstance(file, OutputFile) and file.path == path
        else file
        for file in files
    ]


def test_an_error_names_the_post_and_is_an_error(desk: Desk) -> None:
    desk.post("quay")
    posts = desk.load().posts

    verdict = judge_feeds(spoilt(rendered(desk), "atom.xml"), posts, desk.settings, desk.now)

    attack = next(problem for problem in verdict.problems if "SecurityRiskAttr" in problem.message)
    assert (attack.path, attack.is_error) == ("posts/2026-11-20-quay.md", True)
    assert "feed: false" in attack.remedy
    assert "atom.xml" not in verdict.sound
    assert "opml.xml" in verdict.sound


def test_a_build_with_an_error_writes_nothing(desk: Desk) -> None:
    desk.post("quay")
    desk.build()
    before = desk.output()
    desk.post("mole")
    publication = replace(desk.settings.publication)
    object.__setattr__(publication, "id_authority", "no space, please")  # what the settings refuse
    settings = replace(desk.settings, publication=publication)

    with pytest.raises(ContentError, match="InvalidFullLink"):
        build(replace(desk.context(), settings=settings))

    assert desk.output() == before


def test_what_was_found_sound_is_not_judged_again(desk: Desk) -> None:
    desk.post("quay")
    desk.build()
    sound = read_sound(desk.settings)
    files, posts = rendered(desk), desk.load().posts
    assert set(sound) >= {"atom.xml", "rss.xml", "feed.json", "opml.xml"}
    assert judge_feeds(files, posts, desk.settings, desk.now, sound).problems == ()
    damaged = spoilt(files, "atom.xml")
    assert judge_feeds(damaged, posts, desk.settings, desk.now, sound).problems, "what changed is judged"
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert judge_feeds(files, posts, desk.settings, long_ago, sound).problems == (), "what did not is not"


def test_other_settings_mean_other_rules(desk: Desk) -> None:
    desk.post("quay")
    desk.build()
    assert read_sound(desk.settings)
    file = desk.root / "briefingfeed.toml"
    file.write_text(file.read_text() + "[feeds]\nentries = 5\n")
    assert read_sound(desk.settings) == {}
    (desk.root / "var" / SOUND).write_text("[]")
    assert read_sound(desk.settings) == {}


def test_check_tells_warnings_that_a_build_lets_pass(desk: Desk) -> None:
    desk.post("quay", head="updated: 2031-01-01\n")
    (problem,) = [problem for problem in desk.check().problems if "ImplausibleDate" in problem.message]
    assert not problem.is_error
    report = desk.build()
    assert report.written
    assert not report.has_errors
