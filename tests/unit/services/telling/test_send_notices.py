from __future__ import annotations

from dataclasses import replace

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.services.telling.notices import Notice, news, tell
from briefingfeed.services.telling.words import way_out

ONE, TWO = Notice(topic="one", text="One."), Notice(topic="two", text="Two.", remedy="Do it.")


def test_only_what_was_not_told_is_news() -> None:
    assert news([ONE, TWO], {}) == (ONE, TWO)
    assert news([ONE, TWO], {"one": "One."}) == (TWO,)
    assert news([ONE], {"one": "One is new."}) == (ONE,)


def test_words_come_once_per_change(desk) -> None:
    with desk.database.write() as connection:
        assert tell(connection, [ONE]) == (ONE,)
        assert tell(connection, [ONE]) == ()
        assert tell(connection, [ONE, TWO]) == (TWO,)
        assert tell(connection, []) == ()
        assert tell(connection, [ONE]) == (ONE,)


def test_each_memory_is_apart(desk) -> None:
    with desk.database.write() as connection:
        tell(connection, [ONE])
        assert tell(connection, [ONE], memory="another") == (ONE,)
        assert tell(connection, [ONE]) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "421 4.3.0 Try again later (10). f12-20020a170906c-0b1 - gsmtp",
            "421 4.3.0 Try again later (10). 5b1f17b1804b1-4 - gsmtp",
        ),
        ("451 Queue file 4Xy1Zk0sPgz9sT: no room", "451 Queue file 4Xy1Zk0sPgz9sU: no room"),
    ],
)
def test_what_a_server_says_anew_each_time_is_no_news(before: str, after: str) -> None:
    told = {"way-out": str(way_out(ProviderError(before)))}
    assert news([way_out(ProviderError(after))], told) == ()
    other = way_out(ProviderError("535 The mail server refused our login"))
    assert news([other], told) == (other,)
    assert news([replace(way_out(ProviderError(after)), quotes=False)], told) != ()
