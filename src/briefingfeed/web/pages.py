"""Our own pages, rendered from `templates/web/`. None of them shows or knows anything of a subscriber."""

from __future__ import annotations

from markupsafe import Markup
from starlette.responses import HTMLResponse

from briefingfeed.look import Look
from briefingfeed.models.settings import Settings
from briefingfeed.web.headers import page_policy

PAGE_HEADER = "Briefingfeed-Page"
"""On each of our pages: proof for the preflight that it was us who answered at the public address."""


class Pages:
    """Each method returns an answer. Raises TemplateError as soon as it is made, if any template is wrong."""

    def __init__(self, look: Look, settings: Settings) -> None:
        self._look = look
        self._style = look.render("web/style.css").replace("\r\n", "\n").strip()
        self._context: dict[str, object] = {
            "style": Markup(self._style),  # noqa: S704  a template of ours, with nothing in it from outside
            "contact": settings.newsletter.reply_to or settings.newsletter.from_,
        }
        self.policy = page_policy(self._style)
        for page in (self.unsubscribe, self.goodbye, self.about, self.not_found, self.unknown_link, self.busy):
            page()
        self.refused(405)
        self.failed()

    def unsubscribe(self) -> HTMLResponse:
        """One button that posts back to the same address."""
        return self._page("unsubscribe")

    def goodbye(self) -> HTMLResponse:
        return self._page("goodbye")

    def about(self) -> HTMLResponse:
        """What the address is for, to somebody who cut the token off."""
        return self._page("about")

    def unknown_link(self) -> HTMLResponse:
        return self._page("unknown-link", 404)

    def not_found(self, *, nothing_built: bool = False) -> HTMLResponse:
        return self._page("not-found", 404, nothing_built=nothing_built)

    def refused(self, status: int) -> HTMLResponse:
        """The request itself is wrong (405, 413 and the like)."""
        return self._page("refused", status)

    def busy(self) -> HTMLResponse:
        """The database cannot be used just now; nothing was done."""
        page = self._page("busy", 503)
        page.headers["Retry-After"] = "60"
        return page

    def failed(self) -> HTMLResponse:
        return self._page("failed", 500)

    def _page(self, name: str, status: int = 200, **context: object) -> HTMLResponse:
        html = self._look.render(f"web/{name}.html", **self._context, **context)
        return HTMLResponse(html, status, headers={PAGE_HEADER: name})
