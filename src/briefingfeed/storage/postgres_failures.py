"""PostgreSQL's codes in words.

A server's messages are in its owner's language, so codes decide. Only a connection that is refused has none: libpq
keeps it to itself.
"""

from __future__ import annotations

from typing import Final

from briefingfeed.errors import AccessError, DamageError, StorageError

_TRY_AGAIN: Final = "try again; if it happens again, please report it"
_LOST: Final = (
    "the connection to the database was lost",
    "see that its server runs and can be reached, then try again; nothing was lost",
)
_BUSY: Final = (
    "the database is busy: another program has been writing to it for too long",
    "try again; if it stays busy, look in pg_stat_activity for a transaction that was left open",
)
_NOT_LET_IN: Final = ("the database does not let this user in", "check [database] url and the password")
_NO_PASSWORD: Final = (
    "the database asks for a password",
    "put it into BRIEFINGFEED_DATABASE_PASSWORD or into the file that [database] password_file names",
)
_NOT_THERE: Final = ("there is no such database or user on this server", "make it, or correct [database] url")
_NOT_ALLOWED: Final = (
    "this user may not do that in the database",
    "let the user of [database] url own the database: ALTER DATABASE … OWNER TO …",
)
_NO_TLS: Final = (
    "the database's server offers no encryption, and [database] url asks for it",
    "let its owner switch ssl on; only a server on this machine may do without sslmode",
)
_NOT_TRUSTED: Final = (
    "the certificate of the database's server is not one that this machine trusts",
    "name its authority with sslrootcert=FILE in [database] url, and the host as in the certificate",
)
_NO_SUCH_OPTION: Final = (
    "what follows the ? in [database] url is nothing that PostgreSQL knows",
    "look for the spelling, such as sslmode=verify-full: docs/databases.md",
)
_FOR_THE_OPERATOR: Final = (
    _NOT_LET_IN,
    _NO_PASSWORD,
    _NOT_THERE,
    _NOT_ALLOWED,
    _NO_TLS,
    _NOT_TRUSTED,
    _NO_SUCH_OPTION,
)
"""What stays so until somebody changes it."""
_WORDS: Final = {
    "08": _LOST,
    "23": ("the database refused a change that would break one of its rules; nothing was written", _TRY_AGAIN),
    "25006": (
        "the database cannot be written",
        "see that [database] url names the primary server, not a standby, and that it allows writing",
    ),
    "25P03": (
        "the server ended a transaction that had fallen silent; nothing was written",
        "try again; see that this machine isn't put to sleep while briefingfeed runs",
    ),
    "28": _NOT_LET_IN,
    "3D000": _NOT_THERE,
    "40": ("the database undid a change because it met another; nothing was written", "try again"),
    "42501": _NOT_ALLOWED,
    "53100": (
        "the database cannot grow: the server's disk is full",
        "free some space there, then run the same command again; nothing was lost",
    ),
    "53200": ("the database's server has no memory left", "try again; if it stays so, ask whoever runs it"),
    "53300": (
        "the database's server has no connection free",
        "try again; if it stays so, raise its max_connections or the user's CONNECTION LIMIT",
    ),
    "55P03": _BUSY,
    "57014": ("the server broke a question off because it took too long", "try again"),
    "57P01": _LOST,
    "57P02": _LOST,
    "57P03": ("the database's server is starting or stopping", "try again in a minute"),
    "57P05": _LOST,
    "58": ("the server's disk failed while the database was read or written", "ask whoever runs it to look at its log"),
    "XX001": ("the database is damaged", "stop sending, and restore it from the backup"),
    "XX002": ("the database is damaged", "stop sending, and restore it from the backup"),
}
"""By code, or by the class that its first two characters name."""
_OPTION: Final = "invalid connection option"
_REFUSALS: Final = {
    "password authentication failed": _NOT_LET_IN,
    "no password supplied": _NO_PASSWORD,
    "pg_hba.conf": _NOT_LET_IN,
    "Peer authentication failed": _NOT_LET_IN,
    '" does not exist': _NOT_THERE,
    "server does not support SSL": _NO_TLS,
    "certificate verify failed": _NOT_TRUSTED,
    "server certificate for": _NOT_TRUSTED,
    _OPTION: _NO_SUCH_OPTION,
    "invalid sslmode": _NO_SUCH_OPTION,
    "too many c": _WORDS["53300"],
    "remaining connection slots": _WORDS["53300"],
    "the database system is": _WORDS["57P03"],
}
"""By a part of what an English server says when it refuses a connection."""
_DAMAGED: Final = ("XX001", "XX002")


class DriverError(Exception):
    """What the driver said, without the values that it adds: they may be addresses."""


def storage_error(error: BaseException | None, where: str) -> StorageError:
    """Return the StorageError for what the driver raised; its cause holds no values."""
    code: str | None = getattr(error, "sqlstate", None)
    words = _by_code(code) if code else _without_code(error)
    kind = AccessError if words in _FOR_THE_OPERATOR else DamageError if code in _DAMAGED else StorageError
    message, remedy = words
    told = kind(message, where=where, remedy=remedy)
    told.__cause__ = DriverError(_primary(error), code)
    return told


def _by_code(code: str) -> tuple[str, str]:
    return _WORDS.get(code) or _WORDS.get(code[:2]) or (f"the database did not do what was asked ({code})", _TRY_AGAIN)


def _without_code(error: BaseException | None) -> tuple[str, str]:
    """Return words for a connection that broke, or never came about."""
    said = str(error)
    is_refusal = "connection failed" in said or "connection to server" in said or "connection is bad" in said
    if not is_refusal and _OPTION not in said:
        return _LOST if type(error).__name__ == "OperationalError" else _by_code(type(error).__name__)
    known = next((words for part, words in _REFUSALS.items() if part in said), None)
    reason = " ".join(said.split()).partition("failed: ")[2] or said
    return known or (
        f"the database's server cannot be reached: {reason}",
        "see that it runs, and that [database] url names its host and port",
    )


def _primary(error: BaseException | None) -> str:
    diagnosis = getattr(error, "diag", None)
    return getattr(diagnosis, "message_primary", None) or type(error).__name__
