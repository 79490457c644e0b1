"""A post as a form: its fields as people fill them in, read from a file's bytes and put back into them. Pure.

What a form does not show (other keys, comments, the order of things) stays as it is; see `posts.amending`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from zoneinfo import ZoneInfo

from briefingfeed.errors import RefusedError
from briefingfeed.models.post import Author
from briefingfeed.posts.amending import amend, begin_head, text_of, with_text
from briefingfeed.posts.characters import decode
from briefingfeed.posts.discovery import Candidate
from briefingfeed.posts.fields import NAMES, Fields
from briefingfeed.posts.findings import Findings
from briefingfeed.posts.frontmatter import Document, Entry, Syntax, Value, split
from briefingfeed.posts.head import read_topics
from briefingfeed.posts.wording import Word

_ORDER = (
    "title", "date", "authors", "standfirst", "topics", "closes", "call_to_action", "summary", "image", "image_alt",
    "feed", "email", "draft",
)  # fmt: skip
"""A new key goes behind the last of those that stand before it here."""
_TEXTS = ("title", "standfirst", "summary")
_MOMENTS = ("date", "closes")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?")
_TOPICS = ("tags", "tag", "categories", "category")
_DRAFTS = {"published": Word("true"), "status": "published", "eleventyexcludefromcollections": Word("false")}
"""Keys of other programs that can hold a post back, with what they say when they do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Texts are on one line, and empty for what is not there."""

    title: str = ""
    date: str = ""
    """As written, such as `2026-11-24` or `2026-11-24 17:00`."""
    authors: tuple[Value, ...] = ()
    """As written: keys of authors.toml, names, or mappings."""
    standfirst: str = ""
    topics: tuple[str, ...] = ()
    closes: str = ""
    action_label: str = ""
    action_url: str = ""
    summary: str = ""
    image: str = ""
    image_alt: str = ""
    feed: bool = True
    email: bool | None = None
    ready: bool = True
    """Whether it is no draft."""
    body: str = ""


def read_form(data: bytes, candidate: Candidate, people: Mapping[str, Author]) -> Form:
    """Return what the form shows of a file. Raises HeadError, or RefusedError for bytes that are no text."""
    document = _document(data)
    found = Fields(document, ZoneInfo("UTC"), Findings(candidate.path))
    is_held_back = candidate.is_draft or found.flag("draft") or any(_holds_back(found))
    _drop_switch(found)
    action_label, action_url = _action(found.entry("call_to_action"))
    image, alt = _image(found.entry("image"))
    return Form(
        **{key: _text(found.entry(key)) for key in _TEXTS},
        date=_text(found.entry("date")) or (candidate.date.isoformat() if candidate.date else ""),
        closes=_text(found.entry("closes")),
        authors=_authors(found.entry("authors"), people, document),
        topics=read_topics(found, yaml=document.syntax is Syntax.YAML),
        action_label=action_label,
        action_url=action_url,
        image=image,
        image_alt=_text(found.entry("image_alt")) or alt,
        feed=found.flag("feed") is not False,
        email=found.flag("email"),
        ready=not is_held_back,
        body=text_of(data),
    )


def put_form(data: bytes, form: Form, candidate: Candidate, people: Mapping[str, Author]) -> bytes:
    """Return the file's bytes as the form would have them; the same bytes if it changes nothing.

    Raises HeadError, and RefusedError for what the file cannot say or what stands in it too oddly to be changed.
    """
    before = read_form(data, candidate, people)
    if before == form:
        return data
    if _document(data).syntax is None:
        data = begin_head(data)
    for field in fields(Form):
        if getattr(before, field.name) != getattr(form, field.name):
            data = _put(data, field.name, form, candidate)
    return data


def _put(data: bytes, name: str, form: Form, candidate: Candidate) -> bytes:
    found = Fields(_document(data), ZoneInfo("UTC"), Findings(candidate.path))
    if name != "ready":
        _drop_switch(found)
    if name in _TEXTS:
        return _amended(data, found, name, getattr(form, name) or None)
    if name in _MOMENTS:
        written = getattr(form, name)
        return _amended(data, found, name, Word(written) if _MOMENT.fullmatch(written) else written or None)
    match name:
        case "body":
            return with_text(data, form.body)
        case "authors":
            alone = form.authors[0] if len(form.authors) == 1 and isinstance(form.authors[0], str) else None
            return _amended(data, found, name, alone or list(form.authors) or None)
        case "topics":
            return _put_topics(data, found, form)
        case "ready":
            return _put_ready(data, found, form, candidate)
        case "feed":
            return _amended(data, found, name, None if form.feed else Word("false"))
        case "email":
            return _amended(data, found, name, None if form.email is None else Word(str(form.email).lower()))
        case "image":
            entry = found.entry(name)
            data = _amended(data, found, name, form.image or None)
            was_together = entry is not None and isinstance(entry.value, dict)
            return _amended(data, found, "image_alt", form.image_alt or None) if was_together else data
        case "image_alt":
            return _amended(data, found, name, form.image_alt or None)
        case _:
            return _amended(data, found, "call_to_action", _action_value(found.entry("call_to_action"), form))


def _amended(data: bytes, found: Fields, key: str, value: Value) -> bytes:
    entry = found.entry(key)
    before = [name for each in _ORDER[: _ORDER.index(key)] for name in NAMES[each]]
    return amend(data, entry.key if entry else key, value, before)


def _put_topics(data: bytes, found: Fields, form: Form) -> bytes:
    entry = found.entry("topics")
    data = _amended(data, found, "topics", list(form.topics) or None)
    for name in _TOPICS:  # where topics stand under several keys, now all of them stand under the first
        other = found.named(name)
        if entry and other and entry.key.lower() != "topics" and other.key != entry.key:
            data = amend(data, other.key, None)
    return data


def _put_ready(data: bytes, found: Fields, form: Form, candidate: Candidate) -> bytes:
    if not form.ready:
        return _amended(data, found, "draft", Word("true"))
    if candidate.is_draft:
        raise RefusedError(
            "This post lies in a folder of drafts, so it stays one.", remedy="Move its file out of the folder _drafts."
        )
    if found.entry("draft"):
        data = _amended(data, found, "draft", None)
    for name in _holds_back(found):
        data = amend(data, name, _DRAFTS.get(name))
    return data


def _holds_back(found: Fields) -> Iterator[str]:
    """Yield keys of other programs that make it a draft: see `posts.head`."""
    says = {name: str(found.raw(name)).lower() for name in (*_DRAFTS, "permalink")}
    if says["published"] in ("false", "no"):
        yield "published"
    if says["status"] in ("draft", "hidden", "skip"):
        yield "status"
    if says["eleventyexcludefromcollections"] == "true":
        yield "eleventyexcludefromcollections"
    if says["permalink"] == "false":
        yield "permalink"


def _drop_switch(found: Fields) -> None:
    """Jekyll's `published: false` is no date: see `posts.head`."""
    if str(found.raw("published")).lower() in ("true", "false", "yes", "no"):
        found.drop("published")


def _document(data: bytes) -> Document:
    findings = Findings("")
    text = decode(data, findings)
    if text is None:
        problem = findings.problems[0]
        raise RefusedError(problem.message, remedy=problem.remedy)
    return split(text)


def _text(entry: Entry | None) -> str:
    return " ".join(entry.value.split()) if entry and isinstance(entry.value, str) else ""


def _authors(entry: Entry | None, people: Mapping[str, Author], document: Document) -> tuple[Value, ...]:
    """Return them one by one, divided as `posts.people` does."""
    if entry is None:
        return ()
    items = entry.value if isinstance(entry.value, list) else [entry.value]
    if len(items) == 1 and isinstance(items[0], str):
        parts = [part.strip() for part in re.split(r"[;\n]" if ";" in items[0] else r"[,\n]", items[0])]
        if document.syntax is Syntax.BARE or (len(parts) > 1 and all(part in people for part in parts)):
            items = list(parts)
    return tuple(item for item in items if item)


def _action(entry: Entry | None) -> tuple[str, str]:
    if entry is None or isinstance(entry.value, dict):
        table = entry.value if entry and isinstance(entry.value, dict) else {}
        words = {key.lower(): value for key, value in table.items() if isinstance(value, str)}
        return words.get("label", ""), words.get("url", "")
    return _text(entry), ""


def _action_value(entry: Entry | None, form: Form) -> Value:
    if not form.action_label and not form.action_url:
        return None
    if not form.action_label:
        raise RefusedError("The button needs words.", remedy="Write what it says, such as “Take the survey”.")
    table = dict(entry.value) if entry and isinstance(entry.value, dict) else {}
    if not form.action_url and not table:
        return form.action_label
    for name, value in (("label", form.action_label), ("url", form.action_url)):
        written = next((key for key in table if key.lower() == name), name)
        table[written] = value
        if not value:
            del table[written]
    return table


def _image(entry: Entry | None) -> tuple[str, str]:
    """Return file or address, and alternative text if it stands beside it: see `posts.details`."""
    value: Value = entry.value if entry else None
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict):
        return (value.strip() if isinstance(value, str) else ""), ""
    name = next((value[key] for key in ("url", "path", "src", "image") if value.get(key)), "")
    alt = value.get("alt")
    return (name if isinstance(name, str) else ""), (" ".join(alt.split()) if isinstance(alt, str) else "")
