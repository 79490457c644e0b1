"""What the operator does, against a real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from briefingfeed.errors import RefusedError, UsageError
from briefingfeed.models.subscriber import ConsentKind, SubscriberState, Suppression, SuppressionReason
from briefingfeed.services.readers import subscriber_imports, subscriber_records, subscribers
from briefingfeed.services.readers.leave import leave
from briefingfeed.services.readers.subscribers import Change
from briefingfeed.storage import suppressions
from briefingfeed.storage.schema import subscriber
from briefingfeed.subscribers.addresses import AddressError
from briefingfeed.subscribers.importing import Fate
from briefingfeed.subscribers.tables import ImportFileError
from briefingfeed.tokens import Keyring, address_hash, fingerprint, unsubscribe_token

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
KEY = b"s" * 32
RING = Keyring({fingerprint(b"k" * 32): b"k" * 32})
ANN = "Ann@example.org"


def add(database, address=ANN, note="paper form", now=NOW):
    return subscribers.add(database, address, consent_note=note, suppression_key=KEY, now=now)


def resubscribe(database, who=ANN, wish="mail of 3 May", now=LATER):
    return subscribers.resubscribe(database, who, wish=wish, suppression_key=KEY, now=now)


def suppress(database, address=ANN, reason=SuppressionReason.BOUNCED):
    with database.write() as connection:
        suppressions.add(connection, Suppression(address_hash=address_hash(KEY, address), reason=reason, at=NOW))


def record(database, who=ANN):
    return subscriber_records.show(database, who, suppression_key=KEY, now=NOW)


def test_adding_keeps_the_source_of_the_consent(database):
    added = add(database, note="  paper form, spring fair ")
    assert (added.address, added.change) == (ANN, Change.ADDED)
    shown = record(database, added.subscriber_id)
    assert shown.subscriber.state is SubscriberState.CONFIRMED
    (given,) = shown.consents
    assert (given.kind, given.at, given.source, given.note) == (
        ConsentKind.ADDED,
        NOW,
        "command",
        "paper form, spring fair",
    )


def test_adding_twice_says_so_and_writes_nothing(database):
    first = add(database)
    again = add(database, "ANN@EXAMPLE.ORG", now=LATER)
    assert again.change is Change.NOTHING
    assert (again.subscriber_id, again.address) == (first.subscriber_id, ANN)
    assert len(record(database).consents) == 1


@pytest.mark.parametrize("note", ["", "   "])
def test_nobody_is_added_without_a_note(database, note):
    with pytest.raises(UsageError, match="consent"):
        add(database, note=note)
    assert subscriber_records.list_subscribers(database, suppression_key=KEY) == ()


def test_adding_who_left_is_refused_with_the_remedy(database):
    add(database)
    subscribers.unsubscribe(database, ANN, now=LATER)
    with pytest.raises(RefusedError, match="left on 2026-11-26") as refused:
        add(database)
    assert f"subscribers resubscribe {ANN}" in refused.value.remedy
    assert record(database).subscriber.state is SubscriberState.UNSUBSCRIBED


def test_leaving_and_coming_back_is_a_story_of_three_rows(database):
    added = add(database)
    left = subscribers.unsubscribe(database, added.subscriber_id, now=LATER, note="phoned")
    assert left.change is Change.UNSUBSCRIBED
    assert subscribers.unsubscribe(database, ANN, now=LATER).change is Change.NOTHING
    assert record(database).subscriber.unsubscribed_at == LATER
    assert resubscribe(database).change is Change.RESUBSCRIBED
    assert resubscribe(database).change is Change.NOTHING
    shown = record(database)
    assert shown.subscriber.unsubscribed_at is None
    assert [given.kind for given in shown.consents] == [
        ConsentKind.ADDED,
        ConsentKind.WITHDRAWN,
        ConsentKind.RENEWED,
    ]


def test_coming_back_needs_the_persons_own_wish(database):
    add(database)
    subscribers.unsubscribe(database, ANN, now=NOW)
    with pytest.raises(UsageError, match="asked"):
        resubscribe(database, wish=" ")


@pytest.mark.parametrize("reason", list(SuppressionReason))
def test_a_suppressed_address_is_refused_until_it_is_allowed_again(database, reason):
    add(database)
    subscribers.unsubscribe(database, ANN, now=NOW)
    suppress(database, reason=reason)
    for attempt in (add, resubscribe):
        with pytest.raises(RefusedError, match="nothing is sent") as refused:
            attempt(database)
        assert f"subscribers unsuppress {ANN}" in refused.value.remedy
    allowed = subscribers.unsuppress(database, ANN, why="repaired", suppression_key=KEY, now=LATER)
    assert allowed.change is Change.UNSUPPRESSED
    assert record(database).subscriber.state is SubscriberState.UNSUBSCRIBED
    assert subscribers.unsuppress(database, ANN, why="x", suppression_key=KEY, now=LATER).change is Change.NOTHING
    assert resubscribe(database).change is Change.RESUBSCRIBED


@pytest.mark.parametrize("who", ["bob@example.org", "0123456789abcdef", ""])
def test_a_stranger_is_told_so(database, who):
    add(database)
    for command in (
        lambda: record(database, who),
        lambda: subscribers.unsubscribe(database, who, now=NOW),
        lambda: resubscribe(database, who),
        lambda: subscribers.erase(database, who, now=NOW),
    ):
        with pytest.raises(UsageError, match="Nobody"):
            command()
    with pytest.raises(AddressError) as refused:
        record(database, "ann@\x1b")
    assert refused.value.where == "ann@"


def test_erasing_leaves_nothing_of_the_person_and_no_way_back(database, tmp_path):
    added = add(database, note="form of Ann Lee")
    assert subscribers.erase(database, ANN, now=LATER).change is Change.ERASED
    with pytest.raises(UsageError):
        record(database)
    with pytest.raises(RefusedError, match="erased"):
        add(database, "ann@EXAMPLE.org")
    assert imported(database, tmp_path, "ann@example.org\n") == {Fate.SUPPRESSED: 1}
    token = unsubscribe_token(RING, added.subscriber_id)
    assert leave(database, RING, token, source="page", now=LATER).known is False
    content = b"".join(file.read_bytes() for file in database.file.parent.iterdir()).lower()
    assert b"ann@example.org" not in content
    assert b"ann lee" not in content


def test_leaving_by_token_is_written_once(database):
    added = add(database)
    token = unsubscribe_token(RING, added.subscriber_id)
    first = leave(database, RING, token, source="one-click", now=LATER)
    again = leave(database, RING, token, source="page", now=LATER + timedelta(days=1))
    assert (first.known, first.already, again.known, again.already) == (True, False, True, True)
    assert record(database).subscriber.unsubscribed_at == LATER
    assert [given.source for given in record(database).consents] == ["command", "one-click"]


def test_the_list_tells_who_gets_mail_and_who_does_not(database):
    for name in ("ann", "bob", "cara"):
        add(database, f"{name}@example.org")
    subscribers.unsubscribe(database, "bob@example.org", now=LATER)
    suppress(database, "cara@example.org", SuppressionReason.COMPLAINED)
    everyone = subscriber_records.list_subscribers(database, suppression_key=KEY)
    assert {(each.subscriber.address, each.subscriber.state, each.suppression) for each in everyone} == {
        ("ann@example.org", SubscriberState.CONFIRMED, None),
        ("bob@example.org", SubscriberState.UNSUBSCRIBED, None),
        ("cara@example.org", SubscriberState.CONFIRMED, SuppressionReason.COMPLAINED),
    }
    left = subscriber_records.list_subscribers(database, suppression_key=KEY, state=SubscriberState.UNSUBSCRIBED)
    assert [each.subscriber.address for each in left] == ["bob@example.org"]


def read(tmp_path, content, name="members.csv"):
    file = tmp_path / name
    file.write_text(content)
    return subscriber_imports.read_file(file)


def apply(database, candidates, note="our old list", now=NOW):
    return subscriber_imports.apply(database, candidates, consent_note=note, suppression_key=KEY, now=now)


def imported(database, tmp_path, content, name="members.csv"):
    done = apply(database, read(tmp_path, content, name))
    return {fate: count for fate, count in done.counts.items() if count}


def test_a_preview_writes_nothing_and_the_import_does_what_it_showed(database, tmp_path):
    candidates = read(tmp_path, "Email,Status,Confirmed at\nann@example.org,active,2021-02-03\nbob@x.example,left,\n")
    shown = subscriber_imports.preview(database, candidates, suppression_key=KEY)
    assert subscriber_records.list_subscribers(database, suppression_key=KEY) == ()
    done = apply(database, candidates)
    assert done == shown
    ann, bob = record(database), record(database, "bob@x.example")
    assert ann.subscriber.state is SubscriberState.CONFIRMED
    assert [(given.kind, given.source, given.note) for given in ann.consents] == [
        (ConsentKind.IMPORTED, "import members.csv", "our old list; Confirmed at 2021-02-03")
    ]
    assert bob.subscriber.state is SubscriberState.UNSUBSCRIBED
    assert bob.subscriber.unsubscribed_at == NOW
    assert [given.kind for given in bob.consents] == [ConsentKind.WITHDRAWN]


def test_whoever_a_file_brings_is_stored_by_address_behind_those_who_came_before(database, tmp_path):
    add(database, "zoe@example.org", now=NOW - timedelta(seconds=1))
    imported(database, tmp_path, "cara@example.org\nann@example.org\nbob@example.org\n")
    with database.read() as connection:
        by_id = connection.execute(select(subscriber.c.address).order_by(subscriber.c.id)).scalars().all()
    assert by_id == ["zoe@example.org", "ann@example.org", "bob@example.org", "cara@example.org"]


def test_importing_again_changes_nothing(database, tmp_path):
    content = "Email,Status\nann@example.org,active\nbob@example.org,unsubscribed\ncara@example.org,bounced\n"
    assert imported(database, tmp_path, content) == {Fate.NEW: 1, Fate.LEFT: 1, Fate.BARRED: 1}
    before = subscriber_records.list_subscribers(database, suppression_key=KEY)
    assert imported(database, tmp_path, content) == {Fate.PRESENT: 1, Fate.KEPT_AWAY: 1, Fate.SUPPRESSED: 1}
    assert subscriber_records.list_subscribers(database, suppression_key=KEY) == before
    assert imported(database, tmp_path, "bob@example.org\ncara@example.org\n") == {
        Fate.KEPT_AWAY: 1,
        Fate.SUPPRESSED: 1,
    }


def test_who_left_between_preview_and_import_stays_away(database, tmp_path):
    added = add(database)
    candidates = read(tmp_path, "ann@example.org\n")
    assert subscriber_imports.preview(database, candidates, suppression_key=KEY).counts[Fate.PRESENT] == 1
    leave(database, RING, unsubscribe_token(RING, added.subscriber_id), source="one-click", now=NOW)
    assert apply(database, candidates).counts[Fate.KEPT_AWAY] == 1
    assert record(database).subscriber.state is SubscriberState.UNSUBSCRIBED


def test_a_file_of_those_who_left_unsubscribes_them_here(database, tmp_path):
    add(database)
    assert imported(database, tmp_path, "Email Address\nann@example.org\n", "unsubscribed_members.csv") == {
        Fate.LEAVES: 1
    }
    shown = record(database)
    assert shown.subscriber.state is SubscriberState.UNSUBSCRIBED
    assert shown.consents[-1].source == "import unsubscribed_members.csv"


def test_an_import_needs_a_note_too(database, tmp_path):
    with pytest.raises(UsageError, match="consent"):
        apply(database, read(tmp_path, "ann@example.org\n"), note="")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ImportFileError, match="No such file"):
        subscriber_imports.read_file(tmp_path / "nowhere.csv")
    with pytest.raises(ImportFileError, match="cannot be read"):
        subscriber_imports.read_file(tmp_path)


def test_ten_thousand_rows_are_read_shown_and_stored(database, tmp_path):
    rows = [f"reader{number}@mail{number % 500}.example.org,Reader,{number},active" for number in range(10_000)]
    candidates = read(tmp_path, "Email,First Name,Number,Status\n" + "\n".join(rows))
    shown = subscriber_imports.preview(database, candidates, suppression_key=KEY)
    done = apply(database, candidates)
    assert shown.counts[Fate.NEW] == done.counts[Fate.NEW] == 10_000
