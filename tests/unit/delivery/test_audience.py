"""Which subscriber gets which posts, decided."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.delivery.audience import Group, divide

A, B, AB = frozenset("a"), frozenset("b"), frozenset("ab")


def test_without_a_switch_everybody_gets_the_same() -> None:
    found = divide(AB, 5)
    assert found.groups == (Group(post_ids=AB, count=5),)
    assert (found.without, found.recipients) == ((), 5)


def test_an_edition_nobody_is_there_for_has_its_content_all_the_same() -> None:
    assert divide(AB, 0).groups == (Group(post_ids=AB, count=0),)


def test_what_somebody_had_is_left_out() -> None:
    found = divide(AB, 5, [("ann", A), ("ben", A), ("cy", A), ("cy", B)])
    assert found.groups == (Group(post_ids=AB, count=2), Group(post_ids=B, count=2, named=("ann", "ben")))
    assert (found.without, found.recipients) == (("cy",), 4)


def test_what_somebody_missed_is_added_unless_they_had_it() -> None:
    found = divide(A, 3, [("ben", B)], {"ann": B, "ben": B})
    assert found.groups == (Group(post_ids=A, count=2), Group(post_ids=AB, count=1, named=("ann",)))


def test_the_largest_group_stands_first() -> None:
    found = divide(AB, 3, [("ann", A), ("ben", A)])
    assert [group.post_ids for group in found.groups] == [B, AB]


posts = st.frozensets(st.sampled_from("abcde"))
people = st.sampled_from([f"reader {number}" for number in range(8)])


@given(posts.filter(bool), st.lists(st.tuples(people, posts)), st.dictionaries(people, posts))
def test_nobody_gets_what_they_had_and_everybody_the_rest(chosen, had, missed) -> None:
    everybody = {f"reader {number}" for number in range(8)}
    found = divide(chosen, len(everybody), had, missed)
    gets = {who: group.post_ids for group in found.groups for who in group.named or ()}
    named = {*gets, *found.without}
    gets |= dict.fromkeys(everybody - named, chosen) | dict.fromkeys(found.without, frozenset())
    for who in everybody:
        before = frozenset().union(*(each for reader, each in had if reader == who))
        assert gets[who] == (chosen | missed.get(who, frozenset())) - before
    assert found.recipients + len(found.without) == len(everybody)
    assert all(group.post_ids for group in found.groups)
    assert len({group.post_ids for group in found.groups}) == len(found.groups)
