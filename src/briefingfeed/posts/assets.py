"""Files beside a post that are published with it: only those its text or head refers to, never from outside."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from briefingfeed.models.post import Asset

_NEVER = frozenset({".md", ".markdown", ".toml", ".html", ".htm", ".xhtml", ".php", ".py", ".sh", ".js"})


class PostAssets:
    """The assets of one post, found as its links are resolved."""

    def __init__(self, file: Path, posts: Path, post_url: str, site_url: str) -> None:
        """`posts` is the resolved posts folder; `post_url` lies below `site_url`."""
        self._folder = file.parent
        self._posts = posts
        self._site_url = site_url
        self._home = _home(post_url, site_url)
        self._found: dict[str, Asset] = {}
        self.looked_for: dict[str, Path | None] = {}
        """Names of files, and the file that each means."""
        self.missing: list[str] = []

    @property
    def found(self) -> tuple[Asset, ...]:
        return tuple(sorted(self._found.values(), key=lambda asset: asset.path))

    def find(self, name: str) -> str | None:
        """Return the public address of a file beside the post, or None. A name without any such file is `missing`."""
        suffix = posixpath.splitext(name)[1].lower()
        if not suffix or suffix in _NEVER or "\\" in name or "\0" in name:
            return None
        source = self.looked_for[name] = self.source(name)
        if source is None:
            if not name.startswith("/"):
                self.missing.append(name)
            return None
        return self._asset(source, name).url

    def source(self, name: str) -> Path | None:
        """Return the file that is meant, if it lies in the posts folder, links included, and is not hidden."""
        start = self._posts if name.startswith("/") else self._folder
        try:
            source = Path(os.path.realpath(start / name.lstrip("/")))
            inside = source.relative_to(self._posts)
            regular = stat.S_ISREG(source.stat().st_mode)
        except (OSError, ValueError):
            return None
        # What this user may not read would stop the whole build later.
        regular = regular and os.access(source, os.R_OK)
        return source if regular and not any(part.startswith(".") for part in inside.parts) else None

    def _asset(self, source: Path, name: str) -> Asset:
        steps = [step for step in name.split("/") if step not in {"", ".", ".."}]
        path = posixpath.join(self._home, *steps)
        taken = self._found.get(path)
        if taken and taken.source != source:
            digits = hashlib.sha256(os.fsencode(source.relative_to(self._posts))).hexdigest()[:8]
            path = posixpath.join(posixpath.dirname(path), f"{digits}-{steps[-1]}")
        asset = Asset(source=source, path=path, url=f"{self._site_url}/{quote(path)}")
        self._found[path] = asset
        return asset


def _home(post_url: str, site_url: str) -> str:
    """Return the folder below the output that belongs to the post's page."""
    path = unquote(urlsplit(post_url).path)[len(unquote(urlsplit(site_url).path)) :].strip("/")
    return path if post_url.endswith("/") else posixpath.splitext(path)[0]
