"""Signed copies are the same on every attempt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from briefingfeed.models.delivery import Result
from briefingfeed.models.edition import Cadence
from briefingfeed.services.sending.send import send_edition
from signatures import signer


def test_a_copy_that_is_tried_again_has_the_same_bytes_signature_and_all(desk: Any) -> None:
    desk.write("Tides")
    desk.subscribe("ann")
    desk.begin()
    desk.office.answers = {"ann": Result.DEFERRED}
    for _ in range(2):
        send_edition(
            replace(desk.context, signer=signer()), Cadence.WEEKLY, lock_wait=timedelta(0), patience=timedelta(0)
        )
        desk.now += timedelta(hours=2)
        desk.office.answers = {}
    first, second = (b"".join(message.segments) for message in desk.office.seen)
    assert first.startswith(b"DKIM-Signature: ")
    assert first == second
