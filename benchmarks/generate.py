"""Posts for the benchmarks: the same every time, about 5 kB each, with what briefings have in them.

    python benchmarks/generate.py 1000 FOLDER

Their front matter means the same to briefingfeed and to Pelican.
"""

from __future__ import annotations

import random
import sys
from datetime import date, timedelta
from pathlib import Path

NEWEST = date(2026, 11, 13)
POSTS_A_DAY = 3
TOPICS = ("housing", "prescribing", "sentencing", "outreach", "treatment")
PROSE = (
    "a and the of in to for with at on by from who when where after before without because "
    "council worker nurse flat door winter evening letter street prescription counter queue budget kettle court "
    "report neighbour service morning question answer bus clinic pharmacy library garden kitchen landlord officer "
    "asks opens closes waits finds keeps pays moves learns writes reads walks returns speaks listens begins "
    "small open safe quiet early late honest plain difficult ordinary careful local patient empty warm"
)
WORDS = PROSE.split()


def write_posts(count: int, folder: Path, *, sections: int = 4) -> None:
    """Write `count` posts into `folder`, newest first; the same numbers give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        day = NEWEST - timedelta(days=number // POSTS_A_DAY)
        (folder / f"{day}-post-{number:05}.md").write_text(post(number, day, sections), encoding="utf-8")


def post(number: int, day: date, sections: int) -> str:
    """One post as Markdown with front matter."""
    rng = random.Random(number)
    head = (
        f"---\ntitle: {_words(rng, 6).capitalize()} {number}\ndate: {day}\nauthors: Zoë Brânză-Okafor\n"
        f"tags: {rng.choice(TOPICS)}\nsummary: {_sentence(rng)}\n---"
    )
    return "\n\n".join((head, _paragraph(rng), *(_section(rng) for _ in range(sections)))) + "\n"


def _section(rng: random.Random) -> str:
    items = "\n".join(f"- {_sentence(rng)}" for _ in range(4))
    rows = "\n".join(f"| {_words(rng, 2)} | {rng.randint(1, 900)} | {rng.randint(1, 99)} |" for _ in range(3))
    return "\n\n".join(
        (
            f"## {_words(rng, 4).capitalize()}",
            _paragraph(rng),
            f"{_sentence(rng)} [{_words(rng, 3)}](https://example.org/{rng.randint(1, 999)}/) *{_words(rng, 2)}*.",
            items,
            f"> {_paragraph(rng)}\n>\n> — {_words(rng, 3).title()}",
            f"| place | people | weeks |\n|---|--:|--:|\n{rows}",
        )
    )


def _paragraph(rng: random.Random) -> str:
    return " ".join(_sentence(rng) for _ in range(4))


def _sentence(rng: random.Random) -> str:
    return _words(rng, rng.randint(7, 15)).capitalize() + "."


def _words(rng: random.Random, count: int) -> str:
    return " ".join(rng.choices(WORDS, k=count))


if __name__ == "__main__":
    write_posts(int(sys.argv[1]), Path(sys.argv[2]))
