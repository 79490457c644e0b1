"""Renditions made by hand."""

from __future__ import annotations

from briefingfeed.models.edition import Rendition, SlotName, content_hash
from briefingfeed.newsletter.mime import build_message
from briefingfeed.newsletter.placeholders import placeholders_for


def rendition_of(text: str, html: str, *, sender: str, subject: str, post_id: str) -> Rendition:
    """Make one; where `text` and `html` say `{leave}`, the address for unsubscribing comes."""
    slots = placeholders_for(text, html)
    link = slots[SlotName.UNSUBSCRIBE_URL]
    text, html = (part.replace("{leave}", link) for part in (text, html))
    headers = (
        ("From", sender),
        ("To", slots[SlotName.ADDRESS]),
        ("Subject", subject),
        ("Date", "Mon, 23 Nov 2026 08:01:00 +0000"),
        ("Message-ID", slots[SlotName.MESSAGE_ID]),
        ("List-Unsubscribe", f"<{link}>"),
    )
    message = build_message(headers, text, html, slots)
    return Rendition(
        subject=subject,
        html=html,
        text=text,
        headers=headers,
        message=message,
        post_ids=(post_id,),
        content_hash=content_hash(message),
    )
