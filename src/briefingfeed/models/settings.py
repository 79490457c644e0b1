"""What briefingfeed.toml says, converted. `config` makes these; nothing else reads the file.

Every field has the default with which the example publication works and nothing leaves the machine.
Paths are absolute; durations are `timedelta`; secrets never stand here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import StrEnum
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from zoneinfo import ZoneInfo

from briefingfeed.models.language import is_tag
from briefingfeed.models.theme import ThemeSettings

_SERVER = r"[^\s/@:]+|[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*"
"""A name or an IP address, without scheme, port and path."""
USUAL_FOLDERS: Mapping[str, str] = MappingProxyType(
    {"posts": "posts", "templates": "templates", "output": "public", "state": "var"}
)
_IN_A_SUBJECT = ("title", "headline", "count", "date")
LARGEST_BUDGET_KB = 100
"""That a settings file may name: Gmail cuts mails at about 102 kB. Where texts are only compared there is no budget."""
_TAG_AUTHORITY = r"([\w.+-]+@)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?,\d{4}(-\d{2}(-\d{2})?)?"

EXAMPLE_URL = "https://briefings.example"
EXAMPLE_FROM_ADDRESS = "briefings@briefings.example"
EXAMPLE_POSTAL_ADDRESS = "Lantern Street Policy Trust, 12 Example Row, Exampleton EX1 2PL"

UNSET_URL = "https://www.example.org"
UNSET_FROM_ADDRESS = "briefings@example.org"
UNSET_POSTAL_ADDRESS = "Please set: street, town, country"
"""What `init` writes where it is told nothing. Like the example's own, refused before people are mailed."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name and an address, as in a From header."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class WeeklyTime:
    """A weekday (Monday is 0) and a wall-clock time in the publication's zone."""

    weekday: int
    at: time


@dataclass(frozen=True, slots=True)
class MonthlyTime:
    """A day of the month, 1 to 28 so that every month has it, and a wall-clock time in the publication's zone."""

    day: int
    at: time


class FeedContent(StrEnum):
    FULL = "full"
    SUMMARY = "summary"


class Grouping(StrEnum):
    """What the posts of a digest stand under."""

    NONE = "none"
    DATE = "date"
    TOPIC = "topic"
    """The first topic of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationSettings:
    title: str = "Lantern Street Briefings"
    url: str = EXAMPLE_URL
    """Where the site is read; no trailing slash."""
    tagline: str = ""
    language: str = "en"
    """BCP 47 tag."""
    timezone: ZoneInfo = ZoneInfo("UTC")
    id_authority: str | None = None
    """`example.org,2026`: authority and date of the tag: URIs (RFC 4151). Default: the host of `url` and the post's
    own date."""
    postal_address: str = EXAMPLE_POSTAL_ADDRESS

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", _site_address(self.url, "url"))
        if not is_tag(self.language):
            raise ValueError('language must be a tag of two or three letters, with a country if need be: "en", "en-GB"')
        if self.id_authority is not None and not re.fullmatch(_TAG_AUTHORITY, self.id_authority):
            raise ValueError(
                'id_authority must be a domain or address that was yours, and a year: "example.org,2026" (RFC 4151)'
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSettings:
    root: Path
    """The folder of briefingfeed.toml."""
    posts: Path
    templates: Path
    output: Path
    state: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    pages: bool = True
    """False: only feeds and newsletter are built; the pages live on a site of their own."""
    post_url: str = "/posts/{slug}/"
    """Address of a post: `{slug}`, `{year}`, `{month}`, `{day}`; absolute, or below the publication's url."""

    def __post_init__(self) -> None:
        try:
            address = self.post_url.format(slug="slug", year="2026", month="01", day="31")
        except (LookupError, ValueError, AttributeError):
            raise ValueError("post_url may hold only {slug}, {year}, {month} and {day}") from None
        if "slug" not in address:
            raise ValueError("post_url must hold {slug}, or two posts of a day share one address")
        if not address.startswith(("/", "https://", "http://")):
            raise ValueError('post_url must begin with "/" or "https://"')
        if self.pages and not address.startswith("/"):
            raise ValueError('post_url must begin with "/" while pages are built here; set pages = false otherwise')


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    entries: int = 20
    """So many of the newest posts stand in each feed."""
    content: FeedContent = FeedContent.FULL
    topics: bool = True
    """Whether each topic has a feed of its own."""
    authors: bool = True
    """Whether each author has a feed of their own."""
    archives: bool = True
    """Whether older posts stay in archive documents, one for each month (RFC 5005)."""
    websub_hub: str | None = None
    """The hub that tells feed readers of changes (WebSub)."""

    def __post_init__(self) -> None:
        if self.entries < 1:
            raise ValueError("entries must be 1 or more")
        if self.websub_hub is not None and not re.fullmatch(r"https?://[^\s/?#@]+(/\S*)?", self.websub_hub):
            raise ValueError('websub_hub must be a web address such as "https://hub.example.org/"')


@dataclass(frozen=True, slots=True, kw_only=True)
class IdSettings:
    """How the ids of older posts were made by the program that published them before."""

    rule: str | None = None
    """Such as `https://old.example/{year}/{month}/{slug}.html`; also `{day}`."""
    until: date | None = None
    """The day of the newest post that came from there."""

    def __post_init__(self) -> None:
        if self.rule is None and self.until is None:
            return
        if self.rule is None or self.until is None:
            raise ValueError("rule and until belong together: the rule is for posts up to that day")
        try:
            example = self.rule.format(slug="slug", year="2026", month="01", day="31")
        except (LookupError, ValueError, AttributeError):
            raise ValueError("rule may hold only {slug}, {year}, {month} and {day}") from None
        if "{slug}" not in self.rule or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+", example):
            raise ValueError('rule must be a whole address with {slug} in it: "https://old.example/{year}/{slug}/"')


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterSettings:
    from_: Mailbox = Mailbox(EXAMPLE_FROM_ADDRESS, "Lantern Street Briefings")
    reply_to: Mailbox | None = None
    subject: str = "{title}: {headline}"
    """`{title}`, `{headline}` (first post's title), `{count}` (of posts), `{date}`."""
    reason: str | None = None
    """Stands at the foot of every mail. None: that they asked for the weekly, daily or monthly briefing, or each."""
    weekly: WeeklyTime = WeeklyTime(0, time(8))
    catch_up: timedelta | None = None
    """A slot older than this is `missed`; its posts go with the next. None: a slot may be used until the next comes."""
    daily: time | None = None
    """None: there is no daily digest."""
    monthly: MonthlyTime | None = None
    """None: there is no monthly digest."""
    posts: bool = False
    """Whether subscribers may get each post by itself."""
    provider: str = "outbox"
    first_batch: int | None = None
    """So many readers get an edition first; the others after `first_batch_pause`. None: all at once."""
    first_batch_pause: timedelta = timedelta(minutes=30)
    proof_to: tuple[Mailbox, ...] = ()
    """Who gets each edition as a proof, `proof_before` its slot."""
    proof_before: timedelta = timedelta(hours=3)
    report_to: tuple[Mailbox, ...] = ()
    """Who is told how an edition went, and when something awaits a decision."""
    heartbeat_url: str | None = None
    """Asked after each run that went well, so that a watcher notices when none comes."""
    group_by: Grouping = Grouping.NONE
    size_budget_kb: int = 90
    closing_soon_days: int = 14

    def __post_init__(self) -> None:
        if self.catch_up is not None and self.catch_up < timedelta(hours=1):
            raise ValueError('catch_up must be "1 h" at least, or editions are missed between two runs')
        if self.first_batch_pause > timedelta(days=2):
            raise ValueError('first_batch_pause must be "2 d" at most, or the rest expires before its turn')
        if self.proof_before > timedelta(days=3):
            raise ValueError('proof_before must be "3 d" at most')
        _check_subject(self.subject)
        if self.heartbeat_url is not None and not re.fullmatch(r"https?://[^\s/?#@]+(/\S*)?", self.heartbeat_url):
            raise ValueError('heartbeat_url must be a web address such as "https://watcher.example.org/ping/123"')


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceSettings:
    """The table `[bounces]`: the mailbox that undeliverable mail and unsubscribing mails come back to."""

    address: str | None = None
    """The envelope sender of digests. None: bounces go to the From address, and nothing reads them."""
    verp: bool = True
    """Whether each copy's envelope sender carries a mark: `address` with `+MARK` before the @."""
    unsubscribe_address: str | None = None
    """Named in List-Unsubscribe beside the link. Its mail comes to the same mailbox."""
    maildir: Path | None = None
    imap_host: str | None = None
    imap_port: int = 993
    """TLS from the first octet."""
    imap_username: str | None = None
    imap_password_file: Path | None = None
    """Or the password stands in the environment: BRIEFINGFEED_BOUNCES_PASSWORD."""
    imap_folder: str = "INBOX"
    keep: bool = False
    """Whether mails stay in the mailbox, marked as read, after they were dealt with."""

    def __post_init__(self) -> None:
        for name in ("address", "unsubscribe_address"):
            value: str | None = getattr(self, name)
            if value is not None and not re.fullmatch(r"[A-Za-z0-9._-]{1,30}@[A-Za-z0-9.-]+", value):
                raise ValueError(f'{name} must be a plain address such as "bounces@example.org"')
        if self.maildir is not None and self.imap_host is not None:
            raise ValueError("maildir and imap_host are two mailboxes; name one of them")
        if self.imap_host is not None and self.imap_username is None:
            raise ValueError("imap_username is missing; imap_host needs it")
        if self.imap_host is not None:
            check_server(self.imap_host, "imap_host", port="imap_port")
        if self.imap_port > 65535:
            raise ValueError("imap_port must be at most 65535")
        if not self.imap_folder.strip():
            raise ValueError('imap_folder must be the name of a folder such as "INBOX"')


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    url: str
    """SQLAlchemy URL; a relative SQLite path is below the publication's folder and made absolute here."""
    password_file: Path | None = None
    """For PostgreSQL; or the password stands in the environment: BRIEFINGFEED_DATABASE_PASSWORD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    public_url: str | None = None
    """Where `briefingfeed serve` is reached from outside: unsubscribe links begin with it. Default: the
    publication's url."""

    def __post_init__(self) -> None:
        if self.public_url is not None:
            object.__setattr__(self, "public_url", _site_address(self.public_url, "public_url"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of it. `provider_tables` holds the providers' own tables unread: each provider declares its keys itself."""

    file: Path
    publication: PublicationSettings
    paths: PathSettings
    site: SiteSettings
    feeds: FeedSettings
    newsletter: NewsletterSettings
    database: DatabaseSettings
    web: WebSettings
    provider_tables: Mapping[str, Mapping[str, object]] = field(default_factory=lambda: MappingProxyType({}))
    ids: IdSettings = field(default_factory=IdSettings)
    bounces: BounceSettings = field(default_factory=BounceSettings)
    theme: ThemeSettings = field(default_factory=ThemeSettings)
    redirects: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Old address -> new one, such as a feed of an older site. Old ones are paths below the publication's url; new
    ones too, or whole addresses. None leads to another old one."""

    @property
    def public_url(self) -> str:
        return self.web.public_url or self.publication.url


def _check_subject(pattern: str) -> None:
    """Raise ValueError unless `pattern.format` takes it, with nothing but the names that a subject may hold."""
    try:
        pieces = list(Formatter().parse(pattern))
    except ValueError:
        raise ValueError("subject has a brace that stands alone; write {{ and }} for a brace itself") from None
    for _, name, specification, conversion in pieces:
        if name is not None and (name not in _IN_A_SUBJECT or specification or conversion):
            raise ValueError(f"subject may hold only {{title}}, {{headline}}, {{count}} and {{date}}, not {{{name}}}")


def check_server(name: str, key: str, *, port: str) -> None:
    """Raise ValueError if a server is not named by its name alone. `port` is the key where its port stands."""
    if not re.fullmatch(_SERVER, name):
        raise ValueError(f'{key} must be only the name, such as "mail.example.org"; the port is `{port}`')


def _site_address(url: str, key: str) -> str:
    """Return `url` without its trailing slash. Raises ValueError unless it is a web address without query."""
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
        raise ValueError(f'{key} must be a web address such as "https://example.org"')
    return url.rstrip("/")
