"""A publication's colours, type and logo on its pages."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html

from briefingfeed.errors import ConfigurationError
from briefingfeed.look import Look
from briefingfeed.models.output import OutputCopy, OutputFile
from briefingfeed.models.settings import Settings
from briefingfeed.models.theme import Colour, ThemeSettings, Typeface
from briefingfeed.shipped import shipped_templates
from briefingfeed.site.building import Site, build_site

from .conftest import NOW, build_post

IMAGES = Path(__file__).parents[2] / "data" / "images"


def built(settings: Settings, theme: ThemeSettings) -> Site:
    settings = replace(settings, theme=theme)
    return build_site([build_post()], settings, Look([shipped_templates()], settings.publication, theme), [], NOW)


def text_of(site: Site, path: str) -> str:
    return next(file.content.decode() for file in site.files if isinstance(file, OutputFile) and file.path == path)


def test_pages_and_feeds_wear_the_colours_and_the_type(settings: Settings) -> None:
    site = built(settings, ThemeSettings(colour=Colour.parse("#00519e"), typeface=Typeface.SANS))
    for sheet in ("assets/site.css", "assets/feed.css"):
        style = text_of(site, sheet)
        assert "--action: #00519e;" in style
        assert "--reading: var(--sans);" in style
        assert "#8a2f14" not in style
        assert "Palatino" not in style


def test_a_logo_stands_on_every_page_and_its_file_on_the_site(settings: Settings) -> None:
    source = settings.paths.root / "pictures" / "logo.png"
    source.parent.mkdir()
    source.write_bytes(b"\x89PNG")
    site = built(settings, ThemeSettings(logo="pictures/logo.png", logo_width=200))
    assert OutputCopy("assets/logo.png", source) in site.files
    for page, depth in (("index.html", "./"), ("posts/mooring/index.html", "../../")):
        (logo,) = html.fromstring(text_of(site, page)).cssselect("img.logo")
        assert (logo.get("src"), logo.get("width"), logo.get("alt")) == (f"{depth}assets/logo.png", "200", "")
        assert logo.get("height") is None, "it can't be read"


def test_a_logo_has_the_height_of_its_file(settings: Settings) -> None:
    shutil.copy(IMAGES / "wide.png", settings.paths.root / "logo.png")
    site = built(settings, ThemeSettings(logo="logo.png", logo_width=96))
    for page in ("index.html", "404.html", "posts/mooring/index.html"):
        (logo,) = html.fromstring(text_of(site, page)).cssselect("img.logo")
        assert (logo.get("width"), logo.get("height")) == ("96", "40")


def test_a_logo_that_is_not_there_is_named(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no file logo\.png") as refusal:
        built(settings, ThemeSettings(logo="logo.png"))
    assert refusal.value.where == "briefingfeed.toml: [theme] logo"
