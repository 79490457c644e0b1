"""What the copies of one message are cast from: all that they share is looked at once, not for each recipient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from operator import itemgetter

from briefingfeed.models.edition import ByteSlot, Segment, SlotCoding, SlotValues
from briefingfeed.newsletter.placeholders import checked_values
from briefingfeed.newsletter.quoted import encode_value


class Mould:
    """Casts copies of `message`. Changes nothing of itself, so threads may share it."""

    def __init__(self, message: Sequence[Segment]) -> None:
        self._shared = tuple(segment for segment in message if isinstance(segment, bytes))
        slots = list(dict.fromkeys(segment for segment in message if isinstance(segment, ByteSlot)))
        self._own = [(slot.name, _WRITERS[slot.coding]) for slot in slots]
        shared = iter(range(len(self._shared)))
        places = [
            next(shared) if isinstance(segment, bytes) else len(self._shared) + slots.index(segment)
            for segment in message
        ]
        self._in_order: Callable[[tuple[bytes, ...]], tuple[bytes, ...]] = (
            itemgetter(*places) if len(places) > 1 else tuple  # of one place, it would return what stands there
        )

    def cast(self, values: SlotValues) -> tuple[bytes, ...]:
        """Return one recipient's copy as segments; joined they are the exact bytes to hand over.

        Raises SlotValueError, which concerns this recipient only, if a value cannot be written into a mail.
        """
        checked = checked_values(values)
        own = [write(checked[name]) for name, write in self._own]
        return self._in_order((*self._shared, *own))


def _in_html(value: str) -> bytes:
    return encode_value(escape(value))


_WRITERS: dict[SlotCoding, Callable[[str], bytes]] = {
    SlotCoding.HEADER: str.encode,  # beyond ASCII only for an address that SMTPUTF8 carries
    SlotCoding.TEXT: encode_value,
    SlotCoding.HTML: _in_html,
}
