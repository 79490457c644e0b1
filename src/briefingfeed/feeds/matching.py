"""Which entry is which: finds the same post again under another id, by its address, its slug or its title. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import unescape

from briefingfeed.posts.places import place

_NO_WORD = re.compile(r"\W+")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What is known of one post at one place: in a feed, or in our folder."""

    key: str
    """Whatever the caller tells them apart by."""
    addresses: tuple[str, ...]
    """All it has or had; host and scheme don't count."""
    title: str
    day: date | None


def pair(news: Sequence[Sighting], olds: Sequence[Sighting]) -> dict[str, str]:
    """Return the keys of `news` with the keys of the `olds` that are the same post; each is used once.

    The surest sign counts first: the same address; the same last part of it on the same day; the same title on that
    day; then both again with a day between them, for clocks of different zones. What fits two is no sign.
    """
    pairs: dict[str, str] = {}
    found: set[str] = set()
    for sign in (_places, _slugs_of_day, _titles_of_day):
        _by(sign, sign, news, olds, pairs, found)
    for sign in (_slugs_of_day, _titles_of_day):
        _by(sign, _near(sign), news, olds, pairs, found)
    return pairs


_Sign = Callable[[Sighting], Iterable[object]]


def _by(
    of_new: _Sign,
    of_old: _Sign,
    news: Sequence[Sighting],
    olds: Sequence[Sighting],
    pairs: dict[str, str],
    found: set[str],
) -> None:
    have = _index((old for old in olds if old.key not in found), of_old)
    want = _index((new for new in news if new.key not in pairs), of_new)
    for sign, keys in want.items():
        owners = have.get(sign, set())
        if len(keys) == len(owners) == 1:
            (new,), (old,) = keys, owners
            if new not in pairs and old not in found:
                pairs[new] = old
                found.add(old)


def _index(sightings: Iterable[Sighting], sign: _Sign) -> dict[object, set[str]]:
    index: dict[object, set[str]] = {}
    for sighting in sightings:
        for value in sign(sighting):
            index.setdefault(value, set()).add(sighting.key)
    return index


def _places(sighting: Sighting) -> Iterator[object]:
    for address in sighting.addresses:
        if found := place(address):
            yield found


def _slugs_of_day(sighting: Sighting) -> Iterator[tuple[str, date]]:
    for found in _places(sighting):
        slug = str(found).partition("?")[0].rpartition("/")[2]
        if slug and sighting.day:
            yield slug, sighting.day


def _titles_of_day(sighting: Sighting) -> Iterator[tuple[str, date]]:
    title = _NO_WORD.sub(" ", unescape(unescape(sighting.title)).casefold()).strip()
    if title and sighting.day:
        yield title, sighting.day


def _near(sign: Callable[[Sighting], Iterable[tuple[str, date]]]) -> _Sign:
    def days(sighting: Sighting) -> Iterator[object]:
        for text, day in sign(sighting):
            yield from ((text, near) for near in (day - _ONE_DAY, day, day + _ONE_DAY))

    return days
