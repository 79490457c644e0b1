"""From a digest to the bytes that are frozen with its edition. The same inputs give the same bytes."""

from __future__ import annotations

from email.utils import format_datetime
from urllib.parse import urlsplit

from briefingfeed.errors import ConfigurationError
from briefingfeed.look import Look
from briefingfeed.models.edition import Cadence, Rendition, SlotName, content_hash
from briefingfeed.models.settings import Mailbox, Settings
from briefingfeed.newsletter.articles import articles_of
from briefingfeed.newsletter.digest import Digest, one_line
from briefingfeed.newsletter.fields import mailbox_text
from briefingfeed.newsletter.inline import inline_css
from briefingfeed.newsletter.mime import HeaderFields, build_message
from briefingfeed.newsletter.placeholders import Placeholders, SlotValueError, checked_value, placeholders_for
from briefingfeed.newsletter.wrap import WIDTH, underlined, wrap

HTML_TEMPLATE = "email/digest.html"
TEXT_TEMPLATE = "email/digest.txt"

_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})
_UNREADABLE = str.maketrans(
    dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
    | dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")
)


def render(digest: Digest, settings: Settings, look: Look, *, test: bool = False) -> Rendition:
    """Render the digest: templates, CSS inlined, MIME built with slots.

    If the HTML part is larger than `size_budget_kb`, posts are shortened to summary and link, the longest first, as few
    as needed. `test=True` marks the subject. Raises TemplateError and ConfigurationError.
    """
    placeholders = placeholders_for(
        *(_template(name, digest, settings, look, unsubscribe_url="") for name in (HTML_TEMPLATE, TEXT_TEMPLATE))
    )
    digest, html = _within_budget(digest, settings, look, placeholders)
    text = _template(TEXT_TEMPLATE, digest, settings, look, placeholders[SlotName.UNSUBSCRIBE_URL])
    subject = f"[Test] {digest.subject}" if test else digest.subject
    headers = tuple(_headers(subject, digest, settings, placeholders))
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


def _within_budget(digest: Digest, settings: Settings, look: Look, placeholders: Placeholders) -> tuple[Digest, str]:
    """Return the digest with as few posts shortened as fit the budget, and its HTML part; all of them if none does."""
    by_length = sorted(digest.posts, key=lambda post: -len(post.body.html))
    budget = settings.newsletter.size_budget_kb * 1024

    def shortened(count: int) -> tuple[Digest, str]:
        candidate = digest.shorten(post.id for post in by_length[:count])
        return candidate, _html(candidate, settings, look, placeholders)

    best = shortened(0)
    if len(best[1].encode()) <= budget:
        return best
    few, many = 1, len(by_length)
    best = shortened(many)
    while few < many:
        middle = (few + many) // 2
        candidate = shortened(middle)
        if len(candidate[1].encode()) <= budget:
            best, many = candidate, middle
        else:
            few = middle + 1
    return best


def _html(digest: Digest, settings: Settings, look: Look, placeholders: Placeholders) -> str:
    html = _template(HTML_TEMPLATE, digest, settings, look, placeholders[SlotName.UNSUBSCRIBE_URL])
    return _clean(inline_css(html, template=HTML_TEMPLATE))


def _template(name: str, digest: Digest, settings: Settings, look: Look, unsubscribe_url: str) -> str:
    language = settings.publication.language.lower()
    rendered = look.render(
        name,
        digest=digest,
        articles=articles_of(digest, settings),
        reason=settings.newsletter.reason,
        postal_lines=[line.strip() for line in settings.publication.postal_address.splitlines()],
        unsubscribe_url=unsubscribe_url,
        direction="rtl" if language.split("-")[0] in _RIGHT_TO_LEFT else "ltr",
        rule="-" * WIDTH,
        wrap=lambda text, first="", rest="": "\n".join(wrap(one_line(text), first=first, rest=rest)),
        underlined=lambda text, sign: "\n".join(underlined(one_line(text), sign)),
    )
    return _clean(rendered)


def _clean(text: str) -> str:
    """Return `text` with `\\n` as its only line end and without control characters, which no mail may hold."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_UNREADABLE).strip() + "\n"


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
        ("List-Unsubscribe", f"<{placeholders[SlotName.UNSUBSCRIBE_URL]}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Precedence", "bulk"),
    ]


def _mailbox(mailbox: Mailbox) -> str:
    try:
        return mailbox_text(one_line(mailbox.name), checked_value(SlotName.ADDRESS, mailbox.address))
    except SlotValueError:
        raise ConfigurationError(
            f"“{mailbox.address}” is not an address that mail can come from",
            where="briefingfeed.toml: [newsletter]",
            remedy="write an ordinary address, such as briefings@example.org",
        ) from None


def _list_id(settings: Settings) -> str:
    """Name the list for ever (RFC 2919): by the domain that the ids are made with, if there is one."""
    authority = (settings.publication.id_authority or "").partition(",")[0]
    domain = authority or urlsplit(settings.publication.url).hostname or "localhost"
    return mailbox_text(one_line(settings.publication.title) or domain, f"{Cadence.WEEKLY}.{domain}")
