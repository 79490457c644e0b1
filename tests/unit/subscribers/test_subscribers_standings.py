"""What a column says of somebody: nothing but a yes, or nothing at all, is taken for one."""

from __future__ import annotations

import pytest

from briefingfeed.subscribers.candidates import Candidate, read_candidates
from briefingfeed.subscribers.standings import Standing
from briefingfeed.subscribers.tables import read_tables


def row(column: str, cell: str, *below: str) -> Candidate:
    """Return the first of a file's rows; `below`: what the same column says of others."""
    cells = "".join(f'{number}@example.org,"{each}"\n' for number, each in enumerate((cell, *below)))
    return read_candidates("x.csv", read_tables("x.csv", f"Email,{column}\n{cells}".encode())).rows[0]


@pytest.mark.parametrize("no", ["no", "No.", "false", "0", "nein", "FALSCH", "non", "never"])
@pytest.mark.parametrize(
    ("column", "standing"),
    [
        ("Subscribed", Standing.LEFT),
        ("Active", Standing.LEFT),
        ("Abonné", Standing.LEFT),
        ("Confirmed", Standing.NOT_CONFIRMED),
        ("Confirmed at", Standing.NOT_CONFIRMED),
        ("Double opt-in", Standing.NOT_CONFIRMED),
        ("Consent", Standing.NOT_CONFIRMED),
    ],
)
def test_who_is_not_subscribed_elsewhere_is_not_subscribed_here(column, standing, no):
    assert row(column, no).standing is standing


@pytest.mark.parametrize(
    "cell", ["yes", "x", "✓", "1", "WAHR", "2026-05-01", "3 May 2026", "", "-", "0000-00-00", "NULL"]
)
def test_a_yes_or_a_date_or_nothing_is_no_no(cell):
    found = row("Subscribed", cell, "2026-05-01")
    assert (found.standing, found.reason) == (Standing.SUBSCRIBED, "")


@pytest.mark.parametrize("cell", ["", "-", "NULL", "☐"])
def test_an_empty_box_beside_ticked_ones_is_a_no(cell):
    assert row("Subscribed", cell, "x", "").standing is Standing.LEFT
    assert row("Consent", cell, "✓").standing is Standing.NOT_CONFIRMED


@pytest.mark.parametrize("cell", ["perhaps", "asked to stop", "✗", "?"])
def test_words_that_are_not_known_are_not_taken_for_a_yes(cell):
    assert "its Subscribed is" in row("Subscribed", cell).reason


@pytest.mark.parametrize("column", ["Unsubscribed", "Opt out", "Désabonné", "Ausgetragen", "Abgemeldet am"])
@pytest.mark.parametrize("cell", ["yes", "oui", "x", "✓", "☑", "2026-05-01", "too many mails"])
def test_any_mark_in_a_column_of_leaving_counts(column, cell):
    assert row(column, cell).standing is Standing.LEFT


@pytest.mark.parametrize("cell", ["", "no", "non", "-", "—", "☐", "0", "0000-00-00 00:00:00"])
def test_a_no_in_a_column_of_leaving_does_not(cell):
    assert row("Unsubscribed", cell).standing is Standing.SUBSCRIBED


@pytest.mark.parametrize(("cell", "standing"), [("✔", Standing.SUBSCRIBED), ("-", Standing.LEFT), ("", Standing.LEFT)])
def test_a_tick_is_a_yes(cell, standing):
    assert row("Newsletter", cell).standing is standing
