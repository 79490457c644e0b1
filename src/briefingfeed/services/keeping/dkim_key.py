"""The key that mails are signed with (DKIM): made, and looked at before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from briefingfeed.dkim.keys import make_key, pem_text, read_key
from briefingfeed.dkim.record import Record
from briefingfeed.dkim.signing import Signer
from briefingfeed.errors import RefusedError, UsageError
from briefingfeed.models.dkim import DkimSettings
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.placeholders import ascii_domain
from briefingfeed.services.keeping.keys import read_secret, write_secret
from briefingfeed.services.sending.signing import record_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    file: Path
    record: Record
    settings: Mapping[str, str]
    """What has to stand in `[smtp]` once the record is published."""


def make_key_file(settings: Settings, file: Path | None, selector: str | None, now: datetime) -> MadeKey:
    """Write a new key into `file`, by default one of the state folder, named by the selector; and that by the day.

    Raises RefusedError if the file is there already, UsageError for a selector that is none, StorageError.
    """
    selector = selector or f"briefings{now:%Y%m%d}"
    file = file or settings.paths.state / f"dkim-{selector}.key"
    signer = Signer(key=make_key(), domain=_domain(settings), selector=_checked(selector))
    try:
        write_secret(file, pem_text(signer.key))
    except FileExistsError:
        raise RefusedError(
            "this file is there already, and may hold a key in use", where=str(file), remedy="name another file"
        ) from None
    shown, root = file.resolve(), settings.paths.root.resolve()
    path = shown.relative_to(root) if shown.is_relative_to(root) else shown
    return MadeKey(
        file=file, record=record_of(signer), settings={"dkim_selector": selector, "dkim_key_file": path.as_posix()}
    )


def coming_signer(settings: Settings, file: Path, selector: str) -> Signer:
    """Return who would sign with the key in `file`. Raises SecretKeyError, UsageError for a selector that is none."""
    key = read_key(read_secret(file), where=str(file))
    return Signer(key=key, domain=_domain(settings), selector=_checked(selector))


def _domain(settings: Settings) -> str:
    named = settings.provider_tables.get("smtp", {}).get("dkim_domain")
    return str(named) if named else ascii_domain(settings.newsletter.from_.address.rpartition("@")[2])


def _checked(selector: str) -> str:
    try:
        return DkimSettings(selector=selector).selector
    except ValueError as error:
        raise UsageError(str(error)) from None
