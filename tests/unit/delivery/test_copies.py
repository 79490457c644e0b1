"""A copy of an edition is made from what was frozen, whatever the settings say by then."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from briefingfeed.delivery.copies import Copies
from briefingfeed.models.delivery import Claimed
from briefingfeed.tokens import bounce_row, is_bounce_token
from renditions import rendition_of
from signatures import AT, dkimpy_accepts, signer

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
            Copies(replace(mailing.edition, **{missing: None}), lambda _id: mailing.rendition, mailing.keyring)


def test_each_copy_has_an_envelope_sender_of_its_own_that_tells_whose_it_was(mailing: Any) -> None:
    mailing.freeze("ann@example.org")
    edition = replace(mailing.edition, return_path="bounces@example.org")
    copies = Copies(edition, lambda _id: mailing.rendition, mailing.keyring)
    first, again, other = (copies.message(row) for row in (ROW, ROW, replace(ROW, delivery_id=8)))
    local, _, domain = first.envelope_from.partition("@")
    assert (local.partition("+")[0], domain) == ("bounces", "example.org")
    assert bounce_row(local.partition("+")[2]) == 7
    assert is_bounce_token(mailing.keyring, local.partition("+")[2], "ab12")
    assert first.envelope_from == again.envelope_from != other.envelope_from


def test_copies_of_several_renditions_are_signed_each_by_its_own_bytes(mailing: Any) -> None:
    mailing.freeze("ann@example.org")
    other = rendition_of(
        "More news.\n\n{leave}\n",
        '<p>More news.</p><a href="{leave}">Leave</a>\n',
        sender="Briefings <news@briefings.example>",
        subject="The other news",
        post_id="tag:two",
    )
    found = {1: mailing.rendition, 2: other}
    plain = Copies(mailing.edition, found.__getitem__, mailing.keyring)
    signed = Copies(mailing.edition, found.__getitem__, mailing.keyring, partial(signer().seal, at=AT))
    assert (plain.are_signed, signed.are_signed) == (False, True)
    for row in (ROW, replace(ROW, rendition_id=2), ROW):
        copy = signed.message(row)
        assert copy.segments[1:] == plain.message(row).segments
        assert dkimpy_accepts(b"".join(copy.segments))
