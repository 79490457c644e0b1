"""A build that makes only what has changed publishes what a build from nothing would: byte for byte, whatever changed.

Random walks through the life of a publication; a walk that fails is told with its seed and its steps.
"""

from __future__ import annotations

import random
import shutil
import struct
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from .conftest import SETTINGS, Desk

WALKS = 3
STEPS = 12
_QUIET = 1.2
"""Seconds after which a file's marks on the disk are relied on."""
_WORDS = ("water", "tram", "library", "garden", "bridge", "market", "harbour", "school", "clinic", "street")


def gif(width: int) -> bytes:
    """Return the beginning of a picture, 300 pixels high."""
    return b"GIF89a" + struct.pack("<HH", width, 300)


class Walk:
    """Somebody at work on a publication, at random."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.random = random.Random(seed)
        self.steps: list[str] = []
        self.number = 0
        self.settings = desk.root / "briefingfeed.toml"
        for _ in range(5):
            self.add()

    @property
    def _posts(self) -> list[Path]:
        return sorted((self.desk.root / "posts").rglob("*.md"))

    def step(self) -> None:
        moves: tuple[Callable[[], object], ...] = (
            self.add, self.edit, self.edit, self.retitle, self.delete, self.move, self.redate, self.rename_topic,
            self.toggle_draft, self.link, self.picture, self.lose_picture, self.settle, self.restyle, self.wait,
            self.rest, self.rest, self.people, self.correct, self.breaks, self.touch, self.alias, self.damage_notes,
            self.damage_output, self.forget, self.rewrite_in_place,
        )  # fmt: skip
        move = self.random.choice(moves)
        self.steps.append(move.__name__)
        move()

    def _words(self, count: int) -> str:
        return " ".join(self.random.choices(_WORDS, k=count))

    def _one(self) -> Path | None:
        return self.random.choice(self._posts) if self._posts else None

    def _change(self, change: Callable[[str], str]) -> None:
        if file := self._one():
            file.write_text(change(file.read_text()))

    def add(self) -> None:
        self.number += 1
        day = self.random.choice(("2026-09-30", "2026-10-01", "2026-11-20", "2026-11-23", "2026-11-24"))
        head = f"topics: [{self.random.choice(_WORDS)}, {self.random.choice(_WORDS)}]\nauthors: [amara]\n"
        if self.random.random() < 0.4:
            head += f"closes: 2026-11-{self.random.randint(22, 27)}\ncall_to_action: Answer\n"
        if self.random.random() < 0.3:
            head += f"standfirst: {self._words(4)}\n"
        self.desk.post(
            f"post-{self.number}", day=day, head=head, text=f"{self._words(9)}.\n\n## A part\n\n[x](#a-part)"
        )

    def edit(self) -> None:
        self._change(lambda text: f"{text}\n{self._words(5)}.\n")

    def rewrite_in_place(self) -> None:
        """The same size, in the same tick as likely as not."""
        self._change(lambda text: text.replace("water", "wader"))

    def retitle(self) -> None:
        title = self._words(3)
        self._change(lambda text: text.replace("\ntitle: ", f"\ntitle: {title} ", 1))

    def delete(self) -> None:
        if len(self._posts) > 3 and (file := self._one()):
            file.unlink()

    def move(self) -> None:
        if file := self._one():
            target = self.desk.root / "posts" / self._words(1) / file.name
            target.parent.mkdir(exist_ok=True)
            file.rename(target)

    def redate(self) -> None:
        self._change(
            lambda text: text.replace("---\n", "---\ndate: 2026-11-18\n", 1) if "\ndate:" not in text else text
        )

    def rename_topic(self) -> None:
        old, new = self.random.choices(_WORDS, k=2)
        for file in self._posts:
            text = file.read_text()
            if f"[{old}," in text:
                file.write_text(text.replace(f"[{old},", f"[{new.title()},"))

    def toggle_draft(self) -> None:
        mark = "draft: true\n"
        self._change(lambda text: text.replace(mark, "") if mark in text else text.replace("---\n", f"---\n{mark}", 1))

    def link(self) -> None:
        if target := self._one():
            name = target.relative_to(self.desk.root / "posts").as_posix()
            self._change(lambda text: f"{text}\n[there](/{name}) and [nowhere](../{name}#part)\n")

    def picture(self) -> None:
        if file := self._one():
            name = f"{self._words(1)}.png"
            (file.parent / name).write_bytes(gif(self.random.randint(0, 600)) + b"." * self.random.randint(1, 5))
            file.write_text(f"{file.read_text()}\n![A picture]({name})\n")

    def lose_picture(self) -> None:
        pictures = sorted((self.desk.root / "posts").rglob("*.png"))
        if pictures:
            self.random.choice(pictures).unlink()

    def settle(self) -> None:
        """Other settings."""
        text = self.settings.read_text().partition("\n[feeds]")[0].replace("Notes", self._words(1).title())
        entries, content = self.random.choice((1, 3, 20)), self.random.choice(("full", "summary"))
        self.settings.write_text(f'{text}\n[feeds]\nentries = {entries}\ncontent = "{content}"\n')

    def restyle(self) -> None:
        shown = self.random.choice(("newer.post.body.html", "page.post.summary", "older.post.title"))
        name = shown.partition(".")[0]
        self.desk.write(
            "templates/site/post.html",
            f"{{% if {name} %}}{{{{ {shown} }}}}{{% endif %}}{self._words(2)}<main>{{{{ page.body }}}}</main>",
        )

    def wait(self) -> None:
        self.desk.now += timedelta(hours=self.random.choice((1, 7, 30)))

    def rest(self) -> None:
        """From now on unchanged files are not read again."""
        time.sleep(_QUIET)
        self.desk.accept_as_new = True
        self.desk.build()

    def people(self) -> None:
        self.desk.write(
            "authors.toml", f'[amara]\nname = "Amara {self._words(1).title()}"\nrole = "{self._words(2)}"\n'
        )

    def correct(self) -> None:
        note = f"corrections: [{{date: 2026-11-22, note: {self._words(3)}}}]\n"
        self._change(lambda text: text.replace("---\n", f"---\n{note}", 1) if "corrections" not in text else text)

    def breaks(self) -> None:
        self._change(lambda text: text.replace("title:", "titel:") if self.random.random() < 0.5 else "no head")

    def touch(self) -> None:
        if file := self._one():
            file.touch()

    def alias(self) -> None:
        alias = f"aliases: [/{self._words(1)}/{self.number}/]\n"
        self._change(lambda text: text.replace("---\n", f"---\n{alias}", 1) if "aliases" not in text else text)

    def damage_notes(self) -> None:
        kept = sorted((self.desk.root / "var" / "cache").glob("*"))
        if kept:
            file = self.random.choice(kept)
            data = bytearray(file.read_bytes())
            for _ in range(self.random.choice((1, 30))):
                data[self.random.randrange(len(data))] = self.random.randrange(256)
            file.write_bytes(data[: self.random.choice((len(data), len(data) // 2))])

    def damage_output(self) -> None:
        files = [file for file in sorted(self.desk.public.rglob("*")) if file.is_file()]
        if files:
            file = self.random.choice(files)
            if self.random.random() < 0.5:
                file.unlink()
            else:
                file.write_bytes(file.read_bytes()[::-1])

    def forget(self) -> None:
        name = self.random.choice(("cache", "build.json", "output.trees.json", "feeds-sound.json"))
        file = self.desk.root / "var" / name
        if file.is_dir():
            shutil.rmtree(file)
        else:
            file.unlink(missing_ok=True)


@pytest.mark.parametrize("seed", range(WALKS))
def test_after_any_changes_the_output_is_that_of_a_build_from_nothing(desk: Desk, seed: int) -> None:
    walk = Walk(desk, seed)
    for _ in range(STEPS):
        for _ in range(walk.random.choice((1, 1, 1, 3))):
            walk.step()
        desk.accept_as_new = True
        report = desk.build()
        fresh = _from_nothing(desk)
        assert desk.bytes() == fresh[0], f"seed {seed}: {walk.steps}"
        assert list(report.problems) == fresh[1], f"seed {seed}: {walk.steps}"
        walk.steps.append("/")


def test_pages_follow_pictures_that_are_replaced_by_others_of_their_name(desk: Desk) -> None:
    (desk.root / "briefingfeed.toml").write_text(f'{SETTINGS}\n[theme]\nlogo = "logo.gif"\nlogo_width = 100\n')
    desk.post("quay", text="![Boats](quay.gif)")
    desk.post("tide")
    picture, logo = desk.root / "posts" / "quay.gif", desk.root / "logo.gif"
    for width, logo_width, height in ((200, 100, 300), (64, 100, 300), (64, 300, 100)):
        picture.write_bytes(gif(width))
        logo.write_bytes(gif(logo_width))
        desk.build()
        assert f'width="{width}" height="300"' in (desk.public / "posts/quay/index.html").read_text()
        assert f'width="100" height="{height}"' in (desk.public / "posts/tide/index.html").read_text()


def _from_nothing(desk: Desk) -> tuple[dict[str, bytes], list[object]]:
    """What a build says and publishes that has only the ids and the last good versions to go by."""
    state, public, spare = desk.root / "var", desk.public, desk.root / ".public.briefingfeed-staging"
    away = desk.root / "away"
    kept = [(each, away / each.name) for each in (state, public, spare) if each.exists()]
    desk.close()
    away.mkdir()
    for here, there in kept:
        here.rename(there)
    state.mkdir(mode=0o700)
    for name in ("ids.jsonl", "last-good.sqlite", "feed-history.json"):
        if (away / "var" / name).exists():
            shutil.copy2(away / "var" / name, state / name)
    try:
        report = desk.build()
        return desk.bytes(), list(report.problems)
    finally:
        desk.close()
        for folder in (state, public, spare):
            shutil.rmtree(folder, ignore_errors=True)
        for here, there in kept:
            there.rename(here)
        away.rmdir()
