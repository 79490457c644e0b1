"""A run may die between storing what a mail says and touching the mail: it is read again, and nothing happens twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from briefingfeed.errors import BriefingfeedError
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.services.readers.mailbox import AFTER_APPLY, read_mailbox
from briefingfeed.services.readers.subscribers import resubscribe
from publications import KEY
from returned import bounces, others
from returned.bounces import Copy

"""The one of `House`."""


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def kill(name: str) -> None:
    if name == AFTER_APPLY:
        raise Killed


@pytest.mark.parametrize("keep", [False, True])
def test_a_mail_that_was_stored_but_not_removed_is_read_again_without_effect(house: Any, keep: bool) -> None:
    house.subscribe("ann", "bob")
    house.mail()
    house.keep = keep
    house.put(bounces.postfix_unknown_user(house.copy("ann")), others.wish(house.copy("bob").token))
    for expected in (0, 1):
        house.failpoint = kill
        with pytest.raises(Killed):
            house.read()
        assert len(house.files("new")) == 2 - expected
        house.failpoint = lambda _name: None
        if expected == 0:
            assert house.read(most=1).fates == {"repeated": 1}
    assert house.read().fates == {"repeated": 1}
    assert house.files("new") == []
    assert len(house.events("ann")) == 1
    assert [each.source for each in house.consents("bob")] == ["test", "mail"]


def test_a_wish_to_leave_that_is_read_again_takes_nobody_away_who_came_back(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    wish = others.wish(house.copy("ann").token)
    assert house.read(wish).unsubscribed == 1
    resubscribe(house.database, "ann@readers.example", wish="by telephone", suppression_key=KEY, now=house.now)
    assert house.read(wish).fates == {"repeated": 1}
    assert house.person("ann").state is SubscriberState.CONFIRMED
    assert house.read(wish + b"\r\nIndeed.").unsubscribed == 1


def test_a_complaint_that_proves_nothing_still_comes_before_a_person(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    house.put(others.complaint(Copy()).replace(b"redacted@", b"ann@"))
    house.failpoint = kill
    with pytest.raises(Killed):
        house.read()
    house.failpoint = lambda _name: None
    assert house.read().set_aside == 1


def test_a_database_that_fails_leaves_the_mail_where_it_is(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    house.put(bounces.postfix_unknown_user(house.copy("ann")))
    with house.database.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON delivery_event BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with pytest.raises(BriefingfeedError):
        house.read()
    assert len(house.files("new")) == 1
    with house.database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    assert house.read().suppressed == 1


def test_a_thousand_mails_do_not_keep_a_run_from_sending(house: Any) -> None:
    house.put(*(others.advertisement() for _ in range(12)))
    report = house.read(most=5)
    assert (report.read, report.more) == (5, True)
    assert house.read(most=20).read == 7


def test_a_mailbox_that_answers_slowly_does_not_either(house: Any) -> None:
    house.put(*(others.advertisement() for _ in range(3)))
    context = replace(house.context, now=lambda: house.later(timedelta(minutes=2)))
    report = read_mailbox(context, most=1000)
    assert report.more
    assert 0 < report.read < 3
    assert read_mailbox(context).read == 3 - report.read
