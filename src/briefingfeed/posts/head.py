"""What a post's head says, typed: everything about a post that does not need its text or its neighbours."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from briefingfeed.models.language import is_tag
from briefingfeed.posts.dates import Moment, midnight
from briefingfeed.posts.details import read_call_to_action, read_closes, read_contact, read_corrections, read_image
from briefingfeed.posts.fields import Fields
from briefingfeed.posts.frontmatter import Syntax
from briefingfeed.posts.people import read_authors
from briefingfeed.posts.slugs import SLUG, slugify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from briefingfeed.models.post import Author, CallToAction, Closing, Contact, Correction
    from briefingfeed.models.settings import PublicationSettings
    from briefingfeed.posts.discovery import Candidate
    from briefingfeed.posts.findings import Findings
    from briefingfeed.posts.frontmatter import Document

# RFC 3987's scheme and no white space: what an Atom id must begin with.
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")

# Eleventy's words for dates that it finds itself.
_ELSEWHERE = frozenset({"git last modified", "git created", "last modified", "created"})
# Jekyll's and Eleventy's permalinks may be patterns (`/:year/:title/`, `{{ page.fileSlug }}`) or a word (`pretty`).
_PATTERN = re.compile(r"(?<!^http)(?<!^https):|\{|^[a-z]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostHead:
    title: str
    date: Moment
    slug: str
    updated: datetime | None
    id: str | None
    url: str | None
    """As written: absolute, or below the publication's."""
    authors: tuple[Author, ...]
    standfirst: str | None
    contact: Contact | None
    topics: tuple[str, ...]
    summary: str | None
    draft: bool
    aliases: tuple[str, ...]
    image: str | None
    image_alt: str
    closes: Closing | None
    call_to_action: CallToAction | None
    corrections: tuple[Correction, ...]
    feed: bool
    email: bool | None
    email_subject: str | None = None
    comments: bool
    language: str
    lines: Mapping[str, int | None] = field(default_factory=dict)
    """Lines of keys that are looked at again later."""
    extra: Mapping[str, object] = field(default_factory=dict)


def read_head(
    document: Document,
    candidate: Candidate,
    people: Mapping[str, Author],
    publication: PublicationSettings,
    findings: Findings,
) -> PostHead | None:
    """Return the typed head; None if anything in it is an error (the findings say what)."""
    fields = Fields(document, publication.timezone, findings)
    draft = _draft(fields) or candidate.is_draft
    title = _title(fields, findings)
    moment = _date(fields, candidate, findings, publication)
    corrections = read_corrections(fields, findings)
    updated = _updated(fields, moment, corrections, publication, findings)
    image, image_alt = read_image(fields, findings)
    authors = fields.entry("authors")
    feed = fields.flag("feed")
    head = PostHead(
        title=title or "",
        date=moment or Moment(datetime(1970, 1, 1, tzinfo=UTC), False),
        slug=_slug(fields, candidate, findings),
        updated=updated,
        id=_id(fields, findings),
        url=_url(fields, findings),
        authors=read_authors(authors, people, findings, divided=document.syntax is Syntax.BARE),
        standfirst=fields.text("standfirst"),
        contact=read_contact(fields, findings),
        topics=read_topics(fields, yaml=document.syntax is Syntax.YAML),
        summary=fields.text("summary"),
        draft=draft,
        aliases=_aliases(fields, findings),
        image=image,
        image_alt=image_alt,
        closes=read_closes(fields, publication.timezone),
        call_to_action=read_call_to_action(fields, findings),
        corrections=corrections,
        feed=feed is not False,
        email=fields.flag("email"),
        email_subject=fields.text("email_subject"),
        comments=fields.flag("comments") or False,
        language=_language(fields, publication, findings),
        lines={key: fields.line(key) for key in ("date", "id", "url", "slug", "image", "title", "call_to_action")},
        extra=fields.extra(),
    )
    return None if findings.broken else head


def _title(fields: Fields, findings: Findings) -> str | None:
    title = fields.text("title")
    if title is None and fields.entry("title") is None:
        findings.error("The post has no title.", "Add a line such as title: Our reply to the consultation", 1)
    return title


def _date(fields: Fields, candidate: Candidate, findings: Findings, publication: PublicationSettings) -> Moment | None:
    entry = fields.entry("date")
    if entry is not None:
        if isinstance(entry.value, str) and entry.value.lower() in _ELSEWHERE:
            findings.error(
                f"“{entry.value}” takes the date from elsewhere; here a post carries its own.",
                "Write the day on which the post was published, for example date: 2026-11-24",
                entry.line,
            )
            return None
        return fields.moment("date")
    if candidate.date is not None:
        return Moment(midnight(candidate.date, publication.timezone), False)
    findings.error(
        "The post has no date.", "Add a line such as date: 2026-11-24, or name the file 2026-11-24-some-words.md", 1
    )
    return None


def _draft(fields: Fields) -> bool:
    """Whether any of the ways in which generators mark a draft is used."""
    published = fields.raw("published")
    if isinstance(published, str) and published.lower() in {"true", "false", "yes", "no"}:
        fields.drop("published")
        if published.lower() in {"false", "no"}:
            return True
    if str(fields.raw("status")).lower() in {"draft", "hidden", "skip"}:
        return True
    if str(fields.raw("eleventyexcludefromcollections")).lower() == "true":
        return True
    if str(fields.raw("permalink")).lower() == "false":
        fields.drop("permalink")
        return True
    return fields.flag("draft") or False


def _slug(fields: Fields, candidate: Candidate, findings: Findings) -> str:
    written = fields.text("slug")
    if written is None:
        return slugify(candidate.slug)
    slug = slugify(written.strip("/"))
    if not SLUG.fullmatch(written.strip("/").lower()):
        message = f"The slug “{written}” holds more than a–z, 0–9 and dashes; {slug} is used."
        findings.warning(message, f"Write slug: {slug}", fields.line("slug"))
    return slug


def _id(fields: Fields, findings: Findings) -> str | None:
    written = fields.text("id")
    if written is None or _IRI.fullmatch(written):
        return written
    findings.warning(
        f"The id “{written}” is not a full address, so it is not used.",
        "An id begins with tag: or https: and is never changed. Delete the line to get one made.",
        fields.line("id"),
    )
    return None


def _url(fields: Fields, findings: Findings) -> str | None:
    entry = fields.entry("url")
    written = fields.text("url")
    if entry is None or written is None:
        return None
    if entry.key.lower() == "permalink" and _PATTERN.search(written):
        return None
    try:
        parts = urlsplit(written)
    except ValueError:
        parts = urlsplit("x:")
    segments = parts.path.split("/")
    is_whole = parts.scheme in {"http", "https"} and parts.hostname
    is_path = not parts.scheme and not written.startswith("//")
    if not (is_whole or is_path) or ".." in segments:
        message = f"The address “{written}” is not one that a post can have."
        findings.error(message, "Begin it with https:// or with a slash.", entry.line)
        return None
    return written


def read_topics(fields: Fields, *, yaml: bool) -> tuple[str, ...]:
    topics: dict[str, str] = {}
    first = fields.entry("topics")
    for name in ("topics",) if first and first.key.lower() == "topics" else ("tags", "tag", "categories", "category"):
        entry = fields.named(name)
        if entry is not None:
            for topic in fields.texts(entry, spaces=yaml and name in {"tags", "categories"}):
                topics.setdefault(topic.casefold(), topic)
    return tuple(topics.values())


def _updated(
    fields: Fields,
    published: Moment | None,
    corrections: tuple[Correction, ...],
    publication: PublicationSettings,
    findings: Findings,
) -> datetime | None:
    entry = fields.entry("updated")
    moment = fields.moment("updated")
    if published is None:
        return None
    updated = moment.at if moment else None
    if entry and moment and moment.at.date() < published.at.date():
        message = f"{entry.key} lies before the post's own date, so it was left out of account."
        findings.warning(message, "Correct one of the two dates, or delete the line.", entry.line)
    if updated is not None and updated <= published.at:
        updated = None
    if corrections:
        corrected = max(midnight(corrections[-1].date, publication.timezone), published.at)
        updated = max(corrected, updated or corrected)
    return updated


def _aliases(fields: Fields, findings: Findings) -> tuple[str, ...]:
    entry = fields.entry("aliases")
    found: dict[str, None] = {}
    for written in fields.texts(entry) if entry else ():
        path = written if written.startswith("/") else f"/{written}"
        if "://" in written or ".." in path.split("/") or path.startswith("//") or re.search(r"[?#\\\s]", path):
            message = f"The alias “{written}” is not a path on this site; it was left out."
            findings.warning(message, "Write former addresses as /old/address/", entry.line if entry else None)
        else:
            found[path] = None
    return tuple(found)


def _language(fields: Fields, publication: PublicationSettings, findings: Findings) -> str:
    written = fields.text("language")
    if written is None:
        return publication.language
    tag = written.replace("_", "-")
    if is_tag(tag):
        return tag
    findings.warning(
        f"“{written}” is not a language tag; {publication.language} is used.",
        "Write two or three letters, with a country if need be: language: de, language: en-GB.",
        fields.line("language"),
    )
    return publication.language
