"""Addresses and the files that answer them."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_PAGE_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}$", re.IGNORECASE)


def page_file(address: str, home: str) -> str | None:
    """Return the file, relative to the output folder, that a web server shows for `address`.

    `home` is the publication's url. None if the address leads elsewhere, has a query, or names no plain path.
    """
    if address.startswith("/") and not address.startswith("//"):
        address = home + address
    there, base = urlsplit(address), urlsplit(home)
    if (there.scheme, there.netloc) != (base.scheme, base.netloc) or there.query:
        return None
    path = unquote(there.path)
    if not path.startswith(f"{base.path}/"):
        return "index.html" if path == base.path else None
    parts = path.removeprefix(f"{base.path}/").split("/")
    if any(part in (".", "..") or not part.isprintable() or "\\" in part for part in parts) or "" in parts[:-1]:
        return None
    if parts[-1] == "":
        parts[-1] = "index.html"
    elif not _PAGE_SUFFIX.search(parts[-1]):
        parts.append("index.html")
    return "/".join(parts)


def root_from(file: str) -> str:
    """Return the way from a page to the output folder: pages link to each other by relative addresses, so that they
    work on any host, and on the editor's own machine."""
    return "../" * file.count("/") or "./"
