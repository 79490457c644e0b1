"""How long the freeze of an edition takes: 10 posts, 100,000 subscribers, 50 different sets of posts among them.

    python benchmarks/freeze.py [--subscribers 100000] [--sets 50] [--runs 3]

Timed is everything from the posts in memory to the end of the transaction: each set rendered, inlined, examined and
built as MIME, then the edition stored with a row for every subscriber. Each run is a process of its own; its peak of
memory counts Python and all libraries. Then three ways to inline the pages are measured: premailer for each page; for
each post once, and for the pages around them without it; and for each place once, which is what briefingfeed does.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from generate import write_posts

from briefingfeed import config
from briefingfeed.look import Look
from briefingfeed.models.blocks import Body
from briefingfeed.models.edition import Cadence, Edition, EditionState, Rendition
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.models.subscriber import Consent, ConsentKind, Subscriber, SubscriberState
from briefingfeed.newsletter.digest import compose_digest
from briefingfeed.newsletter.preflight import examine
from briefingfeed.newsletter.render import Press
from briefingfeed.posts.memory import IdMemory
from briefingfeed.posts.store import PostStore
from briefingfeed.shipped import shipped_templates
from briefingfeed.storage import editions, subscribers
from briefingfeed.storage.audience import Share
from briefingfeed.storage.database import Database
from briefingfeed.tokens import address_hash

POSTS = 10
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
KEY = b"a key for measuring, 32 letters!"
SETTINGS = '[publication]\ntitle = "Measured"\nurl = "https://measured.example.net"\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=100_000)
    parser.add_argument("--sets", type=int, default=50)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.once:
        once(asked.once, asked.subscribers, asked.sets)
        return
    found = []
    for _ in range(asked.runs):
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder), asked.subscribers)
            command = [sys.executable, __file__, "--once", folder, "--subscribers", str(asked.subscribers)]
            done = subprocess.run([*command, "--sets", str(asked.sets)], capture_output=True, text=True, check=True)
            found.append([float(figure) for figure in done.stdout.split()])
    rendering, storing, cpu_rendering, cpu_storing, peak, runs, *ways = map(median, zip(*found, strict=True))
    print(f"{POSTS} posts, {asked.subscribers} subscribers, {asked.sets} sets of posts; median of {asked.runs}")
    print(f"freeze: {rendering + storing:.2f} s ({rendering:.2f} s rendering, {storing:.2f} s storing); goal: 3 s")
    cpu = cpu_rendering + cpu_storing
    print(
        f"its processor time, which other work changes less: {cpu:.2f} s ({cpu_rendering:.2f} s, {cpu_storing:.2f} s)"
    )
    print(f"peak of memory: {peak:.0f} MiB; goal: 200 MB")
    print(f"premailer asked: {runs:.0f} times; goal: at most {asked.sets}")
    print("inlining alone: {:.2f} s page by page, {:.2f} s post by post, {:.2f} s place by place".format(*ways))


def prepare(folder: Path, count: int) -> None:
    (folder / "briefingfeed.toml").write_text(SETTINGS)
    write_posts(POSTS, folder / "posts", sections=1)
    with Database.open(_settings(folder).database.url).write() as connection:
        subscribers.add_many(connection, _people(count))


def once(folder: Path, count: int, sets: int) -> None:
    settings = _settings(folder)
    posts = PostStore(settings, {}, IdMemory()).load(NOW).posts
    look = Look([shipped_templates()], settings.publication)
    chosen = [[post for place, post in enumerate(posts) if not number >> place & 1] for number in range(sets)]
    database = Database.open(settings.database.url)

    began, cpu = time.perf_counter(), time.process_time()
    press = Press(settings, look)
    renditions = rendered(chosen, posts, press, settings)
    made, cpu_made = time.perf_counter(), time.process_time()
    each = count // sets
    shares = [Share(renditions[0])]
    shares += [
        Share(rendition, [f"id{person}" for person in range(number * each, number * each + each)])
        for number, rendition in enumerate(renditions[1:], start=1)
    ]
    with database.write() as connection:
        editions.freeze(connection, _edition(settings), shares, [post.id for post in posts], [], NOW)
    stored, cpu_stored = time.perf_counter(), time.process_time()
    walls, cpus = (made - began, stored - made), (cpu_made - cpu, cpu_stored - cpu_made)
    print(*walls, *cpus, _peak(), press.inliner.runs, *inlining(chosen, settings, look))


def rendered(
    chosen: Sequence[Sequence[Post]], posts: Sequence[Post], press: Press, settings: Settings
) -> list[Rendition]:
    renditions = []
    for its in chosen:
        digest = compose_digest(its, posts, settings, NOW)
        renditions.append(press.render(digest))
        examine(renditions[-1], digest, settings, press.bodies)
    return renditions


def inlining(chosen: Sequence[Sequence[Post]], settings: Settings, look: Look) -> tuple[float, float, float]:
    """Return the seconds of the processor for each page as a whole, by posts, and by places."""
    from briefingfeed.newsletter.inline import Inliner  # not before a rendition has: to import it is part of the freeze

    class Recorder(Inliner):
        """Keeps the pages that it inlines."""

        def __init__(self) -> None:
            super().__init__()
            self.pages: list[str] = []

        def inline(self, html: str, *, kin: Callable[[], Iterable[str]] = tuple) -> str:
            self.pages.append(html)
            return super().inline(html, kin=kin)

    def pages(sets: Iterable[Sequence[Post]]) -> list[str]:
        recorder = Recorder()
        for its in sets:
            Press(settings, look, recorder).render(compose_digest(its, [], settings, NOW))
        return recorder.pages

    def seconds(pages: Iterable[str]) -> float:
        began, inliner = time.process_time(), Inliner()
        for page in pages:
            inliner.inline(page)
        return time.process_time() - began

    short = Body(html="<p>1</p>", blocks=())
    places = pages(chosen)
    posts = pages([[post] for post in chosen[0]]) + pages([replace(each, body=short) for each in its] for its in chosen)
    return seconds(map(_as_a_whole, places)), seconds(map(_as_a_whole, posts)), seconds(places)


def _as_a_whole(page: str) -> str:
    """Return a page that premailer must be given as it is: a rule asks for more than an element's place."""
    return page.replace("</head>", "<style>p:hover { top: 0 }</style></head>")


def _peak() -> float:
    """Return the most memory that this process had, in MiB; `getrusage` would count that of its parent, too."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _settings(folder: Path) -> Settings:
    return config.load(folder / "briefingfeed.toml", provider_names=["outbox"])


def _edition(settings: Settings) -> Edition:
    return Edition(
        key="weekly/2026-W48",
        cadence=Cadence.WEEKLY,
        rehearsal=False,
        slot_at=NOW,
        state=EditionState.FROZEN,
        expires_at=NOW + timedelta(days=5),
        signing_key="key",
        sender="digest@measured.example.net",
        public_url=settings.public_url,
    )


def _people(count: int) -> Iterator[tuple[Subscriber, Consent, str]]:
    """People of one import: by address, with ids that grow."""
    at = NOW - timedelta(days=30)
    addresses = sorted(f"reader{number}@readers.example" for number in range(count))
    for subscriber_id, address in zip(subscribers.new_ids(at, count), addresses, strict=True):
        person = Subscriber(id=subscriber_id, address=address, state=SubscriberState.CONFIRMED, created_at=at)
        given = Consent(subscriber_id=subscriber_id, kind=ConsentKind.ADDED, at=at, source="measured")
        yield person, given, address_hash(KEY, address)


if __name__ == "__main__":
    main()
