"""Markup of own templates that mail programs leave out, or that readers cannot find their way in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.newsletter.mail_programs import markup_findings
from briefingfeed.newsletter.preflight import examine
from unit.newsletter.editions import NAMES, specimen


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<p style="display: flex">', "flex and grid layouts"),
        ("<p style='position:absolute'>", "positioned boxes"),
        ('<p style="color:red; float:left">', "floating boxes"),
        ('<p style="width:calc(100% - 2px)">', "computed values"),
        ('<p style="color: rgb(0 0 0 / 50%)">', "newer notation"),
        ('<td style="background-image:url(https://x.example/a.png)">', "images in the background"),
        ("<form><input></form>", "forms"),
        ("<svg></svg>", "SVG drawings"),
        ("<h1>again</h1>", "2 headings of the first level"),
        ("<h3>deep</h3>", "a heading of level 3 follows one of level 1"),
    ],
)
def test_what_mail_programs_leave_out_is_told_once(body: str, said: str) -> None:
    (found,) = markup_findings(f"<h1>title</h1>{body}{body if 'h1' not in body else ''}")
    assert said in found.message
    assert found.remedy
    assert not found.stops


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_it_is_found_in_the_shipped_templates(
    name: str, make_post: Callable[..., Post], make_settings: Callable[..., Settings]
) -> None:
    edition = specimen(name, make_post, make_settings)
    found = examine(edition.rendition(), edition.digest, edition.settings)
    assert not [each.message for each in found if "HTML part" in each.message or "beside the subject" in each.message]
