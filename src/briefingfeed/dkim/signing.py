"""The header field `DKIM-Signature` of a copy (RFC 6376), made from what all copies share and what is its own.

All that the copies of a rendition share is done once: the header is brought into its canonical form with gaps for the
slots, and the body is hashed up to the first slot. A copy then costs a hash of the rest, and one RSA signature; the
latter, and the hash of anything long, run without Python's lock, so that threads share the work.
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_base64
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from briefingfeed.models.edition import Segment

if TYPE_CHECKING:
    from hashlib import _Hash

_SCHEME, _HASH = PKCS1v15(), Prehashed(SHA256())
_TWICE = (b"From", b"Subject")
"""Named once more than they occur: nobody can put a second one on top (RFC 6376, section 8.15)."""
_WIDTH = 76
_GAP = re.compile(rb"\0(\d+)\0")
"""Stands for a segment that is a slot, while the header is looked at; no header holds a NUL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs for one domain with one key. May be used by several threads."""

    key: RSAPrivateKey = field(repr=False)
    domain: str
    """In A-labels."""
    selector: str
    unsigned: Collection[str] = frozenset()
    """Names of header fields, in lower case, that the signature leaves out."""

    def seal(self, message: Sequence[Segment], at: datetime) -> Seal:
        """Prepare to sign the copies of `message`, at the moment `at`.

        Every header field is signed but those `unsigned`. A slot's value in the header must hold no white space. Raises
        ValueError unless the message has a From field, and ends in exactly one line break: so it is its own canonical
        form, and no server adds to it.
        """
        tail = message[-1]
        if not isinstance(tail, bytes) or not tail.endswith(b"\r\n") or tail.endswith(b"\r\n\r\n"):
            raise ValueError("a message must end in exactly one line break to be signed")
        marked, body_at, body = _cut(message)
        fields = [each for each in _fields(marked) if each[0].lower().decode("ascii") not in self.unsigned]
        names = [name for name, _ in fields]
        if b"From" not in names:
            raise ValueError("a message without From cannot be signed")
        names += [name for name in _TWICE if name in names]
        lines = [
            b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple;",
            f"d={self.domain}; s={self.selector}; t={int(at.timestamp())};".encode("ascii"),
            *_list_of(names),
            b"bh=",
        ]
        start = b" ".join(lines).replace(b"DKIM-Signature: ", b"dkim-signature:", 1)
        return Seal(
            key=self.key,
            head=_with_gaps(b"".join([name.lower() + b":" + value + b"\r\n" for name, value in fields]) + start),
            start=b"\r\n ".join(lines),
            body_at=body_at,
            body=body,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Makes the signatures of one message's copies. Changes nothing of itself, so threads may share it."""

    key: RSAPrivateKey = field(repr=False)
    head: tuple[bytes | int, ...]
    """What is signed: canonical bytes, and places of segments that stand between them."""
    start: bytes
    """Of the field, up to the body's hash."""
    body_at: int
    """The first segment that isn't hashed yet."""
    body: _Hash
    """SHA-256 of the body before that."""

    def sign(self, segments: Sequence[bytes]) -> bytes:
        """Return the field for the copy that was spliced into `segments`, with its line break: it goes on top."""
        digest = self.body.copy()
        digest.update(b"".join(segments[self.body_at :]))
        body_hash = b2a_base64(digest.digest(), newline=False)
        head = [piece if isinstance(piece, bytes) else segments[piece] for piece in self.head]
        signed = hashlib.sha256(b"".join([*head, body_hash, b"; b="])).digest()
        signature = b2a_base64(self.key.sign(signed, _SCHEME, _HASH), newline=False)
        lines = [signature[place : place + _WIDTH - 4] for place in range(0, len(signature), _WIDTH - 4)]
        return b"".join([self.start, body_hash, b";\r\n b=", b"\r\n ".join(lines), b"\r\n"])


Sealing = Callable[[Sequence[Segment]], Seal]
"""`Signer.seal` with its moment filled in."""


def _cut(message: Sequence[Segment]) -> tuple[bytes, int, _Hash]:
    """Return the header with gaps, the first segment of the body that copies don't share, and the hash before it."""
    header = b""
    body: _Hash | None = None
    for place, segment in enumerate(message):
        if body is not None:
            if not isinstance(segment, bytes):
                return header, place, body
            body.update(segment)
        else:
            header += segment if isinstance(segment, bytes) else b"\0%d\0" % place
            if b"\r\n\r\n" in header:
                header, _, rest = header.partition(b"\r\n\r\n")
                body = hashlib.sha256(rest)
    if body is None:
        raise ValueError("a message without a body cannot be signed")
    return header, len(message), body


def _fields(header: bytes) -> list[tuple[bytes, bytes]]:
    """Return name and canonical value of each field (relaxed: section 3.4.2), the last one first.

    A name that occurs twice in `h=` means the last of that name, then the one before.
    """
    found = []
    for line in reversed(re.split(rb"\r\n(?![ \t])", header)):
        name, _, value = line.partition(b":")
        found.append((name.rstrip(b" \t"), re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")))
    return found


def _list_of(names: Sequence[bytes]) -> list[bytes]:
    """Return the tag `h=` as lines."""
    lines = [b"h=" + names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) + len(" :;") > _WIDTH:
            lines[-1] += b":"
            lines.append(name)
        else:
            lines[-1] += b":" + name
    lines[-1] += b";"
    return lines


def _with_gaps(canonical: bytes) -> tuple[bytes | int, ...]:
    pieces = _GAP.split(canonical)
    return tuple(int(piece) if number % 2 else piece for number, piece in enumerate(pieces))
