"""Colours of a publication's own templates, as they go out: what cannot be read well is told, once, with a way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from briefingfeed.look import Look
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings
from briefingfeed.models.theme import Colour, ThemeSettings
from briefingfeed.newsletter.contrast import contrast_findings
from briefingfeed.newsletter.preflight import examine
from briefingfeed.newsletter.render import render
from briefingfeed.shipped import shipped_templates
from unit.newsletter.editions import specimen

MakePost = Callable[..., Post]
MakeSettings = Callable[..., Settings]


def page(body: str, dark: str = "", query: str = "(prefers-color-scheme: dark)") -> str:
    style = f"<style>@media {query} {{ {dark} }}</style>" if dark else ""
    return f"<!DOCTYPE html><html><head>{style}</head><body>{body}</body></html>"


def told(body: str, dark: str = "") -> list[str]:
    return [found.message for found in contrast_findings(page(body, dark))]


def test_a_finding_says_which_text_and_what_would_do() -> None:
    html = page(
        '<td style="background-color: #ffffff"><p class="date small" style="color: #aaaaaa">23 November</p></td>'
    )
    (found,) = contrast_findings(html)
    assert found.message == (
        "“23 November” cannot be read well in the light colours: #aaaaaa on #ffffff has a contrast of 2.3 to 1, and "
        "4.5 is the least."
    )
    assert found.remedy.startswith("Give .date another colour, in email/_inlined.css or where your templates say it: #")
    better = Colour.parse(found.remedy.removesuffix(" would do.").rpartition(" ")[2])
    assert better.contrast(Colour(255, 255, 255)) >= 4.5
    assert not found.stops


@pytest.mark.parametrize(
    "body",
    [
        '<p style="color:#999">a</p>',
        '<p style="COLOR: SILVER">a</p>',
        '<p style="color: rgb(153, 153, 153)">a</p>',
        '<font color="#999999">a</font>',
        '<p style="color:#999"><em>a</em></p>',
        '<p style="color:#999"><b></b>a</p>',
        '<td bgcolor="#111111">a</td>',
        '<td style="background: #111">a</td>',
        '<td style="background-color:#2222aa"><a href="https://x.example/">a link without a colour</a></td>',
        '<p style="color:#888; font-size:20px">not yet large</p>',
        '<p style="color:#888; font:700 18px/20px serif">nor this</p>',
        '<p style="color:#bbb; font-size:40px">too pale even for a headline</p>',
        '<h1 style="font-size:30px"><a style="font-size:12px; font-weight:400; color:#888">small</a></h1>',
        '<p style="color:#999"><img src="https://x.example/a.png" alt="what it shows"></p>',
    ],
)
def test_what_cannot_be_read_well(body: str) -> None:
    assert len(told(body)) == 1


@pytest.mark.parametrize(
    "body",
    [
        "<p>a</p>",
        '<p style="color:#767676">a</p>',
        '<p style="color:#888; font-size:24px">large</p>',
        '<h2 style="color:#888; font-size:19px">large, for it is bold</h2>',
        '<p style="color:#fff; font-size:1px; display:none">a preheader</p>',
        '<p style="color:#fff; background-color:#123">a</p>',
        '<td bgcolor="#000000"><p style="background-color:#fff">a</p></td>',
        '<p style="color:#ffffff80">half transparent</p>',
        '<td style="background:url(https://x.example/a.png)"><p style="color:#eee">on a picture</p></td>',
        '<td style="background-image: url(https://x.example/a.png)"><p style="color:#eee">on a picture</p></td>',
        '<p style="color:#eee"> \n <!-- nothing --> </p>',
        '<p style="color:#eee"><b style="color:#000">a</b></p>',
    ],
)
def test_what_can_be_read_or_is_not_known(body: str) -> None:
    assert told(body) == []


def test_a_pair_of_colours_is_told_once() -> None:
    assert len(told('<p style="color:#999">a</p>' * 3 + '<p style="color:#aaa">a</p>')) == 2


SHEET = '<div class="sheet" style="background-color:#ffffff"><p class="ink" style="color:#000000">a</p></div>'


def test_dark_text_on_a_ground_that_turned_dark() -> None:
    (message,) = told(SHEET, ".sheet { background-color: #111111 !important; }")
    assert message.startswith("“a” cannot be read well in the dark colours: #000000 on #111111")


@pytest.mark.parametrize(
    "dark",
    [
        ".sheet { background-color: #111111 !important; } .ink { color: #eeeeee !important; }",
        ".sheet { background-color: #111111 } .ink { color: #eeeeee }",  # neither beats the style attribute
        ".sheet { background: #111 !important; color: #eee !important } .sheet .ink { color: inherit !important }",
        ".sheet p.ink { color: #eee !important } .sheet { background: #111 !important } .ink { color: red !important }",
        "/* .sheet { background: #111 !important } */ .ink:hover { color: #fff !important }",
        ".sheet::before { background: #111 !important }",
        ".sheet { background: #111 !important } .ink { color: var(--ink) !important }",
        ".sheet { background: #111 !important } p:nonsense( { color: #eee } .ink { display: none !important }",
        ".margin { padding: 0 !important }",
    ],
)
def test_a_dark_screen_on_which_all_can_be_read(dark: str) -> None:
    assert told(SHEET, dark) == []


@pytest.mark.parametrize(
    "css", ["@media prefers-color-scheme: dark ", "{", "a{", "/*", "@media (prefers-color-scheme: dark) { "]
)
def test_a_style_block_without_an_end_is_read_to_its_end(css: str) -> None:
    html = f"<!DOCTYPE html><html><head><style>{css * 3000}</style></head><body>a</body></html>"
    assert list(contrast_findings(html)) == []


def test_rules_of_other_screens_do_not_count() -> None:
    html = page(SHEET, ".ink { color: #eeeeee !important }", "(max-width: 620px)")
    assert list(contrast_findings(html)) == []


@pytest.mark.parametrize(
    "theme",
    [
        ThemeSettings(),
        ThemeSettings(colour=Colour.parse("#0b5fa5"), background=Colour.parse("#ffffff")),
        ThemeSettings(colour=Colour.parse("#0a7a3b"), dark_colour=Colour.parse("#7fe0a8")),
        ThemeSettings(colour=Colour.parse("#5b21b6"), background=Colour.parse("#dcdcf4")),
        ThemeSettings(colour=Colour.parse("#000000")),
    ],
)
@pytest.mark.parametrize("name", ["digest", "shortened"])
def test_the_shipped_templates_can_be_read_in_every_theme(
    name: str, theme: ThemeSettings, make_post: MakePost, make_settings: MakeSettings
) -> None:
    edition = specimen(name, make_post, make_settings)
    look = Look([shipped_templates()], edition.settings.publication, theme)
    assert list(contrast_findings(render(edition.digest, edition.settings, look).html)) == []


def test_preflight_tells_it(make_post: MakePost, make_settings: MakeSettings, tmp_path: Path) -> None:
    edition = specimen("digest", make_post, make_settings)
    own = tmp_path / "email" / "_inlined.css"
    own.parent.mkdir()
    shipped = (shipped_templates() / "email" / "_inlined.css").read_text("utf-8")
    own.write_text(shipped.replace(".footer-link { color: {{ light.ink }}", ".footer-link { color: #cccccc"), "utf-8")
    look = Look([tmp_path, shipped_templates()], edition.settings.publication)
    found = examine(render(edition.digest, edition.settings, look), edition.digest, edition.settings)
    assert [each.remedy.partition(",")[0] for each in found] == ["Give .footer-link another colour"]
