"""Old addresses and where they lead now: one file of the output that web servers read, and that nobody is shown.

Each line is `/old/ /new/ 301`. Netlify, Cloudflare Pages and GitLab Pages read this file as it is, Apache as a
RewriteMap, Caddy within a `map`, nginx after one replacement (docs/web-servers.md), and `briefingfeed serve` here.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

REDIRECTS = "_redirects"

_HEAD = b"# Old addresses and where they lead now. Written by briefingfeed build.\n"
_SAFE_IN_A_TARGET = "/:?=&#%+,@!*~[]"
"""Leaves out what means something to a web server's configuration: quotation marks, braces, `$` and `;`."""


def redirects_file(moves: Mapping[str, str], home: str) -> bytes:
    """Return the file's content. `moves` leads from paths below `home`, the publication's url, to paths below it or
    to whole addresses; the paths are not percent-encoded."""
    lines = [f"{_path_of(old, home)} {_target_of(new, home)} 301\n" for old, new in moves.items()]
    return _HEAD + "".join(sorted(lines)).encode()


def is_redirects_file(content: bytes) -> bool:
    """Tell whether a build wrote this: every one does, and nobody else."""
    return content.startswith(_HEAD)


def read_redirects(content: bytes) -> dict[str, str]:
    """Return old paths, no longer percent-encoded, with their targets as they stand.

    Lines that `redirects_file` would not have written are passed over.
    """
    moves = {}
    for line in content.decode(errors="replace").splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[0].startswith("/") and fields[2] == "301":
            moves[unquote(fields[0])] = fields[1]
    return moves


def _path_of(path: str, home: str) -> str:
    return urlsplit(home).path + quote(unquote(path), safe="/~")


def _target_of(target: str, home: str) -> str:
    inside = target.removeprefix(home) if target.startswith(f"{home}/") else target
    below = urlsplit(home).path if inside.startswith("/") else ""
    return below + quote(inside, safe=_SAFE_IN_A_TARGET)
