"""A publication in a folder, worked with the real command in processes of its own.

Python takes half a second to import the command. Where a story of many runs is not about that, `run` may take the one
that has imported everything (`faults.warm_command`).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Edition, EditionState, Rendition, SlotName
from briefingfeed.newsletter.placeholders import placeholders_of
from briefingfeed.storage import deliveries, editions
from briefingfeed.storage.database import Database
from faults.warm_command import WarmCommand

PATIENCE = 300.0
"""Seconds that a command may take; the machine may be busy."""
_SETTINGS = """\
[publication]
title = "Harbour Notes"
url = "https://harbour.example"
id_authority = "harbour.example,2026"
postal_address = "Harbour Trust, 1 Quay, Porttown"

[newsletter]
from = "Harbour Notes <notes@harbour.example>"
provider = "{provider}"

[web]
public_url = "http://127.0.0.1:8090"

[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
retry_pause = 0.01
{more}

[database]
url = "{url}"
"""


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Let no process outlive its test."""
    with process:
        try:
            yield process
        finally:
            process.kill()


class Newsroom:
    def __init__(
        self,
        folder: Path,
        *,
        port: int = 9,
        provider: str = "smtp",
        more: str = "",
        url: str | None = None,
        command: WarmCommand | None = None,
    ) -> None:
        """`url`: of a database on PostgreSQL. `command`: what `run` starts; else each run imports everything."""
        self.folder = folder
        self._command = command
        self.url = url or f"sqlite:///{folder / 'var' / 'briefingfeed.db'}"
        (folder / "posts").mkdir(parents=True)
        self.configure(port=port, provider=provider, more=more)

    def configure(self, *, port: int = 9, provider: str = "smtp", more: str = "") -> None:
        text = _SETTINGS.format(port=port, provider=provider, more=more, url=self.url)
        (self.folder / "briefingfeed.toml").write_text(text, "utf-8")

    def write(self, title: str, text: str = "", *, days_ago: int = 0) -> Path:
        day = datetime.now(UTC).date() - timedelta(days=days_ago)
        file = self.folder / "posts" / f"{day}-{re.sub('[^a-z]+', '-', title.lower())}.md"
        file.write_text(f"---\ntitle: {title}\ndate: {day}\n---\n\n{text or f'The text of {title}.'}\n", "utf-8")
        return file

    def subscribe(self, addresses: Iterable[str]) -> None:
        file = self.folder / "readers.csv"
        file.write_text("email\n" + "".join(f"{address}\n" for address in addresses), "utf-8")
        self.run("subscribers", "import", str(file), "--source", "asked on paper", "--yes", expect=0)

    def start(
        self, *arguments: str, environment: Mapping[str, str] | None = None, before: Callable[[], None] | None = None
    ) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BRIEFINGFEED_")}
        return subprocess.Popen(
            [sys.executable, "-m", "briefingfeed", *arguments],
            cwd=self.folder,
            env=kept | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,
        )

    def run(
        self,
        *arguments: str,
        expect: int | None = None,
        environment: Mapping[str, str] | None = None,
        before: Callable[[], None] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """`before`: what its process does first; it imports everything itself, then."""
        if self._command is None or before is not None:
            with ended(self.start(*arguments, environment=environment, before=before)) as process:
                out, err = process.communicate(timeout=PATIENCE)
            done = subprocess.CompletedProcess(arguments, process.returncode, out, err)
        else:
            run = self._command.start(self.folder, *arguments, environment=environment)
            done = subprocess.CompletedProcess(arguments, run.wait(PATIENCE), run.out, run.err)
        if expect is not None:
            assert done.returncode == expect, (done.returncode, done.stdout, done.stderr)
        return done

    def send(self, *arguments: str, expect: int | None = 0, **how: Any) -> Any:
        """Send what is due, the latest slot included; return the report."""
        done = self.run("send-weekly", "--now", "--json", *arguments, expect=expect, **how)
        return json.loads(done.stdout)

    def die_at(self, place: str) -> None:
        """Send, and be killed at a failpoint."""
        done = self.run("send-weekly", "--now", environment={"BRIEFINGFEED_FAILPOINT": place})
        assert done.returncode == -9, (done.returncode, done.stderr)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read the ledger, as no command would need to."""
        with Database.open(self.url) as database, database.read() as connection:
            yield connection

    def editions(self) -> list[Edition]:
        with self.reading() as connection:
            return editions.list_all(connection)

    def states(self) -> dict[str, DeliveryState]:
        with self.reading() as connection:
            return {each.address or "": each.state for each in deliveries.list_by(connection)}

    def rendition(self) -> Rendition:
        with self.reading() as connection:
            return editions.rendition(connection, editions.list_all(connection)[0].key)


def assert_accounts(newsroom: Newsroom, copies: Counter[str], *, uncertain: int = 0) -> None:
    """Check what the ledger says against what the server has: the invariants of an edition that is finished."""
    (edition,) = newsroom.editions()
    states = newsroom.states()
    assert edition.state is EditionState.DONE
    assert edition.recipients == len(states)
    assert not any(state.waits for state in states.values())
    assert max(copies.values(), default=0) <= 1, "somebody got two copies"
    for address, state in states.items():
        if state is not DeliveryState.UNCERTAIN:
            assert copies[address] == (state is DeliveryState.ACCEPTED), (address, state)
    assert list(states.values()).count(DeliveryState.UNCERTAIN) <= uncertain


def parse(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def assert_is_copy(content: bytes, recipient: str, rendition: Rendition) -> None:
    """Check that the standard library parses a message to exactly what was rendered for its recipient."""
    mail = parse(content)
    assert not mail.defects
    assert mail["To"] == recipient
    stand_ins = placeholders_of(rendition)
    link = mail["List-Unsubscribe"].partition(">")[0].strip("<")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    values = {
        stand_ins[SlotName.UNSUBSCRIBE_URL]: link,
        stand_ins[SlotName.ADDRESS]: recipient,
        stand_ins[SlotName.MESSAGE_ID]: mail["Message-ID"],
    }
    if SlotName.UNSUBSCRIBE_TOKEN in stand_ins:
        values[stand_ins[SlotName.UNSUBSCRIBE_TOKEN]] = link.rpartition("/")[2]
    for name, value in rendition.headers:
        assert str(mail[name]) == _filled(value, values), name
    for kind, rendered in (("plain", rendition.text), ("html", rendition.html)):
        part = mail.get_body((kind,))
        assert part is not None
        assert not part.defects
        assert part.get_content().replace("\r\n", "\n") == _filled(rendered, values)


def _filled(text: str, values: Mapping[str, str]) -> str:
    for stand_in, value in values.items():
        text = text.replace(stand_in, value)
    return text
