"""For services that merge: which copies may share a request, and what stands in header fields.

The service only ever replaces what we put in place of a slot. A value that would need escaping, in its language or in
HTML, is not merged: such a copy has a request of its own.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from email.utils import parseaddr

from briefingfeed.models.delivery import Form, Message
from briefingfeed.models.edition import SlotName
from briefingfeed.providers.http_service import Copy

_PLAIN = re.compile(r"[A-Za-z0-9:/._~@+=-]*")
"""No language for merging gives these a meaning; nor do HTML and JSON."""
_LONGEST_WORD_OCTETS = 45
"""Of UTF-8 in an encoded word, which may have 75 characters (RFC 2047)."""


def sort_out(copies: Sequence[Copy], can_merge: Callable[[Form], bool]) -> tuple[dict[Form, list[Copy]], list[Copy]]:
    """Return the copies that share a form, by that form, and those that have to travel alone."""
    shared: dict[Form, list[Copy]] = {}
    alone: list[Copy] = []
    for copy in copies:
        form = copy.message.form() if copy.message.form else None
        if form is not None and can_merge(form) and _is_plain(form, copy.message):
            shared.setdefault(form, []).append(copy)
        else:
            alone.append(copy)
    return shared, alone


def _is_plain(form: Form, message: Message) -> bool:
    values = message.values
    return all(_PLAIN.fullmatch(values[name]) is not None for name in form.in_html | form.in_text)


def own_fields(form: Form, message: Message) -> dict[str, str]:
    """Return the copy's own header fields, but for Reply-To."""
    fields = {}
    for name, value in form.parts.headers:
        for slot, stand_in in form.stand_ins.items():
            if stand_in in value:
                value = value.replace(stand_in, message.values[slot])
        fields[name] = value
    return ascii_fields(fields.items())


def ascii_fields(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return header fields but for Reply-To, words beyond ASCII encoded."""
    return {name: ascii_words(value) for name, value in headers if name.lower() != "reply-to"}


def ascii_words(value: str) -> str:
    """Return a field's value in ASCII: RFC 2047, an address in angle brackets left as it is."""
    if value.isascii():
        return value
    phrase, space, address = value.rpartition(" ")
    if space and address.startswith("<"):
        name = parseaddr(value)[0] or phrase
        return f"{_encoded(name)} {address}"
    return _encoded(value)


def _encoded(text: str) -> str:
    words = [b""]
    for character in text:
        octets = character.encode()
        if len(words[-1]) + len(octets) > _LONGEST_WORD_OCTETS:
            words.append(b"")
        words[-1] += octets
    return " ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in words)


def mailbox(value: str) -> tuple[str, str]:
    """Return name and address of a From or Reply-To."""
    return parseaddr(value)


def reply_to(form_headers: Sequence[tuple[str, str]]) -> str | None:
    return next((value for name, value in form_headers if name.lower() == "reply-to"), None)


def tag_of(form: Form, slot: SlotName) -> str:
    """Return the letters and digits of a slot's stand-in: like the stand-in, they can stand nowhere in the content."""
    return re.sub(r"[^a-z0-9]", "", form.stand_ins[slot])
