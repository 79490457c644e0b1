"""A post's HTML on its way into the mail."""

from __future__ import annotations

import pytest

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
        pytest.param('<img src="a" alt="b">', '<img src="a" alt="b" width="512">', id="image without a width"),
        pytest.param('<img src="a" width="40" height="9">', '<img src="a" width="40" height="9">', id="small image"),
        pytest.param(
            '<img width="1024" height="300" src="a">', '<img src="a" width="512" height="150">', id="wide image"
        ),
        pytest.param('<img width="50%" src="a">', '<img src="a" width="512">', id="percentage"),
    ],
)
def test_mail_html(written: str, mailed: str) -> None:
    assert mail_html(written) == mailed
