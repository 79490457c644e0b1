"""Colours that can be read, and what follows from a few of them."""

from __future__ import annotations

from itertools import product

import pytest

from briefingfeed.models.theme import LEAST_CONTRAST, Colour, Palette, ThemeSettings

WHITE, BLACK = Colour(255, 255, 255), Colour(0, 0, 0)
TEXT = ("ink", "heading", "quiet", "action")


def test_contrast_is_that_of_wcag() -> None:
    assert BLACK.contrast(WHITE) == WHITE.contrast(BLACK) == 21
    assert Colour.parse("#767676").contrast(WHITE) == pytest.approx(4.54, abs=0.005)


def test_a_colour_is_written_as_it_is_read() -> None:
    assert str(Colour.parse("#8A2f14")) == "#8a2f14"
    assert Colour.parse("#f0c") == Colour(255, 0, 204)


@pytest.mark.parametrize("text", ["8a2f14", "#8a2f1", "#8a2f145", "red", "#gg0000", ""])
def test_what_is_no_colour(text: str) -> None:
    with pytest.raises(ValueError, match=text or "^$"):
        Colour.parse(text)


def is_readable(palette: Palette) -> bool:
    grounds = (palette.sheet, palette.tint)
    texts = [getattr(palette, name) for name in TEXT]
    return (
        all(text.contrast(ground) >= LEAST_CONTRAST for text, ground in product(texts, grounds))
        and palette.on_action.contrast(palette.action) >= LEAST_CONTRAST
        and palette.quiet.contrast(palette.page) >= LEAST_CONTRAST
    )


def test_any_colours_that_are_taken_give_two_palettes_that_can_be_read() -> None:
    steps = range(0, 256, 51)
    taken = 0
    for red, green, blue in product(steps, steps, steps):
        for theme in ({"colour": Colour(red, green, blue)}, {"background": Colour(red, green, blue)}):
            try:
                settings = ThemeSettings(**theme)
            except ValueError:
                continue
            taken += 1
            assert is_readable(settings.light), theme
            assert is_readable(settings.dark), theme
    assert taken > 50


@pytest.mark.parametrize("name", ["colour", "dark_colour", "background"])
def test_a_colour_that_cannot_be_read_is_refused_with_one_that_can(name: str) -> None:
    bad = {"colour": "#ffcc00", "dark_colour": "#303030", "background": "#776655"}[name]
    with pytest.raises(ValueError, match=rf'^{name} .*"#[0-9a-f]{{6}}" would do') as refusal:
        ThemeSettings(**{name: Colour.parse(bad)})
    better = str(refusal.value).split('"')[1]
    ThemeSettings(**{name: Colour.parse(better)})


def test_a_logo_of_the_publication_stands_on_its_site() -> None:
    theme = ThemeSettings(logo="pictures/logo.png")
    assert theme.logo_file == "assets/logo.png"
    assert theme.logo_url("https://example.org") == "https://example.org/assets/logo.png"


def test_a_logo_elsewhere_stays_there() -> None:
    theme = ThemeSettings(logo="https://example.org/logo.svg")
    assert theme.logo_file is None
    assert theme.logo_url("https://other.example") == "https://example.org/logo.svg"


@pytest.mark.parametrize(
    "logo", ["logo.svg", "logo", "javascript:alert(1)", 'https://x.example/"><script>', "ftp://x.png"]
)
def test_what_mails_cannot_show_is_no_logo(logo: str) -> None:
    with pytest.raises(ValueError, match="logo must be"):
        ThemeSettings(logo=logo)
