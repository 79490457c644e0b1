"""The example publication shows everything that front matter can do, and stands up as a publication of its own."""

from __future__ import annotations

import email.policy
import mailbox
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import yaml
from lxml import etree

from briefingfeed.config import load, read_table
from briefingfeed.models.settings import EXAMPLE_FROM_ADDRESS, EXAMPLE_POSTAL_ADDRESS, EXAMPLE_URL
from briefingfeed.providers.registry import PROVIDERS, provider_spec

CHECKOUT = Path(__file__).parents[2]
POSTS = sorted((CHECKOUT / "posts").glob("*.md"))
EVERY_KEY = {
    *("title", "date", "updated", "id", "url", "authors", "standfirst", "contact", "topics", "tags", "summary"),
    *("draft", "slug", "aliases", "image", "image_alt", "closes", "call_to_action", "corrections"),
    *("feed", "email", "comments"),
}
"""Of docs/front-matter.md, by their own names."""


def heads() -> Iterator[dict[str, object]]:
    """Read the front matter independently of our own reader."""
    for path in POSTS:
        _, head, _ = path.read_text(encoding="utf-8").split("---\n", 2)
        yield yaml.safe_load(head)


@pytest.fixture(scope="module")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example after `briefingfeed demo`: built and rehearsed as of its own week."""
    folder = tmp_path_factory.mktemp("example")
    for name in ("briefingfeed.toml", "authors.toml"):
        shutil.copy(CHECKOUT / name, folder)
    for name in ("posts", "templates"):
        shutil.copytree(CHECKOUT / name, folder / name)
    tried = briefingfeed(folder, "demo")
    assert (tried.returncode, tried.stderr) == (0, "")
    return folder


def briefingfeed(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).parent / "briefingfeed"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BRIEFINGFEED_")}
    return subprocess.run(
        [command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_there_are_ten_posts() -> None:
    assert len(POSTS) == 10


def test_the_posts_use_every_front_matter_key_and_one_that_is_not_ours() -> None:
    used = {key for head in heads() for key in head}
    assert used - EVERY_KEY == {"series"}
    assert EVERY_KEY - used == set()


def test_the_posts_use_every_form_of_author() -> None:
    written = [head["authors"] for head in heads()]
    parts = [part for authors in written for part in (authors if isinstance(authors, list) else [authors])]
    mappings = [part for part in parts if isinstance(part, dict)]
    assert any(isinstance(part, str) and part.islower() for part in parts), "a key of authors.toml"
    assert any(isinstance(part, str) and " " in part for part in parts), "a plain name"
    assert {key for mapping in mappings for key in mapping} == {"name", "role", "organisation", "url", "email", "guest"}


def test_the_posts_show_what_markdown_can_do() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in POSTS)
    for name, pattern in {
        "sub-heading": r"^## ",
        "nested list": r"^ +- ",
        "table": r"^\|:?--",
        "footnote": r"^\[\^\w+\]: ",
        "image with alt text": r"!\[[^\]]{20,}\]\(images/",
        "quotation with its source": r"^> — ",
        "more": r"^<!--more-->$",
    }.items():
        assert re.search(pattern, text, re.MULTILINE), name


def test_the_images_are_small_enough_for_a_mail() -> None:
    sizes = {path.name: path.stat().st_size for path in (CHECKOUT / "posts" / "images").iterdir()}
    assert sizes
    assert all(size < 60_000 for size in sizes.values()), sizes


def test_a_real_provider_can_recognise_the_example() -> None:
    settings = (CHECKOUT / "briefingfeed.toml").read_text(encoding="utf-8")
    for value in (f'"{EXAMPLE_URL}"', f"<{EXAMPLE_FROM_ADDRESS}>", f'"{EXAMPLE_POSTAL_ADDRESS}"'):
        assert value in settings


def test_what_the_settings_show_as_comments_is_accepted(tmp_path: Path) -> None:
    text = (CHECKOUT / "briefingfeed.toml").read_text(encoding="utf-8")
    shown = re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE)
    assert shown.count("\n[") > text.count("\n[")
    file = tmp_path / "briefingfeed.toml"
    file.write_text(shown, encoding="utf-8")
    settings = load(file, provider_names=PROVIDERS)
    for name, table in settings.provider_tables.items():
        assert read_table(provider_spec(name).settings, table, file=file, name=name)


def test_check_finds_no_error_and_no_warning(publication: Path) -> None:
    checked = briefingfeed(publication, "check")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_digest_of_its_week_carries_the_weeks_posts_and_the_one_that_asks_for_it(publication: Path) -> None:
    mails = list(mailbox.Maildir(publication / "var" / "outbox", factory=read_mail, create=False))
    assert mails
    for mail in mails:
        text = mail.get_body(("plain",)).get_content()
        headings = (
            "What 211 samples told us",
            "A prescription is not a favour",
            "Survey: how long did you wait?",
            "A key, a kettle and no conditions",
            "Naloxone in the library",
        )
        assert [title for title in headings if title not in text] == []
        for title in ("twelve weeks inside", "who is open after dark", "Why we write", "night bus", "about waiting"):
            assert title not in text


def test_a_second_demo_repeats_no_mail(publication: Path) -> None:
    before = sorted((publication / "var" / "outbox").rglob("*"))
    assert briefingfeed(publication, "demo").returncode == 0
    assert sorted((publication / "var" / "outbox").rglob("*")) == before


def test_neither_the_draft_nor_the_future_post_is_published(publication: Path) -> None:
    built = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (publication / "public").rglob("*")
        if path.suffix in {".html", ".xml", ".json"}
    )
    assert "What 211 samples told us" in built
    assert "night bus" not in built
    assert "What you told us about waiting" not in built


def test_no_address_of_an_author_is_published(publication: Path) -> None:
    for path in (publication / "public").rglob("*"):
        if path.is_file():
            assert b"anh@corner-pharmacy.example" not in path.read_bytes()
            assert b"zoe@lantern-street.example" not in path.read_bytes()


def test_every_internal_link_leads_somewhere(publication: Path) -> None:
    public = publication / "public"
    broken = [
        f"{page.relative_to(public)}: {link}"
        for page in public.rglob("*.html")
        for link in links(page.read_text(encoding="utf-8"), address_of(page, public))
        if link.startswith(EXAMPLE_URL) and not leads_somewhere(link, public)
    ]
    assert broken == []


def test_every_link_of_the_atom_feed_leads_somewhere(publication: Path) -> None:
    public = publication / "public"
    feed = etree.parse(public / "atom.xml")
    found = {str(link) for link in feed.xpath("//*[local-name()='link']/@href")}
    for content in feed.xpath("//*[local-name()='content']/text()"):
        found |= set(links(str(content), EXAMPLE_URL))
    ours = {link for link in found if link.startswith(EXAMPLE_URL)}
    assert ours
    assert [link for link in sorted(ours) if not leads_somewhere(link, public)] == []


def read_mail(file: BinaryIO) -> EmailMessage:
    return email.message_from_binary_file(file, _class=EmailMessage, policy=email.policy.default)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"href", "src"} and value]


def links(html: str, base: str) -> list[str]:
    parser = _Links()
    parser.feed(html)
    return [urljoin(base, link) for link in parser.found]


def address_of(page: Path, public: Path) -> str:
    return f"{EXAMPLE_URL}/{page.relative_to(public).as_posix().removesuffix('index.html')}"


def leads_somewhere(link: str, public: Path) -> bool:
    parts = urlsplit(link)
    target = public / unquote(parts.path).lstrip("/")
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return False
    return not parts.fragment or f'id="{unquote(parts.fragment)}"' in target.read_text(encoding="utf-8")
