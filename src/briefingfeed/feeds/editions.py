"""The feed of editions: an entry for each mailing, which says what was in it and leads to its page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from markupsafe import Markup

from briefingfeed.days import day_in_words
from briefingfeed.feeds.addresses import FORMATS
from briefingfeed.feeds.characters import ascii_url, legal, one_line
from briefingfeed.feeds.entry import Entry
from briefingfeed.feeds.feed import Document
from briefingfeed.feeds.press import Press
from briefingfeed.models.archive import SentEdition, edition_url
from briefingfeed.models.corrections import mark_of
from briefingfeed.models.output import OutputFile, OutputMade, key_of
from briefingfeed.models.post import Correction, Post
from briefingfeed.models.settings import Settings

_SECOND = timedelta(seconds=1)


def build_editions(
    document: Document,
    editions: Sequence[SentEdition],
    posts: Iterable[Post],
    settings: Settings,
    now: datetime,
    press: Press,
    surroundings: str,
) -> list[OutputFile]:
    """Return the feed of `editions`, the newest first, in each format; made later if `surroundings` are known.

    It says of each post what the post says now: a post that is gone, or not for feeds, stands there with its title.
    """
    shown = {post.id: post for post in posts if post.visible_at(now) and post.feed}
    newest = editions[: settings.feeds.entries]

    @cache
    def made() -> dict[str, bytes]:
        entries = tuple(_entries(newest, shown, settings))
        return {file.path: file.content for file in press.set_entries(document, entries)}

    if not surroundings:
        return [OutputFile(path, content) for path, content in made().items()]
    said = dict.fromkeys(each for edition in newest for each in _ids(edition) if each in shown)
    key = key_of(surroundings, repr((document, newest)), *(shown[each].fingerprint for each in said))
    return [OutputMade(path, key, lambda path=path: made()[path]) for path in map(document.path, FORMATS)]  # type: ignore[misc]


def _ids(edition: SentEdition) -> Iterator[str]:
    yield from (post.post_id for post in edition.posts)
    yield from (told.post_id for told in edition.told)


def _entries(editions: Sequence[SentEdition], posts: Mapping[str, Post], settings: Settings) -> Iterator[Entry]:
    """Yield an entry for each edition, newest first, no two of them with one instant."""
    zone = settings.publication.timezone
    published: dict[str, datetime] = {}
    last: datetime | None = None
    for edition in editions:
        at = edition.sent_at.astimezone(zone).replace(microsecond=0)
        last = at if last is None or at < last else last - _SECOND
        published[edition.key] = last
    taken = set(published.values())
    for edition in editions:
        since = published[edition.key]
        its = [posts[post.post_id] for post in edition.posts if post.post_id in posts]
        updated = max((post.entry_updated.astimezone(zone).replace(microsecond=0) for post in its), default=since)
        while updated > since and updated in taken:
            updated -= _SECOND
        taken.add(updated)
        content = legal("\n".join(_pieces(edition, posts)) + "\n")
        yield Entry(
            id=edition.id,
            path=edition.folder,
            url=ascii_url(edition_url(settings.publication.url, edition.key)),
            title=one_line(edition.subject),
            published=since,
            updated=max(updated, since),
            language=None,
            authors=(),
            topics=(),
            summary=None,
            content=content,
            image=None,
        )


def _pieces(edition: SentEdition, posts: Mapping[str, Post]) -> Iterator[Markup]:
    for sent in edition.posts:
        post = posts.get(sent.post_id)
        if post is None:
            yield Markup("<p>{}</p>").format(sent.title or "A post that is no longer here")
            continue
        names = ", ".join(author.name for author in post.authors)
        by = Markup("<br>{}").format(names) if names else ""
        yield Markup('<p><strong><a href="{}">{}</a></strong>{}</p>').format(post.url, post.title, by)
        yield Markup("<p>{}</p>").format(post.summary)
        if post.corrections:
            yield _list(_note(each) for each in post.corrections)
    told = [(posts[each.post_id], each.mark) for each in edition.told if each.post_id in posts]
    if told:
        yield Markup("<p><strong>Corrections</strong></p>")
        yield _list(
            Markup('<a href="{}">{}</a>. {}').format(post.url, post.title, _note(each))
            for post, mark in told
            for each in post.corrections
            if mark_of(each) == mark
        )


def _note(correction: Correction) -> Markup:
    return Markup("Correction, {}: {}").format(day_in_words(correction.date), correction.note)


def _list(items: Iterable[Markup]) -> Markup:
    return Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(item) for item in items))
