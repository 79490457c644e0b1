"""Images on pages: their size stands in the page, so that nothing jumps when they arrive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from briefingfeed.look import Look
from briefingfeed.models.archive import SentEdition, SentPost
from briefingfeed.models.blocks import Body
from briefingfeed.models.post import Asset, LeadImage, Post
from briefingfeed.models.settings import Settings
from briefingfeed.shipped import shipped_templates
from briefingfeed.site import Site, build_site
from harbour_news import NOW
from unit.site.pages import FEEDS, MOORING, page_of

IMAGES = Path(__file__).parents[2] / "data" / "images"
HOME = "https://harbour.example/news"
EDITION = "editions/weekly/2026-w48/index.html"


def asset(name: str) -> Asset:
    path = f"posts/mooring/{name}"
    return Asset(source=IMAGES / name, path=path, url=f"{HOME}/{path}")


def pictured(post: Callable[..., Post]) -> Post:
    text = f'<p><img src="{HOME}/posts/mooring/wide.gif" alt="Quay"> <img src="https://x.example/a.png" alt="X"></p>'
    return post(
        body=Body(html=text, blocks=()),
        image=LeadImage(url=f"{HOME}/posts/mooring/wide.jpg", alt="Boats"),
        assets=(asset("wide.gif"), asset("wide.jpg")),
    )


def sizes(site: Site, path: str) -> dict[str, tuple[str, str | None, str | None]]:
    shown = page_of(site, path).cssselect("main img")
    return {each.get("alt"): (each.get("src"), each.get("width"), each.get("height")) for each in shown}


def test_images_beside_a_post_have_their_size_on_its_page_and_its_editions(
    settings: Settings, post: Callable[..., Post]
) -> None:
    look = Look([shipped_templates()], settings.publication)
    carried = pictured(post)
    sent = SentEdition(
        key="weekly/2026-W48", subject="Week 48", sent_at=NOW, public_url=HOME,
        posts=(SentPost(carried.id, carried.title),),
    )  # fmt: skip
    site = build_site([carried], settings, look, FEEDS, NOW, editions=[sent])
    assert sizes(site, MOORING) == {
        "Boats": ("../../posts/mooring/wide.jpg", "48", "20"),
        "Quay": ("../../posts/mooring/wide.gif", "48", "20"),
        "X": ("https://x.example/a.png", None, None),
    }
    assert sizes(site, EDITION) == {
        "Boats": ("../../../posts/mooring/wide.jpg", "48", "20"),
        "Quay": ("../../../posts/mooring/wide.gif", "48", "20"),
        "X": ("https://x.example/a.png", None, None),
    }
