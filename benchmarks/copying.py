"""Copies of a digest, spliced and signed, without a sender around them; and the signature alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from briefingfeed.delivery.copies import Copies
from briefingfeed.dkim.keys import make_key
from briefingfeed.dkim.signing import Signer
from briefingfeed.models.delivery import Claimed
from briefingfeed.models.edition import Cadence, Edition, EditionState, Rendition, SlotName, content_hash
from briefingfeed.newsletter.mime import build_message
from briefingfeed.newsletter.placeholders import placeholders_for
from briefingfeed.tokens import Keyring, fingerprint

DOMAIN, SELECTOR = "measured.example.net", "b1"
KEY = make_key()
SECRET = b"thirty-two octets, only for this"
AT = datetime(2026, 11, 16, 8, tzinfo=UTC)


def sign_bare(times: int) -> None:
    """RSA-2048 by `cryptography`, over 32 octets that are hashed already: nothing can be cheaper."""
    for _ in range(times):
        KEY.sign(SECRET, PKCS1v15(), Prehashed(SHA256()))


def cpu_of(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def digest_of(size: int) -> Rendition:
    """A digest of `size` kB, a third of it text; its links stand near the end of each part, as in ours."""
    text = "The council asks what everybody thinks of the harbour, and when.\n" * (size * 1000 // 3 // 66)
    html = '<p style="margin:0 0 16px">The council asks what everybody thinks.</p>\n' * (size * 1000 * 2 // 3 // 76)
    slots = placeholders_for(text, html)
    link = slots[SlotName.UNSUBSCRIBE_URL]
    text, html = f"{text}\nLeave: {link}\n", f'<html>{html}<a href="{link}">Leave</a></html>\n'
    headers = (
        ("From", f"Measured <digest@{DOMAIN}>"),
        ("To", slots[SlotName.ADDRESS]),
        ("Subject", "Measured: what everybody thinks of the harbour, and when"),
        ("Date", "Mon, 16 Nov 2026 08:00:00 +0000"),
        ("Message-ID", slots[SlotName.MESSAGE_ID]),
        ("List-Id", f"Measured <weekly.{DOMAIN}>"),
        ("List-Unsubscribe", f"<{link}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Precedence", "bulk"),
    )
    message = build_message(headers, text, html, slots)
    return Rendition(
        subject=headers[2][1],
        html=html,
        text=text,
        headers=headers,
        message=message,
        post_ids=(),
        content_hash=content_hash(message),
    )


def copies_of(made: Rendition, signer: Signer | None = None, *, return_path: str | None = None) -> Copies:
    edition = Edition(
        key="weekly/2026-W47",
        cadence=Cadence.WEEKLY,
        rehearsal=False,
        slot_at=AT,
        state=EditionState.SENDING,
        signing_key=fingerprint(SECRET),
        sender=f"digest@{DOMAIN}",
        public_url=f"https://{DOMAIN}",
        return_path=return_path,
    )
    ring = Keyring({fingerprint(SECRET): SECRET})
    return Copies(edition, lambda _id: made, ring, partial(signer.seal, at=AT) if signer else None)


def make_signer() -> Signer:
    return Signer(key=KEY, domain=DOMAIN, selector=SELECTOR)


def claimed(count: int) -> list[Claimed]:
    return [
        Claimed(
            delivery_id=number,
            subscriber_id=f"{number:032x}",
            address=f"reader-{number}@readers.example.net",
            attempts=0,
            rendition_id=1,
        )
        for number in range(count)
    ]
