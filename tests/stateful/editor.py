"""The editor: posts are written, dated back, mended, hidden, broken, removed and put back."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from stateful.machine import Machine
from stateful.shelf import Piece

CHANGES = (
    "is edited",
    "gets another title",
    "is hidden or shown",
    "is broken or mended",
    "is removed or put back",
    "gets another file name",
    "is asked for",
    "is kept back",
    "is no longer kept back",
)


class Editor(Machine):
    @rule(age=st.sampled_from((0, 1, 2, 5, 12, 29, 45, -1, -3)), email=st.sampled_from((None, None, None, True)))
    def a_post_is_written(self, age: int, email: bool | None) -> None:
        self.press.shelf.add((self.press.now - timedelta(days=age)).date(), email=email)

    @rule(which=st.integers(0, 5), age=st.sampled_from((0, 3, 20, 40, -2)))
    def a_post_is_dated_anew(self, which: int, age: int) -> None:
        piece = self._piece(which)
        piece.day = (self.press.now - timedelta(days=age)).date()
        self.press.shelf.put(piece)

    @rule(which=st.integers(0, 5), how=st.sampled_from(CHANGES))
    def a_post_changes(self, which: int, how: str) -> None:
        piece = self._piece(which)
        match how:
            case "is edited":
                piece.edits += 1
            case "gets another title":
                piece.title += " again"
            case "is hidden or shown":
                piece.draft = not piece.draft
            case "is broken or mended":
                piece.broken = not piece.broken
            case "is removed or put back":
                piece.removed = not piece.removed
            case "gets another file name":
                self._move(piece)
            case "is asked for":
                piece.email = True
                if piece.name in self.adopted_since:
                    # Since a restore nobody knows who had it; the editor asks for it all the same.
                    self.chronicle.allow_posts([piece.name])
            case "is kept back":
                piece.email = False
            case "is no longer kept back":
                piece.email = None
        self.press.shelf.put(piece)

    def _move(self, piece: Piece) -> None:
        """Its text stays, and it was built before: so it is known again."""
        self.press.build()
        if not (piece.broken or piece.removed):
            self.press.shelf.move(piece, f"{piece.slug}x")
            self.press.build()

    def _piece(self, which: int) -> Piece:
        """Return one of the last posts."""
        pieces = self.press.shelf.pieces
        return pieces[-1 - which % len(pieces)]
