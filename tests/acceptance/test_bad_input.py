"""What editors and machines put into `posts/`: each wrong file is named and left out, all the others are published."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.newsroom import Newsroom
from acceptance.verdicts import assert_refused, content_of, without_roots_powers

BAD = {
    "unclosed.md": (b"---\ntitle: A\ndate: 2026-01-01\n\nText\n", "unclosed.md:1: error", "never closed"),
    "no-head.md": (b"Only text.\n", "no-head.md:1: error", "no front matter"),
    "empty.md": (b"", "empty.md:1: error", "no front matter"),
    "no-title.md": (b"---\ndate: 2026-01-01\n---\nText\n", "no-title.md:1: error", "has no title"),
    "no-date.md": (b"---\ntitle: A\n---\nText\n", "no-date.md:1: error", "has no date"),
    "no-day.md": (b"---\ntitle: A\ndate: 2026-02-30\n---\nText\n", "no-day.md:3: error", "no 30 February 2026"),
    "no-hour.md": (b"---\ntitle: A\ndate: 2026-02-03 25:99\n---\nText\n", "no-hour.md:3: error", "no time 25:99"),
    "latin.md": (b"---\ntitle: Caf\xe9\ndate: 2026-01-01\n---\nText\n", "latin.md:2: error", "not UTF-8"),
    "binary.md": (bytes(range(256)) * 20, "binary.md", "error"),
    "bracket.md": (b"---\ntitle: [A\ndate: 2026-01-01\n---\nText\n", "bracket.md:", "never closed"),
    "colon.md": (b"---\ntitle: A: b\ndate: 2026-01-01\n---\nText\n", "colon.md:2: error", "colon"),
    "tab.md": (b"---\n\ttitle: A\ndate: 2026-01-01\n---\nText\n", "tab.md:2: error", "a tab where only spaces"),
    "huge.md": (
        b"---\ntitle: A\ndate: 2026-01-01\n---\n" + b"Word. \n" * 750_000,
        "huge.md: error",
        "larger than",
    ),
    "slug-b.md": (b"---\ntitle: B\ndate: 2026-01-02\nslug: same\n---\nText\n", "slug-b.md:4: error", "same address as"),
    "id-b.md": (b"---\ntitle: B\ndate: 2026-01-02\nid: urn:x:1\n---\nText\n", "id-b.md:4: error", "the same id as"),
    "closes.md": (b"---\ntitle: A\ndate: 2026-01-01\ncloses: soon\n---\nText\n", "closes.md:4: error", "not a date"),
}
GOOD = {
    "slug-a.md": b"---\ntitle: First with the slug\ndate: 2026-01-01\nslug: same\n---\nText\n",
    "id-a.md": b"---\ntitle: First with the id\ndate: 2026-01-01\nid: urn:x:1\n---\nText\n",
    "mark.md": b"\xef\xbb\xbf---\ntitle: Byte order mark\ndate: 2026-01-01\n---\nText\n",
    "crlf.md": b"---\r\ntitle: Carriage returns\r\ndate: 2026-01-01\r\n---\r\nText\r\n",
    "zürich.md": "---\ntitle: Zürich 日本\ndate: 2026-01-01\n---\nGrüße\n".encode(),
}
WARNED = {
    "javascript.md": (
        b'---\ntitle: Links\ndate: 2026-01-01\n---\n[x](javascript:alert(1)) <a href="JaVaScript:alert(2)">y</a>\n',
        "javascript.md:5: warning",
        "begins with javascript:",
    ),
    "script.md": (
        b"---\ntitle: Tags\ndate: 2026-01-01\n---\n<script>alert(1)</script>\n\n<img src=x.png onerror=alert(2)>\n",
        "script.md:5: warning",
        "<script> cannot be shown",
    ),
    "control.md": (
        b"---\ntitle: Controls\ndate: 2026-01-01\n---\nA \x07 bell and an \x1b[31m escape\n",
        "control.md:5: warning",
        "invisible control character",
    ),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Newsroom:
    desk = Newsroom(tmp_path_factory.mktemp("bad") / "desk", provider="outbox")
    for name, content in GOOD.items():
        (desk.folder / "posts" / name).write_bytes(content)
    for name, (content, *_) in (BAD | WARNED).items():
        (desk.folder / "posts" / name).write_bytes(content)
    return desk


@pytest.fixture(scope="module")
def built(desk: Newsroom) -> subprocess.CompletedProcess[str]:
    return desk.run("build")


@pytest.fixture(scope="module")
def checked(desk: Newsroom, built: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    return desk.run("check")


@pytest.mark.parametrize("name", BAD)
def test_each_wrong_file_is_named_with_line_and_remedy(built: subprocess.CompletedProcess[str], name: str) -> None:
    _, place, words = BAD[name]
    assert_refused(built, 1)
    line = next(line for line in built.stderr.splitlines() if f"posts/{place}" in line)
    assert words in line
    assert f"{line}\n  " in built.stderr, "no remedy"


def test_files_that_are_right_are_published_all_the_same(
    built: subprocess.CompletedProcess[str], desk: Newsroom
) -> None:
    feed = (desk.folder / "public" / "atom.xml").read_text("utf-8")
    for title in ("First with the slug", "First with the id", "Byte order mark", "Carriage returns", "Zürich 日本"):
        assert f">{title}<" in feed
    for name in GOOD:
        assert f"posts/{name}" not in built.stderr.replace("as posts/slug-a.md", "").replace("as posts/id-a.md", "")


@pytest.mark.parametrize("name", WARNED)
def test_check_says_a_warning_even_if_nobody_watches(checked: subprocess.CompletedProcess[str], name: str) -> None:
    _, place, words = WARNED[name]
    assert checked.returncode == 1
    assert words in next(line for line in checked.stderr.splitlines() if f"posts/{place}" in line)


def test_nothing_that_a_browser_would_run_is_published(built: subprocess.CompletedProcess[str], desk: Newsroom) -> None:
    for file in (desk.folder / "public").rglob("*"):
        if file.suffix in {".html", ".xml", ".json"}:
            text = file.read_text("utf-8").lower()
            assert "javascript:" not in text
            assert "alert(" not in text
            assert "onerror" not in text
            assert "\x07" not in text
            assert "\x1b" not in text


class TestOnePost:
    @pytest.fixture
    def desk(self, tmp_path: Path) -> Iterator[Newsroom]:
        desk = Newsroom(tmp_path / "desk", provider="outbox")
        self.post = desk.write("Tides")
        desk.run("build", expect=0)
        yield desk
        self.post.parent.chmod(0o755)
        if self.post.exists():
            self.post.chmod(0o644)

    def test_a_post_that_breaks_keeps_its_page(self, desk: Newsroom) -> None:
        before = content_of(desk.folder / "public")
        self.post.write_bytes(b"---\ntitle: Tides\n")
        assert_refused(desk.run("build"), 1, f"posts/{self.post.name}:1: error", "never closed")
        assert content_of(desk.folder / "public") == before

    def test_a_post_that_may_not_be_read_keeps_its_page(self, desk: Newsroom) -> None:
        before = content_of(desk.folder / "public")
        self.post.chmod(0o000)
        done = desk.run("build", before=without_roots_powers())
        assert_refused(done, 1, f"posts/{self.post.name}: error", "Permission denied", "Check its permissions")
        assert content_of(desk.folder / "public") == before

    def test_a_folder_that_may_not_be_read_keeps_all_pages(self, desk: Newsroom) -> None:
        before = content_of(desk.folder / "public")
        self.post.parent.chmod(0o000)
        assert_refused(desk.run("build", before=without_roots_powers()), 1, "posts", "ermission")
        assert content_of(desk.folder / "public") == before

    @pytest.mark.parametrize(("rest", "words"), [("folder", "not one post"), ("nothing", "is not there")])
    def test_a_folder_that_is_suddenly_empty_or_gone_unpublishes_nothing(
        self, desk: Newsroom, rest: str, words: str
    ) -> None:
        before = content_of(desk.folder / "public")
        self.post.unlink()
        if rest == "nothing":
            self.post.parent.rmdir()
        for _ in range(2):
            assert_refused(desk.run("build"), 1, "posts: error", words, "[paths] in briefingfeed.toml")
            assert content_of(desk.folder / "public") == before
        if rest == "nothing":
            self.post.parent.mkdir()

    def test_no_edition_is_recorded_while_the_only_post_is_broken(self, desk: Newsroom) -> None:
        self.post.write_bytes(b"---\ntitle: Tides\n")
        (desk.folder / "var" / "last-good.sqlite").unlink()
        done = desk.run("send-weekly")
        assert_refused(done, 1, f"posts/{self.post.name}:1", "Repair it")
        assert desk.editions() == []
