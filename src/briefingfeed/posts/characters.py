"""Characters that XML 1.0 cannot carry, not even escaped, and the decoding of a file's bytes."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from briefingfeed.posts.findings import Findings

# XML 1.0 section 2.2, the complement of Char. Carriage returns never get this far: line ends are made `\n` first.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONG = 200
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r")
# How surrogates begin in UTF-8 (some Korean does too), and the two non-characters at the end of the basic plane.
_HIGH = (b"\xed", b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAVE = "Open it in your editor and save it again with the encoding UTF-8 (usually under “Save as”)."


def without_illegal(text: str) -> str:
    """Return the text without characters that no XML document may hold."""
    if len(text) > _LONG and not _is_suspect(text.encode("utf-8", "surrogatepass")):
        return text
    return _ILLEGAL.sub("", text) if _ILLEGAL.search(text) else text


def _is_suspect(data: bytes) -> bool:
    """Whether UTF-8 bytes may hold an illegal character; ten times as quick as the expression."""
    return len(data.translate(None, _CONTROLS)) != len(data) or any(piece in data for piece in _HIGH)


def decode(data: bytes, findings: Findings) -> str | None:
    """Return a file's text with `\\n` line ends and without a byte order mark; None if it is not UTF-8.

    Characters illegal in XML are removed with a warning.
    """
    if data.startswith(_UTF16):
        findings.error("This file is saved as UTF-16, so it cannot be read.", _SAVE, 1)
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        shown = data[error.start : error.start + 1].hex().upper()
        findings.error(f"This line holds a byte (hexadecimal {shown}) that is not UTF-8 text.", _SAVE, line)
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    illegal = _ILLEGAL.search(text) if _is_suspect(data) else None
    if illegal:
        findings.warning(
            f"There is an invisible control character (U+{ord(illegal.group()):04X}) here; it was left out.",
            "Delete it: put the cursor behind it and press backspace. It often comes along when text is pasted.",
            text.count("\n", 0, illegal.start()) + 1,
        )
        text = _ILLEGAL.sub("", text)
    return text
