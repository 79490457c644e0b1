"""Our own plain mails: what arrives is what was meant, whatever stands in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from briefingfeed.errors import ConfigurationError
from briefingfeed.look import Look
from briefingfeed.models.delivery import Message
from briefingfeed.models.settings import Mailbox, PublicationSettings
from briefingfeed.newsletter.notes import Block, Figures, Lines, Note, note_message, text_of
from briefingfeed.shipped import shipped_templates

LOOK = Look([shipped_templates()], PublicationSettings())
AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def message(*blocks: Block, subject: str = "A subject", sender: Mailbox | None = None, to: str = "") -> Message:
    return note_message(
        Note(subject=subject, blocks=blocks or ("Words.",)),
        sender=sender or Mailbox("notes@harbour.example", "Harbour Notes"),
        recipient=Mailbox(to or "ola@harbour.example"),
        message_id="<abc-_123@harbour.example>",
        at=AT,
        look=LOOK,
    )


def parsed(sent: Message) -> EmailMessage:
    mail = message_from_bytes(b"".join(sent.segments), policy=policy.default)
    assert not mail.defects
    return mail


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    return found.get_content().replace("\r\n", "\n")


def test_the_text_is_read_like_a_letter() -> None:
    blocks = (
        "weekly/2026-W48 is through.",
        Figures(((798, "handed over"), (2, "refused"))),
        Lines(("In it:", "  - A")),
    )
    assert text_of(blocks) == ("weekly/2026-W48 is through.\n\n798  handed over\n  2  refused\n\nIn it:\n  - A\n")


def test_both_parts_say_the_same() -> None:
    sent = message("One <b> & “two”.", Figures(((1, "three"),)), Lines(("four", "  five")))
    mail = parsed(sent)
    html = re.sub(r"<(style|title).*?</\1>|<[^>]+>", " ", part(mail, "html"), flags=re.DOTALL)
    assert html.split() == ["One", "&lt;b&gt;", "&amp;", "“two”.", "1", "three", "four", "five"]
    assert part(mail, "plain").split() == ["One", "<b>", "&", "“two”.", "1", "three", "four", "five"]


def test_a_paragraph_is_one_line_which_each_screen_breaks_for_itself() -> None:
    words = "word " * 60 + "end."
    assert part(parsed(message(words)), "plain") == f"{words}\n"
    assert max(map(len, b"".join(message(words).segments).split(b"\r\n"))) <= 78


def test_it_is_a_machine_s_mail_and_no_list_s() -> None:
    mail = parsed(message())
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    assert mail["Date"].datetime == AT
    assert mail["Message-ID"] == "<abc-_123@harbour.example>"


@settings(deadline=None)
@given(
    paragraph=st.text(max_size=200),
    subject=st.text(min_size=1, max_size=200),
    name=st.text(max_size=60).filter(lambda name: "=?" not in name),
)
def test_nothing_that_stands_in_it_breaks_it(paragraph: str, subject: str, name: str) -> None:
    sent = message(paragraph, subject=subject, sender=Mailbox("notes@harbour.example", name))
    octets = b"".join(sent.segments)
    assert octets.isascii()
    assert not re.search(rb"(?m)^(\.|From )|[^\r]\n|\r[^\n]", octets)
    mail = parsed(sent)
    assert mail.keys() == [
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"),
        *("MIME-Version", "Content-Type"),
    ]
    assert [address.addr_spec for address in mail["From"].addresses] == ["notes@harbour.example"]
    assert part(mail, "plain") == sent.parts().text
    assert part(mail, "html") == sent.parts().html


def test_what_steers_a_terminal_is_not_passed_on() -> None:
    mail = parsed(message(Lines(("\x1b[2Jposts/a.md", "b\rc")), subject="a\r\nBcc: everybody@example.org"))
    assert "\x1b" not in part(mail, "plain")
    assert mail["Subject"] == "a Bcc: everybody@example.org"
    assert mail["Bcc"] is None


def test_addresses_beyond_ascii_and_none_at_all() -> None:
    assert message(to="ola@häfen.example").recipient == "ola@xn--hfen-loa.example"
    with pytest.raises(ConfigurationError, match="not an address"):
        message(to="ola@example.org>\r\nBcc: x")
