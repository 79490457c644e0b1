"""Colours and type of a publication: a few settings, and the palettes that follow from them. Pure.

Contrast is that of WCAG 2.2 (1.4.3): 4.5 to 1 is the least for text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

LEAST_CONTRAST: Final = 4.5
_COMFORTABLE_CONTRAST: Final = 7.0


@dataclass(frozen=True, slots=True)
class Colour:
    """An sRGB colour; `str()` gives `#8a2f14`, the only spelling that every mail program reads."""

    red: int
    green: int
    blue: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `#8a2f14` or `#835`. Raises ValueError."""
        digits = text.removeprefix("#")
        if not re.fullmatch(r"[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}", digits) or digits == text:
            raise ValueError(text)
        pairs = [digits[at : at + 2] for at in (0, 2, 4)] if len(digits) == len("rrggbb") else [2 * d for d in digits]
        return cls(*(int(pair, 16) for pair in pairs))

    def __str__(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"

    def mixed(self, other: Colour, share: float) -> Colour:
        """Return this colour with a `share` (0 to 1) of another."""
        ours, theirs = (self.red, self.green, self.blue), (other.red, other.green, other.blue)
        return Colour(*(round(a + (b - a) * share) for a, b in zip(ours, theirs, strict=True)))

    @property
    def luminance(self) -> float:
        """Relative luminance, 0 (black) to 1 (white)."""
        return 0.2126 * _linear(self.red) + 0.7152 * _linear(self.green) + 0.0722 * _linear(self.blue)

    def contrast(self, other: Colour) -> float:
        """Return the ratio of contrast, 1 to 21."""
        dark, light = sorted((self.luminance, other.luminance))
        return (light + 0.05) / (dark + 0.05)

    def until_readable(self, on: Colour, towards: Colour, ratio: float = LEAST_CONTRAST) -> Colour:
        """Return the first mix with `towards` that reaches the contrast `ratio` on a ground; `towards` if none does."""
        mixes = (self.mixed(towards, step / 100) for step in range(101))
        return next((mix for mix in mixes if mix.contrast(on) >= ratio), towards)


def _linear(channel: int) -> float:
    share = channel / 255
    return float(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)


class Typeface(StrEnum):
    """What texts are set in. Only typefaces that readers have: mails load none."""

    SERIF = "serif"
    SANS = "sans"


_BLACK: Final = Colour(0, 0, 0)
_WHITE: Final = Colour(255, 255, 255)
_COLOUR: Final = Colour.parse("#8a2f14")
_DARK_COLOUR: Final = Colour.parse("#f0a17f")
_BACKGROUND: Final = Colour.parse("#efe7da")
_SHEET: Final = Colour.parse("#fffdf9")
_DARK_SHEET: Final = Colour.parse("#1b1a18")
_QUIET: Final = Colour.parse("#5f5a53")
_DARK_TINT: Final = Colour.parse("#2a2622")


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeSettings:
    """The table `[theme]`. Raises ValueError for colours that can't be read."""

    colour: Colour = _COLOUR
    """Of links, buttons and rules."""
    dark_colour: Colour | None = None
    """The same where the reader's screen is dark. Default: made from `colour`."""
    background: Colour = _BACKGROUND
    """Around the sheet of a mail."""
    typeface: Typeface = Typeface.SERIF
    logo: str | None = None
    """An image above the title: a file below the publication's folder, such as `logo.png`, or an address. None: the
    title alone."""
    logo_width: int = 180
    """Pixels, as it is shown."""

    def __post_init__(self) -> None:
        _check("colour", self.colour, _SHEET, _BLACK)
        if self.dark_colour is not None:
            _check("dark_colour", self.dark_colour, _DARK_TINT, _WHITE)
        if _QUIET.contrast(self.background) < LEAST_CONTRAST:
            better = self.background.until_readable(_QUIET, _WHITE)
            raise ValueError(f'background is too dark for the words at the foot of a mail; "{better}" would do')
        if self.logo is not None and not re.fullmatch(r"https?://[^\s\"'<>]+|[\w./-]+\.(png|jpe?g|gif)", self.logo):
            raise ValueError('logo must be an image such as "logo.png", or an address: "https://example.org/logo.png"')
        if self.logo_width > 512:
            raise ValueError("logo_width must be at most 512")

    @property
    def logo_file(self) -> str | None:
        """Where the logo stands on the site, relative to its root; None if it is elsewhere, or there is none."""
        return f"assets/{self.logo.rpartition('/')[2]}" if self.logo and "://" not in self.logo else None

    def logo_url(self, home: str) -> str | None:
        """Return the logo's absolute address; `home` is the publication's url."""
        return f"{home}/{self.logo_file}" if self.logo_file else self.logo

    @property
    def light(self) -> Palette:
        tint = self.background.mixed(_SHEET, 0.45)
        return Palette(
            page=self.background,
            sheet=_SHEET,
            ink=Colour.parse("#22201d"),
            heading=Colour.parse("#22201d"),
            quiet=_QUIET,
            line=Colour.parse("#ded8ce"),
            tint=tint,
            action=self.colour.until_readable(tint, _BLACK),
            on_action=_SHEET,
            edge=self.colour.mixed(_SHEET, 0.55),
        )

    @property
    def dark(self) -> Palette:
        action = self.dark_colour
        if action is None and self.colour == _COLOUR:
            action = _DARK_COLOUR
        if action is None:
            action = self.colour.until_readable(_DARK_TINT, _WHITE, _COMFORTABLE_CONTRAST)
        return Palette(
            page=Colour.parse("#100f0e"),
            sheet=_DARK_SHEET,
            ink=Colour.parse("#e9e4dc"),
            heading=Colour.parse("#f4efe7"),
            quiet=Colour.parse("#b5aea3"),
            line=Colour.parse("#3b3833"),
            tint=_DARK_TINT,
            action=action,
            on_action=_DARK_SHEET,
            edge=action.mixed(_DARK_SHEET, 0.6),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Every colour that pages and mails use, by what it is for."""

    page: Colour
    """Around the sheet of a mail."""
    sheet: Colour
    """Under the text."""
    ink: Colour
    heading: Colour
    quiet: Colour
    """Dates, bylines, sources."""
    line: Colour
    tint: Colour
    """Under a box that stands out."""
    action: Colour
    on_action: Colour
    """Words on a button."""
    edge: Colour
    """Beside a quotation."""


def _check(name: str, colour: Colour, ground: Colour, towards: Colour) -> None:
    ratio = colour.contrast(ground)
    if ratio < LEAST_CONTRAST:
        better = colour.until_readable(ground, towards)
        raise ValueError(
            f"{name} cannot be read well: its contrast is {ratio:.1f} to 1, and {LEAST_CONTRAST} is the least; "
            f'"{better}" would do'
        )
