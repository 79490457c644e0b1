"""Each edition that was mailed is a page of the site, and an entry of a feed; nothing in them belongs to a reader."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from lxml import etree, html

from briefingfeed.models.delivery import Result
from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import SiteSettings, WebSettings
from briefingfeed.services.publishing.archive import editions_mark, sent_editions
from briefingfeed.services.publishing.build import BuildContext, BuildReport, build
from briefingfeed.services.publishing.post_library import load_library, remember_library
from briefingfeed.services.sending.braking import cancel_edition
from briefingfeed.shipped import shipped_templates

from .house import House

PAGE = "editions/weekly/2026-w48/index.html"
FEED = "editions/atom.xml"
A = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def house(house: House) -> House:
    """The weekly edition of 23 November is due; three subscribe to it."""
    house.subscribe("ann", "ben", "cyd")
    house.run()
    house.write("Tides", "2026-11-19", authors="Ada Quay")
    house.write("Survey", "2026-11-20", closes="2026-11-30")
    return house


def published(house: House) -> BuildReport:
    return build(
        BuildContext(
            settings=house.settings,
            open_look=lambda: house.look,
            load_posts=lambda: load_library(house.settings, house.database, house.now),
            remember=lambda library: remember_library(house.settings, house.database, library, house.now),
            templates=(shipped_templates(),),
            now=house.now,
            load_editions=lambda: sent_editions(house.database),
            editions_mark=lambda: editions_mark(house.settings.database.url, lambda: house.database),
        )
    )


def text(house: House, path: str = PAGE) -> str:
    return (house.settings.paths.output / path).read_text("utf-8")


def words(house: House, path: str = PAGE) -> str:
    (main,) = html.fromstring(text(house, path)).cssselect("main")
    return " ".join(main.text_content().split())


def exists(house: House, path: str = PAGE) -> bool:
    return (house.settings.paths.output / path).is_file()


def entries(house: House) -> list[etree._Element]:
    return etree.fromstring(text(house, FEED).encode()).findall(f"{A}entry")


def test_an_edition_has_a_page_once_copies_went(house: House) -> None:
    published(house)
    assert not exists(house, "editions/index.html")
    assert "editions/" not in text(house, "index.html")

    house.run(at="2026-11-23 08:05")
    report = published(house)
    assert report.problems == ()
    page = html.fromstring(text(house))
    headings = [heading.text_content() for heading in page.cssselect("h1, h2")]
    assert headings == ["Harbour Notes: Survey", "In this edition", "Survey", "Tides"]
    assert "19 November 2026 · ada quay The text of Tides." in words(house)
    assert "Harbour Notes: Survey" in words(house, "editions/index.html")
    assert "editions/" in text(house, "index.html")


def test_the_mail_leads_to_the_page(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    published(house)
    mail = message_from_bytes(b"".join(house.office.seen[0].segments), policy=policy.default)
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert "https://harbour.example/editions/weekly/2026-w48/" in body.get_content()
    assert exists(house)


def test_without_pages_there_is_no_archive_and_no_link_to_one(house: House) -> None:
    house.settings = replace(house.settings, site=SiteSettings(pages=False))
    house.run(at="2026-11-23 08:05")
    published(house)
    assert "/editions/" not in b"".join(house.office.seen[0].segments).decode()
    assert not (house.settings.paths.output / "editions").exists()
    assert "editions" not in text(house, "opml.xml")


def test_a_rehearsal_is_no_edition_of_the_archive(house: House) -> None:
    house.rehearse()
    house.run(at="2026-11-23 08:05")
    published(house)
    assert not (house.settings.paths.output / "editions").exists()
    (copy,) = [file for file in (house.folder / "outbox").rglob("*") if file.is_file()][:1]
    assert b"/editions/" not in copy.read_bytes()


def test_nothing_is_shown_before_somebody_may_have_it(house: House) -> None:
    house.office.answers = dict.fromkeys(("ann", "ben", "cyd"), Result.DEFERRED)
    house.run(at="2026-11-23 08:05")
    published(house)
    assert not exists(house)
    house.office.answers = {"ann": Result.REJECTED, "ben": Result.REJECTED, "cyd": Result.UNCERTAIN}
    house.run(at="2026-11-23 20:05")
    published(house)
    assert exists(house)


def test_what_was_sent_stays_when_the_rest_is_held_or_cancelled(house: House) -> None:
    house.office.answers = {"ann": Result.DEFERRED}
    house.run(at="2026-11-23 08:05")
    cancel_edition(house.database, "weekly/2026-W48", house.now)
    published(house)
    assert exists(house)


def test_it_shows_the_posts_as_they_are_now(house: House) -> None:
    """Corrected, closed, gone, moved in time."""
    house.run(at="2026-11-23 08:05")
    house.write("Nets", "2026-11-24")
    note = "corrections:\n  - {date: 2026-11-25, note: It was six.}\n"
    house.file("2026-11-19-tides.md", f"---\ntitle: Tides, corrected\n{note}---\n\nThe tide turns at six.\n")
    house.run(at="2026-11-30 08:05")
    house.remove("Nets")
    house.at("2026-12-01 09:00")
    published(house)
    assert "Correction, 25 November 2026: It was six. The tide turns at six." in words(house)
    assert "Closed on 30 November 2026" in words(house)
    later = words(house, "editions/weekly/2026-w49/index.html")
    assert "Corrections Tides, corrected, 25 November 2026: It was six." in later
    assert "Nets This post is no longer here." in later
    assert "The text of Nets." not in later
    assert "Nets" in words(house, "editions/index.html")
    assert "Survey closed" in words(house, "editions/index.html")
    assert [entry.findtext(f"{A}title") for entry in entries(house)] == ["Harbour Notes: Nets", "Harbour Notes: Survey"]
    newer, older = (str(entry.findtext(f"{A}content")) for entry in entries(house))
    assert "<p>Nets</p>" in newer
    assert "Correction, 25 November 2026: It was six." in newer
    assert "Correction, 25 November 2026: It was six." in older


def test_the_feed_of_editions(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    published(house)
    (entry,) = entries(house)
    assert entry.findtext(f"{A}id") == "tag:127.0.0.1,2026-11-23:edition/weekly/2026-W48"
    assert entry.findtext(f"{A}published") == "2026-11-23T08:05:00+00:00"
    assert entry.xpath("string(a:link/@href)", namespaces={"a": A.strip("{}")}) == (
        "https://harbour.example/editions/weekly/2026-w48/"
    )
    for page in ("opml.xml", "subscribe/index.html", "editions/index.html"):
        assert "editions/atom.xml" in text(house, page)


def test_an_id_outlives_everything_that_may_change(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    published(house)
    (before,) = entries(house)
    site = replace(house.settings.publication, url="https://quay.example/notes", title="Quay", id_authority="quay,2027")
    web = WebSettings(public_url="https://quay.example")
    house.settings = replace(house.settings, publication=site, web=web)
    published(house)
    (after,) = entries(house)
    assert after.findtext(f"{A}id") == before.findtext(f"{A}id")
    assert after.findtext(f"{A}published") == before.findtext(f"{A}published")


def test_editions_of_one_moment_have_instants_of_their_own(house: House) -> None:
    house.have_all_cadences()
    house.subscribe("pat", cadence=Cadence.POSTS)
    house.run(Cadence.POSTS, at="2026-11-20 09:00")
    for title in ("Gulls", "Nets", "Ropes"):
        house.write(title, "2026-11-20 09:30")
    house.run(Cadence.POSTS, at="2026-11-20 10:00")
    house.at("2026-11-20 10:05")
    assert published(house).problems == ()
    instants = [entry.findtext(f"{A}published") for entry in entries(house)]
    assert len(set(instants)) == 3
    assert instants == sorted(instants, key=str, reverse=True)


def test_a_build_finds_new_editions_by_itself_and_does_nothing_otherwise(house: House) -> None:
    published(house)
    house.run(at="2026-11-23 08:05")
    assert "editions/index.html" in published(house).written
    assert published(house).written == ()
    before = {file: file.read_bytes() for file in house.settings.paths.output.rglob("*") if file.is_file()}
    shutil.rmtree(house.settings.paths.output)
    (house.settings.paths.state / "build.json").unlink()
    published(house)
    assert {file: file.read_bytes() for file in house.settings.paths.output.rglob("*") if file.is_file()} == before


def test_nothing_in_it_belongs_to_a_reader(house: House) -> None:
    house.run(at="2026-11-23 08:05")
    published(house)
    tokens = [
        str(token)
        for message in house.office.seen
        for token in re.findall(rb"/u/([\w.-]+)", b"".join(message.segments))
    ]
    assert tokens
    for file in house.settings.paths.output.rglob("*"):
        if file.is_file():
            content = file.read_text("utf-8")
            assert not [name for name in ("ann", "ben", "cyd") if f"{name}@" in content or f"id-of-{name}" in content]
            assert "/u/" not in content
