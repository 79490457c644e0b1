"""Open the publication's secret keys: from the environment, else from files in the state folder.

The signing keys make unsubscribe links and Message-IDs; the suppression key hashes addresses that must never be mailed
again. A missing key file is made once, and only while the database holds nobody: links in mails already sent, and the
suppressions, depend on these keys, so a key that went missing later is an error that names the backup.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from briefingfeed.errors import SecretKeyError, StorageError
from briefingfeed.storage import meta
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring, fingerprint

SECRET_KEY = "BRIEFINGFEED_SECRET_KEY"  # noqa: S105 - the variable's name
SUPPRESSION_KEY = "BRIEFINGFEED_SUPPRESSION_KEY"
SECRET_FILE = "secret.key"  # noqa: S105 - its name
SUPPRESSION_FILE = "suppression.key"
_FILES = {SECRET_KEY: SECRET_FILE, SUPPRESSION_KEY: SUPPRESSION_FILE}
_KEY_BYTES = 32
_LEAST_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    ring: Keyring
    suppression: bytes = field(repr=False)


def open_keys(state: Path, database: Database, environ: Mapping[str, str], now: datetime) -> Keys:
    """Return the keys, making those that no one has needed yet.

    Several signing keys, oldest first, are separated by white space: the last signs, all verify. Raises
    SecretKeyError for a key that is missing, unknown to the database, or in a file that others can read; and for keys
    whose database was lost.
    """
    # One transaction around it all: two first runs at once must not make different keys.
    with database.write() as connection:
        given = {name: _given(name, state, environ) for name in _FILES}
        if not all(given.values()):
            _check_that_nobody_needs_it(connection, next(name for name in _FILES if not given[name]), state)
        elif not meta.known_keys(connection) and not any(map(environ.get, _FILES)):
            raise SecretKeyError(
                "there are keys here, but the database has never seen them: it is a new one",
                where=database.where,
                remedy="restore the database from the backup, or nobody knows who left and what was sent; to begin "
                f"anew on purpose, remove {' and '.join(str(state / file) for file in _FILES.values())}",
            )
        for name in (name for name, keys in given.items() if not keys):
            given[name] = (_make(state / _FILES[name]),)
        signing, suppression = given[SECRET_KEY], given[SUPPRESSION_KEY]
        ring = Keyring({fingerprint(key): key for key in signing})
        where = ", ".join(f"{name} or {state / file}" for name, file in _FILES.items())
        meta.check_keys(connection, [*ring.fingerprints, fingerprint(suppression[0])], now, where=where)
    return Keys(ring=ring, suppression=suppression[0])


def _check_that_nobody_needs_it(connection: Connection, name: str, state: Path) -> None:
    if not meta.is_empty(connection):
        raise SecretKeyError(
            "this key is missing, but the database already holds people",
            where=f"{name} or {state / _FILES[name]}",
            remedy="restore it from the backup; without it, links in mails already sent stop working",
        )


def _given(name: str, state: Path, environ: Mapping[str, str]) -> Sequence[bytes]:
    if environ.get(name):
        return _parse(environ[name], where=name)
    file = state / _FILES[name]
    return _parse(read_secret(file), where=str(file)) if file.exists() else ()


def _parse(text: str, *, where: str) -> Sequence[bytes]:
    """Return the keys, at least one. Raises SecretKeyError."""
    try:
        keys = tuple(bytes.fromhex(word) for word in text.split())
    except ValueError:
        raise SecretKeyError(
            "a key is written as hexadecimal digits",
            where=where,
            remedy="restore it from the backup; a new one: openssl rand -hex 32",
        ) from None
    if not keys:
        raise SecretKeyError("it holds no key", where=where, remedy="restore it from the backup")
    if any(len(key) < _LEAST_BYTES for key in keys):
        raise SecretKeyError(
            f"a key here is too short to be safe, or cut off: it needs {2 * _LEAST_BYTES} digits at least",
            where=where,
            remedy="restore it from the backup; a new one comes from: openssl rand -hex 32",
        )
    return keys


def read_secret(file: Path) -> str:
    """Return the text of a secret's file. Raises SecretKeyError if it can't be read, or others can read it."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "it is not text"
        raise SecretKeyError(
            f"this secret cannot be read: {reason}",
            where=str(file),
            remedy="see that the file is there, and that the user who runs briefingfeed owns it",
        ) from error
    if mode & 0o077:
        raise SecretKeyError(
            "others on this machine can read this secret", where=str(file), remedy=f"run: chmod 600 {file}"
        )
    return text


def _make(file: Path) -> bytes:
    """Write a new key, unless there is one by now."""
    key = secrets.token_bytes(_KEY_BYTES)
    try:
        write_secret(file, key.hex() + "\n")
    except FileExistsError:  # another process was quicker
        return _parse(read_secret(file), where=str(file))[0]
    return key


def write_secret(file: Path, text: str) -> None:
    """Write a new secret, for its owner alone, whole or not at all. Raises FileExistsError, StorageError."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.link(draft, file)
    except FileExistsError:
        raise
    except OSError as error:
        raise StorageError(
            f"the key cannot be written: {(error.strerror or str(error)).lower()}",
            where=str(file),
            remedy="see that the disk has room, and that the user who runs briefingfeed may write there",
        ) from error
    finally:
        draft.unlink(missing_ok=True)
