"""Whole messages as JSON, for services that take many in a request: what copies share is written once.

A copy whose own values need no escaping anywhere is joined from ready octets and these values. Any other is written
anew from its parts, and says the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from briefingfeed.models.delivery import MergeTemplate, Parts
from briefingfeed.models.edition import SlotName
from briefingfeed.providers.http_service import KEPT_TEMPLATES, Copy

Element = Callable[[Parts, str, str, str], Mapping[str, Any]]
"""From parts, recipient, Message-ID and mark (see `Message.mark`), the JSON object that stands for a message."""

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
        written: dict[SlotName | None, bytes] = {name: value.encode() for name, value in message.values.items()}
        written[None] = mark.encode()
        pieces = self._stencil(template, bool(mark))
        return b"".join([piece if isinstance(piece, bytes) else written[piece] for piece in pieces])

    def _cut(self, template: MergeTemplate, has_mark: bool) -> tuple[bytes | SlotName | None, ...]:
        """Write the template as JSON, and cut it where a copy has something of its own; None stands for the mark."""
        stand_in = template.stand_ins
        mark = f"{stand_in[SlotName.ADDRESS]}/mark" if has_mark else ""
        whole = _json(self._element(template.parts, stand_in[SlotName.ADDRESS], stand_in[SlotName.MESSAGE_ID], mark))
        names: dict[str, SlotName | None] = {text: name for name, text in stand_in.items()}
        if mark:
            names = {mark: None, **names}
        pieces = re.split(f"({'|'.join(map(re.escape, names))})", whole)
        return tuple(names[piece] if piece in names else piece.encode() for piece in pieces)


def fits(template: MergeTemplate, copy: Copy) -> bool:
    """Whether a copy's own values stand in JSON, and in HTML if they do so here, as they are."""
    values = copy.message.values
    if values.get(SlotName.ADDRESS) != copy.recipient or values.get(SlotName.MESSAGE_ID) != copy.message.message_id:
        return False
    return all(
        (_PLAIN_IN_HTML if name in template.in_html else _PLAIN).fullmatch(value) is not None
        for name, value in values.items()
    )


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
