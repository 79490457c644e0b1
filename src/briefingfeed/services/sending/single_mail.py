"""One mail of a rendition to one address, outside any edition: nobody is unsubscribed by its link."""

from __future__ import annotations

from briefingfeed.delivery.copies import NOBODY, Copies
from briefingfeed.models.delivery import Claimed, Message
from briefingfeed.models.edition import Cadence, Edition, EditionState, Rendition
from briefingfeed.services.sending.send_context import SendContext


def single_message(context: SendContext, rendition: Rendition, address: str, *, name: str, cadence: Cadence) -> Message:
    """Return the mail. `name` makes its Message-ID: mail programs hide a second message with the same one.

    Raises SlotValueError if the address can't stand in a message.
    """
    edition = Edition(
        key=name,
        cadence=cadence,
        rehearsal=True,
        slot_at=context.now(),
        state=EditionState.FROZEN,
        signing_key=context.keyring.current,
        sender=context.settings.newsletter.from_.address,
        public_url=context.settings.public_url,
    )
    row = Claimed(delivery_id=0, subscriber_id=NOBODY, address=address, attempts=0, rendition_id=0)
    return Copies(edition, lambda _id: rendition, context.keyring).message(row)
