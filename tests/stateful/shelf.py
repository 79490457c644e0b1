"""The posts of a publication as real files, and what an editor does with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path


@dataclass
class Piece:
    """One post. Its name stands in its text, whatever becomes of title, file and date."""

    name: str
    day: date
    slug: str
    title: str
    edits: int = 0
    draft: bool = False
    broken: bool = False
    removed: bool = False
    email: bool | None = None

    def is_out(self, now: datetime) -> bool:
        """Whether readers may see it. A broken one may be the last good version, or nothing."""
        published = datetime.combine(self.day, time(), UTC)
        return not (self.draft or self.broken or self.removed) and published <= now


class Shelf:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pieces: list[Piece] = []
        folder.mkdir()

    def add(self, day: date, *, email: bool | None = None) -> Piece:
        name = f"p{len(self.pieces)}"
        piece = Piece(name, day, name, name.upper(), email=email)
        self.pieces.append(piece)
        self.put(piece)
        return piece

    def put(self, piece: Piece) -> None:
        """Write its file, or remove it."""
        file = self._file(piece)
        if piece.removed:
            file.unlink(missing_ok=True)
            return
        head = ["title: [" if piece.broken else f"title: {piece.title}", f"date: {piece.day}"]
        head += [f"{key}: true" for key in ("draft",) if piece.draft]
        head += [] if piece.email is None else [f"email: {str(piece.email).lower()}"]
        text = f"The text of {piece.name}.{' Mended.' * piece.edits}"
        file.write_text("---\n" + "\n".join(head) + f"\n---\n\n{text}\n", "utf-8")

    def move(self, piece: Piece, slug: str) -> None:
        if not piece.removed:
            self._file(piece).unlink()
        piece.slug = slug
        self.put(piece)

    def mend(self) -> None:
        """Repair every broken file."""
        for piece in self.broken:
            piece.broken = False
            self.put(piece)

    @property
    def broken(self) -> Sequence[Piece]:
        return [piece for piece in self.pieces if piece.broken and not piece.removed]

    def _file(self, piece: Piece) -> Path:
        return self._folder / f"{piece.slug}.md"
