"""Which copies somebody may have, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from briefingfeed.models.delivery import DeliveryState
from briefingfeed.storage import audience, copies_out, deliveries, editions
from briefingfeed.storage.database import Database

from .samples import KEY, NOW, RUN, edition, freeze, subscribe


@pytest.mark.parametrize("decided", [None, DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.FAILED])
def test_a_copy_that_was_unclear_may_be_out_whatever_was_decided(
    database: Database, decided: DeliveryState | None
) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben")
        freeze(c)
        (first, _) = deliveries.claim(c, KEY, "dead", 100, NOW)
        deliveries.arm(c, "dead", [first.delivery_id], NOW)
        deliveries.recover(c, RUN, NOW)
        if decided:
            deliveries.resolve(c, first.delivery_id, decided, NOW)
        deliveries.cancel(c, KEY, NOW)
        carried = editions.post_ids(c, KEY)
        assert copies_out.count(c, KEY) == 1
        assert editions.release_posts(c, KEY) == 0
        editions.leave_out(c, KEY, carried)
        assert editions.post_ids(c, KEY) == carried
        later = edition("weekly/2026-W49", slot_at=NOW + timedelta(days=7))
        assert [had.subscriber_id for had in audience.had(c, later, carried)] == [first.subscriber_id]
