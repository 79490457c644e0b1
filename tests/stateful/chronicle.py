"""What really happened, told by the world, held against what must never happen.

It knows nothing of how briefingfeed works: only copies, posts, and who left when.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from faults.books import Books, Row
from stateful.world import World

LEFT, SUPPRESSED = "left", "suppressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One that reached somebody."""

    edition: str
    row: int
    to: str
    return_path: str
    message_id: str
    token: str
    posts: tuple[str, ...]


class Chronicle:
    def __init__(self, world: World, books: Books) -> None:
        self._world = world
        self._books = books
        self.copies: list[Copy] = []
        self.gone: defaultdict[str, set[str]] = defaultdict(set)
        """Why somebody must not be mailed, by address; nobody else has an entry that isn't empty."""
        self.vouched: set[tuple[str, str]] = set()
        """Edition and address of each row that somebody decided about."""
        self.answers: list[tuple[str, str]] = []
        """What the world told about each copy since the last look: address and answer."""
        self._count: Counter[tuple[str, str]] = Counter()
        self._had: Counter[tuple[str, str]] = Counter()
        self._allowed: Counter[tuple[str, str]] = Counter()
        """Copies and posts beyond the first that somebody has asked for: (edition or post, address)."""
        self._lives: Counter[str] = Counter()
        """How often somebody was forgotten: whoever comes again is somebody else."""
        self._armed: dict[int, str] = {}
        """For whom each row was armed last."""
        self._contents: dict[tuple[int, int], str] = {}
        self._names: dict[tuple[str, str], str] = {}
        self.restored = 0

    def look(self) -> None:
        """Take in what happened since the last look, and judge it. The database must be the one it happened with."""
        news = self._world.news()
        rows = {row.id: row for row in self._books.rows()} if news else {}
        self.answers = []
        for each in news:
            address = each["to"]
            match each["what"]:
                case "armed":
                    assert not self.gone[address], f"{address} is mailed, and is {self.gone[address]}"
                    self._armed[each["id"]] = self._who(address)
                case "copy":
                    self._count_in(each, rows[each["id"]])
                case "answered":
                    self.answers.append((address, each["answer"]))
                case "gone":
                    self.gone[address] |= set(each["why"])
                case "back":
                    self.gone[address] -= set(each["why"])
                case "forgotten":
                    self._lives[address] += 1

    def _count_in(self, told: dict[str, Any], row: Row) -> None:
        address, edition = told["to"], row.edition
        assert row.address in (address, None), f"a copy for {row.address} went to {address}"
        copy = Copy(
            edition=edition,
            row=row.id,
            to=address,
            return_path=told["return_path"],
            message_id=told["message_id"],
            token=told["token"],
            posts=tuple(told["posts"]),
        )
        self.copies.append(copy)
        self._count[edition, address] += 1
        most = 1 + self._allowed[edition, address]
        assert self._count[edition, address] <= most, (
            f"I1: {address} has {edition} {self._count[edition, address]} times"
        )
        assert copy.posts, f"{edition} is empty"
        for post in copy.posts:
            self._judge_post(post, self._armed[copy.row])
        assert self._contents.setdefault((self.restored, row.rendition), told["digest"]) == told["digest"], (
            f"I5: copies of rendition {row.rendition} of {edition} differ"
        )
        assert self._names.setdefault((edition, address), copy.message_id) == copy.message_id, (
            f"I5: {address} was offered {edition} under two Message-IDs"
        )

    def _who(self, address: str) -> str:
        return f"{address}#{self._lives[address]}"

    def _judge_post(self, post: str, who: str) -> None:
        self._had[post, who] += 1
        most = 1 + self._allowed[post, who] + self._allowed[post, ""]
        assert self._had[post, who] <= most, f"{who} got {post} {self._had[post, who]} times"

    def has(self, edition: str, address: str) -> int:
        """Return how many copies somebody got."""
        return self._count[edition, address]

    def allow_again(self, edition: str, address: str) -> None:
        """Somebody says that this copy did not arrive, or doesn't matter: it and its posts may come once more."""
        self.vouched.add((edition, address))
        self._allowed[edition, address] += 1
        for post in {
            post for copy in self.copies if (copy.edition, copy.to) == (edition, address) for post in copy.posts
        }:
            self._allowed[post, self._who(address)] += 1

    def allow_posts(self, posts: Iterable[str]) -> None:
        """Somebody asks for these posts, or nobody can know that they were mailed: they may come to all once more."""
        for post in posts:
            self._allowed[post, ""] += 1

    @property
    def mailed(self) -> set[str]:
        """The posts that anybody got."""
        return {post for copy in self.copies for post in copy.posts}

    def must_not_be_mailed(self, address: str) -> bool:
        return bool(self.gone[address])
