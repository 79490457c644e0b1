"""A post's HTML on its way into the mail."""

from __future__ import annotations

import pytest

from briefingfeed.images.files import Size
from briefingfeed.newsletter.body_html import mail_html


@pytest.mark.parametrize(
    ("written", "mailed"),
    [
        pytest.param("<h2>a</h2><h3 id='x'>b</h3>", "<h3>a</h3><h4 id='x'>b</h4>", id="the usual"),
        pytest.param("<h1>a</h1><h4>b</h4>", "<h3>a</h3><h6>b</h6>", id="moved together"),
        pytest.param("<h4>a</h4><h5>b</h5>", "<h3>a</h3><h4>b</h4>", id="moved up"),
        pytest.param("<h1>a</h1><h6>b</h6>", "<h3>a</h3><h6>b</h6>", id="not below h6"),
        pytest.param('<p title="<h1>">&lt;h2&gt; <hr></p>', '<p title="<h1>">&lt;h2&gt; <hr></p>', id="only tags"),
        pytest.param(
            "<blockquote>\n<p>a</p>\n<p>— <em>Dawn</em></p>\n</blockquote>",
            '<blockquote>\n<p>a</p>\n<p class="source">— <em>Dawn</em></p>\n</blockquote>',
            id="source of a quotation",
        ),
        pytest.param(
            "<blockquote><p>— a</p><p>b</p></blockquote><p>— c</p>",
            "<blockquote><p>— a</p><p>b</p></blockquote><p>— c</p>",
            id="dash elsewhere",
        ),
        pytest.param(
            '<sup class="footnote-definition-label">1</sup>\n<p>note</p>',
            '<p><sup class="footnote-definition-label">1</sup> note</p>',
            id="footnote",
        ),
    ],
)
def test_mail_html(written: str, mailed: str) -> None:
    assert mail_html(written, {}) == mailed


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("", 'width="512" style="width:auto"', id="unknown"),
        pytest.param('width="50%"', 'width="512" style="width:auto"', id="percentage"),
        pytest.param('width="40"', 'width="40"', id="narrow"),
        pytest.param('width="40" height="9"', 'width="40" height="9"', id="as the post says"),
        pytest.param('width="1024" height="300"', 'width="512" height="150" style="width:100%"', id="wide"),
        pytest.param('width="9999" height="1"', 'width="512" height="1" style="width:100%"', id="never flat"),
    ],
)
def test_an_image_is_as_large_as_the_post_says(written: str, shown: str) -> None:
    given = f" {written}" if written else ""
    assert mail_html(f'<img src="a" alt="b"{given}>', {}) == f'<img src="a" alt="b" {shown}>'


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("", 'width="400" height="300"', id="its own size"),
        pytest.param('width="200"', 'width="200" height="150"', id="height from the width"),
        pytest.param('height="30"', 'width="40" height="30"', id="width from the height"),
        pytest.param('width="800"', 'width="512" height="384" style="width:100%"', id="fitted"),
        pytest.param('width="10" height="10"', 'width="10" height="10"', id="as the post says"),
    ],
)
@pytest.mark.parametrize("more", ["", "?a=1&amp;b=2", "#top"])
def test_an_image_whose_file_is_known_has_width_and_height(written: str, shown: str, more: str) -> None:
    sizes = {"https://x.example/a&b.png": Size(400, 300)}
    given = f" {written}" if written else ""
    source = f'src="https://x.example/a&amp;b.png{more}"'
    assert mail_html(f"<img {source}{given}>", sizes) == f"<img {source} {shown}>"
