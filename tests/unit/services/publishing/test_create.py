"""`init`, `new` and `ids write`: what they write, and what they refuse."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from briefingfeed import config
from briefingfeed.cli.root import briefingfeed
from briefingfeed.errors import RefusedError, UsageError
from briefingfeed.models.settings import Settings
from briefingfeed.posts.memory import IdMemory
from briefingfeed.posts.store import PostStore
from briefingfeed.services.publishing.create import Identity, create_post, create_publication, write_ids

TODAY = date(2026, 11, 16)
NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
OURS = Identity(
    title='The "Harbour" \\ Notes',
    url="https://harbour.example.org",
    sender="Häfen & Co <notes@harbour.example.org>",
    postal_address="1 Quay, Port",
    timezone="Europe/Berlin",
)


def publication(folder: Path) -> Settings:
    create_publication(folder, OURS, TODAY)
    return config.load(folder / "briefingfeed.toml", provider_names=())


def test_a_new_publication_reads_back_as_it_was_named(tmp_path: Path) -> None:
    settings = publication(tmp_path / "new")
    assert settings.publication.title == OURS.title
    assert settings.newsletter.from_.name == "Häfen & Co"
    library = PostStore(settings, {}, IdMemory()).load(NOW)
    assert library.problems == ()
    assert [(post.title, post.id) for post in library.posts] == [
        ("Welcome", "tag:harbour.example.org,2026:2026-11-16/welcome")
    ]


def test_nothing_is_written_over_a_publication(tmp_path: Path) -> None:
    publication(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    with pytest.raises(RefusedError, match="already"):
        create_publication(tmp_path, OURS, TODAY)
    assert before == {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}


def test_files_that_stand_there_already_are_kept(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    publication(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "mine\n"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"url": "harbour.example.org"}, UsageError),
        ({"sender": "nobody"}, UsageError),
        ({"timezone": "Port"}, UsageError),
        ({"title": "two\nlines"}, UsageError),
        ({"title": " "}, UsageError),
    ],
)
def test_an_identity_that_will_not_do_writes_nothing(
    tmp_path: Path, change: dict[str, str], error: type[Exception]
) -> None:
    given = {name: getattr(OURS, name) for name in Identity.__slots__} | change
    with pytest.raises(error):
        create_publication(tmp_path / "new", Identity(**given), TODAY)
    assert not (tmp_path / "new").exists()


def test_a_new_post_is_a_draft_with_an_id(tmp_path: Path) -> None:
    settings = publication(tmp_path)
    file = create_post(settings, "Größe: was gilt?", TODAY)
    assert file.name == "2026-11-16-grosse-was-gilt.md"
    post = next(post for post in PostStore(settings, {}, IdMemory()).load(NOW).posts if post.draft)
    assert (post.title, post.id) == ("Größe: was gilt?", "tag:harbour.example.org,2026:2026-11-16/grosse-was-gilt")


def test_a_second_post_of_that_name_is_refused(tmp_path: Path) -> None:
    settings = publication(tmp_path)
    create_post(settings, "Same", TODAY)
    with pytest.raises(RefusedError, match="another title"):
        create_post(settings, "Same", TODAY)


def test_ids_are_written_once_and_nothing_else_changes(tmp_path: Path) -> None:
    settings = publication(tmp_path)
    file = tmp_path / "posts" / "2026-11-01-old.md"
    file.write_bytes(b"---\r\ntitle: Old\r\n---\r\n\r\nText.\r\n")
    posts = PostStore(settings, {}, IdMemory()).load(NOW).posts
    assert write_ids(settings, posts) == ("posts/2026-11-01-old.md",)
    assert file.read_bytes() == (
        b"---\r\ntitle: Old\r\nid: tag:harbour.example.org,2026:2026-11-01/old\r\n---\r\n\r\nText.\r\n"
    )
    assert write_ids(settings, PostStore(settings, {}, IdMemory()).load(NOW).posts) == ()
    assert sorted(path.name for path in (tmp_path / "posts").iterdir()) == [
        "2026-11-01-old.md",
        "2026-11-16-welcome.md",
    ]


def test_the_first_page_is_never_mailed(tmp_path: Path) -> None:
    posts = PostStore(publication(tmp_path), {}, IdMemory()).load(NOW).posts
    assert [post.email for post in posts] == [False]


def test_command_that_is_named_after_init_can_be_pasted(tmp_path: Path) -> None:
    folder = tmp_path / "our news; really"
    done = CliRunner().invoke(briefingfeed, ["-v", "init", str(folder)], catch_exceptions=False)
    assert f"Now: cd '{folder}' && briefingfeed build" in done.stderr


def test_who_has_a_publication_already_is_asked_nothing(tmp_path: Path) -> None:
    """A wrong answer would be told first if the questions came first."""
    publication(tmp_path)
    refused = CliRunner().invoke(briefingfeed, ["init", str(tmp_path), "--timezone", "Mars/Olympus"])
    assert isinstance(refused.exception, RefusedError)
