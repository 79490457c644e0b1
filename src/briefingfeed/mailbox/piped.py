"""One mail that a mail server hands in by a pipe; and the folder for those that nobody can make sense of.

A pipe has no mailbox to leave a mail in, so what people should look at is kept in a Maildir of our own.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from briefingfeed.mailbox.source import Fetched, MailboxError


class Piped:
    """Implements `source.Mailbox` for one mail. `aside` is made when it is needed, for its owner's eyes only."""

    def __init__(self, raw: bytes, aside: Path) -> None:
        self._raw = raw
        self._aside = aside

    def __enter__(self) -> Piped:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def fetch(self) -> Iterator[Fetched]:
        yield Fetched("the mail", self._raw)

    def finish(self, mail: Fetched) -> None:
        pass

    def set_aside(self, mail: Fetched) -> None:
        name = f"{secrets.token_hex(8)}.briefingfeed"
        try:
            for folder in ("tmp", "new", "cur"):
                (self._aside / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = self._aside / "tmp" / name
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(mail.raw)
                out.flush()
                os.fsync(out.fileno())
            draft.rename(self._aside / "new" / name)
        except OSError as error:
            raise MailboxError(
                f"the mail cannot be kept: {(error.strerror or str(error)).lower()}",
                where=str(self._aside),
                remedy="see that the disk has room, and that the user who runs briefingfeed may write there",
            ) from error

    def count_set_aside(self) -> int:
        return count_kept(self._aside)


def count_kept(aside: Path) -> int:
    """Return how many mails are kept in the folder for people to look at."""
    return sum(1 for name in ("new", "cur") if (aside / name).is_dir() for _ in (aside / name).iterdir())
