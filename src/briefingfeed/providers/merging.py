"""For services that merge: which copies may share a request, and what stands in header fields.

The service only ever replaces what we put in place of a slot. A value that would need escaping, in its language or in
HTML, is not merged: such a copy has a request of its own.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from email.utils import parseaddr
from functools import lru_cache

from briefingfeed.models.delivery import MergeTemplate, Message
from briefingfeed.models.edition import SlotName, SlotValues
from briefingfeed.providers.http_service import KEPT_TEMPLATES, Copy

_PLAIN = re.compile(r"[A-Za-z0-9:/._~@+=-]*")
"""No language for merging gives these a meaning; nor do HTML and JSON."""
_LONGEST_WORD_OCTETS = 45
"""Of UTF-8 in an encoded word, which may have 75 characters (RFC 2047)."""


def sort_out(
    copies: Sequence[Copy], can_merge: Callable[[MergeTemplate], bool]
) -> tuple[dict[MergeTemplate, list[Copy]], list[Copy]]:
    """Return the copies that share a template, by that template, and those that have to travel alone.

    Of addresses that differ in nothing but capitals only the first is shared: a service may take them for one.
    """
    shared: dict[MergeTemplate, list[Copy]] = {}
    alone: list[Copy] = []
    seen: set[str] = set()
    for copy in copies:
        template = copy.message.template() if copy.message.template else None
        address = copy.recipient.lower()
        if template is not None and can_merge(template) and _is_plain(template, copy.message) and address not in seen:
            seen.add(address)
            shared.setdefault(template, []).append(copy)
        else:
            alone.append(copy)
    return shared, alone


def _is_plain(template: MergeTemplate, message: Message) -> bool:
    for names in (template.in_html, template.in_text):
        for name in names:
            if _PLAIN.fullmatch(message.values[name]) is None:
                return False
    return True


Writer = Callable[[str], str]
"""Writes a field's value in ASCII."""


def own_fields(template: MergeTemplate, values: SlotValues, write: Writer) -> dict[str, str]:
    """Return the copy's own header fields, but for Reply-To."""
    shared, own = _fields(template, write)
    fields = shared.copy()
    for name, pieces in own:
        fields[name] = "".join([values[piece] if isinstance(piece, SlotName) else piece for piece in pieces])
    return fields


# Kept because it is the same for all copies.
@lru_cache(maxsize=KEPT_TEMPLATES)
def _fields(template: MergeTemplate, write: Writer) -> tuple[dict[str, str], tuple[tuple[str, tuple[str, ...]], ...]]:
    """Return the fields that all copies share, and the others, cut where a copy has something of its own."""
    slots = {stand_in: slot for slot, stand_in in template.stand_ins.items()}
    pattern = re.compile(f"({'|'.join(map(re.escape, slots))})")
    shared, own = {}, []
    for name, value in ascii_fields(template.parts.headers, write).items():
        pieces = tuple(slots.get(piece, piece) for piece in pattern.split(value))
        if len(pieces) == 1:
            shared[name] = value
        else:
            own.append((name, pieces))
    return shared, tuple(own)


def ascii_fields(headers: Iterable[tuple[str, str]], write: Writer) -> dict[str, str]:
    """Return header fields but for Reply-To."""
    return {name: write(value) for name, value in headers if name.lower() != "reply-to"}


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


@lru_cache(maxsize=KEPT_TEMPLATES)
def tags_of(template: MergeTemplate) -> Mapping[SlotName, str]:
    """Return for each slot letters and digits that, like its stand-in, can stand nowhere in the content."""
    return {slot: re.sub(r"[^a-z0-9]", "", stand_in) for slot, stand_in in template.stand_ins.items()}
