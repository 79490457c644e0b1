"""Rows of a file -> a plan. Everything that a file says of an address counts, and the strictest wins."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.subscribers.candidates import read_candidates
from briefingfeed.subscribers.importing import Fate, ImportPlan, Known, plan_import
from briefingfeed.subscribers.standings import Standing
from briefingfeed.subscribers.tables import ImportFileError, read_tables

CONFIRMED = Known(subscriber_id="1", state=SubscriberState.CONFIRMED)
UNCONFIRMED = Known(subscriber_id="2", state=SubscriberState.UNCONFIRMED)
LEFT = Known(subscriber_id="3", state=SubscriberState.UNSUBSCRIBED)
SUPPRESSED = Known(suppressed=True)
BOUNCING = Known(subscriber_id="4", state=SubscriberState.CONFIRMED, suppressed=True)


def candidates(text: str, name: str = "members.csv"):
    return read_candidates(name, read_tables(name, text.encode()))


def plan(text: str, known: Mapping[str, Known] | None = None, name: str = "members.csv") -> ImportPlan:
    return plan_import(candidates(text, name), known or {})


def fates(text: str, known: Mapping[str, Known] | None = None, name: str = "members.csv") -> list[Fate]:
    return [row.fate for row in plan(text, known, name).rows]


@pytest.mark.parametrize(
    "heading",
    [
        "Email", "email", "E-Mail", "EMAIL ADDRESS", "Email Address", "E-Mail-Adresse", "e-mail", "mail", "Courriel",
        "Adresse e-mail", "Correo electrónico", "Indirizzo email", "E-post", "email_address", "Primary Email",
    ],
)  # fmt: skip
def test_the_column_of_addresses_is_found_by_its_name(heading):
    found = candidates(f"Name,{heading},Contact person\nLee,ann@example.org,boss@example.org\n")
    assert [row.address for row in found.rows] == ["ann@example.org"]
    assert found.warnings == ()


def test_a_postal_address_is_not_mistaken_for_the_mail_address():
    found = candidates("Address,Email\n1 High Street,ann@example.org\n")
    assert [row.address for row in found.rows] == ["ann@example.org"]


def test_a_list_with_one_address_per_line_needs_no_heading():
    found = candidates("ann@example.org\nBob Lee <bob@example.org>\n\n<cara@example.org>\n", "list.txt")
    assert [(row.line, row.address) for row in found.rows] == [
        (1, "ann@example.org"),
        (2, "bob@example.org"),
        (4, "cara@example.org"),
    ]
    assert found.warnings == ()


def test_columns_without_names_are_guessed_and_said_so():
    found = candidates("Lee,ann@example.org\nRoy,bob@example.org\n")
    assert [row.address for row in found.rows] == ["ann@example.org", "bob@example.org"]
    assert "column 2" in found.warnings[0]
    named = candidates("Who,How to reach,Status\nLee,ann@example.org,unsubscribed\n")
    assert "How to reach" in named.warnings[0]
    assert named.rows[0].standing is Standing.LEFT


@pytest.mark.parametrize("text", ["", "\n\n", "Name,City\nLee,Hull\n", "\x00\x00\x00"])
def test_a_file_without_addresses_is_refused(text):
    with pytest.raises(ImportFileError) as refused:
        candidates(text)
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("here", "standing", "fate"),
    [
        (None, "subscribed", Fate.NEW),
        (None, "pending", Fate.NOT_CONFIRMED),
        (None, "unsubscribed", Fate.LEFT),
        (None, "cleaned", Fate.BARRED),
        (None, "complained", Fate.BARRED),
        (CONFIRMED, "subscribed", Fate.PRESENT),
        (CONFIRMED, "pending", Fate.PRESENT),
        (CONFIRMED, "unsubscribed", Fate.LEAVES),
        (CONFIRMED, "cleaned", Fate.BARRED),
        (UNCONFIRMED, "subscribed", Fate.PRESENT),
        (UNCONFIRMED, "unsubscribed", Fate.LEAVES),
        (LEFT, "subscribed", Fate.KEPT_AWAY),
        (LEFT, "unsubscribed", Fate.KEPT_AWAY),
        (LEFT, "cleaned", Fate.BARRED),
        (SUPPRESSED, "subscribed", Fate.SUPPRESSED),
        (SUPPRESSED, "unsubscribed", Fate.SUPPRESSED),
        (BOUNCING, "subscribed", Fate.SUPPRESSED),
    ],
)
def test_nobody_is_ever_brought_back(here, standing, fate):
    known = {"ann@example.org": here} if here else {}
    assert fates(f"Email,Status\nANN@example.org,{standing}\n", known) == [fate]


@pytest.mark.parametrize(
    ("name", "fate"),
    [
        ("subscribed_members_export_1a2b.csv", Fate.NEW),
        ("unsubscribed_members_export_1a2b.csv", Fate.LEFT),
        ("cleaned_members_export_1a2b.csv", Fate.BARRED),
        ("nonsubscribed_members_export_1a2b.csv", Fate.NOT_CONFIRMED),
        ("Unsubscribed-segment.csv", Fate.LEFT),
        ("members.csv", Fate.NEW),
        ("cleanedup.csv", Fate.NEW),
    ],
)
def test_the_name_of_a_mailchimp_file_tells_who_is_in_it(name, fate):
    heading = "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LEID"
    row = 'ann@example.org,Ann,"Lee, Dr",2,"2020-01-02 03:04:05",,"2020-01-02 03:05:00",192.0.2.7,123'
    (planned,) = plan(f"{heading}\n{row}\n", name=name).rows
    assert planned.fate is fate
    assert planned.candidate.evidence == "CONFIRM_TIME 2020-01-02 03:05:00"


@pytest.mark.parametrize(
    ("column", "value", "standing"),
    [
        ("Status", "Active", Standing.SUBSCRIBED),
        ("status", "enabled", Standing.SUBSCRIBED),
        ("Status", "Abgemeldet", Standing.LEFT),
        ("Status", "Hard bounced", Standing.BOUNCED),
        ("Status", "Junk", Standing.COMPLAINED),
        ("status", "blocklisted", Standing.LEFT),
        ("subscribed_to_emails", "true", Standing.SUBSCRIBED),
        ("subscribed_to_emails", "false", Standing.LEFT),
        ("email_disabled", "false", Standing.SUBSCRIBED),
        ("email_disabled", "true", Standing.LEFT),
        ("UNSUB_TIME", "2021-02-03 04:05:06", Standing.LEFT),
        ("UNSUB_TIME", "", Standing.SUBSCRIBED),
        ("UNSUB_TIME", "0000-00-00 00:00:00", Standing.SUBSCRIBED),
        ("CLEAN_TIME", "2021-02-03 04:05:06", Standing.BOUNCED),
        ("deleted_at", "null", Standing.SUBSCRIBED),
    ],
)
def test_columns_of_other_tools_tell_who_left(column, value, standing):
    (row,) = candidates(f'Email,{column}\nann@example.org,"{value}"\n').rows
    assert row.reason == ""
    assert row.standing is standing


@pytest.mark.parametrize("value", ["", "vip", "42", "=HYPERLINK()"])
def test_a_status_that_is_not_known_is_not_taken_for_consent(value):
    (row,) = candidates(f"Email,Status\nann@example.org,{value}\n").rows
    assert "Status" in row.reason


def test_a_date_is_kept_as_evidence_rather_than_a_yes():
    (row,) = candidates("Email,Confirmed,Opt-in time\nann@example.org,yes,2021-02-03\n").rows
    assert row.evidence == "Opt-in time 2021-02-03"


def test_the_strictest_of_all_signs_wins():
    text = "Email,Status,UNSUB_TIME\nann@example.org,subscribed,2021-02-03\n"
    assert fates(text) == [Fate.LEFT]
    assert fates(text, name="cleaned_members.csv") == [Fate.BARRED]


def test_of_two_rows_the_strictest_counts_else_the_first():
    spellings = "ann@example.org,active\nAnn@Example.org,active\nANN@example.org,unsubscribed\n"
    done = plan(f"Email,Status\n{spellings}bob@example.org,active\n")
    assert [row.fate for row in done.rows] == [Fate.DUPLICATE, Fate.DUPLICATE, Fate.LEFT, Fate.NEW]
    assert fates("ann@example.org\nANN@example.org\n") == [Fate.NEW, Fate.DUPLICATE]


def test_invalid_rows_say_where_and_why_and_stop_nobody_else():
    done = plan("Email,Name\nann@example.org,Ann\nann,Ann\n,Nobody\nbob\x00@example.org,Bob\nonly-one-cell\n")
    assert [(row.place, row.fate) for row in done.rows] == [
        ("members.csv:2", Fate.NEW),
        ("members.csv:3", Fate.INVALID),
        ("members.csv:4", Fate.INVALID),
        ("members.csv:5", Fate.INVALID),
        ("members.csv:6", Fate.INVALID),
    ]
    assert "needs an @" in done.rows[1].candidate.reason
    assert "no address" in done.rows[2].candidate.reason


def test_the_counts_name_every_fate_and_sum_up():
    done = plan("Email\nann@example.org\nann@example.org\nx\n")
    assert set(done.counts) == set(Fate)
    assert sum(done.counts.values()) == len(done.rows) == 3
    assert done.changes
    assert not plan("Email\nx\n").changes
    assert [row.candidate.line for row in done.of(Fate.INVALID)] == [4]


def test_nothing_from_a_file_can_command_the_terminal():
    escape = "\x1b[2J\x07\u202e"
    done = plan(f"Hello,{escape}Way,{escape}Status,Sign-up date\nLee,ann@example.org,{escape}vip,{escape}now\n")
    shown = [*done.warnings, *(row.candidate.reason for row in done.rows)]
    assert len(shown) == 3
    assert all(words.isprintable() for words in shown)
    (row,) = plan(f"Email,\x07Sign-up date\nann@example.org,{escape}now\n").rows
    assert row.candidate.evidence == "Sign-up date [2Jnow"


def test_a_link_to_an_address_is_the_address():
    links = "mailto:eve@example.org\nMAILTO:Bob%2Bnews@example.org?subject=Hi\nAnn <mailto:ann@example.org>\nmailto:\n"
    rows = candidates(f"Email\n{links}").rows
    assert [row.address for row in rows] == ["eve@example.org", "Bob+news@example.org", "ann@example.org", "mailto:"]
    assert [bool(row.reason) for row in rows] == [False, False, False, True]


def test_addresses_of_no_person_are_remarked_upon_and_left_to_the_operator():
    text = "no-reply@a.example.org\nann@example.org\nPostmaster@example.org\nMAILER-DAEMON+x@example.org\n"
    done = plan(text)
    assert {row.fate for row in done.rows} == {Fate.NEW}
    (remark,) = done.warnings
    assert remark.endswith(" members.csv:1, members.csv:3, members.csv:4.")
    assert plan(f"Email,Status\n{text.splitlines()[0]},unsubscribed\n").warnings == ()
    many = "".join(f"abuse@{number}.example.org\n" for number in range(12))
    assert plan(many).warnings[0].endswith("members.csv:10 and 2 more.")


def test_a_plan_does_not_show_addresses_when_it_is_logged():
    done = plan("Email\nann@example.org\nnot-an-address\n")
    assert "ann@" not in repr(done)
    assert "ann@" not in repr(done.rows)
    assert "not-an" not in repr(done.rows)
