"""A mailbox on an IMAP server, over TLS from the first octet.

IMAPClient rather than imaplib alone: it parses what servers answer, literals and all, which imaplib leaves to its
caller. Mails are marked with keywords of our own where the server allows it, so that a person who reads in the mailbox
hides nothing from us.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from briefingfeed.mailbox.parsing import MOST_OCTETS
from briefingfeed.mailbox.source import Fetched, MailboxError, MailboxRefusedError

CONNECT_TIMEOUT = 15.0
READ_TIMEOUT = 60.0
"""Seconds of silence after which the server is given up."""
_READ = b"$BriefingfeedRead"
_UNCLEAR = b"$BriefingfeedUnclear"
_SEEN, _FLAGGED, _DELETED, _ANY = b"\\Seen", b"\\Flagged", b"\\Deleted", b"\\*"
_PART = f"BODY.PEEK[]<0.{MOST_OCTETS}>"

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapAccount:
    host: str
    username: str
    password: str = field(repr=False)
    port: int = 993
    folder: str = "INBOX"
    keep: bool = False


class ImapMailbox:
    """Implements `source.Mailbox`. Use it as a context manager: it connects, logs in, and logs out at the end."""

    def __init__(self, account: ImapAccount, *, tls: ssl.SSLContext | None = None) -> None:
        self._account = account
        self._tls = tls or ssl.create_default_context()
        self._client: Any = None
        self._own_keywords = False
        self._finished: list[int] = []

    def __enter__(self) -> ImapMailbox:
        account = self._account
        self._client = self._ask(
            lambda: IMAPClient(
                account.host,
                port=account.port,
                ssl_context=self._tls,
                timeout=SocketTimeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
            )
        )
        try:
            self._ask(lambda: self._log_in())
            found = self._ask(lambda: self._select())
        except BaseException:
            self._client.shutdown()
            raise
        self._own_keywords = _ANY in found.get(b"PERMANENTFLAGS", ())
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._ask(self._remove_finished)
        finally:
            try:
                self._client.logout()
            except (IMAPClientError, OSError):  # what was to be done is done
                self._client.shutdown()

    def fetch(self) -> Iterator[Fetched]:
        read, unclear = self._marks
        for number in self._search("UNDELETED", *_without(read), *_without(unclear)):
            parts = self._ask(lambda number=number: self._client.fetch([number], [_PART])).get(number, {})  # type: ignore[misc]
            raw = next((value for name, value in parts.items() if name.startswith(b"BODY[]")), None)
            if raw is not None:  # else somebody removed it meanwhile
                yield Fetched(str(number), bytes(raw))

    def finish(self, mail: Fetched) -> None:
        read, _ = self._marks
        flags = [read, _SEEN] if self._account.keep else [read, _SEEN, _DELETED]
        self._flag(mail, flags)
        if not self._account.keep:
            self._finished.append(int(mail.name))

    def set_aside(self, mail: Fetched) -> None:
        _, unclear = self._marks
        self._flag(mail, [unclear, _FLAGGED])

    def count_set_aside(self) -> int:
        return len(self._search("UNDELETED", "FLAGGED"))

    @property
    def _marks(self) -> tuple[bytes, bytes]:
        return (_READ, _UNCLEAR) if self._own_keywords else (_SEEN, _FLAGGED)

    def _log_in(self) -> None:
        try:
            self._client.login(self._account.username, self._account.password)
        except LoginError as error:
            raise MailboxRefusedError(
                "the mail server does not accept user name and password",
                where=self._account.host,
                remedy="see [bounces] imap_username, and its password in BRIEFINGFEED_BOUNCES_PASSWORD or the file",
            ) from error

    def _select(self) -> dict[bytes, Any]:
        try:
            found: dict[bytes, Any] = self._client.select_folder(self._account.folder)
        except IMAPClientError as error:
            raise MailboxRefusedError(
                f"the mailbox has no folder {self._account.folder}",
                where=self._account.host,
                remedy="see [bounces] imap_folder",
            ) from error
        return found

    def _search(self, *criteria: str) -> Sequence[int]:
        found: Sequence[int] = self._ask(lambda: self._client.search(list(criteria)))
        return found

    def _flag(self, mail: Fetched, flags: Sequence[bytes]) -> None:
        self._ask(lambda: self._client.add_flags([int(mail.name)], list(flags), silent=True))

    def _remove_finished(self) -> None:
        """Expunge our own, those of a run that died too. A server that can't be told which (RFC 4315) is not asked:
        it would expunge other people's as well."""
        ours = self._finished
        if self._own_keywords and not self._account.keep:
            ours = self._client.search(["DELETED", "KEYWORD", _READ.decode()])
        if ours and self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(ours)

    def _ask(self, question: Callable[[], _Answer]) -> _Answer:
        try:
            return question()
        except ssl.SSLCertVerificationError as error:
            raise MailboxRefusedError(
                f"the mail server's certificate cannot be trusted: {error.verify_message}",
                where=self._account.host,
                remedy="see that [bounces] imap_host is the name that the certificate is for",
            ) from error
        except (OSError, IMAPClientError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise MailboxError(
                f"the mail server cannot be used now: {reason.lower()}",
                where=f"{self._account.host}:{self._account.port}",
                remedy="see [bounces] imap_host and imap_port, if it lasts",
            ) from error


def _without(flag: bytes) -> tuple[str, ...]:
    if flag.startswith(b"\\"):
        return (f"UN{flag[1:].decode().upper()}",)
    return ("UNKEYWORD", flag.decode())
