"""A copy of an edition is made from what was frozen, whatever the settings say by then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from briefingfeed.delivery.copies import Copies
from briefingfeed.models.delivery import Claimed

ROW = Claimed(delivery_id=7, subscriber_id="ab12", address="ann@example.org", attempts=0, rendition_id=1)


def test_the_same_row_gives_the_same_bytes(mailing: Any) -> None:
    mailing.freeze("ann@example.org")
    one, other = (mailing.copies.message(ROW) for _ in range(2))
    assert one.segments == other.segments
    assert one.envelope_from == mailing.edition.sender
    assert mailing.edition.public_url.encode() in b"".join(one.segments).replace(b"=\r\n", b"")


def test_an_edition_that_was_never_frozen_has_no_copies(mailing: Any) -> None:
    mailing.freeze("ann@example.org")
    for missing in ("signing_key", "sender", "public_url"):
        with pytest.raises(ValueError, match="never frozen"):
            Copies(replace(mailing.edition, **{missing: None}), mailing.rendition, mailing.keyring)
