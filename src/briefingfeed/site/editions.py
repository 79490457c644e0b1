"""EditionPage: what was mailed, as the site shows it: the posts as they are now, in the order of the mail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote
from zoneinfo import ZoneInfo

from markupsafe import Markup

from briefingfeed.models.archive import SentEdition, SentPost
from briefingfeed.models.corrections import mark_of
from briefingfeed.models.post import Correction
from briefingfeed.site.addresses import root_from
from briefingfeed.site.page import Page

_HEADING = re.compile(r"<(/?)h([1-6])\b")
_TOP_HEADING = 3
"""The edition's subject is the one h1, each post's title an h2."""


@dataclass(frozen=True, slots=True)
class Carried:
    """One post of an edition; `page` is None if it is no longer there."""

    page: Page | None
    title: str

    def body(self, root: str) -> Markup:
        """Return the text's HTML, its headings below the post's own."""
        if self.page is None:
            return Markup()
        html = self.page.body_at(root)
        levels = [int(level) for _, level in _HEADING.findall(html)]
        step = _TOP_HEADING - min(levels, default=_TOP_HEADING)
        return Markup(_HEADING.sub(lambda found: f"<{found[1]}h{min(int(found[2]) + step, 6)}", html))  # noqa: S704 as it was


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionPage:
    edition: SentEdition
    home: str
    zone: ZoneInfo
    posts: tuple[Carried, ...]
    corrected: tuple[tuple[Page, Correction], ...]
    """Corrections of earlier posts that it told, as they read now."""

    @property
    def file(self) -> str:
        return f"{self.edition.folder}index.html"

    @property
    def root(self) -> str:
        return root_from(self.file)

    @property
    def url(self) -> str:
        return f"{self.home}/{self.link('')}"

    @property
    def day(self) -> date:
        return self.edition.sent_at.astimezone(self.zone).date()

    @property
    def pages(self) -> tuple[Page, ...]:
        """Of the posts that are still there: what it says depends on nothing else."""
        return (*(carried.page for carried in self.posts if carried.page), *(page for page, _ in self.corrected))

    def link(self, root: str) -> str:
        """Return its address as seen from a page whose way to the output folder is `root`."""
        return root + quote(self.edition.folder)


def edition_pages(
    editions: Sequence[SentEdition], pages: Mapping[str, Page], home: str, zone: ZoneInfo
) -> tuple[EditionPage, ...]:
    """Return the pages of `editions`; `pages` are those of all visible posts, by their ids."""
    return tuple(
        EditionPage(
            edition=edition,
            home=home,
            zone=zone,
            posts=tuple(_carried(pages.get(sent.post_id), sent) for sent in edition.posts),
            corrected=tuple(
                (pages[told.post_id], correction)
                for told in edition.told
                if told.post_id in pages
                for correction in pages[told.post_id].post.corrections
                if mark_of(correction) == told.mark
            ),
        )
        for edition in editions
    )


def _carried(page: Page | None, sent: SentPost) -> Carried:
    return Carried(page, page.post.title if page else sent.title)
