"""Statement 36 of the feeds checklist: the ping goes for changed feeds only, and never fails a publish."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from briefingfeed import config
from briefingfeed.models.settings import Settings
from briefingfeed.services.publishing.hub import TOLD, Announcement, announce, is_subscribed, unfit
from servers.hub_server import Hub, running_hub

SITE = "http://localhost:8000/news"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as hub:
        yield hub


class Output:
    def __init__(self, root: Path, hub: str) -> None:
        file = root / "briefingfeed.toml"
        file.write_text(f'[publication]\nurl = "{SITE}"\n[feeds]\nwebsub_hub = "{hub}"\n')
        self.settings: Settings = config.load(file, provider_names=())
        self.settings.paths.state.mkdir()
        self.paths: list[str] = []
        for path in ("atom.xml", "feed.json", "topics/tides/rss.xml", "archive/2026-11/atom.xml", "index.html"):
            self.write(path, path)

    def write(self, path: str, text: str) -> None:
        file = self.settings.paths.output / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self.paths = sorted({*self.paths, path})

    def announce(self, **settings: object) -> Announcement:
        feeds = replace(self.settings.feeds, **settings)  # type: ignore[arg-type]
        return announce(replace(self.settings, feeds=feeds), self.paths, patience=0.5)


@pytest.fixture
def output(tmp_path: Path, hub: Hub) -> Output:
    return Output(tmp_path, hub.url)


ALL = (f"{SITE}/atom.xml", f"{SITE}/feed.json", f"{SITE}/topics/tides/rss.xml")


def test_the_hub_is_told_of_every_feed_once(hub: Hub, output: Output) -> None:
    assert output.announce() == Announcement(told=ALL, is_news=False)
    assert hub.pings == [{"hub.mode": ["publish"], "hub.url": [address]} for address in ALL]
    assert output.announce().told == ()
    assert len(hub.pings) == 3


def test_only_changed_feeds_are_told(hub: Hub, output: Output) -> None:
    output.announce()
    hub.pings.clear()
    output.write("feed.json", "changed")
    output.write("archive/2026-11/atom.xml", "changed")
    output.write("index.html", "changed")

    output.announce()

    assert hub.topics == [f"{SITE}/feed.json"]


def test_nothing_but_the_address_is_sent(hub: Hub, output: Output) -> None:
    output.announce()
    for path, headers in hub.requests:
        assert path == "/hub"
        assert set(headers) == {"Host", "Accept", "Accept-Encoding", "Connection", "User-Agent", "Content-Length",
                                "Content-Type"}  # fmt: skip
        assert headers["User-Agent"] == "briefingfeed"


def test_without_a_hub_nothing_happens(output: Output) -> None:
    assert output.announce(websub_hub=None) == Announcement()
    assert not (output.settings.paths.state / TOLD).exists()


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_hub_out_of_order_is_asked_once_and_again_next_time(hub: Hub, output: Output, status: int) -> None:
    hub.status = status
    report = output.announce()
    assert (report.told, report.waiting, report.trouble, report.is_news) == ((), ALL, f"it answers {status}", True)
    assert len(hub.pings) == 1
    assert not output.announce().is_news, "the same trouble is told once"

    hub.status = 204
    assert output.announce().told == ALL, "although nothing changed since"


def test_a_feed_that_the_hub_refuses_does_not_hold_up_the_others(hub: Hub, output: Output) -> None:
    hub.status = 400

    def after_the_first() -> None:
        hub.status = 400 if len(hub.pings) == 1 else 204

    hub.on_ping = after_the_first
    report = output.announce()

    assert report.told == ALL[1:]
    assert report.waiting == ALL[:1]
    assert report.trouble == f"it answers 400 for {ALL[0]}"


def test_a_redirect_is_not_followed_and_named(hub: Hub, output: Output) -> None:
    hub.status, hub.headers = 307, {"Location": "https://elsewhere.example/"}
    report = output.announce()
    assert report.waiting == ALL
    assert "moved to https://elsewhere.example/" in (report.trouble or "")


def test_a_slow_hub_costs_little_time(hub: Hub, output: Output) -> None:
    hub.wait = 600
    began = time.monotonic()
    report = output.announce()
    assert time.monotonic() - began < 120
    assert report.waiting == ALL
    assert report.trouble


def test_no_hub_listening_is_trouble_and_nothing_more(output: Output) -> None:
    report = output.announce(websub_hub="http://127.0.0.1:1/")
    assert report.waiting == ALL
    assert report.trouble


def test_another_hub_was_told_nothing(hub: Hub, output: Output) -> None:
    output.announce()
    with running_hub() as other:
        assert output.announce(websub_hub=other.url).told == ALL
        assert other.topics == list(ALL)


@pytest.mark.parametrize("damaged", [b'{"hub": []', b"\xff\xfe\0rubbish"])
def test_a_damaged_memory_means_telling_again(hub: Hub, output: Output, damaged: bytes) -> None:
    output.announce()
    (output.settings.paths.state / TOLD).write_bytes(damaged)
    assert output.announce().told == ALL


@pytest.mark.parametrize(
    ("hub", "site", "words"),
    [
        ("https://hub.example/", "https://news.example", None),
        ("http://127.0.0.1:9/", "http://localhost:8000", None),
        ("http://hub.example/", "https://news.example", "https://"),
        ("https://localhost/", "https://news.example", "on this machine"),
        ("http://127.0.0.1/", "https://news.example", "on this machine"),
        ("https://hub.example/", "http://localhost:8000", "no hub can reach"),
        ("https://hub.example/", "https://briefings.example", "that of the example"),
    ],
)
def test_which_hubs_may_serve_which_sites(hub: str, site: str, words: str | None) -> None:
    found = unfit(hub, site)
    assert (found is None) if words is None else (words in (found or ""))


@pytest.mark.parametrize(
    ("path", "subscribed"),
    [
        ("atom.xml", True),
        ("feed.json", True),
        ("authors/ann/rss.xml", True),
        ("open-calls/atom.xml", True),
        ("archive/2026-11/feed.json", False),
        ("posts/quay/feed.json", False),
        ("opml.xml", False),
        ("atom.xml.gz", False),
    ],
)
def test_which_files_are_feeds_that_readers_subscribe_to(path: str, subscribed: bool) -> None:
    assert is_subscribed(path) is subscribed
