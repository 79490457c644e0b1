"""The four editions of the golden pairs, as readers get them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from briefingfeed.models.edition import SlotName
from briefingfeed.newsletter.mime import splice
from unit.newsletter.conftest import make_post, make_settings  # noqa: F401 - fixtures
from unit.newsletter.editions import NAMES, specimen

GOLDEN = Path(__file__).parents[2] / "data" / "newsletter"
MakeMail = Callable[[str], bytes]


@pytest.fixture(params=NAMES)
def page(request: pytest.FixtureRequest) -> Path:
    """The HTML part of one of the editions."""
    return GOLDEN / f"{request.param}.html"


@pytest.fixture
def mail(make_post, make_settings) -> MakeMail:  # type: ignore[no-untyped-def]  # noqa: F811
    """Make a whole copy of an edition, as of a minute ago: spam filters hold other dates against a mail."""

    def make(name: str) -> bytes:
        rendition = specimen(name, make_post, make_settings).rendition()
        values = {
            SlotName.ADDRESS: "ada@example.org",
            SlotName.MESSAGE_ID: "<20261123.ada@briefings.example>",
            SlotName.UNSUBSCRIBE_URL: "https://briefings.example/u/AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
        }
        raw = b"".join(splice(rendition.message, values))
        sent = format_datetime(datetime.now(UTC) - timedelta(minutes=1)).encode()
        return re.sub(rb"^Date: [^\r\n]*", b"Date: " + sent, raw, count=1, flags=re.MULTILINE)

    return make
