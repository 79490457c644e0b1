from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.posts.memory import IdMemory, Remembered
from briefingfeed.posts.seconds import SPREAD, Instants, Wish, assign, offset

DAY = datetime(2026, 11, 24, tzinfo=UTC)


def wish(post_id: str, at: datetime = DAY, *, time_given: bool = False, updated: datetime | None = None) -> Wish:
    return Wish(post_id=post_id, published=at, time_given=time_given, updated=updated)


def remember(given: dict[str, Instants]) -> IdMemory:
    return IdMemory(
        Remembered(
            post_id=post_id,
            path=post_id,
            date=date(2026, 11, 24),
            body_digest="",
            published=instants.published,
            updated=instants.updated,
        )
        for post_id, instants in given.items()
    )


def clashing(number: int) -> list[str]:
    """Ids that all want the same second."""
    wanted = offset("tag:0")
    found = ["tag:0"]
    candidate = 1
    while len(found) < number:
        if offset(f"tag:{candidate}") == wanted:
            found.append(f"tag:{candidate}")
        candidate += 1
    return found


def test_day_without_time_is_spread_by_id() -> None:
    at = assign([wish("tag:a")], IdMemory())["tag:a"].published
    assert at == DAY + offset("tag:a")
    assert timedelta() <= at - DAY < timedelta(seconds=SPREAD)


def test_time_is_kept_to_the_second() -> None:
    at = DAY.replace(hour=17)
    assert assign([wish("tag:a", at, time_given=True)], IdMemory())["tag:a"] == Instants(at, at)


def test_clashes_take_the_next_free_second_and_remember_it() -> None:
    first, second, third = clashing(3)
    given = assign([wish(first), wish(second)], IdMemory())
    assert {at.published for at in given.values()} == {DAY + offset(first), DAY + offset(first) + timedelta(seconds=1)}
    alone = assign([wish(second)], remember(given))
    assert alone[second] == given[second]
    later = assign([wish(third), wish(second), wish(first)], remember(given))
    assert later[first] == given[first]
    assert later[second] == given[second]


def test_times_that_clash_differ() -> None:
    at = DAY.replace(hour=17)
    given = assign([wish("tag:a", at, time_given=True), wish("tag:b", at, time_given=True)], IdMemory())
    assert given["tag:b"].published - given["tag:a"].published == timedelta(seconds=1)


def test_changed_date_moves_the_entry() -> None:
    before = remember(assign([wish("tag:a")], IdMemory()))
    day = DAY + timedelta(days=1)
    assert assign([wish("tag:a", day)], before)["tag:a"].published == day + offset("tag:a")


def test_change_is_always_later_than_publication() -> None:
    given = assign([wish("tag:a", updated=DAY), wish("tag:b", updated=DAY + timedelta(days=2))], IdMemory())
    assert given["tag:a"].updated > given["tag:a"].published
    assert given["tag:b"].updated == DAY + timedelta(days=2) + offset("tag:b")


@given(
    wishes=st.lists(
        st.builds(
            Wish,
            post_id=st.integers(0, 60).map("tag:{}".format),
            published=st.sampled_from([DAY, DAY + timedelta(days=1), DAY + timedelta(hours=1)]),
            time_given=st.booleans(),
            updated=st.none() | st.sampled_from([DAY, DAY + timedelta(days=1), DAY + timedelta(days=3)]),
        ),
        max_size=60,
        unique_by=lambda wish: wish.post_id,
    ),
    seed=st.randoms(use_true_random=False),
)
def test_no_two_share_an_instant_whatever_the_order(wishes: list[Wish], seed: st.DrawFn) -> None:
    given = assign(wishes, IdMemory())
    shuffled = list(wishes)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    assert assign(shuffled, IdMemory()) == given
    assert assign(shuffled, remember(given)) == given
    instants = [at for one in given.values() for at in {one.published, one.updated}]
    assert len(set(instants)) == len(instants)
    assert all(one.published <= one.updated for one in given.values())


def test_many_that_were_changed_in_one_second_stay_where_they_are() -> None:
    """As after a script that touched all files at once: whoever comes or goes moves nobody else."""
    changed = DAY + timedelta(days=1, hours=10)
    wishes = [
        wish(f"tag:b{number:03}", DAY + timedelta(minutes=number), time_given=True, updated=changed)
        for number in range(200)
    ]
    given = assign(wishes, IdMemory())
    fewer = assign(wishes[1:], remember(given))
    assert fewer == {each.post_id: given[each.post_id] for each in wishes[1:]}
    more = assign([*wishes, wish("tag:a", time_given=True, updated=changed)], remember(given))
    assert assign([*wishes, wish("tag:a", time_given=True, updated=changed)], remember(more)) == more
    assert {key: more[key] for key in given} == given


def test_a_whole_archive_of_one_second_is_no_long_work() -> None:
    began = time.process_time()
    given = assign([wish(f"tag:{number}", time_given=True) for number in range(20_000)], IdMemory())
    assert len({at.published for at in given.values()}) == 20_000
    assert time.process_time() - began < 5
