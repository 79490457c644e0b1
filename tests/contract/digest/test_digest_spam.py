"""What spam filters make of the four editions. Neither may ask anybody: only the mail itself counts."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from servers.rspamd import Rspamd, rspamd
from unit.newsletter.editions import NAMES

from .conftest import MakeMail

MOST = 0.5
NO_DNS = frozenset({"HFILTER_HELO_IP_A", "HFILTER_HELO_NORES_A_OR_MX", "HFILTER_HOSTNAME_UNKNOWN", "RDNS_DNSFAIL"})
"""There is no DNS here that would know the server."""
CHANCE = "URI_COUNT_ODD"
"""Addresses of both parts, counted together, are an odd number: as often as not."""


@pytest.fixture(scope="module")
def filter_() -> Iterator[Rspamd]:
    with rspamd() as running:
        yield running


@pytest.mark.parametrize("name", NAMES)
def test_rspamd_holds_nothing_against_it(filter_: Rspamd, mail: MakeMail, name: str) -> None:
    scores = {symbol: score for symbol, score in filter_.scores(mail(name)).items() if symbol not in {*NO_DNS, CHANCE}}
    assert sum(scores.values()) <= MOST, scores


@pytest.mark.parametrize("name", NAMES)
def test_spamassassin_holds_nothing_against_it(mail: MakeMail, name: str) -> None:
    done = subprocess.run(
        ["spamassassin", "--local", "-t", "-x"], input=mail(name), capture_output=True, timeout=120, check=True
    )
    status = re.search(rb"^X-Spam-Status: (?:[^\r\n]|\r?\n[ \t])*", done.stdout, re.MULTILINE)
    assert status is not None
    found = re.search(rb"score=(-?[\d.]+)", status[0])
    assert found is not None
    assert float(found[1]) <= MOST, status[0].decode()
    assert b"MPART_ALT_DIFF" not in status[0]
