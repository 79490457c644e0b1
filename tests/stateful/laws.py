"""What must hold of the database whenever nothing runs, and of each run's report; by plain SQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime

from briefingfeed.services.sending.send_report import SendReport
from faults.books import Books
from faults.invariants import ENDED
from stateful.chronicle import Chronicle, Copy

_MAYBE_OUT = frozenset({"accepted", "uncertain", "submitting"})
_KNOWN = ("unsettled", "held:")
"""Topics of what `open_matters` finds for itself."""


def assert_sums(books: Books) -> None:
    """I4."""
    rows = Counter(row.edition for row in books.rows())
    for edition in books.editions():
        assert edition.recipients == rows[edition.key], f"I4: {edition} has {rows[edition.key]} rows"
    assert not rows.keys() - {edition.key for edition in books.editions()}


def assert_rows(books: Books, chronicle: Chronicle) -> None:
    """I2: what a row says of its copy is true, unless somebody has decided about it."""
    for row in books.rows():
        if row.address is None or (row.edition, row.address) in chronicle.vouched:
            continue
        copies = chronicle.has(row.edition, row.address)
        if row.state == "accepted":
            assert copies, f"I2: {row} never arrived"
        elif row.state not in _MAYBE_OUT:
            assert not copies, f"I2: {row} has arrived"


def assert_report(report: SendReport, books: Books) -> None:
    """The numbers add up, are those of the database, and the exit code says whether somebody has to decide."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in books.rows():
        found[row.edition][row.state] += 1
    for each in report.editions:
        counts = {str(state): count for state, count in each.counts.items() if count}
        assert counts == found[each.key], f"{each.key}: {counts} reported, {found[each.key]} in the database"
        assert sum(each.counts.values()) == each.recipients
        assert sum(sum(batch.values()) for batch in each.batches.values()) == each.recipients
    if report.error is None:
        awaits = bool(open_matters(books))
        told = any(notice.awaits and not notice.topic.startswith(_KNOWN) for notice in report.notices)
        assert report.exit_code == int(awaits or told), (report.exit_code, open_matters(books), report.notices)


def open_matters(books: Books) -> list[str]:
    """Return what waits for somebody's decision."""
    rows = books.query(
        "SELECT count(*) FROM delivery WHERE state IN ('failed', 'uncertain') AND acknowledged_at IS NULL"
    )
    held = [edition.key for edition in books.editions() if edition.state == "held"]
    return held + ["unsettled"] * bool(rows[0][0])


def due_rows(books: Books, now: datetime) -> list[int]:
    """Return the rows that may go now."""
    found = books.query(
        "SELECT d.id, coalesce(d.next_attempt_at, d.updated_at), e.pause_until, e.expires_at FROM delivery d"
        " JOIN edition e ON e.key = d.edition_key"
        " WHERE d.state IN ('pending', 'deferred') AND e.state IN ('frozen', 'sending') AND d.batch <= e.open_batch"
    )
    return [
        row
        for row, due, pause, until in found
        if _instant(due) <= now and (pause is None or _instant(pause) <= now) and _instant(until) > now
    ]


def assert_finished(books: Books) -> None:
    """I3, and that nothing is left over: every row of every edition has its end."""
    left = [row for row in books.rows() if row.state not in ENDED]
    assert not left, f"I3: {left}"
    ends = {"done", "empty", "missed", "cancelled", "planned", "blocked"}
    open_ = [edition for edition in books.editions() if edition.state not in ends]
    assert not open_, f"unfinished: {open_}"


def _instant(value: object) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(found, datetime)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def waiting(books: Books) -> int:
    """Return how many rows have no end yet."""
    return sum(row.state not in ENDED for row in books.rows())


def suppressed(books: Books) -> set[str]:
    """Return the addresses of subscribers that must not be mailed again."""
    query = "SELECT s.address FROM subscriber s JOIN suppression p ON p.address_hash = s.address_hash"
    return {address for (address,) in books.query(query)}


def latest_slot(books: Books, now: datetime) -> datetime:
    found = books.query("SELECT max(slot_at) FROM edition")[0][0]
    return _instant(found) if found else now


def assert_nobody_forgotten(books: Books, key: str) -> None:
    """Everybody whom an edition is for has a row, or had all of it before; and the row holds what they didn't have."""
    carried = {post for (post,) in books.query("SELECT post_id FROM edition_post WHERE edition_key = ?", key)}
    readers = books.query(
        "SELECT s.id FROM subscriber s JOIN edition e ON e.cadence = s.cadence"
        " WHERE e.key = ? AND s.state = 'confirmed'"
        " AND NOT EXISTS (SELECT 1 FROM suppression p WHERE p.address_hash = s.address_hash)",
        key,
    )
    for (who,) in readers:
        held = books.query(
            "SELECT d.edition_key, p.post_id FROM delivery d JOIN rendition_post p ON p.rendition_id = d.rendition_id"
            " WHERE d.subscriber_id = ?",
            who,
        )
        before = {post for edition, post in held if edition != key}
        now = {post for edition, post in held if edition == key}
        assert carried <= before | now, f"{who} misses {carried - before - now} of {key}"


def is_known(books: Books, subscriber_id: str) -> bool:
    return bool(books.query("SELECT 1 FROM subscriber WHERE id = ?", subscriber_id))


def is_on_record(books: Books, copy: Copy, since: datetime) -> bool:
    """Whether the database knows this copy, of an edition after `since`, and its reader hasn't come back after it."""
    who = copy.token.partition(".")[0]
    found = books.query(
        "SELECT e.frozen_at FROM delivery d JOIN edition e ON e.key = d.edition_key"
        " WHERE d.id = ? AND d.edition_key = ? AND d.subscriber_id = ?",
        copy.row,
        copy.edition,
        who,
    )
    if not found or _instant(found[0][0]) < since:
        return False
    renewed = books.query("SELECT max(at) FROM consent WHERE subscriber_id = ? AND kind = 'renewed'", who)[0][0]
    return renewed is None or _instant(renewed) < _instant(found[0][0])
