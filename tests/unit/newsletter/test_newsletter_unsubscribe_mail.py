"""List-Unsubscribe: the link always, and beside it the mail that asks for the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy
from typing import Any

from briefingfeed.look import Look
from briefingfeed.models.edition import Rendition, SlotName
from briefingfeed.models.settings import BounceSettings, Settings
from briefingfeed.newsletter.digest import compose_digest
from briefingfeed.newsletter.mime import fill, splice
from briefingfeed.newsletter.render import render

TOKEN = "3f2b8c1d9e4a4b6f8a7c5d1e2f3a4b5c.Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"
VALUES = {
    SlotName.ADDRESS: "ann@example.org",
    SlotName.MESSAGE_ID: "<one@briefings.example>",
    SlotName.UNSUBSCRIBE_URL: f"https://briefings.example/u/{TOKEN}",
    SlotName.UNSUBSCRIBE_TOKEN: TOKEN,
}
BOTH = f"<https://briefings.example/u/{TOKEN}>, <mailto:leave@briefings.example?subject={TOKEN}>"


def rendered(
    settings: Settings, look: Look, make_post: Callable[..., Any], now: datetime, address: str | None
) -> Rendition:
    settings = replace(settings, bounces=BounceSettings(unsubscribe_address=address))
    post = make_post()
    return render(compose_digest([post], [post], settings, now), settings, look)


def test_with_an_address_the_link_comes_first_and_the_mail_second(
    settings: Settings, look: Look, make_post: Callable[..., Any], now: datetime
) -> None:
    rendition = rendered(settings, look, make_post, now, "leave@briefings.example")
    mail = message_from_bytes(b"".join(splice(rendition.message, VALUES)), policy=policy.default)
    assert mail["List-Unsubscribe"] == BOTH
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert dict(fill(rendition, VALUES).headers)["List-Unsubscribe"] == BOTH


def test_without_an_address_there_is_the_link_alone(
    settings: Settings, look: Look, make_post: Callable[..., Any], now: datetime
) -> None:
    rendition = rendered(settings, look, make_post, now, None)
    mail = message_from_bytes(b"".join(splice(rendition.message, VALUES)), policy=policy.default)
    assert mail["List-Unsubscribe"] == f"<https://briefings.example/u/{TOKEN}>"
    assert dict(fill(rendition, VALUES).headers)["List-Unsubscribe"] == f"<https://briefings.example/u/{TOKEN}>"


def test_the_line_keeps_to_998_octets_with_the_longest_values(
    settings: Settings, look: Look, make_post: Callable[..., Any], now: datetime
) -> None:
    longest = f"{'x' * 30}@{'.'.join(['y' * 60] * 3)}.example"
    url = "https://briefings.example/" + "z" * (500 - len("https://briefings.example/"))
    rendition = rendered(settings, look, make_post, now, longest)
    copy = b"".join(splice(rendition.message, VALUES | {SlotName.UNSUBSCRIBE_URL: url}))
    assert max(map(len, copy.split(b"\r\n"))) <= 998
