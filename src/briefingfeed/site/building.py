"""build_site(): every page of the publication's own site."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TypeVar
from urllib.parse import urlsplit

from briefingfeed.errors import ConfigurationError
from briefingfeed.images.files import sizes_of
from briefingfeed.images.tags import logo_size
from briefingfeed.look import Look
from briefingfeed.models.archive import EDITIONS, SentEdition
from briefingfeed.models.feed import FeedLink
from briefingfeed.models.output import OutputCopy, OutputFile, OutputMade, key_of
from briefingfeed.models.post import Post
from briefingfeed.models.problem import Problem, Severity
from briefingfeed.models.settings import Settings
from briefingfeed.site.addresses import page_file, root_from
from briefingfeed.site.editions import EditionPage, edition_pages
from briefingfeed.site.following import Following, digest_address
from briefingfeed.site.page import Page
from briefingfeed.site.redirects import REDIRECTS, redirects_file

STYLESHEET = "assets/site.css"
FEED_STYLESHEET = "assets/feed.css"
COPY_SCRIPT = "assets/copy.js"
INDEX = "index.html"
SUBSCRIBE = "subscribe/index.html"
EDITIONS_INDEX = f"{EDITIONS}index.html"
NOT_FOUND = "404.html"

_Neighbour = TypeVar("_Neighbour", Page, EditionPage)

_SUMMARIES = 30
"""So many of the newest posts stand on the index with their summary; older ones with title and date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    files: tuple[OutputFile | OutputCopy, ...]
    problems: tuple[Problem, ...]


def build_site(
    posts: Iterable[Post],
    settings: Settings,
    look: Look,
    feeds: Sequence[FeedLink],
    now: datetime,
    surroundings: str = "",
    editions: Sequence[SentEdition] = (),
) -> Site:
    """Return the site as it is at `now`: drafts and posts of a later date are not in it.

    `feeds` are all that there are, a feed's formats in a row, the one to recommend first; `editions` are those that
    were mailed, newest first. Of the time, only what is visible and what is open enters into the pages. With
    `pages = false` only the files beside posts are left, which feeds and mails show, the style of feeds, and the list
    of old addresses. Raises TemplateError.

    If `surroundings` tell code, settings and templates, a page is made when its content is asked for, which may raise
    TemplateError then.
    """
    visible = [post for post in posts if post.visible_at(now)]
    builder = _Builder(settings, look, feeds, now, surroundings)
    builder.add_feed_style()
    builder.add_logo()
    if settings.site.pages:
        builder.add_pages(visible, editions)
    builder.add_assets(visible)
    builder.add_redirects()
    return Site(files=tuple(builder.files.values()), problems=tuple(builder.problems))


class _Builder:
    """Gathers files; an address is given away once."""

    def __init__(
        self, settings: Settings, look: Look, feeds: Sequence[FeedLink], now: datetime, surroundings: str
    ) -> None:
        self.files: dict[str, OutputFile | OutputCopy] = {}
        self.problems: list[Problem] = []
        self._settings = settings
        self._home = settings.publication.url
        self._look = look
        self._following = Following(feeds)
        self._now = now
        self._stylesheet = ""
        self._has_editions = False
        self._logo_size = logo_size(settings.theme, settings.paths.root)
        self._surroundings = surroundings
        self._taken = {feed.path: "a feed" for feed in feeds}
        self._moves: dict[str, str] = {}

    def add_pages(self, posts: Sequence[Post], editions: Sequence[SentEdition]) -> None:
        self._stylesheet = self._add_versioned(STYLESHEET, "site.css")
        self._has_editions = bool(editions)
        pages = [self._page(post) for post in posts]
        self._add_index(pages)
        self._add_subscribe()
        self._add_not_found()
        if editions:
            by_id = {page.post.id: page for page in pages}
            zone = self._settings.publication.timezone
            self._add_editions(edition_pages(editions, by_id, self._home, zone))
        for newer, page, older in _neighbours(pages):
            if page.file is not None:
                self._add_post(page, newer, older)
            elif page.post.url.startswith(f"{self._home}/"):
                message = f"no page can stand at {page.post.url}, so links to this post do not lead to it"
                self._warn(page.post.path, message, "write a plain path such as /about/ for its url, or leave it out")
        for page in pages:
            for alias in page.post.aliases:
                self._add_alias(page, alias)

    def add_feed_style(self) -> None:
        """Feeds name it, so it is there even where no page is."""
        address = f"{self._home}/{SUBSCRIBE.removesuffix('index.html')}" if self._settings.site.pages else None
        quotable = address and address.replace("\\", "%5C").replace('"', "%22")
        self._add(OutputFile(FEED_STYLESHEET, self._look.render("site/feed.css", subscribe=quotable).encode()))

    def add_logo(self) -> None:
        """Mails show it too, so it is there even where no page is. Raises ConfigurationError if there is no file."""
        theme = self._settings.theme
        if theme.logo and theme.logo_file:
            source = self._settings.paths.root / theme.logo
            if not source.is_file():
                raise ConfigurationError(
                    f"there is no file {theme.logo} in {self._settings.paths.root}",
                    where=f"{self._settings.file.name}: [theme] logo",
                    remedy="put the image there, or correct the name",
                )
            self._add(OutputCopy(theme.logo_file, source))

    def add_assets(self, posts: Sequence[Post]) -> None:
        for post in posts:
            for asset in post.assets:
                already = self.files.get(asset.path)
                if not (isinstance(already, OutputCopy) and already.source == asset.source):
                    self._claim(OutputCopy(asset.path, asset.source), post, "the file beside it")

    def add_redirects(self) -> None:
        for old, new in self._settings.redirects.items():
            file = page_file(old, self._home)
            if file is None:
                self._warn(self._settings.file.name, f"[redirects] {old} is no address", "write it as /old/address/")
            elif owner := self._taken.get(file):
                remedy = "take it out of [redirects], or move what stands there"
                self._warn(self._settings.file.name, f"[redirects] {old} is where {owner} is", remedy)
            else:
                self._moves[old] = new
        self._add(OutputFile(REDIRECTS, redirects_file(self._moves, self._home)))

    def _page(self, post: Post) -> Page:
        return Page(
            post=post,
            home=self._home,
            file=page_file(post.url, self._home),
            is_open=post.is_open_at(self._now),
            is_closed=post.is_closed_at(self._now),
            sizes=sizes_of(post.assets),
        )

    def _add_index(self, pages: Sequence[Page]) -> None:
        calls = sorted((page for page in pages if page.is_open), key=lambda page: (_closing(page), page.post.id))
        years = [(year, list(group)) for year, group in groupby(pages, key=lambda page: page.day.year)]
        detailed = {page.post.id for page in pages[:_SUMMARIES]}
        self._add(self._made(INDEX, "index.html", pages, calls=calls, years=years, detailed=detailed))

    def _add_subscribe(self) -> None:
        script = self._add_versioned(COPY_SCRIPT, "copy.js")
        content = self._render(
            "subscribe.html",
            root_from(SUBSCRIBE),
            self._following.further,
            following=self._following,
            digest=digest_address(self._settings),
            script=script,
        )
        self._add(OutputFile(SUBSCRIBE, content))

    def _add_not_found(self) -> None:
        """It answers for addresses of any depth, so its own links begin at the host."""
        self._add(OutputFile(NOT_FOUND, self._render("404.html", f"{urlsplit(self._home).path}/")))

    def _add_editions(self, editions: Sequence[EditionPage]) -> None:
        feeds = self._following.editions.formats[:1] if self._following.editions else ()
        years = [(year, list(group)) for year, group in groupby(editions, key=lambda each: each.day.year)]
        shown = [page for each in editions for page in each.pages]
        known = [repr(each.edition) for each in editions]
        self._add(self._made(EDITIONS_INDEX, "editions.html", shown, feeds, known, years=years))
        for newer, page, older in _neighbours(editions):
            context = {"page": page, "edition": page.edition, "newer": newer, "older": older}
            known = [repr(each and each.edition) for each in (newer, page, older)]
            self._add(self._made(page.file, "edition.html", page.pages, feeds, known, **context))

    def _add_post(self, page: Page, newer: Page | None, older: Page | None) -> None:
        file = page.file or ""
        made = self._made(
            file,
            "post.html",
            (newer, page, older),
            self._following.of(page.post),
            page=page,
            post=page.post,
            newer=newer,
            older=older,
        )
        self._claim(made, page.post, "its page")

    def _add_alias(self, page: Page, alias: str) -> None:
        file = page_file(alias if "://" in alias else "/" + alias.lstrip("/"), self._home)
        if file is None:
            message = f"the alias {alias} is no address on this site"
            self._warn(page.post.path, message, "write it as /old/address/")
        elif file != page.file:
            made = self._made(file, "redirect.html", (page,), page=page, post=page.post)
            if self._claim(made, page.post, f"the alias {alias}"):
                target = page.post.url if page.file is None else f"/{page.link('')}"
                self._moves["/" + file.removesuffix("index.html")] = target

    def _add_versioned(self, path: str, template: str) -> str:
        """Add a file that pages load, and return its address, another one for each content."""
        content = self._look.render(f"site/{template}").encode()
        self._add(OutputFile(path, content))
        return f"{path}?v={hashlib.sha256(content).hexdigest()[:12]}"

    def _made(
        self,
        path: str,
        template: str,
        pages: Sequence[Page | None],
        more_feeds: Sequence[FeedLink] = (),
        known: Iterable[str] = (),
        **context: object,
    ) -> OutputFile:
        """Return a file whose context is made of nothing but these pages, and of what `known` tells apart."""

        def make() -> bytes:
            return self._render(template, root_from(path), more_feeds, **context)

        if not self._surroundings:
            return OutputFile(path, make())
        links = repr((self._following.main, more_feeds, self._has_editions, self._logo_size))
        marks = (page.mark if page else "none" for page in pages)
        return OutputMade(path, key_of(self._surroundings, template, self._stylesheet, links, *known, *marks), make)

    def _render(self, template: str, root: str, more_feeds: Sequence[FeedLink] = (), **context: object) -> bytes:
        text = self._look.render(
            f"site/{template}",
            root=root,
            home=self._home,
            stylesheet=self._stylesheet,
            feeds=self._following.main,
            more_feeds=more_feeds,
            has_editions=self._has_editions,
            logo_size=self._logo_size,
            **context,
        )
        return text.encode()

    def _claim(self, file: OutputFile | OutputCopy, post: Post, what: str) -> bool:
        """Put a file of a post where it belongs. False if something else is there, which is told."""
        if owner := self._taken.get(file.path):
            message = f"{what} would stand at {file.path}, where {owner} is"
            self._warn(post.path, message, "give one of them another slug, url or alias")
            return False
        self._add(file, post.path)
        return True

    def _add(self, file: OutputFile | OutputCopy, owner: str = "a page of the site") -> None:
        self._taken[file.path] = owner
        self.files[file.path] = file

    def _warn(self, path: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(path=path, message=message, remedy=remedy, severity=Severity.WARNING))


def _neighbours(pages: Sequence[_Neighbour]) -> Iterator[tuple[_Neighbour | None, _Neighbour, _Neighbour | None]]:
    """Yield each page between the one after it in time and the one before it."""
    for index, page in enumerate(pages):
        yield pages[index - 1] if index else None, page, pages[index + 1] if index + 1 < len(pages) else None


def _closing(page: Page) -> datetime:
    assert page.post.closes is not None  # noqa: S101
    return page.post.closes.at
