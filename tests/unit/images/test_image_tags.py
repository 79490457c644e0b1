"""Images in a page's HTML, with the size that they are shown in."""

from __future__ import annotations

from pathlib import Path

import pytest

from briefingfeed.images.files import Size
from briefingfeed.images.tags import logo_size, sized
from briefingfeed.models.theme import ThemeSettings

IMAGES = Path(__file__).parents[2] / "data" / "images"
SIZES = {"https://x.example/a&b.png": Size(400, 300)}
KNOWN = '<img src="https://x.example/a&amp;b.png"'


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param(f'{KNOWN} alt="b">', f'{KNOWN} alt="b" width="400" height="300">', id="its own size"),
        pytest.param(f'{KNOWN} width="200">', f'{KNOWN} width="200" height="150">', id="height from the width"),
        pytest.param(f'{KNOWN} width="9" height="9">', f'{KNOWN} width="9" height="9">', id="as the post says"),
        pytest.param(f'{KNOWN} alt="a > b">', f'{KNOWN} alt="a > b" width="400" height="300">', id="odd words"),
        pytest.param('<img src="other.png">', '<img src="other.png">', id="unknown"),
        pytest.param('<img src="o.png" width="50%">', '<img src="o.png" width="50%">', id="unknown, with a share"),
        pytest.param(f"<p title='{KNOWN}'>&lt;img&gt;</p>", f"<p title='{KNOWN}'>&lt;img&gt;</p>", id="no tag"),
    ],
)
def test_an_image_that_is_known_has_width_and_height(written: str, shown: str) -> None:
    assert sized(written, SIZES) == shown


@pytest.mark.parametrize(
    ("logo", "size"),
    [
        ("wide.png", ' width="96" height="40"'),
        ("gone.png", ' width="96"'),
        ("https://x.example/wide.png", ' width="96"'),
        (None, ' width="96"'),
    ],
)
def test_a_logo_that_can_be_read_has_a_height(logo: str | None, size: str) -> None:
    assert logo_size(ThemeSettings(logo=logo, logo_width=96), IMAGES) == size


def test_no_image_is_shown_without_any_height() -> None:
    assert Size(1000, 1).at_width(10) == Size(10, 1)
