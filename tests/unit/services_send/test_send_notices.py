from __future__ import annotations

from briefingfeed.services.notices import Notice, news, tell

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
