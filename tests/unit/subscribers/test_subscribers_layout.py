"""Where the heading stands, and which columns are read: who left must be seen, or be told to have been passed over."""

from __future__ import annotations

import pytest

from briefingfeed.subscribers.candidates import Candidates, read_candidates
from briefingfeed.subscribers.standings import Standing
from briefingfeed.subscribers.tables import ImportFileError, read_tables


def candidates(text: str) -> Candidates:
    return read_candidates("members.csv", read_tables("members.csv", text.encode()))


def standings(text: str) -> list[tuple[int, Standing]]:
    return [(row.line, row.standing) for row in candidates(text).rows]


@pytest.mark.parametrize(
    ("above", "lines"),
    [
        ("Members,,\n", 1),
        ("\n\nMembers,,\n\nas of,22 November,\n", 5),
        ("Mail\n", 1),
        ("Exported by office@example.org on 22 November\n", 1),
        ("Status,Name,Member\n", 1),
    ],
)
def test_a_heading_counts_below_other_lines_too(above, lines):
    text = f"{above}Email,Name,Status\nann@example.org,A,active\nbob@example.org,B,unsubscribed\n"
    assert standings(text) == [(lines + 2, Standing.SUBSCRIBED), (lines + 3, Standing.LEFT)]
    (note,) = candidates(text).warnings
    assert f"line {lines + 1};" in note


@pytest.mark.parametrize("above", ["Members", "Name,Date,Company,City"])
def test_a_heading_without_a_known_name_counts_below_a_title_too(above):
    text = f"{above}\nWho,How to reach,Status\nLee,ann@example.org,unsubscribed\n"
    assert standings(text) == [(3, Standing.LEFT)]
    assert "“How to reach”" in candidates(text).warnings[1]


def test_a_row_is_no_heading_because_it_says_email():
    text = "Email,Name,Prefers\n,Lee,Email\nann@example.org,Ann,Email\n"
    assert [(row.line, bool(row.reason)) for row in candidates(text).rows] == [(2, True), (3, False)]


def test_a_mistyped_address_in_the_first_row_is_no_heading():
    found = candidates("ann @example.org\nbob@example.org\n")
    assert [(row.line, bool(row.reason)) for row in found.rows] == [(1, True), (2, False)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Account,office@example.org\nEmail,Status\nbob@example.org,unsubscribed\n", 2),
        ("ann@example.org\n\nEmail,Status\nbob@example.org,unsubscribed\n", 3),
        ("Email\nann@example.org\nEmail,Status\nbob@example.org,unsubscribed\n", 3),
    ],
)
def test_a_heading_below_rows_of_addresses_is_refused(text, line):
    with pytest.raises(ImportFileError, match="heading") as refused:
        candidates(text)
    assert refused.value.where == f"members.csv:{line}"
    assert refused.value.remedy


def test_the_same_heading_again_is_only_a_row_without_an_address():
    found = candidates("Email,Status\nann@example.org,active\nEmail,Status\nbob@example.org,left\n")
    assert [bool(row.reason) for row in found.rows] == [False, True, False]


def test_columns_that_are_not_understood_are_named_and_no_cell_is():
    text = "Email,Wants out,Notes,\nann@example.org,secret,,\nbob@example.org,,asked us to stop,x,y\n"
    (note,) = candidates(text).warnings
    assert "Not read: “Wants out”, “Notes”, column 4, column 5." in note
    assert not any(cell in note for cell in ("secret", "asked", "example"))


@pytest.mark.parametrize(
    "text",
    [
        "Email,First Name,Nachname,Phone 2,Date,Postcode\nann@example.org,Ann,Lee,1,2026-01-02,HU1\n",
        "Email,Confirmed at,OPTIN_TIME,Created,Cadence\nann@example.org,2021-02-03,2021-02-03,2021-02-03,weekly\n",
        "Email,Notes,Wants out\nann@example.org,,\n",
    ],
    ids=["harmless", "read", "empty"],
)
def test_columns_that_say_nothing_of_leaving_are_not_mentioned(text):
    assert candidates(text).warnings == ()


def test_a_long_list_of_columns_is_cut_and_counted():
    heading = ",".join(f"Column {letter}" for letter in "abcdefghijklmno")
    (note,) = candidates(f"Email,{heading}\nann@example.org{',x' * 15}\n").warnings
    assert "“Column l” and 3 more." in note


def test_columns_without_a_heading_are_not_read_and_said_so():
    (note,) = candidates("ann@example.org,unsubscribed\n").warnings
    assert "Whoever left" in note
    assert candidates("ann@example.org,\n").warnings == ()
