"""The four editions of the golden pairs, as readers get them, and the proof of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from briefingfeed.models.edition import SlotName
from briefingfeed.models.problem import Problem
from briefingfeed.newsletter.finding import Finding
from briefingfeed.newsletter.mime import splice
from briefingfeed.newsletter.placeholders import placeholders_of
from briefingfeed.newsletter.proof import Box, Command, as_proof
from unit.newsletter.conftest import make_post, make_settings  # noqa: F401 - fixtures
from unit.newsletter.editions import NAMES, specimen

GOLDEN = Path(__file__).parents[2] / "data" / "newsletter"
MakeMail = Callable[[str], bytes]


BOX = Box(
    headline="Proof of weekly/2026-W48",
    fate=("It goes out on Monday, 23 November 2026, 08:00, to 800 readers.", "Nothing needs to be done for that."),
    stops=(Finding(stops=True, message="There is no postal address.", remedy="Set [publication] postal_address."),),
    changes=("Added: What 211 samples told us", "Left out: Tides"),
    broken=(Problem(path="posts/2026-11-19-a-note.md", line=3, message="A bracket is open.", remedy="Close it."),),
    warnings=(
        Finding(
            stops=False,
            message="“What 211 samples told us” has 1 image without alternative text.",
            remedy="Say in words what the image shows: ![words](image.png), or image_alt.",
            post_path="posts/2026-11-16-what-211-samples-told-us.md",
        ),
    ),
    commands=(
        Command("To stop it:", "briefingfeed editions hold weekly/2026-W48"),
        Command("To let it go again:", "briefingfeed editions release weekly/2026-W48"),
    ),
)


@pytest.fixture(params=[*NAMES, "proof"])
def page(request: pytest.FixtureRequest, tmp_path: Path, make_post, make_settings) -> Path:  # type: ignore[no-untyped-def]  # noqa: F811
    """The HTML part of one of the editions, or of the proof of one in which everything is to be told."""
    if request.param != "proof":
        return GOLDEN / f"{request.param}.html"
    edition = specimen("digest", make_post, make_settings)
    proof = as_proof(edition.rendition(), BOX, edition.look, edition.digest.composed_at)
    page = tmp_path / "proof.html"
    page.write_text(proof.html.replace(placeholders_of(proof)[SlotName.UNSUBSCRIBE_URL], "https://x.example/"), "utf-8")
    return page


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
