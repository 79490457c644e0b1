"""Readers that remember what they have shown: lemon24's reader, newsboat, rss2email."""

from __future__ import annotations

import mailbox
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path

import lxml.html
import reader

from contract.readers.programs import SECONDS, Item, Program, run

R2E = Path(sys.executable).with_name("r2e")


class Lemon24(Program):
    formats = ("atom.xml", "rss.xml", "feed.json")
    asks_at = 2

    def _open(self) -> reader.Reader:
        return reader.make_reader(str(self.folder / "reader.db"))

    def fetch(self) -> list[str]:
        with self._open() as library:
            library.add_feed(self.address, exist_ok=True)
            library.update_feed(self.address)
            new = [entry.id for entry in library.get_entries(read=False)]
            for id_ in new:
                library.mark_entry_as_read((self.address, id_))
        return new

    def items(self) -> list[Item]:
        with self._open() as library:
            return [
                Item(
                    id=entry.id,
                    title=entry.title or "",
                    url=entry.link or "",
                    author=entry.authors_str or "",
                    content=(entry.get_content() or reader.Content("")).value,
                    published=entry.published or datetime.min.replace(tzinfo=UTC),
                    updated=entry.updated,
                    enclosures=tuple(enclosure.href for enclosure in entry.enclosures),
                )
                for entry in library.get_entries()
            ]


class Newsboat(Program):
    """Newsboat itself; what it shows is looked up in the cache that it writes. More addresses may be subscribed to."""

    asks_at = 3

    def __init__(self, folder: Path, address: str, *more: str) -> None:
        super().__init__(folder, address)
        (folder / "urls").write_text("".join(f"{one}\n" for one in (address, *more)))
        (folder / "config").touch()
        self._cache = folder / "cache.db"

    def fetch(self) -> list[str]:
        self._newsboat("reload")
        said = self._newsboat("print-unread")
        with closing(sqlite3.connect(self._cache, timeout=SECONDS)) as rows, rows:
            new = [guid for (guid,) in rows.execute("SELECT guid FROM rss_item WHERE unread")]
            rows.execute("UPDATE rss_item SET unread = 0")
        assert said.split()[0] == str(len(new)), said
        return new

    def _newsboat(self, what: str) -> str:
        files = ("-u", self.folder / "urls", "-c", self._cache, "-C", self.folder / "config")
        return run("newsboat", *files, "-x", what)

    def items(self) -> list[Item]:
        with closing(sqlite3.connect(self._cache, timeout=SECONDS)) as rows:
            rows.row_factory = sqlite3.Row
            return [
                Item(
                    id=row["guid"],
                    title=row["title"],
                    url=row["url"],
                    author=row["author"],
                    content=row["content"],
                    published=datetime.fromtimestamp(row["pubDate"], UTC),
                    enclosures=(row["enclosure_url"],) if row["enclosure_url"] else None,  # recordings only
                )
                for row in rows.execute("SELECT * FROM rss_item")
            ]


class Rss2email(Program):
    """Each new entry becomes a mail, here in a Maildir."""

    asks_at = 2
    keeps_up = False

    def __init__(self, folder: Path, address: str) -> None:
        super().__init__(folder, address)
        (folder / "config").write_text(
            f"[DEFAULT]\nto = me@example.org\nemail-protocol = maildir\nmaildir-path = {folder}\n"
            "maildir-mailbox = mails\nhtml-mail = True\nname-format = {author}\n"
            "date-header = True\ndate-header-order = issued\n"
        )
        self._r2e("add", "harbour", address)

    def _r2e(self, *arguments: str) -> None:
        run(R2E, "-c", self.folder / "config", "-d", self.folder / "data", *arguments)

    def _mails(self) -> dict[str, EmailMessage]:
        box = mailbox.Maildir(self.folder / "mails")
        parser = BytesParser(EmailMessage, policy=policy.default)
        return {key: parser.parsebytes(box.get_bytes(key)) for key in box.keys()}  # noqa: SIM118 (the box gives mails)

    def fetch(self) -> list[str]:
        before = self._mails()
        self._r2e("run")
        return [str(mail["X-RSS-ID"]) for key, mail in self._mails().items() if key not in before]

    def items(self) -> list[Item]:
        return [self._item(mail) for mail in self._mails().values()]

    def _item(self, mail: EmailMessage) -> Item:
        page = lxml.html.fromstring(mail.get_content())
        (body,) = page.xpath("//div[@id='body']")
        (footer,) = page.xpath("//div[@class='footer']")
        return Item(
            id=str(mail["X-RSS-ID"]),
            title=str(mail["Subject"]),
            url=str(mail["X-RSS-URL"]),
            author=mail["From"].addresses[0].display_name,
            content=lxml.html.tostring(body, encoding="unicode"),
            published=parsedate_to_datetime(mail["Date"]).replace(tzinfo=UTC),
            enclosures=tuple(footer.xpath("p[starts-with(., 'Enclosure')]/a/@href")),
        )
