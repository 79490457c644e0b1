"""Files below the posts folder, read and written for the form: never outside, never by half, never over a change."""

from __future__ import annotations

import codecs
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from briefingfeed.errors import BriefingfeedError, RefusedError, StorageError
from briefingfeed.models.post import Author
from briefingfeed.models.settings import Settings
from briefingfeed.posts.discovery import Candidate, discover
from briefingfeed.posts.findings import Findings
from briefingfeed.posts.frontmatter import HeadError
from briefingfeed.posts.source import LIMIT, read_bytes, source_digest
from briefingfeed.services.previewing.form import Form, put_form, read_form

_saving = Lock()


class ChangedMeanwhileError(BriefingfeedError):
    """The file is not what it was when the form was opened; nothing in it was touched.

    `theirs` is what stands in it now, `base` its digest, and `kept` the file that what was to be saved is kept in.
    """

    def __init__(self, *, theirs: str, base: str, kept: str) -> None:
        super().__init__(
            "This post was changed in its file while you wrote here, so it was not saved over that.",
            remedy=f"Both versions are kept: the file has the other one, {kept} has yours.",
        )
        self.theirs = theirs
        self.base = base
        self.kept = kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A post as the form opens it."""

    base: str
    """Digest of the file's bytes, to be given back when it is saved."""
    form: Form | None
    """None: its front matter cannot be read, so there is only the whole file to be changed."""
    whole: str
    """All of the file."""


def find_post(settings: Settings, path: str) -> Candidate:
    """Return the post's file. Only what is found by looking through the folder can be named; raises RefusedError."""
    found = discover(settings.paths.posts, settings.paths.root)
    for candidate in found.candidates:
        if candidate.path == path:
            return candidate
    raise RefusedError("There is no such post any more.", remedy="Choose one from the list.")


def open_post(settings: Settings, path: str, people: Mapping[str, Author]) -> Opened:
    """Read a post for the form. Raises RefusedError for what is no post or no text."""
    candidate = find_post(settings, path)
    data = _read(candidate)
    try:
        form = read_form(data, candidate, people)
    except HeadError:
        form = None
    return Opened(base=source_digest(data), form=form, whole=_as_text(data))


def save_post(
    settings: Settings, path: str, base: str, content: Form | str, people: Mapping[str, Author], now: datetime
) -> Opened:
    """Save a form, or the whole text of a file, and return it as it then opens.

    A file that says it already is not written. Raises ChangedMeanwhileError, RefusedError, StorageError.
    """
    with _saving:
        candidate = find_post(settings, path)
        before = _read(candidate)
        try:
            if isinstance(content, str):
                after = _whole(before, content)
            else:
                after = put_form(before, content, candidate, people)
        except HeadError as error:
            raise RefusedError(error.message, remedy=error.remedy) from error
        except UnicodeEncodeError as error:
            raise RefusedError("This text holds half a character.", remedy="Type that place again.") from error
        if len(after) > LIMIT:
            raise RefusedError(
                f"With this, the post would be larger than {LIMIT // 1024 // 1024} MB; nothing could show it any more.",
                remedy="Take something out, or publish the long part as a PDF and link to it. Nothing was saved yet.",
            )
        if source_digest(before) != base:
            if after == before:
                return open_post(settings, path, people)
            kept = _keep_beside(candidate, after, now)
            raise ChangedMeanwhileError(theirs=_as_text(before), base=source_digest(before), kept=kept)
        if after != before:
            _replace(candidate.file, after)
    return open_post(settings, path, people)


def write_new(file: Path, content: bytes) -> bool:
    """Write a file that is not there yet; False if there is one, or a link of that name. Raises StorageError."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    except FileExistsError:
        return False
    except OSError as error:
        raise _unwritten(file, error) from error
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
    except OSError as error:
        file.unlink(missing_ok=True)
        raise _unwritten(file, error) from error
    return True


def _whole(before: bytes, text: str) -> bytes:
    """Return a whole file's new bytes, with the line ends and the byte order mark that it had."""
    end = "\r\n" if b"\r\n" in before else "\n"
    mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
    return mark + text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", end).encode()


def _read(candidate: Candidate) -> bytes:
    findings = Findings(candidate.path)
    data = None if candidate.file.is_symlink() else read_bytes(candidate, findings)
    if data is None:
        words = [(problem.message, problem.remedy) for problem in findings.problems] or [("It is a link.", "")]
        raise RefusedError(words[0][0], remedy=words[0][1])
    return data


def _replace(file: Path, content: bytes) -> None:
    """Write beside and swap, so that nobody ever reads half a post."""
    beside = file.with_name(f".{secrets.token_hex(8)}.new")
    if not write_new(beside, content):
        raise _unwritten(file, FileExistsError("a file is in the way"))
    try:
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        beside.chmod(file.stat().st_mode & 0o777)
        beside.replace(file)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise _unwritten(file, error) from error


def _keep_beside(candidate: Candidate, content: bytes, now: datetime) -> str:
    """Keep a version under a name that is no post's, and return that name."""
    for number in range(1, 1000):
        name = f"_{candidate.file.stem}.yours-{now:%Y-%m-%d}-{number}{candidate.file.suffix}"
        file = candidate.file.with_name(name)
        if write_new(file, content) or (file.is_file() and not file.is_symlink() and file.read_bytes() == content):
            return name
    raise StorageError("There are too many versions of this post.", where=candidate.path, remedy="Delete old ones.")


def _as_text(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")


def _unwritten(file: Path, error: OSError) -> StorageError:
    return StorageError(
        f"It cannot be saved: {(error.strerror or str(error)).lower()}.",
        where=file.name,
        remedy="See that the disk has room and that you may write there; then save again.",
    )
