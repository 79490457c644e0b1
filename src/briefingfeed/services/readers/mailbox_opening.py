"""Which mailbox the settings name, and how it is opened."""

from __future__ import annotations

from briefingfeed.errors import ConfigurationError
from briefingfeed.mailbox.source import OpenMailbox
from briefingfeed.models.settings import Settings
from briefingfeed.services.keeping.keys import read_secret

PASSWORD = "BRIEFINGFEED_BOUNCES_PASSWORD"  # noqa: S105 - the name of a variable


def mailbox_name(settings: Settings) -> str:
    """Return the mailbox's name for people; empty if the settings name none."""
    bounces = settings.bounces
    if bounces.maildir is not None:
        return str(settings.paths.root / bounces.maildir)
    return f"{bounces.imap_folder} of {bounces.imap_username} at {bounces.imap_host}" if bounces.imap_host else ""


def open_mailbox(settings: Settings, password: str | None) -> OpenMailbox:
    """Return the mailbox, to be opened with `with`. `password` is the environment's. Raises ConfigurationError."""
    bounces = settings.bounces
    if bounces.maildir is not None:
        from briefingfeed.mailbox.maildir import Maildir

        return Maildir(settings.paths.root / bounces.maildir, keep=bounces.keep)
    from briefingfeed.mailbox.imap import ImapAccount, ImapMailbox

    account = ImapAccount(
        host=bounces.imap_host or "",
        port=bounces.imap_port,
        username=bounces.imap_username or "",
        password=mailbox_password(settings, password),
        folder=bounces.imap_folder,
        keep=bounces.keep,
    )
    return ImapMailbox(account)


def mailbox_password(settings: Settings, given: str | None) -> str:
    """Return the password of the mailbox on a server: `given`, or what its file says. Raises ConfigurationError."""
    file = settings.bounces.imap_password_file
    password = given or (read_secret(settings.paths.root / file) if file else "")
    if not password:
        raise ConfigurationError(
            "the password of the bounces' mailbox is missing",
            where="[bounces]",
            remedy=f"set {PASSWORD}, or name its file with imap_password_file",
        )
    return password
