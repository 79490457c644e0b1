"""Which refusals ask us to slow down, in the words that mail services use."""

from __future__ import annotations

import pytest

from briefingfeed.providers.smtp_patience import Plea, plea
from briefingfeed.providers.smtp_replies import Reply


@pytest.mark.parametrize(
    "words",
    [
        "454 Throttling failure: Maximum sending rate exceeded.",
        "454 Throttling failure: Daily message quota exceeded.",
        "454 4.7.0 Temporary authentication failure",
        "421 4.7.0 Error: too many connections from 192.0.2.1",
        "450 4.7.1 Error: too much mail from 192.0.2.1",
        "450 4.7.1 Recipient address rejected: Sending limit exceeded, try again in an hour",
        "451 4.7.1 Rate limit exceeded",
        "451 4.3.2 Please slow down",
        "452 4.5.3 Error: too many recipients",
        "432 4.3.2 throttled: STOREDRV.Submission",
        "451 4.4.5 system congestion",
        "550 5.4.5 Daily user sending limit exceeded",
        "550 Domain briefings.example has exceeded the max emails per hour (100/100 (100%)) allowed.",
        "554 5.7.1 You have reached your daily sending quota",
    ],
)
def test_limits_are_heard_in_the_words_of_many_services(words: str) -> None:
    assert plea(reply(words)) is Plea.CLEAR


@pytest.mark.parametrize(
    "words",
    [
        "451 4.7.1 Try again later",
        "451 4.3.0 Temporary lookup failure",
        "451 Temporary local problem - please try later",
        "452 4.3.1 Insufficient system storage",
        "450 4.7.25 Client host rejected",
    ],
)
def test_a_trouble_of_the_whole_server_is_perhaps_about_us(words: str) -> None:
    assert plea(reply(words)) is Plea.PERHAPS


@pytest.mark.parametrize(
    "words",
    [
        "450 4.2.0 <[address]>: Recipient address rejected: Greylisted",
        "451 4.7.1 Greylisting in action, please come back in 00:05:00",
        "451 Graylisted, try again in 300 seconds",
        "452 4.2.2 The email account that you tried to reach is over quota",
        "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery",
        "450 mailbox busy",
        "550 5.1.1 no such user",
        "552 5.2.2 mailbox full: quota of 100 MB per day exceeded",
        "552 mailbox quota exceeded",
        "550 5.7.1 we don't like your text",
        "554 5.7.1 Message rejected as spam",
        "552 5.3.4 message size exceeds the limit of 10 MB",
    ],
)
def test_what_concerns_one_mailbox_or_the_text_is_no_plea(words: str) -> None:
    assert plea(reply(words)) is Plea.NONE


def reply(words: str) -> Reply:
    return Reply(int(words[:3]), (words[4:],))
