"""The publication that readers are subscribed to: a guest's post, a recording, two topics, letters from everywhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from briefingfeed.publication import Publication
from servers.ports import free_port
from servers.web_servers import running

TIDES = """\
---
title: "AT&T <3 “Gezeiten” – Öl 😀"
date: 2025-06-01 09:30
updated: 2025-06-04 10:00
authors: {name: Nguyễn Thị Ánh, role: Pharmacist, organisation: Corner & Sons, guest: true}
topics: [water, rights & tides]
standfirst: A pharmacist writes & we listen.
summary: Tea & biscuits.
---
Łódź: tea & biscuits <3 &lt;b&gt; ]]>. See [the other](2025-02-01-quay.md) and [below](#part).

## Part

Hear [the tide](tide-&-wind.mp3).
"""
QUAY = """\
---
title: The quay
date: 2025-02-01 12:00
authors: [Inès Sorby, Bo Ek]
topics: [water]
image: quay.png
image_alt: A quay.
---
All of the quay.

More of it.
"""
HAFEN = """\
---
title: Hafen & <Wasser>
date: 2025-01-15 07:05
authors: Bo Ek
language: de
---
Alles.
"""


class House:
    """A publication in a folder, with a server of its own. Each build opens it anew, later, as a command does.

    No two builds are of the same second: newsboat looks at Last-Modified alone, whatever the ETag says, and such a date
    cannot tell them apart.
    """

    def __init__(self, folder: Path, authority: str | None) -> None:
        self.folder = folder
        self.posts = folder / "posts"
        self.port = free_port()
        self.address = self.url = f"http://127.0.0.1:{self.port}"
        self.now = datetime(2026, 11, 23, 9, tzinfo=UTC)
        self._authority = f'id_authority = "{authority}"\n' if authority else ""
        self._built = 0
        self._server = ExitStack()
        self.posts.mkdir(parents=True)
        for name, text in {"2025-06-01-tides": TIDES, "2025-02-01-quay": QUAY, "2025-01-15-hafen": HAFEN}.items():
            (self.posts / f"{name}.md").write_text(text, "utf-8")
        (self.posts / "tide-&-wind.mp3").write_bytes(b"ID3\3\0\0\0\0\0\0" + bytes(500))
        (self.posts / "quay.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))

    def build(self) -> None:
        file = self.folder / "briefingfeed.toml"
        file.write_text(
            f'[publication]\ntitle = "Hafen & Gezeiten – Łódź"\nurl = "{self.url}"\nlanguage = "en-GB"\n'
            f'timezone = "Europe/London"\n{self._authority}'
        )
        self.now += timedelta(hours=1)
        while int(time.time()) <= self._built:
            time.sleep(0.02)
        publication = Publication(file, {}, lambda: self.now)
        try:
            report = publication.build()
        finally:
            publication.close()
        assert not report.has_errors, report.problems
        self._built = int(time.time())

    def start(self) -> None:
        command = [sys.executable, "-m", "briefingfeed", "--config", str(self.folder / "briefingfeed.toml"), "serve"]
        self._server.enter_context(running([*command, "--port", str(self.port)], self.port, self.log))

    def stop(self) -> None:
        self._server.close()

    def move(self) -> None:
        """Go to another address and be served there from now on."""
        self.stop()
        self.port = free_port()
        self.address = self.url = f"http://localhost:{self.port}"
        self.build()
        self.start()

    @property
    def log(self) -> Path:
        return self.folder / "serve.log"

    def answers(self, count: int) -> list[str]:
        """Return how the server has answered requests for feeds, "200" or "304", once it has logged so many."""
        for _ in range(100):
            found = [line.split()[4] for line in self.log.read_text().splitlines() if " a feed " in line]
            if len(found) >= count:
                break
            time.sleep(0.05)
        return found


@contextmanager
def open_house(folder: Path, authority: str | None = "harbour.example,2025") -> Iterator[House]:
    """Build a publication and serve it until the end of the block."""
    house = House(folder, authority)
    house.build()
    try:
        house.start()
        yield house
    finally:
        house.stop()
