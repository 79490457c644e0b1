"""From a digest to the bytes that are frozen with its edition. The same inputs give the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from briefingfeed.errors import ConfigurationError
from briefingfeed.images.tags import logo_size
from briefingfeed.look import Look
from briefingfeed.models.edition import Cadence, Rendition, SlotName, content_hash
from briefingfeed.models.settings import Mailbox, Settings
from briefingfeed.newsletter.articles import Article, Bodies, articles_of, opening_of
from briefingfeed.newsletter.digest import Digest, one_line
from briefingfeed.newsletter.faults import refuse_faults
from briefingfeed.newsletter.fields import mailbox_text
from briefingfeed.newsletter.mime import HeaderFields, build_message
from briefingfeed.newsletter.placeholders import (
    Placeholders,
    SlotValueError,
    ascii_domain,
    checked_value,
    placeholders_for,
)
from briefingfeed.newsletter.wrap import WIDTH, underlined, wrap

if TYPE_CHECKING:
    from briefingfeed.newsletter.inline import Inliner

HTML_TEMPLATE = "email/digest.html"
TEXT_TEMPLATE = "email/digest.txt"

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def render(digest: Digest, settings: Settings, look: Look, *, test: bool = False) -> Rendition:
    """Render a digest that is the only one of its edition: see `Press.render`."""
    return Press(settings, look).render(digest, test=test)


class Press:
    """Renders the digests of one edition; what they share is made once. A post is the same in all of them."""

    def __init__(self, settings: Settings, look: Look, inliner: Inliner | None = None) -> None:
        from briefingfeed.newsletter import inline  # brings premailer, which a run that only sends does without

        self._settings = settings
        self._look = look
        self.inliner = inliner or inline.Inliner()
        self.bodies = Bodies()
        """For `preflight.examine`."""

    def render(self, digest: Digest, *, test: bool = False) -> Rendition:
        """Render a digest: templates, CSS inlined, MIME built with slots.

        If the HTML part is larger than `size_budget_kb`, posts are shortened to summary and link, the longest first, as
        few as needed; if it is still too large with all of them shortened, the summaries go. `test=True` marks the
        subject. Raises TemplateError and ConfigurationError.
        """
        page = _Page(digest, self._settings, self._look, self.inliner)
        articles = articles_of(digest, self._settings, self.bodies)
        # Rendered once without any link, only to find stand-ins that occur in none of it.
        placeholders = placeholders_for(*(page.template(name, articles, "") for name in (HTML_TEMPLATE, TEXT_TEMPLATE)))
        url = placeholders[SlotName.UNSUBSCRIBE_URL]
        fitted, html = _within_budget(page, articles, url, self._settings.newsletter.size_budget_kb * 1024)
        text = page.template(TEXT_TEMPLATE, fitted, url)
        subject = f"[Test] {digest.subject}" if test else digest.subject
        headers = tuple(_headers(subject, digest, self._settings, placeholders))
        message = build_message(headers, text, html, placeholders)
        return Rendition(
            subject=subject,
            html=html,
            text=text,
            headers=headers,
            message=message,
            post_ids=tuple(post.id for post in digest.posts),
            content_hash=content_hash(message),
        )


@dataclass(frozen=True, slots=True)
class _Page:
    """Renders the digest's templates with everything but the posts filled in."""

    digest: Digest
    settings: Settings
    look: Look
    inliner: Inliner

    def html(self, articles: Sequence[Article], unsubscribe_url: str) -> str:
        source = self.template(HTML_TEMPLATE, articles, unsubscribe_url)

        def shorter() -> Iterator[str]:
            for summaries in (True, False):
                yield self.template(HTML_TEMPLATE, _shortened(articles, summaries=summaries), unsubscribe_url)

        inlined = self.inliner.inline(source, kin=shorter)
        refuse_faults(inlined, template=HTML_TEMPLATE)
        return _clean(inlined)

    def template(self, name: str, articles: Sequence[Article], unsubscribe_url: str) -> str:
        publication = self.settings.publication
        introduction = self.digest.introduction
        rendered = self.look.render(
            name,
            digest=self.digest,
            articles=articles,
            reason=self.digest.reason,
            postal_lines=[line.strip() for line in publication.postal_address.splitlines()],
            unsubscribe_url=unsubscribe_url,
            logo_size=logo_size(self.settings.theme, self.settings.paths.root),
            opening=opening_of(introduction) if introduction else None,
            rule="-" * WIDTH,
            wrap=lambda text, first="", rest="": "\n".join(wrap(one_line(text), first=first, rest=rest)),
            underlined=lambda text, sign: "\n".join(underlined(one_line(text), sign)),
        )
        return _clean(rendered)


def _shortened(articles: Sequence[Article], *, summaries: bool) -> list[Article]:
    """Return the articles with a link in place of their bodies, and their summaries if there is room."""
    return [replace(each, is_shortened=True, summary=each.summary if summaries else "") for each in articles]


def _within_budget(
    page: _Page, articles: Sequence[Article], unsubscribe_url: str, budget: int
) -> tuple[Sequence[Article], str]:
    """Return the articles, as few of them shortened as fit the budget, and the HTML part.

    If nothing fits, all stand there as title and link alone.
    """
    by_length = sorted(range(len(articles)), key=lambda position: -len(articles[position].html))

    def shortened(count: int) -> tuple[Sequence[Article], str]:
        short = set(by_length[:count])
        candidate = [replace(article, is_shortened=place in short) for place, article in enumerate(articles)]
        return candidate, page.html(candidate, unsubscribe_url)

    best = shortened(0)
    if len(best[1].encode()) <= budget:
        return best
    few, many = 1, len(articles)
    best = shortened(many)
    while few < many:
        middle = (few + many) // 2
        candidate = shortened(middle)
        if len(candidate[1].encode()) <= budget:
            best, many = candidate, middle
        else:
            few = middle + 1
    if len(best[1].encode()) > budget:
        bare = _shortened(articles, summaries=False)
        return bare, page.html(bare, unsubscribe_url)
    return best


def _clean(text: str) -> str:
    """Return `text` with `\\n` as its only line end and without control characters, which no mail may hold."""
    lines = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", lines).strip() + "\n"


def _headers(subject: str, digest: Digest, settings: Settings, placeholders: Placeholders) -> HeaderFields:
    newsletter = settings.newsletter
    sent_at = digest.composed_at.astimezone(settings.publication.timezone)
    reply_to = [("Reply-To", _mailbox(newsletter.reply_to))] if newsletter.reply_to else []
    return [
        ("From", _mailbox(newsletter.from_)),
        ("To", placeholders[SlotName.ADDRESS]),
        ("Subject", subject),
        ("Date", format_datetime(sent_at)),
        ("Message-ID", placeholders[SlotName.MESSAGE_ID]),
        *reply_to,
        ("List-Id", _list_id(settings)),
        ("List-Unsubscribe", _list_unsubscribe(settings, placeholders)),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Precedence", "bulk"),
    ]


def _list_unsubscribe(settings: Settings, placeholders: Placeholders) -> str:
    """The link, which one click uses (RFC 8058), before the mail that asks for the same (RFC 2369)."""
    link = f"<{placeholders[SlotName.UNSUBSCRIBE_URL]}>"
    address = settings.bounces.unsubscribe_address
    return f"{link}, <mailto:{address}?subject={placeholders[SlotName.UNSUBSCRIBE_TOKEN]}>" if address else link


def _mailbox(mailbox: Mailbox) -> str:
    """Return a sender's field. Beyond ASCII its address would be readable for few, and carried by fewer."""
    with suppress(SlotValueError):
        address = checked_value(SlotName.ADDRESS, mailbox.address)
        if address.isascii():
            return mailbox_text(one_line(mailbox.name), address)
    raise ConfigurationError(
        f"“{mailbox.address}” is not an address that mail can come from",
        where="briefingfeed.toml: [newsletter]",
        remedy="write an ordinary address, such as briefings@example.org",
    )


def _list_id(settings: Settings) -> str:
    """Name the list for ever (RFC 2919): by the domain that the ids are made with, if there is one."""
    authority = (settings.publication.id_authority or "").partition(",")[0]
    domain = ascii_domain(authority or urlsplit(settings.publication.url).hostname or "localhost")
    return mailbox_text(one_line(settings.publication.title) or domain, f"{Cadence.WEEKLY}.{domain}")
