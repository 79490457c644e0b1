"""Drafts become posts: text rendered, addresses resolved, summary chosen."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from briefingfeed.errors import ContentError
from briefingfeed.models.output import key_of
from briefingfeed.models.post import CallToAction, LeadImage, Post
from briefingfeed.posts.assets import PostAssets
from briefingfeed.posts.discovery import shown_path
from briefingfeed.posts.findings import Findings
from briefingfeed.posts.links import Links
from briefingfeed.posts.markdown import RecalledBody, Renderer
from briefingfeed.posts.notes import Making

if TYPE_CHECKING:
    from collections.abc import Mapping

    from briefingfeed.models.blocks import Body
    from briefingfeed.models.settings import Settings
    from briefingfeed.posts.links import Page
    from briefingfeed.posts.markdown import Rendered
    from briefingfeed.posts.seconds import Instants
    from briefingfeed.posts.source import Draft

_NONE: Mapping[str, Post] = MappingProxyType({})


class Assembly:
    """Makes one post after another. `know` comes first: posts may link to each other."""

    def __init__(self, settings: Settings, surroundings: str = "", before: Mapping[str, Post] = _NONE) -> None:
        """`surroundings` tell what all posts are made with beside their files: code, settings, authors.

        `before` are posts that were made earlier, by path: one that would become the same again is taken from there.
        """
        self._surroundings = surroundings
        self._before = before
        self._settings = settings
        self._posts_folder = settings.paths.posts.resolve()
        self._top = shown_path(settings.paths.posts, settings.paths.root)
        self._site = settings.publication.url.rstrip("/")
        self._renderer = Renderer()
        self._pages: Mapping[str, Page] = {}
        self.makings: dict[str, Making] = {}
        """What was found out about each post, by path."""

    def know(self, pages: Mapping[str, Page]) -> None:
        """Take over where each post will be read, by path."""
        self._pages = pages

    def post(self, draft: Draft, post_id: str, instants: Instants, findings: Findings) -> Post | None:
        """Return the post; None, with an error among the findings, if its text cannot be rendered."""
        head, path = draft.head, draft.candidate.path
        making = draft.making
        if making is not None and self._holds(making, draft):
            findings.recall(making.problems)
            body: Body = RecalledBody(lambda: self._body(draft))
        else:
            made = self._make(draft, findings)
            if made is None:
                return None
            making, body = made
        self.makings[path] = making
        fingerprint = self._fingerprint(draft, post_id, instants, making)
        before = self._before.get(path)
        if before is not None and before.fingerprint == fingerprint:
            return before
        return Post(
            id=post_id,
            path=path,
            slug=head.slug,
            url=self._pages[path].url,
            title=head.title,
            published=head.date.at,
            time_given=head.date.time_given,
            updated=head.updated,
            entry_published=instants.published,
            entry_updated=instants.updated,
            language=head.language,
            authors=head.authors,
            body=body,
            summary=making.summary,
            summary_is_excerpt=making.summary_is_excerpt,
            standfirst=making.standfirst,
            contact=head.contact,
            topics=head.topics,
            draft=head.draft,
            aliases=head.aliases,
            image=making.image,
            closes=head.closes,
            call_to_action=making.call_to_action,
            corrections=head.corrections,
            feed=head.feed,
            email=head.email,
            email_subject=head.email_subject,
            comments=head.comments,
            assets=making.assets,
            extra=MappingProxyType(dict(head.extra)),
            fingerprint=fingerprint,
        )

    def _fingerprint(self, draft: Draft, post_id: str, instants: Instants, making: Making) -> str:
        """A post is made of its file, of what it refers to, of what was decided about it, and of its surroundings."""
        decided = f"{post_id}\0{draft.candidate.path}\0{instants.published}\0{instants.updated}"
        referred = f"{making.pages}\0{making.files}"
        return key_of(self._surroundings, draft.source_digest, decided, referred)

    def _make(self, draft: Draft, findings: Findings) -> tuple[Making, Body] | None:
        before = len(findings.problems)
        links, assets = self._links(draft)
        rendered = self._render(draft, links, findings)
        if rendered is None:
            return None
        summary, is_excerpt = self._summary(draft, rendered)
        image = self._image(draft, links, findings)
        call_to_action = _call_to_action(draft, links, findings)
        _say_missing(draft, links, assets, findings)
        path = draft.candidate.path
        making = Making(
            summary=summary,
            summary_is_excerpt=is_excerpt,
            standfirst=self._standfirst(draft),
            image=image,
            call_to_action=call_to_action,
            assets=assets.found if assets else (),
            problems=findings.problems[before:],
            pages=((path, self._pages[path].place), *links.looked_up.items()),
            files=tuple(assets.looked_for.items()) if assets else (),
        )
        return making, rendered.body

    def _holds(self, making: Making, draft: Draft) -> bool:
        """Whether everything that a text refers to is still where it was."""
        pages = self._pages
        for path, place in making.pages:
            page = pages.get(path)
            if (page.place if page else None) != place:
                return False
        if not making.files:
            return True
        assets = self._assets(draft)
        return assets is not None and all(assets.source(name) == source for name, source in making.files)

    def _body(self, draft: Draft) -> Body:
        findings = Findings(draft.candidate.path)
        rendered = self._render(draft, self._links(draft)[0], findings)
        if rendered is None:  # it was no error before, so it is none of the file's
            raise ContentError(findings.problems)
        return rendered.body

    def _render(self, draft: Draft, links: Links, findings: Findings) -> Rendered | None:
        return self._renderer.render(
            draft.text,
            links,
            prefix=self._pages[draft.candidate.path].prefix,
            language=draft.head.language,
            standfirst=self._standfirst(draft),
            wants_excerpt=not draft.head.summary,
            findings=findings,
            first_line=draft.first_line,
        )

    def _links(self, draft: Draft) -> tuple[Links, PostAssets | None]:
        path = draft.candidate.path
        assets = self._assets(draft)
        return Links(self._pages[path], path, self._top, self._pages, assets), assets

    def _standfirst(self, draft: Draft) -> str | None:
        return self._renderer.plain(draft.head.standfirst) if draft.head.standfirst else None

    def _assets(self, draft: Draft) -> PostAssets | None:
        """Files are copied only for pages of ours."""
        page = self._pages[draft.candidate.path]
        if not self._settings.site.pages or not page.url.startswith(f"{self._site}/"):
            return None
        return PostAssets(draft.candidate.file, self._posts_folder, page.url, self._site)

    def _summary(self, draft: Draft, rendered: Rendered) -> tuple[str, bool]:
        head = draft.head
        if head.summary:
            return self._renderer.plain(head.summary), False
        if rendered.excerpt:
            return rendered.excerpt, True
        return self._standfirst(draft) or head.title, False

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
                f"An address that begins with {scheme.lower()}: cannot be followed in feeds and mails; "
                "it was left out.",
                "Link to an address that begins with https:// or mailto:",
                line,
            )


def _line(draft: Draft, name: str) -> int | None:
    if name == draft.head.image:
        return draft.head.lines.get("image")
    offset = draft.text.find(name)
    return draft.first_line + draft.text.count("\n", 0, offset) if offset >= 0 else None
