"""The files of a built site, as tests look at them."""

from __future__ import annotations

from lxml import html

from briefingfeed.models.feed import FeedLink
from briefingfeed.models.output import OutputFile
from briefingfeed.site import Site

FEEDS = (
    FeedLink(
        kind="Atom",
        title="Harbour Notes (Atom)",
        url="https://harbour.example/news/atom.xml",
        media_type="application/atom+xml",
        path="atom.xml",
    ),
    FeedLink(
        kind="RSS",
        title="Harbour Notes (RSS)",
        url="https://harbour.example/news/rss.xml",
        media_type="application/rss+xml",
        path="rss.xml",
    ),
)
MOORING = "posts/mooring/index.html"


def text_of(site: Site, path: str) -> str:
    return next(file.content.decode() for file in site.files if isinstance(file, OutputFile) and file.path == path)


def page_of(site: Site, path: str = MOORING) -> html.HtmlElement:
    return html.fromstring(text_of(site, path))


def paths(site: Site) -> list[str]:
    return sorted(file.path for file in site.files)


def moves(site: Site) -> list[str]:
    head, *lines = text_of(site, "_redirects").splitlines()
    assert head.startswith("# ")
    return lines


def words(element: html.HtmlElement, selector: str) -> list[str]:
    return [" ".join(found.text_content().split()) for found in element.cssselect(selector)]
