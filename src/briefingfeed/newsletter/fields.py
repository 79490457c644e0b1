"""Header fields as bytes: RFC 2047 for what is not ASCII, folded as RFC 5322 asks.

The standard library's folding reads a value before it writes it: a title that itself looks like an encoded word would
come out as something else, a line break in it included. Here a value is only ever text.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import TypeVar

_LINE_WIDTH = 76
"""The most that RFC 2047 allows where there are encoded words; RFC 5322 asks for 78 elsewhere."""

_LONGEST_WORD = 40
_FRAME = len("=?utf-8?q??=")
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_ATOM = _SAFE | frozenset(b"#$%&'^`{|}~ ")

_Piece = TypeVar("_Piece", str, bytes)


def encode_field(name: str, value: str) -> bytes:
    """Return an unstructured field such as Subject. `value` is one line, its words apart by single spaces."""
    return _folded(name, _words(name, value))


def encode_mailbox(name: str, value: str) -> bytes:
    """Return a field whose value is what `mailbox_text` makes."""
    phrase, space, address = value.rpartition(" ")
    if not space:
        return _folded(name, [value])
    if not phrase.startswith('"'):
        return _folded(name, [*_words(name, phrase), address])
    plain = re.sub(r"\\(.)", r"\1", phrase[1:-1])
    quoted_fits = len(phrase) <= _LINE_WIDTH // 2 and not _needs_encoding(plain)
    return _folded(name, [*([phrase] if quoted_fits else _encoded_words(name, plain)), address])


def mailbox_text(name: str, address: str) -> str:
    """Return `name <address>` as people read it, the name quoted where RFC 5322 wants it; or the bare address."""
    if not name:
        return address
    if any(octet < 128 and octet not in _ATOM for octet in name.encode()):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return f"{name} <{address}>"


def _words(field: str, text: str) -> list[str]:
    return _encoded_words(field, text) if _needs_encoding(text) else text.split(" ")


def _needs_encoding(text: str) -> bool:
    return not text.isascii() or "=?" in text or any(len(word) > _LONGEST_WORD for word in text.split(" "))


def _encoded_words(field: str, text: str) -> list[str]:
    """Encode the whole text: white space between neighbouring encoded words does not count, so nothing is lost."""
    room = _LINE_WIDTH - len(field) - len(": ") - _FRAME
    quoted = [_quoted(character) for character in text]
    if sum(map(len, quoted)) <= len(text.encode()) * 4 / 3:
        return [f"=?utf-8?q?{''.join(piece)}?=" for piece in _filled(quoted, room)]
    octets = [character.encode() for character in text]
    return [f"=?utf-8?b?{b64encode(b''.join(piece)).decode()}?=" for piece in _filled(octets, room // 4 * 3)]


def _quoted(character: str) -> str:
    if character == " ":
        return "_"
    return "".join(chr(octet) if octet in _SAFE else f"={octet:02X}" for octet in character.encode())


def _filled(pieces: Sequence[_Piece], room: int) -> Iterator[Sequence[_Piece]]:
    """Group pieces so that no group is longer than `room`: a character is never cut in two."""
    start = used = 0
    for position, piece in enumerate(pieces):
        if used + len(piece) > room:
            yield pieces[start:position]
            start, used = position, 0
        used += len(piece)
    yield pieces[start:]


def _folded(name: str, words: Sequence[str]) -> bytes:
    """Put as many words on a line as fit; the first one always beside the name: some readers do without unfolding."""
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= _LINE_WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(f" {word}")
    return ("\r\n".join(lines) + "\r\n").encode("ascii")
