"""F21: reports come before their time, twice, and in any order. The end is the same."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from briefingfeed.models.delivery import DeliveryState
from briefingfeed.storage import deliveries
from briefingfeed.storage.events import settle_heard_of
from returned import bounces, others

from .conftest import House

MAILS = {
    "gone": lambda house: bounces.postfix_unknown_user(house.copy("ann")),
    "gone, in other words": lambda house: bounces.qmail(house.copy("ann")),
    "refused": lambda house: bounces.exim_report(house.copy("ann")),
    "delayed": lambda house: bounces.postfix_delayed(house.copy("ann")),
    "delivered": lambda house: bounces.postfix_delivered(house.copy("ann")),
    "full": lambda house: bounces.gmail_mailbox_full(house.copy("bob")),
    "complaint": lambda house: others.complaint(house.copy("cy")),
    "leaves": lambda house: others.wish(house.copy("dee").token),
    "away": lambda house: others.vacation(house.copy("dee")),
}
NAMES = ("ann", "bob", "cy", "dee")


def play(order: list[str], state: DeliveryState) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        house = House(Path(folder))
        house.subscribe(*NAMES)
        house.mail(state=state)
        house.read(*(MAILS[name](house) for name in order))
        with house.database.write() as connection:
            deliveries.recover(connection, "the next run", house.now)
            settle_heard_of(connection, house.now)
        ends = {
            name: (
                house.row(name).state,
                house.suppression(name) is not None,
                getattr(house.person(name), "state", None),
                sorted((event.kind, event.permanent) for event in house.events(name)),
                len(house.consents(name)),
            )
            for name in NAMES
        }
        house.database.close()
    return ends


@settings(max_examples=15, deadline=None)
@given(st.data(), st.sampled_from([DeliveryState.ACCEPTED, DeliveryState.SUBMITTING, DeliveryState.UNCERTAIN]))
def test_any_order_and_any_repetition_comes_to_the_same(data: st.DataObject, state: DeliveryState) -> None:
    order = data.draw(st.permutations(list(MAILS)))
    repeated = data.draw(st.lists(st.sampled_from(list(MAILS)), max_size=8))
    assert play([*order, *repeated], state) == play(list(MAILS), state)
