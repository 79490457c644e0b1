"""Which corrections somebody has not heard of, decided."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.delivery.audience import Group, divide
from briefingfeed.models.archive import CorrectionMark
from briefingfeed.models.corrections import known_by_date, mark_of, news
from briefingfeed.models.post import Correction

A, B = frozenset("a"), frozenset("b")
X, Y = (frozenset({CorrectionMark("a", mark)}) for mark in "xy")


def correction(day: int, note: str = "It was six.") -> Correction:
    return Correction(date=date(2026, 11, day), note=note)


def marks(*corrections: Correction) -> frozenset[str]:
    return frozenset(map(mark_of, corrections))


def test_what_was_shown_is_no_news() -> None:
    assert news([correction(24), correction(25)], marks(correction(24))) == (correction(25),)
    assert news([correction(25), correction(24)], marks(correction(24))) == (correction(25),)


def test_a_note_in_other_words_is_no_news() -> None:
    assert news([correction(24, "At six.")], marks(correction(24))) == ()
    assert news([correction(24, "It was\n six.")], marks(correction(24))) == ()


def test_a_second_one_of_the_same_day_is_news_wherever_it_stands() -> None:
    second = correction(24, "And the moon is full.")
    assert news([correction(24), second], marks(correction(24))) == (second,)
    assert news([second, correction(24)], marks(correction(24))) == (second,)


def test_what_nobody_wrote_down_is_known_by_its_date() -> None:
    assert known_by_date([correction(22), correction(24)], date(2026, 11, 23)) == marks(correction(22))


days = st.builds(correction, st.integers(1, 3), st.sampled_from(["One.", "Two.", "Three."]))


@given(st.lists(days, unique=True), st.lists(days, unique=True))
def test_once_told_nothing_is_left_to_tell(corrections: list[Correction], shown: list[Correction]) -> None:
    known = marks(*shown)
    found = news(corrections, known)
    assert set(found) <= set(corrections)
    assert marks(*found).isdisjoint(known)
    assert news(corrections, known | marks(*found)) == ()
    assert news(corrections, frozenset()) == tuple(corrections)


def test_readers_are_divided_by_what_they_are_told() -> None:
    found = divide(A, 5, [("cyd", A)], untold={"ann": X, "ben": X, "cyd": Y})
    assert found.groups == (
        Group(post_ids=A, count=2),
        Group(post_ids=A, corrections=X, count=2, named=("ann", "ben")),
        Group(post_ids=frozenset(), corrections=Y, count=1, named=("cyd",)),
    )
    assert (found.without, found.recipients) == ((), 5)


def test_without_posts_nobody_else_gets_anything() -> None:
    found = divide(frozenset(), 5, missed={"dov": B}, untold={"ann": X})
    assert found.groups == (Group(post_ids=frozenset(), corrections=X, count=1, named=("ann",)),)
    assert divide(frozenset(), 5).groups == ()
