"""The MIME message of an edition, built once with slots; and a recipient's copy, spliced from it.

multipart/alternative, text first. Everything a copy shares with the others is encoded when the message is built: a
copy is a list of references to those bytes with its own few between them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape

from briefingfeed.models.delivery import Parts
from briefingfeed.models.edition import ByteSlot, Rendition, Segment, SlotCoding, SlotName, SlotValues
from briefingfeed.newsletter.fields import encode_field, encode_mailbox
from briefingfeed.newsletter.mould import Mould
from briefingfeed.newsletter.placeholders import Placeholders, checked_values, placeholders_of
from briefingfeed.newsletter.quoted import encode_text

HeaderFields = Sequence[tuple[str, str]]
StandIns = tuple[tuple[SlotName, str], ...]

_MAILBOXES = frozenset({"From", "Reply-To", "List-Id"})
OWN_ARGUMENTS = frozenset({"from", "to", "subject", "date", "message-id"})
"""Header fields that providers with an API of their own take as arguments, or write themselves."""


def build_message(fields: HeaderFields, text: str, html: str, placeholders: Placeholders) -> tuple[Segment, ...]:
    """Return the whole message: CRLF, 7-bit, no line longer than 76 octets but those of slots in the header.

    `fields` are decoded, each value on one line. The boundary is derived from what it divides, and cannot occur in
    quoted-printable text.
    """
    boundary = f"=_{_fingerprint(fields, text, html)}"
    segments: list[Segment] = []
    for name, value in fields:
        segments += _header_field(name, value, placeholders)
    segments += [
        b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="%b"\r\n\r\n' % boundary.encode(),
        *_part("plain", SlotCoding.TEXT, text, placeholders, boundary),
        *_part("html", SlotCoding.HTML, html, placeholders, boundary),
        b"--%b--\r\n" % boundary.encode(),
    ]
    return _joined(segments)


def splice(message: Sequence[Segment], values: SlotValues) -> tuple[bytes, ...]:
    """Return a single copy, as `Mould.cast` makes many. Raises SlotValueError like it."""
    return Mould(message).cast(values)


def fill(rendition: Rendition, values: SlotValues) -> Parts:
    """Return one recipient's copy unassembled, for providers that build the MIME message themselves.

    Raises SlotValueError like `splice`.
    """
    stand_ins = tuple(placeholders_of(rendition).items())
    checked = checked_values(values)
    escaped = {name: escape(value) for name, value in checked.items()}
    headers = [(name, _filled(value, stand_ins, checked)) for name, value in rendition.headers]
    return Parts(
        sender=dict(headers)["From"],
        subject=rendition.subject,
        html=_filled(rendition.html, stand_ins, escaped),
        text=_filled(rendition.text, stand_ins, checked),
        headers=tuple((name, value) for name, value in headers if name.lower() not in OWN_ARGUMENTS),
    )


def _filled(text: str, stand_ins: StandIns, values: Mapping[SlotName, str]) -> str:
    return "".join([values[piece] if isinstance(piece, SlotName) else piece for piece in _cut(text, stand_ins)])


def _header_field(name: str, value: str, placeholders: Placeholders) -> list[Segment]:
    """Encode a field. One with a slot stays on one line: a URL cannot be folded, and a line may have 998 octets."""
    pieces = _cut(value, tuple(placeholders.items()))
    if len(pieces) == 1:
        return [encode_mailbox(name, value) if name in _MAILBOXES else encode_field(name, value)]
    encoded: list[Segment] = [
        ByteSlot(piece, SlotCoding.HEADER) if isinstance(piece, SlotName) else piece.encode("ascii") for piece in pieces
    ]
    return [f"{name}: ".encode("ascii"), *encoded, b"\r\n"]


def _part(subtype: str, coding: SlotCoding, content: str, placeholders: Placeholders, boundary: str) -> list[Segment]:
    head = (
        f"--{boundary}\r\n"
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    pieces = _cut(content, tuple(placeholders.items()))
    encoded = [
        ByteSlot(piece, coding) if isinstance(piece, SlotName) else encode_text(piece, ends_line=number == len(pieces))
        for number, piece in enumerate(pieces, start=1)
    ]
    return [head.encode("ascii"), *encoded, b"\r\n"]


# Kept because an edition's copies are filled one after another, all from the same few texts.
@lru_cache(maxsize=64)
def _cut(text: str, stand_ins: StandIns) -> tuple[str, ...]:
    """Cut `text` at its stand-ins; a piece that is a SlotName is a slot."""
    names = {stand_in: name for name, stand_in in stand_ins}
    pieces = re.split(f"({'|'.join(map(re.escape, names))})", text)
    return tuple(names.get(piece, piece) for piece in pieces)


def _joined(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Join neighbouring bytes: the fewer segments, the cheaper a copy."""
    joined: list[Segment] = []
    for segment in segments:
        if isinstance(segment, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += segment
        elif segment:
            joined.append(segment)
    return tuple(joined)


def _fingerprint(fields: HeaderFields, text: str, html: str) -> str:
    digest = hashlib.sha256(repr((tuple(fields), text, html)).encode("utf-8"))
    return digest.hexdigest()[:32]
