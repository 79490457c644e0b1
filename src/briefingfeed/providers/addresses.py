"""Envelope addresses as they go over the wire, and server's words as they may be kept.

An address that could change the meaning of an SMTP command or of a provider's request never leaves this module.
"""

from __future__ import annotations

import re
import unicodedata

import idna

LONGEST_ADDRESS = 254
"""RFC 5321, 4.5.3.1.3: a path is at most 256 octets, angle brackets included."""
LONGEST_LOCAL_PART = 64
"""Octets; RFC 5321, 4.5.3.1.1."""
LONGEST_NOTE = 300

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
_DOMAIN = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
_WIRE = re.compile(rf"{_LOCAL}@{_DOMAIN}", re.ASCII)
_ANY_ADDRESS = re.compile(r"[^\s<>\"'(),;:\[\]]+(?:@|%40)[^\s<>\"'(),;:\[\]]+")


class AddressError(ValueError):
    """The address cannot stand in an envelope. The message never repeats it."""


def wire_address(address: str, *, smtputf8: bool = False) -> str:
    """Return `address` in ASCII, its domain in punycode where needed.

    Raises AddressError for anything but one plain address: control characters, spaces, angle brackets, commas, quoted
    or non-ASCII local parts, domain literals, more than 254 octets. `smtputf8`: a local part may hold letters
    beyond ASCII, and stays as it is (RFC 6531); only the domain is sure to be ASCII then.
    """
    if _WIRE.fullmatch(address):
        wire = address
    else:
        local, at, domain = address.rpartition("@")
        if not at or not (local.isascii() or (smtputf8 and _is_smtputf8(local))):
            raise AddressError("The part before the @ of this address cannot be sent over SMTP.")
        domain = _punycode(domain)
        wire = f"{local}@{domain}"
        if not _WIRE.fullmatch(wire if local.isascii() else f"x@{domain}"):
            raise AddressError("This is not an address that mail can be sent to.")
    if len(wire.encode()) > LONGEST_ADDRESS:
        raise AddressError("This address is longer than SMTP allows.")
    return wire


def scrub(words: str, recipient: str = "") -> str:
    """Return a server's words fit for a log: one line, no address, no control characters, at most 300 characters.

    `recipient`'s local part is removed on its own too: some servers say "user ann unknown".
    """
    text = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in words)
    text = _ANY_ADDRESS.sub("[address]", " ".join(text.split()))
    local = recipient.rpartition("@")[0]
    for known in (recipient, local):
        if known:
            text = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", "[address]", text, flags=re.IGNORECASE)
    return text if len(text) <= LONGEST_NOTE else text[: LONGEST_NOTE - 1] + "…"


def _is_smtputf8(local: str) -> bool:
    """Whether `local` is a dot-atom of RFC 6531, and stays one for a server that looks at compatibility forms: a
    fullwidth angle bracket must not become a real one."""
    if len(local.encode("utf-8", "replace")) > LONGEST_LOCAL_PART or not local.isprintable():
        return False
    plain = "".join(each for each in unicodedata.normalize("NFKC", local) if each.isascii())
    return not plain or re.fullmatch(_LOCAL, plain) is not None


def _punycode(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise AddressError("The part after the @ of this address is not a domain name.") from error
