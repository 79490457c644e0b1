"""Copies as JSON, whole or what each has of its own beside texts that are merged: what they share is written once.

A copy whose own values need no escaping anywhere is joined from ready octets and these values. Any other is written
anew, and says the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from briefingfeed.models.delivery import MergeTemplate, Message, Parts
from briefingfeed.models.edition import SlotName, SlotValues
from briefingfeed.providers.http_service import KEPT_TEMPLATES, Copy

Element = Callable[[Parts, str, str, str], Mapping[str, Any]]
"""From parts, recipient, Message-ID and mark (see `Message.mark`), the JSON object that stands for a message."""
OwnElement = Callable[[MergeTemplate, SlotValues, str, str], Mapping[str, Any]]
"""From a copy's template, values, recipient and mark, the JSON object of what it has of its own."""
_Pieces = tuple[bytes | SlotName | None, ...]
"""Ready octets, and what stands between them: a value of the copy's, or, for None, its mark."""

_PLAIN = re.compile(r"[ !#-\[\]-~]*")
"""What JSON writes as it is."""
_PLAIN_IN_HTML = re.compile(r"[ !#-%(-;=?-\[\]-~]*")


class Stencils:
    """Writes one kind of `Element`."""

    def __init__(self, element: Element) -> None:
        self._element = element
        self._stencil = lru_cache(maxsize=KEPT_TEMPLATES)(self._cut)

    def write(self, copy: Copy) -> bytes:
        message = copy.message
        template = message.template() if message.template else None
        if template is None or not fits(template, copy):
            return _json(self._element(message.parts(), copy.recipient, message.message_id, message.mark())).encode()
        mark = message.mark()
        return _joined(self._stencil(template, bool(mark)), message, mark)

    def _cut(self, template: MergeTemplate, has_mark: bool) -> _Pieces:
        stand_in, mark = template.stand_ins, _stand_in_for_mark(template, has_mark)
        element = self._element(template.parts, stand_in[SlotName.ADDRESS], stand_in[SlotName.MESSAGE_ID], mark)
        return _cut(_json(element), template, mark)


class OwnStencils:
    """Writes one kind of `OwnElement`."""

    def __init__(self, element: OwnElement) -> None:
        self._element = element
        self._stencil = lru_cache(maxsize=KEPT_TEMPLATES)(self._cut)

    def write(self, template: MergeTemplate, copy: Copy) -> bytes:
        message = copy.message
        mark = message.mark()
        if not fits(template, copy):
            return _json(self._element(template, message.values, copy.recipient, mark)).encode()
        return _joined(self._stencil(template, bool(mark)), message, mark)

    def _cut(self, template: MergeTemplate, has_mark: bool) -> _Pieces:
        stand_in, mark = template.stand_ins, _stand_in_for_mark(template, has_mark)
        return _cut(_json(self._element(template, stand_in, stand_in[SlotName.ADDRESS], mark)), template, mark)


def _stand_in_for_mark(template: MergeTemplate, has_mark: bool) -> str:
    return f"{template.stand_ins[SlotName.ADDRESS]}/mark" if has_mark else ""


def _cut(whole: str, template: MergeTemplate, mark: str) -> _Pieces:
    """Cut JSON written with stand-ins where a copy has something of its own."""
    names: dict[str, SlotName | None] = {text: name for name, text in template.stand_ins.items()}
    if mark:
        names = {mark: None, **names}
    pieces = re.split(f"({'|'.join(map(re.escape, names))})", whole)
    return tuple(names[piece] if piece in names else piece.encode() for piece in pieces)


def _joined(pieces: _Pieces, message: Message, mark: str) -> bytes:
    written: dict[SlotName | None, bytes] = {name: value.encode() for name, value in message.values.items()}
    written[None] = mark.encode()
    return b"".join([piece if isinstance(piece, bytes) else written[piece] for piece in pieces])


def fits(template: MergeTemplate, copy: Copy) -> bool:
    """Whether a copy's own values stand in JSON, and in HTML if they do so here, as they are."""
    values = copy.message.values
    if values.get(SlotName.ADDRESS) != copy.recipient or values.get(SlotName.MESSAGE_ID) != copy.message.message_id:
        return False
    if _PLAIN_IN_HTML.fullmatch("".join(values.values())) is not None:
        return True  # the usual case, looked at once
    return all(
        (_PLAIN_IN_HTML if name in template.in_html else _PLAIN).fullmatch(value) is not None
        for name, value in values.items()
    )


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
