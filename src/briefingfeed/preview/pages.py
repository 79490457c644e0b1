"""The page itself: one document, its style, and its scripts, rendered from `templates/preview/`."""

from __future__ import annotations

from functools import partial

from starlette.responses import HTMLResponse, Response

from briefingfeed.look import Look
from briefingfeed.preview.guard import Secrets

_STYLE = "preview.css"
_SCRIPTS = (
    "app.js", "dialogs.js", "dom.js", "edition.js", "editor.js", "fields.js", "form.js", "frames.js", "people.js",
    "posts.js", "remarks.js", "server.js",
)  # fmt: skip


class Pages:
    """Raises TemplateError when asked for something whose template is wrong."""

    def __init__(self, keys: Secrets) -> None:
        self._keys = keys

    def page(self, look: Look) -> Response:
        return HTMLResponse(look.render("preview/page.html", writing_key=self._keys.writing))

    def part(self, look: Look, name: str) -> Response | None:
        """Return style or script; None for a name that is none of them."""
        if name not in (_STYLE, *_SCRIPTS):
            return None
        media_type = "text/css" if name == _STYLE else "text/javascript"
        answer = partial(Response, media_type=media_type)
        return answer(look.render(f"preview/{name}"))
