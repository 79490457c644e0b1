"""How long the freeze of an edition takes: 10 posts, 100,000 subscribers, 50 different sets of posts among them.

    python benchmarks/freeze.py [--subscribers 100000] [--sets 50] [--runs 3]

Timed is everything from the posts in memory to the end of the transaction: each set rendered, inlined, examined and
built as MIME, then the edition stored with a row for every subscriber. Each run is a process of its own; its peak of
memory counts Python and all libraries. Then the two ways to inline are measured: each rendition as a whole, which is
what briefingfeed does, and each post once, the pages around them without it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from generate import write_posts

from briefingfeed import config
from briefingfeed.look import Look, shipped_templates
from briefingfeed.models.blocks import Body
from briefingfeed.models.edition import Cadence, Edition, EditionState, Rendition
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.models.subscriber import Consent, ConsentKind, Subscriber, SubscriberState
from briefingfeed.newsletter.articles import articles_of
from briefingfeed.newsletter.digest import compose_digest
from briefingfeed.newsletter.inline import inline_css
from briefingfeed.newsletter.preflight import examine
from briefingfeed.newsletter.render import HTML_TEMPLATE, _Page, render
from briefingfeed.posts.memory import IdMemory
from briefingfeed.posts.store import PostStore
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
    rendering, storing, cpu, peak, whole, pieces = (median(figures) for figures in zip(*found, strict=True))
    print(f"{POSTS} posts, {asked.subscribers} subscribers, {asked.sets} sets of posts; median of {asked.runs}")
    print(f"freeze: {rendering + storing:.2f} s ({rendering:.2f} s rendering, {storing:.2f} s storing), {peak:.0f} MB")
    print(f"processor time of it: {cpu:.2f} s, which other work on the machine changes less")
    print(f"inlining {asked.sets} renditions as a whole: {whole:.2f} s; each post once, and the pages: {pieces:.2f} s")


def prepare(folder: Path, count: int) -> None:
    (folder / "briefingfeed.toml").write_text(SETTINGS)
    write_posts(POSTS, folder / "posts", sections=1)
    with Database.open(_settings(folder).database.url).write() as connection:
        subscribers.add_many(connection, (_person(number) for number in range(count)))


def once(folder: Path, count: int, sets: int) -> None:
    settings = _settings(folder)
    posts = PostStore(settings, {}, IdMemory()).load(NOW).posts
    look = Look([shipped_templates()], settings.publication)
    chosen = [[post for place, post in enumerate(posts) if not number >> place & 1] for number in range(sets)]
    database = Database.open(settings.database.url)

    began, cpu = time.perf_counter(), time.process_time()
    renditions = [_rendition(its, posts, settings, look) for its in chosen]
    rendered = time.perf_counter()
    each = count // sets
    shares = [Share(renditions[0])]
    shares += [
        Share(rendition, [f"id{person}" for person in range(number * each, number * each + each)])
        for number, rendition in enumerate(renditions[1:], start=1)
    ]
    with database.write() as connection:
        editions.freeze(connection, _edition(settings), shares, [post.id for post in posts], [], NOW)
    stored, cpu = time.perf_counter(), time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(rendered - began, stored - rendered, cpu, peak, *inlining(chosen, settings, look))


def inlining(chosen: Sequence[Sequence[Post]], settings: Settings, look: Look) -> tuple[float, float]:
    """Return the seconds for all renditions as a whole, and for each post alone and the pages without their bodies."""

    def page(posts: Sequence[Post]) -> str:
        digest = compose_digest(posts, [], settings, NOW)
        return _Page(digest, settings, look).template(HTML_TEMPLATE, articles_of(digest, settings), "https://u.invalid")

    whole = [page(posts) for posts in chosen]
    singles = [page([post]) for post in chosen[0]]
    bare = [page([replace(post, body=Body(html="<p>1</p>", blocks=())) for post in posts]) for posts in chosen]
    return _seconds(whole), _seconds([*singles, *bare])


def _seconds(pages: Sequence[str]) -> float:
    began = time.perf_counter()
    for page in pages:
        inline_css(page, template=HTML_TEMPLATE)
    return time.perf_counter() - began


def _rendition(posts: Sequence[Post], all_posts: Sequence[Post], settings: Settings, look: Look) -> Rendition:
    digest = compose_digest(posts, all_posts, settings, NOW)
    rendition = render(digest, settings, look)
    examine(rendition, digest, settings)
    return rendition


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


def _person(number: int) -> tuple[Subscriber, Consent, str]:
    address, at = f"reader{number}@readers.example", NOW - timedelta(days=30)
    person = Subscriber(id=f"id{number}", address=address, state=SubscriberState.CONFIRMED, created_at=at)
    return (
        person,
        Consent(subscriber_id=person.id, kind=ConsentKind.ADDED, at=at, source="measured"),
        address_hash(KEY, address),
    )


if __name__ == "__main__":
    main()
