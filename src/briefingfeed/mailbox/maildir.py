"""A Maildir on this machine, as Postfix, Exim and Dovecot deliver into one.

What is dealt with is removed, or moved to `cur` with the flag S (seen); what people should look at, with F (flagged).
Everything without these flags is read: a mail program that lists the folder moves mails to `cur` without any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from briefingfeed.mailbox.parsing import MOST_OCTETS
from briefingfeed.mailbox.source import Fetched, MailboxError, MailboxRefusedError

_DEALT_WITH = frozenset("SFT")
_FLAGS = ":2,"


class Maildir:
    """Implements `source.Mailbox`. Use it as a context manager."""

    def __init__(self, folder: Path, *, keep: bool) -> None:
        self._folder = folder
        self._keep = keep

    def __enter__(self) -> Maildir:
        for name in ("new", "cur"):
            if not (self._folder / name).is_dir():
                raise MailboxRefusedError(
                    "this is no Maildir: it has no folder new and cur",
                    where=str(self._folder),
                    remedy="see that [bounces] maildir names the Maildir that bounces are delivered into",
                )
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def fetch(self) -> Iterator[Fetched]:
        for folder in ("new", "cur"):
            for file in self._files(folder):
                if _flags(file) & _DEALT_WITH:
                    continue
                try:
                    with file.open("rb") as opened:
                        yield Fetched(f"{folder}/{file.name}", opened.read(MOST_OCTETS))
                except FileNotFoundError:  # a mail program moved it meanwhile: it comes again
                    continue
                except OSError as error:
                    raise _unreadable(file, error) from error

    def finish(self, mail: Fetched) -> None:
        if self._keep:
            self._move(mail, "S")
        else:
            self._do(mail, lambda file: file.unlink(missing_ok=True))

    def set_aside(self, mail: Fetched) -> None:
        self._move(mail, "F")

    def count_set_aside(self) -> int:
        return sum("F" in _flags(file) and "T" not in _flags(file) for file in self._files("cur"))

    def _files(self, folder: str) -> list[Path]:
        try:
            return sorted(file for file in (self._folder / folder).iterdir() if not file.name.startswith("."))
        except OSError as error:
            raise _unreadable(self._folder / folder, error) from error

    def _move(self, mail: Fetched, flag: str) -> None:
        name, _, flags = mail.name.rpartition("/")[2].partition(_FLAGS)
        flagged = "".join(sorted({*flags, flag}))
        self._do(mail, lambda file: file.rename(self._folder / "cur" / f"{name}{_FLAGS}{flagged}"))

    def _do(self, mail: Fetched, what: Callable[[Path], object]) -> None:
        file = self._folder / mail.name
        try:
            what(file)
        except FileNotFoundError:
            pass  # moved meanwhile: it comes again, and nothing happens twice
        except OSError as error:
            raise _unreadable(file, error) from error


def _flags(file: Path) -> frozenset[str]:
    return frozenset(file.name.partition(_FLAGS)[2])


def _unreadable(path: Path, error: OSError) -> MailboxError:
    return MailboxError(
        f"the bounces' mailbox cannot be read: {(error.strerror or str(error)).lower()}",
        where=str(path),
        remedy="see that the user who runs briefingfeed may read and write there",
    )
