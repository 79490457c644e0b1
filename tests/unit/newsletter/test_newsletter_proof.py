"""The proof: a box above the very mail that readers get."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

from briefingfeed.look import Look
from briefingfeed.models.edition import Rendition, SlotName, content_hash
from briefingfeed.models.problem import Problem
from briefingfeed.models.settings import PublicationSettings
from briefingfeed.models.theme import Colour, ThemeSettings
from briefingfeed.newsletter.finding import Finding
from briefingfeed.newsletter.mime import splice
from briefingfeed.newsletter.proof import Box, Command, as_proof
from briefingfeed.shipped import shipped_templates
from renditions import rendition_of

AT = datetime(2026, 11, 23, 5, tzinfo=UTC)
LOOK = Look([shipped_templates()], PublicationSettings())
BOX = Box(
    headline="Proof of weekly/2026-W48",
    fate=("It goes out on Monday, to 800 readers.",),
    stops=(Finding(stops=True, message="There is no <postal> address.", remedy="Set it."),),
    changes=("Added: Tides & winds",),
    broken=(Problem(path="posts/a.md", line=3, message="A bracket is open.", remedy="Close it."),),
    warnings=(Finding(stops=False, message="An image says nothing.", remedy="Describe it.", post_path="posts/b.md"),),
    commands=(Command("To stop it:", "briefingfeed editions hold weekly/2026-W48"),),
)


def rendition(html: str = '<html><body class="page"><p>Hello</p></body></html>') -> Rendition:
    return rendition_of(
        "Hello\n{leave}\n",
        html,
        sender="Notes <notes@harbour.example>",
        subject="Notes: Tides",
        post_id="tag:tides",
    )


def test_everything_in_the_box_stands_in_both_parts_above_the_mail() -> None:
    proof = as_proof(rendition(), BOX, LOOK, AT)
    for part, mail in ((" ".join(proof.text.split()), "Hello"), (proof.html, "<p>Hello</p>")):
        head, _, below = part.partition(mail)
        for words in ("Proof of weekly/2026-W48", "to 800 readers", "Set it.", "posts/a.md:3: A bracket is open.",
                      "Close it.", "posts/b.md: An image says nothing.", "editions hold weekly/2026-W48"):  # fmt: skip
            assert words in head
        assert below
    assert "There is no &lt;postal&gt; address." in proof.html
    assert "Added: Tides &amp; winds" in proof.html
    assert "There is no <postal> address." in proof.text


def test_it_is_a_mail_of_its_own_with_its_own_subject_and_date() -> None:
    proof = as_proof(rendition(), BOX, LOOK, AT)
    values = {
        SlotName.ADDRESS: "ed@harbour.example",
        SlotName.MESSAGE_ID: "<a@harbour.example>",
        SlotName.UNSUBSCRIBE_URL: "https://harbour.example/u/x",
        SlotName.UNSUBSCRIBE_TOKEN: "x",
    }
    mail = message_from_bytes(b"".join(splice(proof.message, values)), policy=policy.default)
    assert mail["Subject"] == "[Proof] Notes: Tides"
    assert mail["Date"].datetime == AT
    assert mail["To"] == "ed@harbour.example"
    assert "https://harbour.example/u/x" in mail.get_body(("plain",)).get_content()
    assert proof.content_hash == content_hash(proof.message)


def test_a_template_without_a_body_element_gets_the_box_first() -> None:
    assert as_proof(rendition("<p>Hello</p>"), BOX, LOOK, AT).html.index("Proof of") < 4000


def test_parts_that_are_empty_leave_no_trace() -> None:
    bare = Box(headline="Proof of weekly/2026-W48", fate=("It goes out.",))
    proof = as_proof(rendition(), bare, LOOK, AT)
    assert "\n\n\n" not in proof.text.partition("Hello")[0].rstrip()
    for heading in ("What keeps it", "Changed since", "Left out", "Worth a look"):
        assert heading not in proof.text
        assert heading not in proof.html


def test_without_a_post_its_subject_is_its_headline() -> None:
    empty = replace(rendition(), post_ids=())
    assert as_proof(empty, BOX, LOOK, AT).subject == "[Proof of weekly/2026-W48]"


def test_on_a_screen_the_box_has_the_colours_of_the_theme_and_no_other() -> None:
    theme = ThemeSettings(colour=Colour.parse("#0b5d3b"), background=Colour.parse("#e0e8f0"))
    look = Look([shipped_templates()], PublicationSettings(), theme)

    box = as_proof(rendition(), BOX, look, AT).html
    box = re.sub(r"@media print \{.*?\n\}", "", box, flags=re.DOTALL)  # black on white

    light, dark = theme.light, theme.dark
    assert set(re.findall(r"#[0-9a-f]{6}", box)) == {
        str(colour)
        for shades in (light, dark)
        for colour in (shades.page, shades.sheet, shades.action, shades.ink, shades.quiet, shades.tint)
    }
