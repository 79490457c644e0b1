"""docs/providers.md says of each service what its code declares."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from briefingfeed.providers.capabilities import OURS, Capabilities
from briefingfeed.providers.registry import PROVIDERS, provider_spec

PAGE = (Path(__file__).parents[3] / "docs" / "providers.md").read_text(encoding="utf-8")
SERVICES = {name: spec.capabilities for name in PROVIDERS if (spec := provider_spec(name)).capabilities is not OURS}


def rows() -> dict[str, list[str]]:
    found = re.findall(r"^\| ([^|]*) \|((?: [^|]+ \|)+)$", PAGE, re.MULTILINE)
    return {head.strip(): [cell.strip() for cell in cells.strip(" |").split("|")] for head, cells in found}


def key_valid_for(capabilities: Capabilities) -> str:
    if capabilities.idempotency_window is None:
        return "none"
    seconds = capabilities.idempotency_window.total_seconds()
    return f"{seconds / 3600:.0f} hours" if seconds >= 3600 else f"{seconds / 60:.0f} minutes"


def yes(said: bool) -> str:
    return "yes" if said else "no"


def test_the_page_has_a_column_for_every_service() -> None:
    columns = re.findall(r"`(\w+)`", next(line for line in PAGE.splitlines() if line.startswith("| | `")))
    assert sorted(columns) == sorted(SERVICES)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("most readers per request", lambda one: str(one.most_messages)),
        ("texts once per request", lambda one: yes(one.merges)),
        ("raw MIME (ours)", lambda one: yes(one.raw_mime)),
        ("our Message-ID", lambda one: yes(one.own_message_id)),
        ("bounces to an address of yours", lambda one: yes(one.envelope_sender)),
        ("idempotency key, valid for", key_valid_for),
        ("EAI (SMTPUTF8): letters beyond ASCII before the @", lambda one: yes(one.smtputf8)),
    ],
)
def test_the_page_says_what_the_code_declares(row: str, said: object) -> None:
    columns = re.findall(r"`(\w+)`", next(line for line in PAGE.splitlines() if line.startswith("| | `")))
    assert rows()[row] == [said(SERVICES[name]) for name in columns]  # type: ignore[operator]


def test_the_page_has_a_section_and_the_variables_of_every_service() -> None:
    for name in SERVICES:
        variables = [each.variable for each in provider_spec(name).secrets if "SESSION" not in each.variable]
        assert all(f"`{variable}`" in PAGE for variable in variables)
