"""Drafts become posts: text rendered, addresses resolved, summary chosen."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from briefingfeed.models.post import CallToAction, LeadImage, Post
from briefingfeed.posts.assets import PostAssets
from briefingfeed.posts.discovery import shown_path
from briefingfeed.posts.links import Links
from briefingfeed.posts.markdown import Renderer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from briefingfeed.models.settings import Settings
    from briefingfeed.posts.findings import Findings
    from briefingfeed.posts.links import Page
    from briefingfeed.posts.markdown import Rendered
    from briefingfeed.posts.seconds import Instants
    from briefingfeed.posts.source import Draft


class Assembly:
    """Makes one post after another. `know` comes first: posts may link to each other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._posts_folder = settings.paths.posts.resolve()
        self._top = shown_path(settings.paths.posts, settings.paths.root)
        self._site = settings.publication.url.rstrip("/")
        self._renderer = Renderer()
        self._pages: Mapping[str, Page] = {}

    def know(self, pages: Mapping[str, Page]) -> None:
        """Take over where each post will be read, by path."""
        self._pages = pages

    def post(self, draft: Draft, post_id: str, instants: Instants, findings: Findings) -> Post | None:
        """Return the post; None, with an error among the findings, if its text cannot be rendered."""
        head, path = draft.head, draft.candidate.path
        page = self._pages[path]
        assets = self._assets(draft, page)
        links = Links(page, path, self._top, self._pages, assets)
        standfirst = self._renderer.plain(head.standfirst) if head.standfirst else None
        rendered = self._renderer.render(
            draft.text,
            links,
            prefix=page.prefix,
            language=head.language,
            standfirst=standfirst,
            wants_excerpt=not head.summary,
            findings=findings,
            first_line=draft.first_line,
        )
        if rendered is None:
            return None
        summary, is_excerpt = self._summary(draft, rendered)
        image = self._image(draft, links, findings)
        call_to_action = _call_to_action(draft, links, findings)
        _say_missing(draft, links, assets, findings)
        return Post(
            id=post_id,
            path=path,
            slug=head.slug,
            url=page.url,
            title=head.title,
            published=head.date.at,
            time_given=head.date.time_given,
            updated=head.updated,
            entry_published=instants.published,
            entry_updated=instants.updated,
            language=head.language,
            authors=head.authors,
            body=rendered.body,
            summary=summary,
            summary_is_excerpt=is_excerpt,
            standfirst=standfirst,
            contact=head.contact,
            topics=head.topics,
            draft=head.draft,
            aliases=head.aliases,
            image=image,
            closes=head.closes,
            call_to_action=call_to_action,
            corrections=head.corrections,
            feed=head.feed,
            email=head.email,
            comments=head.comments,
            assets=assets.found if assets else (),
            extra=MappingProxyType(dict(head.extra)),
        )

    def _assets(self, draft: Draft, page: Page) -> PostAssets | None:
        """Files are copied only for pages of ours."""
        if not self._settings.site.pages or not page.url.startswith(f"{self._site}/"):
            return None
        return PostAssets(draft.candidate.file, self._posts_folder, page.url, self._site)

    def _summary(self, draft: Draft, rendered: Rendered) -> tuple[str, bool]:
        head = draft.head
        if head.summary:
            return self._renderer.plain(head.summary), False
        if rendered.excerpt:
            return rendered.excerpt, True
        return (self._renderer.plain(head.standfirst) if head.standfirst else head.title), False

    def _image(self, draft: Draft, links: Links, findings: Findings) -> LeadImage | None:
        head = draft.head
        url = links.resolve(head.image) if head.image else None
        if head.image and url is None:
            message = f"The image “{head.image}” has no address that can be used; it was left out."
            findings.warning(message, "Name a file beside the post, or begin with https://", head.lines.get("image"))
        return LeadImage(url=url, alt=head.image_alt) if url else None


def _call_to_action(draft: Draft, links: Links, findings: Findings) -> CallToAction | None:
    action = draft.head.call_to_action
    if action is None or action.url is None:
        return action
    url = links.resolve(action.url)
    if url is None:
        findings.warning(
            f"The address “{action.url}” of call_to_action cannot be used; it was left out.",
            "Begin it with https:// or mailto:",
            draft.head.lines.get("call_to_action"),
        )
    return CallToAction(label=action.label, url=url)


def _say_missing(draft: Draft, links: Links, assets: PostAssets | None, findings: Findings) -> None:
    for name in assets.missing if assets else ():
        findings.warning(
            f"There is no file {name} beside the post; readers would follow a link that leads nowhere.",
            "Put the file into the folder of the post, correct its name, or begin a web address with https://",
            _line(draft, name),
        )
    for name in links.unknown:
        findings.warning(
            f"{name} is linked to, but it is no post that can be published.",
            "Correct the file's name, or link to a web address.",
            _line(draft, name),
        )
    for address in links.refused:
        scheme = address.partition(":")[0]
        line = _line(draft, f"{scheme}:")
        if line is not None:  # those of the front matter are told where they stand
            findings.warning(
                f"An address that begins with {scheme.lower()}: cannot be followed in feeds and mails; it was left out.",
                "Link to an address that begins with https:// or mailto:",
                line,
            )


def _line(draft: Draft, name: str) -> int | None:
    if name == draft.head.image:
        return draft.head.lines.get("image")
    offset = draft.text.find(name)
    return draft.first_line + draft.text.count("\n", 0, offset) if offset >= 0 else None
