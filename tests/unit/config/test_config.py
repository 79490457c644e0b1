"""briefingfeed.toml: what is accepted, and how each mistake reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from briefingfeed.config import load, read_table
from briefingfeed.errors import ConfigurationError
from briefingfeed.models.settings import Mailbox, Settings, WeeklyTime


def write(folder: Path, text: str) -> Path:
    file = folder / "briefingfeed.toml"
    file.write_text(text, encoding="utf-8")
    return file


def settings(folder: Path, text: str) -> Settings:
    return load(write(folder, text), provider_names={"smtp"})


def mistake(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(folder, text)
    return str(caught.value)


def test_an_empty_file_gives_the_example_publication(tmp_path: Path) -> None:
    read = settings(tmp_path, "")
    assert read.newsletter.provider == "outbox"
    assert read.newsletter.weekly == WeeklyTime(0, time(8))
    assert read.paths.posts == tmp_path / "posts"
    assert read.database.url == f"sqlite:///{tmp_path}/var/briefingfeed.db"


def test_every_kind_of_value_is_converted(tmp_path: Path) -> None:
    read = settings(
        tmp_path,
        """
        [publication]
        url = "https://example.org/blog/"
        timezone = "Europe/Berlin"
        [newsletter]
        from = "Our Briefings <news@example.org>"
        weekly = "Thursday 7:30"
        catch_up = "3 d"
        [site]
        pages = false
        post_url = "https://www.example.org/{year}/{slug}.html"
        [feeds]
        entries = 5
        content = "summary"
        [database]
        url = "sqlite:///data/here.db"
        """,
    )
    assert read.publication.url == "https://example.org/blog"
    assert read.publication.timezone == ZoneInfo("Europe/Berlin")
    assert read.newsletter.from_ == Mailbox("news@example.org", "Our Briefings")
    assert read.newsletter.weekly == WeeklyTime(3, time(7, 30))
    assert read.newsletter.catch_up == timedelta(days=3)
    assert (read.feeds.entries, read.feeds.content) == (5, "summary")
    assert read.database.url == f"sqlite:///{tmp_path}/data/here.db"


def test_all_mistakes_come_together_each_with_its_line(tmp_path: Path) -> None:
    text = mistake(tmp_path, '[feeds]\nentries = "many"\n\n[newsletter]\nweekley = "Mon 08:00"\n[publicaton]\n')
    assert "briefingfeed.toml:2: feeds.entries must be a whole number of at least 1" in text
    assert "briefingfeed.toml:5: newsletter.weekley is not a setting; did you mean weekly?" in text
    assert "briefingfeed.toml:6: publicaton is not a setting; did you mean publication?" in text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('[publication]\ntimezone = "Mars/Olympus"', "time zone"),
        ('[publication]\nurl = "example.org"', "web address"),
        ('[publication]\ntitle = "two\\nlines"', "control characters"),
        ('[newsletter]\nfrom = "nobody"', "a name and an address"),
        ('[publication]\nid_authority = "example.org"', "and a year"),
        ('[publication]\nid_authority = "our blog,2026"', "and a year"),
        ('[newsletter]\nweekly = "someday"', "a weekday and a time"),
        ("[newsletter]\ncatch_up = 7", "quotation marks"),
        ('[newsletter]\ncatch_up = "15 min"', "1 h"),
        ('[newsletter]\nproof_before = "4 d"', "3 d"),
        ('[newsletter]\nfirst_batch_pause = "6 d"', "or the rest expires"),
        ('[site]\npost_url = "/posts/"', "{slug}"),
        ('[site]\npost_url = "/{slug}/{hour}/"', "only {slug}"),
        ('[site]\npages = "no"', "true or false"),
        ('[feeds]\ncontent = "half"', "one of full, summary"),
        ("feeds = 3", "must be a table"),
        ("[feeds\n", "briefingfeed.toml"),
    ],
)
def test_a_wrong_value_is_named_in_plain_words(tmp_path: Path, line: str, words: str) -> None:
    assert words in mistake(tmp_path, line)


def test_old_addresses_are_read_as_they_stand(tmp_path: Path) -> None:
    read = settings(
        tmp_path,
        """
        [redirects]
        "/feed.xml" = "/atom.xml"
        "/feeds/posts/default/" = "https://elsewhere.example/atom.xml?all#top"
        "/über-uns" = "/"
        """,
    )
    assert dict(read.redirects) == {
        "/feed.xml": "/atom.xml",
        "/feeds/posts/default/": "https://elsewhere.example/atom.xml?all#top",
        "/über-uns": "/",
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('"feed.xml" = "/atom.xml"', "feed.xml must be a path without query"),
        ('"/?feed=rss2" = "/atom.xml"', "/?feed=rss2 must be a path without query"),
        ('"//x" = "/atom.xml"', "//x must be a path"),
        ('"/two words" = "/atom.xml"', "must be a path"),
        ('"/feed" = "atom.xml"', "/feed must lead to a path"),
        ('"/feed" = "//elsewhere.example/"', "/feed must lead to a path"),
        ('"/feed" = "/\\\\elsewhere.example/"', "/feed must lead to a path"),
        ('"/feed" = 3', "/feed must lead to a path"),
        ('"/feed" = "/feed"', "/feed leads to another old address"),
        ('"/feed/" = "/feed"', "/feed/ leads to another old address"),
        ('"/b" = "/c"\n"/a" = "/b"', "briefingfeed.toml:3: redirects./a leads to another old address"),
    ],
)
def test_an_old_address_that_cannot_lead_anywhere_is_named(tmp_path: Path, line: str, words: str) -> None:
    assert words in mistake(tmp_path, f"[redirects]\n{line}")


def test_a_missing_file_names_the_command_that_starts_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="briefingfeed init"):
        load(tmp_path / "briefingfeed.toml", provider_names=())


def test_a_provider_reads_its_own_table(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Relay:
        host: str
        port: int = 587

    file = write(tmp_path, '[smtp]\nhost = "mail.example.org"\nprot = 25\n')
    with pytest.raises(ConfigurationError, match=r"briefingfeed.toml:3: smtp.prot is not a setting; did you mean port"):
        read_table(Relay, {"host": "mail.example.org", "prot": 25}, file=file, name="smtp")
    with pytest.raises(ConfigurationError, match=r"smtp.host is missing"):
        read_table(Relay, {}, file=file, name="smtp")
    assert read_table(Relay, {"host": "mail.example.org"}, file=file, name="smtp").port == 587
