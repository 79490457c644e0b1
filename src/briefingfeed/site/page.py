"""Page: a post with its place on the site, and what its template asks about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import quote

from markupsafe import Markup, escape

from briefingfeed.images.files import Size
from briefingfeed.images.tags import sized
from briefingfeed.models.post import Post
from briefingfeed.site.addresses import root_from

_SOURCE = re.compile(r"<p>(— (?:(?!</p>).)*)</p>\s*</blockquote>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`file` is None if the post's page stands elsewhere; `is_open` and `is_closed` are both False without a date."""

    post: Post
    home: str
    """The publication's address."""
    file: str | None
    is_open: bool
    is_closed: bool
    sizes: Mapping[str, Size] = field(default_factory=dict)
    """Of its images, by address."""

    @property
    def mark(self) -> str:
        """What tells this page from any other, in whatever state; empty if that is not known."""
        known = self.post.fingerprint
        return known and f"{known} {self.file} {self.is_open} {self.is_closed} {self.sizes or ''}"

    @property
    def day(self) -> date:
        return self.post.published.date()

    @property
    def changed(self) -> date | None:
        """The day of the last substantial change, if that is another day."""
        if self.post.updated is None or self.post.updated.date() <= self.day:
            return None
        return self.post.updated.date()

    @property
    def body(self) -> Markup:
        """The text's HTML for this page.

        What it links to or shows of our own site has relative addresses; a quotation's source is its footer.
        """
        return self.body_at(root_from(self.file or ""))

    def body_at(self, root: str) -> Markup:
        """Return the same for another page, whose way to the output folder is `root`."""
        ours = re.compile(r'(<(?:a|img)\b[^>]*?\s(?:href|src)=")' + re.escape(self.home) + "/")
        html = ours.sub(lambda found: found[1] + root, sized(self.post.body.html, self.sizes))
        # It was sanitised when it was read, and is not a template.
        return Markup(_SOURCE.sub(r"<footer>\1</footer>\n</blockquote>", html))  # noqa: S704

    @property
    def image_is_in_text(self) -> bool:
        """Whether the text itself shows the lead image."""
        return self.post.image is not None and f'src="{escape(self.post.image.url)}"' in self.post.body.html

    @property
    def lead_size(self) -> Markup:
        """The attributes of the lead image that say how large it is, if that is known."""
        size = self.sizes.get(self.post.image.url) if self.post.image else None
        return Markup(size.attributes if size else "")  # noqa: S704 numbers

    def local(self, url: str) -> str:
        """Return an address of ours relative to this page, and any other as it is."""
        return self.local_at(root_from(self.file or ""), url)

    def local_at(self, root: str, url: str) -> str:
        """Return the same for another page, whose way to the output folder is `root`."""
        inside = url.removeprefix(f"{self.home}/")
        return url if inside == url else root + inside

    def link(self, root: str) -> str:
        """Return the post's address as seen from a page whose way to the output folder is `root`."""
        if self.file is None:
            return self.post.url
        return root + quote(self.file.removesuffix("index.html"))
