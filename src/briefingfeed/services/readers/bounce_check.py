"""What `check` says about the table `[bounces]`: settings that are each right, but don't go together."""

from __future__ import annotations

from collections.abc import Iterator

from briefingfeed.models.problem import Problem
from briefingfeed.models.settings import Settings

_PLAIN_IMAP = 143


def bounce_findings(settings: Settings) -> Iterator[Problem]:
    """Yield what would keep bounces from being read, or mail from arriving. Looks whether the Maildir is there."""
    for message, remedy in (*_mailbox(settings), *_addresses(settings)):
        yield Problem(path=settings.file.name, message=f"[bounces] {message}", remedy=remedy)


def _mailbox(settings: Settings) -> Iterator[tuple[str, str]]:
    bounces, paths = settings.bounces, settings.paths
    if bounces.maildir is not None:
        maildir = paths.root / bounces.maildir
        if not ((maildir / "new").is_dir() and (maildir / "cur").is_dir()):
            yield f"maildir: {bounces.maildir} is no Maildir", "name the folder that has new and cur in it"
        if maildir.resolve().is_relative_to(paths.output.resolve()):
            yield "maildir lies in the published folder, where everybody can read it", "keep it elsewhere"
    if bounces.imap_host is not None and bounces.imap_port == _PLAIN_IMAP:
        yield "imap_port 143 begins without TLS, which is not spoken here", "leave imap_port out: 993 it is then"


def _addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    bounces = settings.bounces
    has_mailbox = bounces.maildir is not None or bounces.imap_host is not None
    if has_mailbox and bounces.address is None:
        yield (
            "names a mailbox but no address, so bounces go to the From address",
            "set address to the mailbox's own, such as bounces@example.org",
        )
    sender = _domain(settings.newsletter.from_.address)
    if bounces.address and not _belong_together(_domain(bounces.address), sender):
        yield (
            f"address is of another domain than the From address ({sender}): receivers take that for a forgery (DMARC)",
            f"use an address of {sender}, or of a domain below it",
        )
    if bounces.unsubscribe_address and bounces.unsubscribe_address == settings.newsletter.from_.address:
        yield (
            "unsubscribe_address is the From address: its mail comes to people, not to the mailbox that is read",
            "use an address of its own, an alias of the bounces' mailbox",
        )


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _belong_together(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
