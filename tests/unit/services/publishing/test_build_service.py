from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from briefingfeed.errors import ConfigurationError, ContentError, RefusedError, TemplateError
from briefingfeed.posts.memory import read_ids
from briefingfeed.services.publishing.surroundings import fingerprint_code

from .conftest import Desk


def ids(desk: Desk) -> list[str]:
    return re.findall(r"<id>(tag:[^<]*)</id>", (desk.public / "atom.xml").read_text())


def test_build_publishes_feeds_and_pages(desk: Desk) -> None:
    desk.post("quay")
    report = desk.build()

    assert report.written == (
        "404.html", "_redirects", "archive/2026-11/atom.xml", "archive/2026-11/feed.json", "archive/2026-11/rss.xml",
        "assets/copy.js", "assets/feed.css", "assets/site.css", "atom.xml", "feed.json", "index.html", "opml.xml",
        "posts/quay/index.html", "rss.xml", "subscribe/index.html",
    )  # fmt: skip
    assert (report.posts, report.unchanged, report.removed, report.problems) == (1, 0, (), ())
    assert not report.has_errors


def test_second_build_reads_nothing_and_touches_nothing(desk: Desk) -> None:
    desk.post("quay")
    desk.build()
    before, reads = desk.output(), desk.reads
    state = {path: path.stat().st_mtime_ns for path in (desk.root / "var").iterdir()}

    report = desk.build(hours=1)

    assert desk.reads == reads
    assert desk.output() == before
    assert {path: path.stat().st_mtime_ns for path in (desk.root / "var").iterdir()} == state
    assert (report.posts, report.written, report.unchanged) == (1, (), 15)


def test_two_builds_from_nothing_are_byte_identical(desk: Desk) -> None:
    desk.post("quay", head="topics: [water]\n")
    desk.post("mooring")
    desk.build()
    first = desk.bytes()
    for file in (desk.root / "var").iterdir():
        if file.name.startswith(("output", "build")):
            file.unlink()
    desk.public.rename(desk.root / "before")

    desk.build()

    assert desk.bytes() == first


@pytest.mark.parametrize(
    "change",
    [
        lambda desk: desk.post("quay", text="Other words."),
        lambda desk: desk.post("mooring"),
        lambda desk: desk.write("authors.toml", '[ann]\nname = "Ann"\n'),
        lambda desk: desk.write("templates/site/site.css", "body { color: red }"),
        lambda desk: desk.write("briefingfeed.toml", '[publication]\ntitle = "Other"\nurl = "https://harbour.example"\n'),
        lambda desk: (desk.public / "index.html").unlink(),
        lambda desk: (desk.public / "index.html").write_text("tampered"),
        lambda desk: (desk.root / "var" / "ids.jsonl").unlink(),
        lambda desk: (desk.root / "posts" / "2026-11-20-quay.md").chmod(0o600),
    ],
    ids=["post", "new post", "people", "template", "settings", "page removed", "page changed", "ids lost", "mode"],
)  # fmt: skip
def test_any_change_is_seen(desk: Desk, change: object) -> None:
    desk.post("quay")
    desk.build()
    reads = desk.reads

    change(desk)  # type: ignore[operator]
    desk.build()

    assert desk.reads == reads + 1
    assert "tampered" not in (desk.public / "index.html").read_text()


@pytest.mark.parametrize("library", ["feedgen", "jinja2", "nh3", "pyromark", "pyyaml", "tzdata"])
def test_another_version_of_a_library_makes_everything_anew(
    desk: Desk, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.post("tram")
    desk.build()
    installed = tmp_path / "packages" / f"{library}-999.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {library}\nVersion: 999\n")
    with monkeypatch.context() as later:
        later.syspath_prepend(installed.parent)
        fingerprint_code.cache_clear()  # as in another process
        desk.build()
    fingerprint_code.cache_clear()
    assert desk.reads == 2


def test_change_that_keeps_size_and_time_is_seen(desk: Desk) -> None:
    file = desk.post("quay", text="Some words.")
    desk.build()
    stat = file.stat()
    file.write_text(file.read_text().replace("Some", "More"))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    desk.build()

    assert "More words." in (desk.public / "posts/quay/index.html").read_text()


def test_post_of_a_later_date_appears_when_its_time_comes(desk: Desk) -> None:
    desk.post("quay")
    desk.post("tomorrow", day="2026-11-24")
    assert desk.build().next_change == datetime(2026, 11, 24, tzinfo=UTC)
    assert "Tomorrow" not in (desk.public / "index.html").read_text()

    desk.build(hours=16)

    assert "Tomorrow" in (desk.public / "index.html").read_text()


def test_feed_takes_a_post_up_when_its_own_instant_comes(desk: Desk) -> None:
    """An entry's instant lies up to an hour after midnight; the page is there from midnight on."""
    desk.post("tomorrow", day="2026-11-24")
    desk.build(hours=15)
    entry_instant = desk.build().next_change
    assert entry_instant is not None
    assert datetime(2026, 11, 24, tzinfo=UTC) < entry_instant < datetime(2026, 11, 24, 1, tzinfo=UTC)
    assert ids(desk) == []

    desk.now = entry_instant
    desk.build()

    assert len(ids(desk)) == 1


def test_call_closes_by_time_alone(desk: Desk) -> None:
    desk.post("survey", head="closes: 2026-11-24\n")
    assert desk.build().next_change == datetime(2026, 11, 25, tzinfo=UTC)
    feed = (desk.public / "atom.xml").read_bytes()

    desk.build(hours=40)

    assert "Closed" in (desk.public / "posts/survey/index.html").read_text()
    assert (desk.public / "atom.xml").read_bytes() == feed


def test_broken_post_stops_only_itself_and_is_told_at_every_build(desk: Desk) -> None:
    desk.post("quay")
    broken = desk.write("posts/2026-11-21-broken.md", "---\ntitle: Broken\n\nNo end.\n")
    first, second = desk.build(), desk.build()

    assert first.has_errors
    assert [problem.path for problem in first.problems] == ["posts/2026-11-21-broken.md"]
    assert second.problems == first.problems
    assert (desk.public / "posts/quay/index.html").is_file()

    broken.unlink()
    assert not desk.build().has_errors


def test_post_that_breaks_keeps_its_last_good_page(desk: Desk) -> None:
    file = desk.post("quay", text="Good words.")
    desk.build()
    file.write_text("---\ntitle: [\n---\nbad")

    report = desk.build()

    assert report.has_errors
    assert "Good words." in (desk.public / "posts/quay/index.html").read_text()


def test_removed_post_takes_its_page_along(desk: Desk) -> None:
    file = desk.post("quay")
    desk.post("mooring")
    desk.build()
    file.unlink()

    assert desk.build().removed == ("posts/quay/index.html",)


@pytest.mark.parametrize("lost", ["ids", "database"])
def test_ids_survive_the_loss_of_file_or_database(desk: Desk, lost: str) -> None:
    file = desk.post("quay")
    desk.build()
    before = ids(desk)
    if lost == "ids":
        (desk.root / "var" / "ids.jsonl").unlink()
    else:
        desk.forget_database()
    file.rename(file.with_name("2026-11-20-renamed.md"))

    desk.build()

    assert ids(desk) == before
    assert [row.post_id for row in read_ids(desk.root / "var" / "ids.jsonl")] == before
    assert "renamed" in (desk.public / "atom.xml").read_text()


def test_ids_are_kept_only_once_the_build_is_published(desk: Desk) -> None:
    desk.post("quay")
    desk.write("templates/site/post.html", "{{ nobody.knows }}")

    with pytest.raises(TemplateError, match="nobody"):
        desk.build()

    assert not (desk.root / "var" / "ids.jsonl").exists()
    assert not desk.public.exists()


def test_broken_template_leaves_the_old_output(desk: Desk) -> None:
    desk.post("quay")
    desk.build()
    before = desk.output()
    desk.write("templates/site/post.html", "{% if %}")

    with pytest.raises(TemplateError, match=r"post\.html:1"):
        desk.build()

    assert desk.output() == before


def test_wrong_authors_file_publishes_nobody_under_a_key(desk: Desk) -> None:
    desk.post("quay", head="authors: ann\n")
    desk.write("authors.toml", "[ann\n")

    with pytest.raises(ContentError) as raised:
        desk.build()

    assert raised.value.exit_code == 1
    assert raised.value.problems[0].path == "authors.toml"
    assert not desk.public.exists()


@pytest.mark.parametrize("output", [".", "posts", "var", "posts/public", "..", "templates/out"])
def test_output_folder_that_would_swallow_others_is_refused(desk: Desk, output: str) -> None:
    desk.post("quay")
    desk.write("briefingfeed.toml", f'[publication]\nurl = "https://harbour.example"\n[paths]\noutput = "{output}"\n')

    with pytest.raises(ConfigurationError, match="output folder"):
        desk.build()


def test_it_is_the_folder_that_was_named_that_is_told(desk: Desk) -> None:
    desk.post("quay")
    desk.write("briefingfeed.toml", '[publication]\nurl = "https://harbour.example"\n[paths]\nstate = "public"\n')

    with pytest.raises(ConfigurationError, match="`state`") as raised:
        desk.build()

    assert raised.value.where == "[paths] state"


def test_operators_page_in_the_way_is_told_and_nothing_changes(desk: Desk) -> None:
    desk.post("quay")
    desk.write("public/posts", "mine")

    with pytest.raises(RefusedError, match="posts"):
        desk.build()

    assert (desk.public / "posts").read_text() == "mine"


def test_first_build_replaces_nothing_of_others(desk: Desk) -> None:
    desk.post("quay")
    theirs = desk.write("public/index.html", "Our old home page")

    with pytest.raises(RefusedError, match="did not write"):
        desk.build()

    assert theirs.read_text() == "Our old home page"
    assert [path.name for path in desk.public.iterdir()] == ["index.html"]


def test_output_folder_is_known_again_when_the_state_folder_is_lost(desk: Desk) -> None:
    desk.post("quay")
    desk.build()
    for file in (desk.root / "var").iterdir():
        if file.name.startswith(("output", "build")):
            file.unlink()
    desk.post("mooring")

    assert "index.html" in desk.build().written


def test_build_that_was_refused_is_not_taken_for_done(desk: Desk) -> None:
    desk.post("quay")
    desk.build()
    desk.post("mooring")
    in_the_way = desk.public / "posts" / "mooring"
    in_the_way.write_text("mine")
    with pytest.raises(RefusedError):
        desk.build()

    in_the_way.unlink()
    desk.build()

    assert (desk.public / "posts/mooring/index.html").is_file()


def test_publication_without_posts_is_published_with_a_warning(desk: Desk) -> None:
    report = desk.build()

    assert report.posts == 0
    assert not report.has_errors
    assert "Nothing has been published yet." in (desk.public / "index.html").read_text()


def test_without_pages_only_feeds_are_built(desk: Desk) -> None:
    desk.post("quay")
    desk.write(
        "briefingfeed.toml",
        '[publication]\nurl = "https://harbour.example"\n'
        '[site]\npages = false\npost_url = "https://www.harbour.example/{slug}"\n',
    )
    desk.build()

    assert [path for path in sorted(desk.bytes()) if not path.startswith("archive/")] == [
        "_redirects", "assets/feed.css", "atom.xml", "feed.json", "opml.xml", "rss.xml",
    ]  # fmt: skip
    assert 'href="https://www.harbour.example/quay"' in (desk.public / "atom.xml").read_text()


def test_image_beside_a_post_is_copied(desk: Desk) -> None:
    image = desk.root / "posts" / "lamp.png"
    desk.post("quay", text="![A lamp](lamp.png)")
    image.write_bytes(b"\x89PNG lamp")
    desk.build()

    copied = [path for path in desk.bytes() if path.endswith("lamp.png")]
    assert len(copied) == 1
    assert Path(desk.public / copied[0]).read_bytes() == b"\x89PNG lamp"
    assert f'src="https://harbour.example/{copied[0]}"' in (desk.public / "feed.json").read_text().replace('\\"', '"')
