"""ids.toml: posts keep the ids that they had in another program."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pytest

from briefingfeed.models.settings import IdSettings
from briefingfeed.posts.identity import Claim, by_rule
from briefingfeed.posts.kept_ids import KeptIds, add_kept_ids, load_kept_ids
from briefingfeed.posts.memory import IdMemory
from briefingfeed.posts.places import place
from briefingfeed.posts.store import PostStore

from .conftest import NOW, Publication

OLD = "tag:blogger.com,1999:blog-1.post-2"


def claim(path: str = "posts/2019-05-04-hello.md", **fields: object) -> Claim:
    values = {
        "path": path,
        "written": None,
        "line": None,
        "day": date(2019, 5, 4),
        "slug": path.rpartition("/")[2][11:-3],
        "body_digest": "d",
    }
    return Claim(**{**values, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "key",
    [
        "posts/2019-05-04-hello.md",
        "old/folder/2019-05-04-hello.md",
        "hello",
        "Hello",
        "https://old.example/2019/05/Hello.html",
        "/2019/05/hello/",
        "http://another.example/p/7/",
    ],
)
def test_a_post_is_found_by_file_slug_or_address(key: str) -> None:
    claims = [claim(addresses=("https://new.example/2019/05/hello/", "/p/7")), claim("posts/2020-01-01-other.md")]
    assert KeptIds({key: OLD}).assign(claims) == {"posts/2019-05-04-hello.md": OLD}


def test_of_two_posts_of_one_slug_the_older_has_the_id() -> None:
    newer = claim("posts/2024-01-01-hello.md", day=date(2024, 1, 1))
    assert KeptIds({"hello": OLD}).assign([newer, claim()]) == {"posts/2019-05-04-hello.md": OLD}


def test_a_name_that_two_files_share_is_no_sign() -> None:
    claims = [claim("posts/a/index.md", slug="a"), claim("posts/b/index.md", slug="b")]
    assert KeptIds({"posts/c/index.md": OLD}).assign(claims) == {}


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ('a = "tag:x,2020:1"\nb = "no address"\n', "not a full address", 2),
        ('a = "tag:x,2020:1"\n"/b/" = "tag:x,2020:1"\n', "same id", 2),
        ("a = 1\n", "not a full address", 1),
        ("\na = \n", "not right TOML", 2),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, words: str, line: int) -> None:
    file = tmp_path / "ids.toml"
    file.write_text(text)
    _, (problem,) = load_kept_ids(file)
    assert words in problem.message
    assert (problem.path, problem.line, problem.is_error) == ("ids.toml", line, True)


def test_what_is_written_is_read_and_what_stood_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "ids.toml"
    assert load_kept_ids(file) == (KeptIds(), [])
    add_kept_ids(file, {"posts/a “b”\\c.md": OLD})
    file.write_text(file.read_text() + "# mine\nb = 'tag:x,2020:b'")
    add_kept_ids(file, {"posts/c.md": "https://old.example/?p=1"})

    kept, problems = load_kept_ids(file)

    assert not problems
    assert kept.ids == {"posts/a “b”\\c.md": OLD, "b": "tag:x,2020:b", "posts/c.md": "https://old.example/?p=1"}
    assert "# mine" in file.read_text()


def load(publication: Publication, kept: KeptIds, **ids: object) -> dict[str, str]:
    settings = dataclasses.replace(publication.settings, ids=IdSettings(**ids))  # type: ignore[arg-type]
    library = PostStore(settings, {}, publication.memory, kept).load(NOW)
    publication.memory = library.memory
    assert not [problem for problem in library.problems if problem.is_error]
    return {post.path: post.id for post in library.posts}


def test_ids_toml_counts_even_for_what_is_remembered(publication: Publication) -> None:
    publication.post("a.md")
    publication.load()
    assert load(publication, KeptIds({"posts/a.md": OLD})) == {"posts/a.md": OLD}


def test_the_id_line_of_a_post_counts_more(publication: Publication) -> None:
    publication.post("a.md", id="tag:mine,2020:a")
    publication.post("b.md", "Other words.", date="2026-11-02")
    kept = KeptIds({"posts/a.md": OLD, "posts/b.md": "tag:mine,2020:a"})
    assert load(publication, kept)["posts/a.md"] == "tag:mine,2020:a"


def test_a_kept_id_survives_a_move_of_the_file_even_if_nothing_is_remembered(publication: Publication) -> None:
    publication.post("2019-05-04-a.md")
    kept = KeptIds({"posts/2019-05-04-a.md": OLD})
    load(publication, kept)
    (publication.root / "posts" / "2019").mkdir()
    (publication.root / "posts" / "2019-05-04-a.md").rename(publication.root / "posts" / "2019" / "2019-05-04-a.md")
    assert load(publication, kept) == {"posts/2019/2019-05-04-a.md": OLD}
    publication.memory = IdMemory()
    assert load(publication, kept) == {"posts/2019/2019-05-04-a.md": OLD}


RULE = {"rule": "https://old.example/{year}/{month}/{slug}.html", "until": date(2026, 11, 5)}


def test_the_rule_makes_the_ids_of_older_posts_only(publication: Publication) -> None:
    publication.post("old.md", date="2026-11-05")
    publication.post("new.md", "Other words.", date="2026-11-06")
    found = load(publication, KeptIds(), **RULE)
    assert found["posts/old.md"] == "https://old.example/2026/11/old.html"
    assert found["posts/new.md"].startswith("tag:")


def test_an_id_made_by_rule_outlives_slug_date_and_place(publication: Publication) -> None:
    publication.post("old.md", date="2026-11-05")
    before = list(load(publication, KeptIds(), **RULE).values())
    publication.post("old.md", date="2026-11-04", slug="another")
    (publication.root / "posts" / "old.md").rename(publication.root / "posts" / "elsewhere.md")
    assert list(load(publication, KeptIds(), **RULE).values()) == before


def test_two_posts_of_one_rule_get_two_ids(publication: Publication) -> None:
    publication.post("a.md", date="2026-11-05", slug="same", url="/a/")
    publication.post("b.md", "Other words.", date="2026-11-04", slug="same", url="/b/")
    assert len(set(load(publication, KeptIds(), **RULE).values())) == 2


def test_without_a_rule_there_is_none() -> None:
    assert by_rule(IdSettings(), date(2020, 1, 1), "a") is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rule": RULE["rule"]}, "belong together"),
        ({"until": date(2026, 1, 1)}, "belong together"),
        ({**RULE, "rule": "https://old.example/{title}/{slug}"}, "may hold only"),
        ({**RULE, "rule": "https://old.example/{year}"}, "with {slug}"),
        ({**RULE, "rule": "/{slug}"}, "whole address"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        IdSettings(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://old.example/2019/Hello.html", "2019/hello"),
        ("/2019/hello/", "2019/hello"),
        ("http://x.example/2019/hello/index.html", "2019/hello"),
        ("https://x.example/?p=12", "?p=12"),
        ("https://x.example/caf%C3%A9", "café"),
        ("https://x.example/", None),
        ("https://[broken", None),
    ],
)
def test_places(address: str, found: str | None) -> None:
    assert place(address) == found
