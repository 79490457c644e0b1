"""The newest posts as each channel shows them, held against each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import unquote

from lxml import etree

from briefingfeed.days import day_in_words
from briefingfeed.feeds.addresses import ATOM
from briefingfeed.look import Look
from briefingfeed.models.archive import SentEdition
from briefingfeed.models.output import OutputFile
from briefingfeed.models.post import Post
from briefingfeed.models.problem import Problem
from briefingfeed.models.settings import FeedContent, Settings
from briefingfeed.newsletter.digest import compose_digest
from briefingfeed.newsletter.render import render
from briefingfeed.services.publishing.parity import Account, disagreements, read_html, read_text, whole_statements_of
from briefingfeed.services.publishing.rendering import Rendered

_NO_BUDGET_KB = 1 << 20
_ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """Everything rendered that may tell of a post."""

    settings: Settings
    look: Look
    now: datetime
    rendered: Rendered
    editions: Sequence[SentEdition] = ()
    mailed: Collection[str] = field(default=())
    """Ids of the posts that are to be looked at as mails too."""

    def problems(self, posts: Sequence[Post]) -> Iterator[Problem]:
        """Yield what one channel tells of a post and another doesn't. Raises what rendering a mail raises."""
        pages = {file.path: file for file in self.rendered.files if isinstance(file, OutputFile)}
        entries = self._entries(pages)
        for post in posts:
            accounts = [entries[post.id]] if post.id in entries else []
            accounts += self._page(post, pages)
            accounts += self._archived(post, pages)
            if post.id in self.mailed:
                accounts += self._mail(post)
            for channel, statement in disagreements(post, accounts, self.settings.publication.timezone):
                yield Problem(
                    path=post.path,
                    message=f"{channel[0].upper()}{channel[1:]} lacks {statement}, which other channels have.",
                    remedy="If you have templates of your own, compare them with the shipped ones.",
                )

    def _entries(self, pages: Mapping[str, OutputFile]) -> dict[str, Account]:
        """Return the entries of the main feed by id."""
        if ATOM.file not in pages:
            return {}
        is_whole = self.settings.feeds.content is FeedContent.FULL
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        found = {}
        for entry in etree.fromstring(pages[ATOM.file].content, parser).iter(f"{_ATOM}entry"):
            names = " ".join(name.text or "" for name in entry.iterfind(f"{_ATOM}author/{_ATOM}name"))
            published = datetime.fromisoformat(entry.findtext(f"{_ATOM}published", ""))
            day = day_in_words(published.astimezone(self.settings.publication.timezone))
            content = entry.find(f"{_ATOM}content")
            if content is None:
                content = entry.find(f"{_ATOM}summary")
            html, base = ("", "") if content is None else (content.text or "", content.base or "")
            beside = f"{entry.findtext(f'{_ATOM}title', '')} {names} {day}"
            account = read_html("the feed entry", html, base, also=beside, is_whole=is_whole)
            found[entry.findtext(f"{_ATOM}id", "")] = account
        return found

    def _page(self, post: Post, pages: Mapping[str, OutputFile]) -> list[Account]:
        home = f"{self.settings.publication.url}/"
        path = unquote(post.url.removeprefix(home))
        file = pages.get(f"{path}index.html" if path.endswith("/") or not path else path)
        if not post.url.startswith(home) or file is None:
            return []
        return [read_html("the page", file.content.decode(), post.url)]

    def _archived(self, post: Post, pages: Mapping[str, OutputFile]) -> Iterator[Account]:
        for edition in self.editions:
            file = pages.get(f"{edition.folder}index.html")
            if file is not None and post.id in {sent.post_id for sent in edition.posts}:
                base = f"{self.settings.publication.url}/{edition.folder}"
                yield read_html(f"the archive page of {edition.key}", file.content.decode(), base)

    def _mail(self, post: Post) -> list[Account]:
        """Read the post as an edition of its own, however long."""
        newsletter = replace(self.settings.newsletter, size_budget_kb=_NO_BUDGET_KB)
        settings = replace(self.settings, newsletter=newsletter)
        rendition = render(compose_digest([post], [], settings, self.now), settings, self.look)
        return [
            read_html("the HTML part of the mail", rendition.html, ""),
            read_text("the text part of the mail", rendition.text, whole_statements_of(post)),
        ]
