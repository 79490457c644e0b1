"""The editor's words above one edition."""

from __future__ import annotations

from dataclasses import dataclass

from briefingfeed.models.blocks import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """What introduction.md says. It goes with the next weekly edition and with none after that."""

    body: Body
    digest: str
    """Of its words: by it they are known as used."""
