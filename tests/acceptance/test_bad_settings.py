"""Wrong settings, templates and command lines: refused before anything is written, in words, with the place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from acceptance.newsroom import Newsroom
from acceptance.verdicts import assert_refused, content_of, without_roots_powers

SETTINGS = {
    "unknown key": (
        b"[site]\npagse = false\n",
        "briefingfeed.toml:2: site.pagse is not a setting; did you mean pages?",
    ),
    "unknown table": (b"[sitee]\n", "briefingfeed.toml:1: sitee is not a setting; did you mean site?"),
    "no TOML": (b"[site]\npages =\n", "briefingfeed.toml:2: this cannot be read as TOML"),
    "a key twice": (b"[site]\npages = true\npages = false\n", "briefingfeed.toml:3: this cannot be read as TOML"),
    "Latin-1": (b'[site]\n[publication]\ntitle = "Caf\xe9"\n', "briefingfeed.toml:3: this line is not UTF-8 text"),
    "wrong type": (b"[paths]\nposts = 3\n", "briefingfeed.toml:2: paths.posts must be a text in quotation marks"),
    "wrong address": (b'[web]\npublic_url = "ftp://x"\n', "briefingfeed.toml:2: web.public_url must be a web address"),
    "no such provider": (
        b'[newsletter]\nprovider = "sntp"\n',
        "briefingfeed.toml:2: newsletter.provider must be one of",
    ),
    "output over all": (b'[paths]\noutput = "."\n', "would get into the way of the publication's own files"),
    "no database": (
        b'[database]\nurl = "mydb"\n',
        "briefingfeed.toml:2: [database] url: this is not the address of a database",
    ),
    "another database": (
        b'[site]\n\n[database]\n\nurl = "mysql://localhost/x"\n',
        "briefingfeed.toml:5: [database] url: only a SQLite file or a PostgreSQL database can be used",
    ),
    "provider's key": (b"[smtp]\nprot = 25\n", "briefingfeed.toml:2: smtp.prot is not a setting; did you mean port?"),
    "provider's value": (b"[smtp]\nport = 99999\n", "briefingfeed.toml:2: smtp.port must be at most 65535"),
    "plain text to afar": (
        b'[smtp]\nhost = "mail.example.org"\nsecurity = "none"\n',
        'briefingfeed.toml:3: smtp.security = "none" is only for a server on this machine',
    ),
}
TEMPLATES = {
    "syntax": ("<p>\n{% if %}\n", "post.html:2: this cannot be read as a template"),
    "unknown name": ("<p>\n\n{{ titel }}\n", "post.html:3: the template stopped: 'titel' is undefined"),
    "unknown attribute": (
        "{{ post.titel }}\n",
        "post.html:1: the template stopped: 'Post object' has no attribute 'titel'",
    ),
    "no such template": ('<p>\n{% include "nothing.html" %}\n', "post.html:2: there is no template nothing.html"),
    "endless": ('{% extends "site/post.html" %}\n', "the template never ends"),
}
COMMAND_LINES = {
    "unknown command": (("buld",), "did you mean build?"),
    "unknown option": (("build", "--jason"), "--jason"),
    "no moment": (("send-weekly", "--as-of", "nonsense"), '"nonsense" is no moment'),
    "no such day": (("send-weekly", "--as-of", "2026-02-30"), '"2026-02-30" is no moment'),
    "beyond all time": (("send-weekly", "--as-of", "9999-12-31"), "the year 9999 cannot be meant"),
    "no recipient": (("send-weekly", "--test-to", "nonsense"), "An address needs an @"),
    "unknown edition": (("editions", "show", "weekly/2099-W01"), "no edition weekly/2099-W01"),
    "unknown person": (("subscribers", "show", "nobody@example.org"), "Nobody with this address"),
    "no consent": (("subscribers", "add", "ann@example.org", "--source", " "), "Say where the consent came from"),
    "no answer": (("subscribers", "erase", "ann@example.org"), "needs a decision"),
    "no list": (("subscribers", "import", "nothing.csv", "--source", "x"), "does not exist"),
    "no text": (("subscribers", "import", "noise.csv", "--source", "x", "--yes"), "not a text file"),
    "no title": (("new", ""), "is not a line of text"),
    "no zone": (("init", "other", "--timezone", "Mars/Olympus"), "publication.timezone must be a time zone"),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Newsroom:
    desk = Newsroom(tmp_path_factory.mktemp("bad") / "desk", provider="outbox")
    desk.write("Tides")
    (desk.folder / "noise.csv").write_bytes(bytes(range(256)) * 8)
    desk.run("build", expect=0)
    return desk


@pytest.mark.parametrize("name", SETTINGS)
def test_wrong_settings_are_named_with_their_line_and_nothing_changes(desk: Newsroom, name: str) -> None:
    content, words = SETTINGS[name]
    file = desk.folder / "briefingfeed.toml"
    right, before = file.read_bytes(), content_of(desk.folder / "public")
    file.write_bytes(content)
    try:
        done = desk.run("check")
    finally:
        file.write_bytes(right)
    assert done.returncode == 78, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert content_of(desk.folder / "public") == before


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_wrong_template_stops_the_build_and_leaves_the_old_output(desk: Newsroom, name: str) -> None:
    content, words = TEMPLATES[name]
    file = desk.folder / "templates" / "site" / "post.html"
    before = content_of(desk.folder / "public")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    try:
        assert_refused(desk.run("build"), 78, "templates/site/", words)
    finally:
        file.unlink()
    assert content_of(desk.folder / "public") == before


def test_a_template_that_may_not_be_read_is_named(desk: Newsroom) -> None:
    file = desk.folder / "templates" / "site" / "post.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o000)
    file.chmod(0o000)
    try:
        done = desk.run("build", before=without_roots_powers())
    finally:
        file.unlink()
    assert_refused(done, 78, str(file), "permission denied")


def test_templates_that_may_not_be_read_are_not_replaced_by_ours(desk: Newsroom) -> None:
    folder = desk.folder / "templates"
    folder.mkdir(exist_ok=True)
    (folder / "own.html").touch()
    desk.run("build", expect=0)
    before = content_of(desk.folder / "public")
    folder.chmod(0o000)
    try:
        done = desk.run("build", before=without_roots_powers())
    finally:
        folder.chmod(0o755)
    assert_refused(done, 78, f"{folder}: the folder of templates cannot be read")
    assert content_of(desk.folder / "public") == before


@pytest.mark.parametrize("name", COMMAND_LINES)
def test_a_wrong_command_line_ends_with_2_and_changes_nothing(desk: Newsroom, name: str) -> None:
    arguments, words = COMMAND_LINES[name]
    before = content_of(desk.folder)
    done = desk.run(*arguments)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    after = content_of(desk.folder)
    for changing in ("briefingfeed.db", "briefingfeed.db-wal", "briefingfeed.db-shm", "secret.key", "suppression.key"):
        before.pop(f"var/{changing}", None)
        after.pop(f"var/{changing}", None)
    assert after == before


def test_settings_elsewhere_are_found_from_any_folder(desk: Newsroom, tmp_path: Path) -> None:
    elsewhere = Newsroom(tmp_path / "elsewhere", provider="outbox")
    elsewhere.run("--config", str(desk.folder / "briefingfeed.toml"), "build", expect=0)
    elsewhere.run("--config", "../../" * 20 + str(desk.folder).lstrip("/") + "/briefingfeed.toml", "check", expect=0)
    assert not (elsewhere.folder / "public").exists()
    assert_refused(elsewhere.run("--config", "no.toml", "build"), 78, "no.toml: there is no such file", "init FOLDER")
    assert_refused(elsewhere.run("--config", ".", "build"), 78, "this is a folder", "--config briefingfeed.toml")


def test_init_writes_over_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    posts = folder / "posts"
    posts.mkdir(parents=True)
    (posts / "old.md").write_text("---\ntitle: Old\ndate: 2026-01-01\n---\nText\n", encoding="utf-8")
    (folder / "authors.toml").write_text('[ann]\nname = "Ann"\n', encoding="utf-8")
    kept = content_of(folder)
    desk = Newsroom(tmp_path / "beside", provider="outbox")
    desk.run("init", str(folder), expect=0)
    after = content_of(folder)
    assert {name: after[name] for name in kept} == kept
    assert sorted(after) == [".gitignore", "authors.toml", "briefingfeed.toml", "posts/old.md"]
    done: subprocess.CompletedProcess[str] = desk.run("init", str(folder))
    assert_refused(done, 1, "there is a publication already", "briefingfeed init FOLDER")
    assert content_of(folder) == after
