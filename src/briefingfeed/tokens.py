"""What is derived from the secret keys: unsubscribe tokens, bounce marks, Message-IDs, passwords of webhooks, hashes of
suppressed addresses.

Everything here is deterministic, so that every attempt at a copy has the same bytes. Each purpose has a salt of its
own: what was made for one is worth nothing for another.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from base64 import b32decode, b32encode, urlsafe_b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from itsdangerous import BadSignature, Signer

from briefingfeed.errors import BriefingfeedError, SecretKeyError

_UNSUBSCRIBE = b"briefingfeed/unsubscribe"
_MESSAGE_ID = b"briefingfeed/message-id"
_BOUNCE = b"briefingfeed/bounce"
_WEBHOOK = b"briefingfeed/webhook"
_FINGERPRINT = b"briefingfeed/fingerprint"
_SUPPRESSION = b"briefingfeed/suppression"

_BACKUP = "Restore the key's file from the backup: links in mails already sent depend on it."
_Value = TypeVar("_Value")

SHORTEST_KEY = 16
"""Bytes; 128 bits."""
LONGEST_TOKEN = 200
"""Characters; what is longer is refused before it is looked at."""
BOUNCE_MARK = r"[A-Za-z2-7]{24}"
"""What a bounce token looks like, as a regular expression."""
_ROW_OCTETS, _SEAL_OCTETS = 5, 10


class TokenError(BriefingfeedError):
    """The token in a link is not one of ours, or was damaged on the way."""


def fingerprint(key: bytes) -> str:
    """Return 16 hex digits that name `key` without giving it away."""
    return hmac.digest(key, _FINGERPRINT, "sha256").hex()[:16]


class PurposeKey:
    """What a secret key gives for one purpose. Threads may share it.

    HMAC-SHA-256 that has taken its key in already: what `hmac.digest` makes, in half the time.
    """

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes, purpose: bytes) -> None:
        self._keyed = hmac.new(hmac.digest(key, purpose, "sha256"), digestmod="sha256")

    def digest(self, of: bytes) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(of)
        return keyed.digest()


class Keyring:
    """The secret keys, oldest first, each by its `fingerprint`. The newest signs; every one of them verifies.

    Raises SecretKeyError if there is no key, one is shorter than 16 bytes, or one doesn't go with its fingerprint.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise SecretKeyError("There is no secret key.", remedy="Restore the key's file from the backup.")
        for name, key in keys.items():
            _check(name, key)
        self._keys = MappingProxyType(dict(keys))
        self._unsubscribe = _of_purpose(keys, _UNSUBSCRIBE)
        self._unsubscribe_signers = tuple(reversed([_signer(key, _UNSUBSCRIBE) for key in keys.values()]))
        self._message_id = _of_purpose(keys, _MESSAGE_ID)
        self._bounce = _of_purpose(keys, _BOUNCE)
        self._webhook = _of_purpose(keys, _WEBHOOK)

    @property
    def current(self) -> str:
        """The fingerprint of the newest key."""
        return next(reversed(self._keys))

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Of every key, oldest first."""
        return tuple(self._keys)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"

    def unsubscribe_key(self, key: str | None) -> PurposeKey:
        return _pick(self._unsubscribe, key or self.current)

    def unsubscribe_signers(self) -> tuple[Signer, ...]:
        """Newest first."""
        return self._unsubscribe_signers

    def message_id_key(self, key: str) -> PurposeKey:
        return _pick(self._message_id, key)

    def bounce_key(self, key: str) -> PurposeKey:
        return _pick(self._bounce, key)

    def bounce_keys(self) -> tuple[PurposeKey, ...]:
        """Newest first."""
        return tuple(reversed(self._bounce.values()))

    def webhook_keys(self) -> tuple[PurposeKey, ...]:
        """Newest first."""
        return tuple(reversed(self._webhook.values()))


def unsubscribe_token(keyring: Keyring, subscriber_id: str, *, key: str | None = None) -> str:
    """Return the token of a subscriber's unsubscribe links: URL-safe, the same each time, valid for ever.

    `key` is the fingerprint of the key that the edition was frozen with; None: the newest.
    """
    # As `Signer.sign` does, which derives its key anew each time.
    signature = urlsafe_b64encode(keyring.unsubscribe_key(key).digest(subscriber_id.encode("ascii")))
    return f"{subscriber_id}.{signature.rstrip(b'=').decode('ascii')}"


def read_unsubscribe_token(keyring: Keyring, token: str) -> str:
    """Return the subscriber's id. Raises TokenError; its message never repeats the token."""
    if len(token) <= LONGEST_TOKEN and token.isascii():
        for signer in keyring.unsubscribe_signers():
            try:
                return signer.unsign(token).decode("ascii")
            except BadSignature:
                continue
    raise TokenError(
        "This unsubscribe link is not complete.",
        remedy="Please use the link in the newest mail, and copy all of it. Or answer the mail and ask to leave.",
    )


def message_id(keyring: Keyring, key: str, edition_key: str, subscriber_id: str, domain: str) -> str:
    """Return the Message-ID of one copy, angle brackets included. The same edition and subscriber give the same id."""
    of = f"{edition_key}\0{subscriber_id}".encode()
    digest = keyring.message_id_key(key).digest(of)
    return f"<{urlsafe_b64encode(digest)[:32].decode('ascii')}@{domain}>"


def bounce_token(keyring: Keyring, delivery_id: int, subscriber_id: str, *, key: str) -> str:
    """Return the mark of one copy in its envelope sender (VERP): 24 characters that survive a relay which folds case.

    It names the row, and is sealed over row and subscriber: after the database was restored from a backup, the same
    number may stand for somebody else. `key` is the fingerprint of the key that the edition was frozen with.
    """
    row = delivery_id.to_bytes(_ROW_OCTETS, "big")
    return b32encode(row + _seal(keyring.bounce_key(key), row, subscriber_id)).decode("ascii").lower()


def bounce_row(token: str) -> int:
    """Return the row that a bounce token names. It proves nothing: see `is_bounce_token`. Raises TokenError."""
    return int.from_bytes(_bounce_octets(token)[:_ROW_OCTETS], "big")


def is_bounce_token(keyring: Keyring, token: str, subscriber_id: str) -> bool:
    """Whether we made this token, for a copy that went to this subscriber."""
    octets = _bounce_octets(token)
    row, seal = octets[:_ROW_OCTETS], octets[_ROW_OCTETS:]
    return any(hmac.compare_digest(seal, _seal(key, row, subscriber_id)) for key in keyring.bounce_keys())


def webhook_passwords(keyring: Keyring, provider: str) -> tuple[str, ...]:
    """Return the passwords by which a provider that signs nothing proves who it is, newest first: 32 letters, digits,
    `-` and `_`. The newest is the one to hand out."""
    digests = (key.digest(provider.encode()) for key in keyring.webhook_keys())
    return tuple(urlsafe_b64encode(digest)[:32].decode("ascii") for digest in digests)


def _bounce_octets(token: str) -> bytes:
    if not re.fullmatch(BOUNCE_MARK, token):
        raise TokenError("This is not the mark of one of our mails.")
    return b32decode(token.upper())


def _seal(key: PurposeKey, row: bytes, subscriber_id: str) -> bytes:
    return key.digest(row + subscriber_id.encode())[:_SEAL_OCTETS]


def address_hash(key: bytes, address: str) -> str:
    """Return the hex hash under which a suppressed address is known. Its key is kept apart and never rotated.

    Case doesn't matter, in the local part either: somebody who left as Ann@ is not mailed as ann@.
    """
    normalised = unicodedata.normalize("NFC", address.strip()).lower()
    return hmac.digest(key, _SUPPRESSION + b"\0" + normalised.encode(), "sha256").hex()


def _check(name: str, key: bytes) -> None:
    if len(key) < SHORTEST_KEY:
        raise SecretKeyError(
            f"A secret key is too short: {len(key)} bytes, at least {SHORTEST_KEY} are needed.",
            remedy="Use 32 random bytes, for example from `openssl rand -hex 32`.",
        )
    if fingerprint(key) != name:
        raise SecretKeyError(f"The secret key known as {name} is not the one it was.", remedy=_BACKUP)


def _of_purpose(keys: Mapping[str, bytes], purpose: bytes) -> dict[str, PurposeKey]:
    return {name: PurposeKey(key, purpose) for name, key in keys.items()}


def _signer(key: bytes, salt: bytes) -> Signer:
    return Signer(key, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)


def _pick(of: Mapping[str, _Value], name: str) -> _Value:
    try:
        return of[name]
    except KeyError:
        raise SecretKeyError(f"The secret key {name} is missing.", remedy=_BACKUP) from None
