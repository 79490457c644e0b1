"""Quoted-printable (RFC 2045) for pieces that are joined later.

The standard library encodes whole parts; here a part is cut at its slots first, and no line that begins with a dot or
with `From ` may arise: then nothing on the way has to change the bytes (RFC 5321 section 4.5.2; mbox).
"""

from __future__ import annotations

import re
from functools import lru_cache

_WIDTH = 75
"""Octets before the `=` of a soft line break."""

_PLAIN = re.compile(rb"[ -<>-~]*")
_SPECIAL = re.compile(rb"[^ -<>-~]")
_EASY_LINE = re.compile(rb"[!-\-/-<>-~][!-<>-~]{0,74}")
"""Of a value that needs nothing but soft line breaks: no space, no `=`, no dot where a line begins."""


def encode_text(text: str, *, ends_line: bool) -> bytes:
    """Encode a piece of a part; its line ends (`\\n`) become CRLF.

    `ends_line=False` if a slot follows: what would be a line without an end then gets a soft line break.
    """
    lines = text.encode("utf-8").split(b"\n")
    encoded = b"\r\n".join([_encode_line(line) for line in lines])
    return encoded if ends_line or not lines[-1] else encoded + b"=\r\n"


# Kept because an HTML part mostly has the links of the text part before it.
@lru_cache(maxsize=64)
def encode_value(value: str) -> bytes:
    """Encode a slot's value, which is one line, with a soft line break behind it."""
    octets = value.encode("utf-8")
    lines = _EASY_LINE.findall(octets)
    if sum(map(len, lines)) < len(octets):
        return _encode_line(octets) + b"=\r\n"
    return b"=\r\n".join(lines) + b"=\r\n"


def _encode_line(line: bytes) -> bytes:
    plain = _PLAIN.fullmatch(line) is not None
    if plain and len(line) <= _WIDTH and not line.startswith((b".", b"From ")) and not line.endswith(b" "):
        return line
    octets = line if plain else _SPECIAL.sub(lambda octet: b"=%02X" % octet[0][0], line)
    if octets.endswith(b" "):
        octets = octets[:-1] + b"=20"
    return b"=\r\n".join(_physical_lines(octets))


def _physical_lines(octets: bytes) -> list[bytes]:
    """Cut at most 76 octets long lines, never inside `=XX`, and shield what must not begin a line."""
    lines = []
    start = 0
    while start < len(octets):
        shield = b""
        if octets[start] == 0x2E:
            shield = b"=2E"
        elif octets.startswith(b"From ", start):
            shield = b"=46"
        begin = start + (1 if shield else 0)
        end = begin + _WIDTH - len(shield)
        if end < len(octets):
            escape = octets.rfind(b"=", end - 2, end)
            end = escape if escape > begin else end
        lines.append(shield + octets[begin:end])
        start = end
    return lines
