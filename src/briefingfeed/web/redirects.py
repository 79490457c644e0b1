"""Old addresses of the site, answered with the new ones: what the last build listed."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from briefingfeed.site.redirects import REDIRECTS, read_redirects


class Redirects:
    """Reads the list of a build from the output folder, again whenever it changed. For use from several threads."""

    def __init__(self, folder: Path, home: str) -> None:
        """`home` is the publication's url: the list's paths begin with its path."""
        self._file = folder / REDIRECTS
        self._start = urlsplit(home).path + "/"
        self._known: tuple[tuple[int, int, int] | None, dict[str, str]] = (None, {})

    def find(self, path: str) -> str | None:
        """Return the Location for a path below the site, without leading slash. None if it is no old address.

        Within the site it is relative: right behind any proxy, below any path, and on the editor's own machine.
        """
        moves = self._moves()
        target = moves.get(self._start + path) or moves.get(f"{self._start}{path}/")
        if target is None or not target.startswith(self._start):
            return target
        return ("../" * path.count("/") or "./") + target.removeprefix(self._start)

    def _moves(self) -> dict[str, str]:
        known, moves = self._known
        try:
            status = os.stat(self._file)  # noqa: PTH116 - once per request
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != known:
                moves = read_redirects(self._file.read_bytes())
                self._known = (stamp, moves)
        except OSError:
            return {}
        return moves
