"""What a build puts into the output folder: named bytes, bytes still to be made, or a file to copy."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OutputFile:
    path: str
    """Relative to the output folder, forward slashes, no `..`."""
    content: bytes
    key: str = ""
    """Equal keys at one path mean equal contents, of whatever build; empty if only the content tells."""

    @property
    def mark(self) -> str:
        """What tells this content from any other at this path."""
        return self.key or digest(self.content)


class OutputMade(OutputFile):
    """A file whose content is made when it is asked for: never, if what was published under this key still stands."""

    __slots__ = ("_make",)
    _make: Callable[[], bytes]

    def __init__(self, path: str, key: str, make: Callable[[], bytes]) -> None:
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "_make", make)

    @property
    def content(self) -> bytes:
        """Made anew each time. Raises what making it raises."""
        return self._make()

    def made(self) -> OutputFile:
        return OutputFile(self.path, self.content, self.key)


@dataclass(frozen=True, slots=True)
class OutputCopy:
    path: str
    source: Path


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def key_of(*parts: str) -> str:
    """Return a key for what is made of these parts and nothing else; empty if one of them is not known."""
    return digest("\0".join(parts).encode("utf-8", "surrogatepass")) if all(parts) else ""
