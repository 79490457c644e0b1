from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from briefingfeed.models.blocks import (
    Alignment,
    Code,
    CodeBlock,
    Emphasis,
    Footnote,
    FootnoteReference,
    Heading,
    Image,
    LineBreak,
    Link,
    List,
    Paragraph,
    Quotation,
    Rule,
    Strikethrough,
    Strong,
    Table,
    Text,
)
from briefingfeed.posts.addresses import id_prefix
from briefingfeed.posts.tree import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from briefingfeed.models.blocks import Block
    from briefingfeed.models.post import Post
    from unit.posts.conftest import Publication

DATA = Path(__file__).parents[2] / "data" / "posts"
HOME = "https://lantern.example/posts/a/"


@pytest.mark.parametrize("source", sorted(DATA.glob("*.md")), ids=lambda path: path.stem)
def test_golden_pairs(source: Path, publication: Publication) -> None:
    """Each `name.md` with its `name.html`."""
    publication.write("a.md", source.read_bytes())
    assert publication.only().body.html == source.with_suffix(".html").read_text()


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d</code></p>"),
        ("\"It's\" -- done...", "<p>“It’s” – done…</p>"),
        ("a  \nb", "<p>a<br>\nb</p>"),
        ("| a |\n|--:|", '<table><thead><tr><th style="text-align:right">a</th></tr></thead><tbody>\n</tbody></table>'),
        ("```python\nx < 1\n```", '<pre><code class="language-python">x &lt; 1\n</code></pre>'),
        ("- [x] done", "<ul>\n<li>[x] done</li>\n</ul>"),
        ("# {set}", "<h1>{set}</h1>"),
        ("<div class='x' onclick='y' style='color:red'>z</div>", "<div>z</div>"),
        ("a <!-- remark --> b", "<p>a  b</p>"),
        ("[x](javascript:alert(1))", '<p><a rel="noopener">x</a></p>'),
        ("<a href='java&#10;script:x'>x</a>", '<p><a rel="noopener">x</a></p>'),
        ("![x](data:image/png;base64,AA)", '<p><img alt="x"></p>'),
        ("<img src='https://x.example/a.png' srcset='b 2x' width=10 height=y>",
            '<img src="https://x.example/a.png" width="10">'),
        ("a &#1; b", "<p>a  b</p>"),
        ("<video src=x>film</video>", "<p>film</p>"),
        ("{{ 7*7 }}", "<p>{{ 7*7 }}</p>"),
    ],
)  # fmt: skip
def test_html(render: Callable[..., Post], markdown: str, html: str) -> None:
    assert render(markdown).body.html.strip() == html


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("See https://x.example/a_b_c.", 'See <a href="https://x.example/a_b_c" rel="noopener">https://x.example/a_b_c</a>.'),
        ("(https://x.example/a(b))", '(<a href="https://x.example/a(b)" rel="noopener">https://x.example/a(b)</a>)'),
        ("https://x.example/?a=1&amp;", '<a href="https://x.example/?a=1" rel="noopener">https://x.example/?a=1</a>&amp;'),
        ("**https://x.example**", '<strong><a href="https://x.example" rel="noopener">https://x.example</a></strong>'),
        ("`https://x.example`", "<code>https://x.example</code>"),
        ("[https://x.example](https://y.example)", '<a href="https://y.example" rel="noopener">https://x.example</a>'),
        ("<https://x.example>", '<a href="https://x.example" rel="noopener">https://x.example</a>'),
        ("[a][1]\n\n[1]: https://x.example", '<a href="https://x.example" rel="noopener">a</a>'),
        ("https://", "https://"),
        ("ahttps://x.example", "ahttps://x.example"),
        ("<ada@x.example>", '<a href="mailto:ada@x.example" rel="noopener">ada@x.example</a>'),
    ],
)  # fmt: skip
def test_bare_addresses_become_links(render: Callable[..., Post], markdown: str, html: str) -> None:
    assert render(markdown).body.html.strip() == f"<p>{html}</p>"


@pytest.mark.parametrize("language", ["de", "fr", "sv"])
def test_quotation_marks_stay_where_english_ones_would_be_wrong(render: Callable[..., Post], language: str) -> None:
    assert render('"a"', language=language).body.html == '<p>"a"</p>\n'


@pytest.mark.parametrize(
    ("markdown", "left"),
    [
        ("a <script>alert(1)</script> b", "<p>a  b</p>"),
        ("<script>\nalert(1)\n\nfoo\n</script>\n\nb", "<p>b</p>"),
        ("a <iframe src='x'></iframe> b", "<p>a  b</p>"),
        ("a <script> b\n\nc", "<p>a &lt;script&gt; b</p>\n<p>c</p>"),
        ("Use the <title> tag.\n\nc", "<p>Use the &lt;title&gt; tag.</p>\n<p>c</p>"),
        ("<style>p{}</style>\n\nc", "<p>c</p>"),
    ],
)
def test_markup_that_swallows_is_taken_out_and_never_takes_text_along(
    publication: Publication, markdown: str, left: str
) -> None:
    publication.post("a.md", markdown)
    (post,) = publication.load().posts
    assert post.body.html.strip() == left
    assert "alert" not in repr(post.body.blocks)


def tree(render: Callable[..., Post], markdown: str) -> tuple[Block, ...]:
    return render(markdown).body.blocks


def paragraph(text: str) -> Paragraph:
    return Paragraph((Text(text),))


@pytest.mark.parametrize(
    ("markdown", "blocks"),
    [
        ("a\nb", (paragraph("a b"),)),
        ("a  \nb", (Paragraph((Text("a"), LineBreak(), Text("b"))),)),
        ("*a **b*** `c` ~~d~~", (Paragraph((Emphasis((Text("a "), Strong((Text("b"),)))), Text(" "), Code("c"),
            Text(" "), Strikethrough((Text("d"),)))),)),
        ("## A *b*", (Heading(2, (Text("A "), Emphasis((Text("b"),)))),)),
        ("- a\n- b", (List(((paragraph("a"),), (paragraph("b"),))),)),
        ("3. a\n\n   b\n4. c", (List(((paragraph("a"), paragraph("b")), (paragraph("c"),)), 3),)),
        ("- a\n  - b", (List(((paragraph("a"), List(((paragraph("b"),),))),)),)),
        ("> a\n>\n> — B *c*", (Quotation((paragraph("a"),), (Text("B "), Emphasis((Text("c"),)))),)),
        ("> a — b", (Quotation((paragraph("a — b"),)),)),
        ("> — a", (Quotation((paragraph("— a"),)),)),
        ("```py x\na\n```", (CodeBlock("a", "py"),)),
        ("    a\n    b", (CodeBlock("a\nb"),)),
        ("***", (Rule(),)),
        ("|a|b|\n|:-|:-:|\n|1||", (Table(((Text("a"),), (Text("b"),)), (((Text("1"),), ()),),
            (Alignment.LEFT, Alignment.CENTRE)),)),
        ("[a](b)", (Paragraph((Link(f"{HOME}b", (Text("a"),)),)),)),
        ("[a](javascript:b)", (paragraph("a"),)),
        ("![a *b*](https://x.example/c.png)", (Paragraph((Image("https://x.example/c.png", "a b"),)),)),
        ("![a](data:x)", (paragraph("a"),)),
        ("a <b>b</b><br>c <a href='d'>e</a>", (Paragraph((Text("a b"), LineBreak(), Text("c "),
            Link(f"{HOME}d", (Text("e"),)))),)),
        ("<div><p>a <a href='b'>c</a></p><script>x</script><p>d</p></div>", (Paragraph((Text("a "),
            Link(f"{HOME}b", (Text("c"),)))), paragraph("d"))),
        ("a <a href='b'>c", (Paragraph((Text("a "), Link(f"{HOME}b", (Text("c"),)))),)),
        ("a &amp; &#1;b", (paragraph("a & b"),)),
        ("<!-- a -->", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_block_tree(render: Callable[..., Post], markdown: str, blocks: tuple[Block, ...]) -> None:
    assert tree(render, markdown) == blocks


def test_footnotes_stand_last_and_are_numbered_alike(render: Callable[..., Post]) -> None:
    post = render("a[^x]\n\n[^x]: First note.\n\nb[^y]\n\n[^y]: Second.\n\nc")
    assert post.body.blocks == (
        Paragraph((Text("a"), FootnoteReference("1"))),
        Paragraph((Text("b"), FootnoteReference("2"))),
        paragraph("c"),
        Footnote("1", (paragraph("First note."),)),
        Footnote("2", (paragraph("Second."),)),
    )
    html = post.body.html
    assert html.index("<p>c</p>") < html.index("First note.") < html.index("Second.")
    prefix = id_prefix(post.id)
    assert f'href="{HOME}#{prefix}x"' in html
    assert f'id="{prefix}x"' in html


def test_addresses_in_a_moved_footnote_are_links_too(render: Callable[..., Post]) -> None:
    post = render("a[^x]\n\n[^x]: See https://x.example/y.\n\nb")
    assert '<a href="https://x.example/y" rel="noopener">https://x.example/y</a>.' in post.body.html
    assert post.body.html.count("x.example") == 2


def test_headings_that_are_linked_to_get_anchors(render: Callable[..., Post]) -> None:
    post = render("[go](#what-we-ask)\n\n## What we *ask*\n\n## What we ask\n\nOther\n-----\n")
    prefix = id_prefix(post.id)
    assert f'<a href="{HOME}#{prefix}what-we-ask" rel="noopener">go</a>' in post.body.html
    assert f'<h2 id="{prefix}what-we-ask">What we <em>ask</em></h2>' in post.body.html
    assert f'<h2 id="{prefix}what-we-ask-1">What we ask</h2>' in post.body.html
    assert f'<h2 id="{prefix}other">Other</h2>' in post.body.html


def test_written_anchors_are_prefixed(render: Callable[..., Post]) -> None:
    post = render("## Ask {#ask}\n\n<p id='x y'>z</p>")
    assert post.body.html == f'<h2 id="{id_prefix(post.id)}ask">Ask</h2>\n<p>z</p>\n'


@pytest.mark.parametrize(
    ("markdown", "keys", "summary", "is_excerpt"),
    [
        ("# Head\n\nFirst *one*.\n\nSecond.", {}, "First one.", True),
        ("One.\n\nTwo.\n\n<!--more-->\n\nThree.", {}, "One. Two.", True),
        ("One. <!-- more --> Two.\n\nThree.", {}, "One.  Two.".replace("  ", " "), True),
        ("```\n<!--more-->\n```\n\nOne.\n\nTwo.", {}, "One.", True),
        ("![](a.svg)\n\nOne.", {}, "One.", True),
        ("> Quoted.\n", {}, "Quoted.", True),
        ("- a\n- b", {}, "a", True),
        ("One.", {"summary": "Short."}, "Short.", False),
        ("", {"standfirst": "Stand."}, "Stand.", False),
        ("", {}, "A title", False),
        ("***", {}, "A title", False),
    ],
)
def test_summary(publication: Publication, markdown: str, keys: dict[str, str], summary: str, is_excerpt: bool) -> None:
    publication.post("a.md", markdown, **keys)
    (post,) = publication.load().posts
    assert (post.summary, post.summary_is_excerpt) == (summary, is_excerpt)


@pytest.mark.parametrize(
    ("standfirst", "first", "dropped"),
    [
        ("Ada writes for us.", "Ada writes for us.", True),
        ("Ada *writes* for us", "**Ada** writes\nfor us.", True),
        ("'It''s \"us\".'", 'It\'s "us".', True),
        ("Ada writes for us.", "[Ada](https://x.example) writes for us.", True),
        ("Ada writes for us.", "Ada writes for us. And more.", False),
        ("Ada writes for us.", "# Ada writes for us.", False),
    ],
)
def test_standfirst_is_shown_once(render: Callable[..., Post], standfirst: str, first: str, dropped: bool) -> None:
    post = render(f"{first}\n\nText.", standfirst=standfirst)
    assert len(post.body.blocks) == (1 if dropped else 2)
    assert post.body.html.count("<p>Text.</p>") == 1
    assert (post.body.html == "<p>Text.</p>\n") == dropped


@pytest.mark.parametrize(
    ("markdown", "complaint"),
    [
        ("{% include x %}", "{% include x %} is a tag of another program"),
        ("a\n\n{{ site.url }} {% b %}", "There are 1 more"),
        ("{{< figure src=x >}}", "{{< figure src=x >}} is"),
        ("{{% note %}}", "{{% note %}} is"),
        ("Text\n{: .class}", "{: .class} is"),
        ("<iframe src=x></iframe>", "<iframe> cannot be shown"),
    ],
)
def test_leftovers_are_told(publication: Publication, markdown: str, complaint: str) -> None:
    publication.post("a.md", f"One.\n\n{markdown}")
    (told,) = publication.complaints()
    assert complaint in told
    assert told.startswith(("posts/a.md:7: warning", "posts/a.md:8: warning", "posts/a.md:9: warning"))


@pytest.mark.parametrize("markdown", ["`{% x %}`", "```\n{{ x }}\n```", "    {{< x >}}", "{ {", "{a: b}"])
def test_templates_shown_as_code_are_no_leftovers(publication: Publication, markdown: str) -> None:
    publication.post("a.md", f"One.\n\n{markdown}")
    assert not publication.complaints()


@pytest.mark.parametrize(
    "markdown",
    [
        ">" * 3000 + " a",
        "- " * 3000 + "a",
        "".join("  " * level + "- a\n" for level in range(500)),
        "<div>" * 20_000,
        "".join(f"<b x={number}>" for number in range(20_000)) + "<p>" * 20_000,
        "*a **b " * 3000 + "c** d*" * 3000,
    ],
    ids=["quotations", "items", "lists", "divs", "bold", "emphasis"],
)
def test_what_is_nested_beyond_measure_is_refused_soon(publication: Publication, markdown: str) -> None:
    publication.post("a.md", markdown)
    began = time.process_time()
    library = publication.load()
    assert time.process_time() - began < 10
    assert [problem.is_error for problem in library.problems] == [True]
    assert "nested too deeply" in library.problems[0].message


def test_marks_left_open_do_not_multiply_a_post(publication: Publication) -> None:
    def text(marks: int, paragraphs: int) -> str:
        return "<p>" + "".join(f"<b id=n{number}>" for number in range(marks)) + "<p>y</p>" * paragraphs

    publication.post("a.md", text(1000, 2000))
    (told,) = publication.complaints()
    assert "nested too deeply" in told
    publication.post("a.md", text(30, 2000))
    assert len(publication.only().body.html) < 4_000_000
    publication.post("a.md", "<p>" + "<b>" * 300 + "<p>y</p>" * 2000)
    assert len(publication.only().body.html) < 100_000
    publication.post("a.md", "<b id=x>y</b> <p>z</p>\n\n" * 2000)
    assert not publication.complaints()


def test_lists_are_refused_as_soon_as_they_are_too_deep(publication: Publication) -> None:
    def lists(levels: int) -> str:
        return "".join("  " * level + "- a\n" for level in range(levels))

    publication.post("a.md", lists(15))
    assert not publication.complaints()
    publication.post("a.md", lists(31))
    (told,) = publication.complaints()
    assert "nested too deeply" in told


@pytest.mark.parametrize(
    "markdown",
    [
        "Some words here and [l](x). \n\n" * 60_000,
        "[" * 500_000,
        "*a " * 300_000,
        "[^a]: x\n\n" * 10_000,
        "https://x.example/" * 50_000,
        "a https://x.example/ b `" * 20_000,
        "<" * 500_000,
        "<a " * 200_000,
        "&#" * 300_000,
        "{%a " * 200_000,
        "{{ " * 300_000,
        "<!--\n" * 200_000,
        "<div>\n" + "<? " * 300_000,
        "<div>\n" + "</" * 400_000,
        "<div>\n" + "<a b='" * 200_000,
        " ".join(f"[^{number}]" for number in range(10_000)) + "".join(f"\n\n[^{n}]: note" for n in range(10_000)),
        "|a" * 200_000 + "\n" + "|-" * 200_000,
        "x" * 1_900_000,
        "http://" + ")" * 100_000,
    ],
    ids=lambda markdown: markdown[:12],
)
def test_large_posts_take_bounded_time(publication: Publication, markdown: str) -> None:
    publication.post("a.md", markdown)
    began = time.process_time()
    library = publication.load()
    assert library.posts or library.problems
    for post in library.posts:
        assert post.body.blocks is not None
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    "declared",
    [
        *("<![x ]>", "<![", "<![if !mso]>", "<![if x", "<!DOCTYPE x [", "<!ELEMENT [ <![a", "<!", "<?php", "</ x>"),
        *("<!-->", "<b x==\"><i y='> <![x '>\">", "<i x='<![x ]>' y=<![z></i>", "<i x='"),
    ],
)
def test_declarations_in_html_are_no_text_and_stop_nothing(publication: Publication, declared: str) -> None:
    publication.post("a.md", f"First.\n\n<div>\n{declared}\n</div>\n\nLast.")
    publication.post("b.md")
    library = publication.load()
    (body,) = (post.body for post in library.posts if post.path.endswith("a.md"))
    assert body.blocks == (paragraph("First."), paragraph("Last."))


def test_what_looks_like_a_comment_in_an_attribute_is_none(render: Callable[..., Post]) -> None:
    image = "<div>\n<img src='https://x.example/a.png' alt='a <!-- b'>\nText.\n</div>"
    assert render(image).body.blocks == (Paragraph((Image("https://x.example/a.png", "a <!-- b"), Text(" Text."))),)


def test_a_table_too_wide_for_its_rows_loses_no_row(render: Callable[..., Post]) -> None:
    """The parser gives up in the middle, and goes on with paragraphs inside the table."""
    table, rest = render("|a" * 2000 + "\n" + "|-" * 2000 + "\n" + "|a|\n" * 200).body.blocks
    assert isinstance(table, Table)
    assert isinstance(rest, Paragraph)
    assert len(table.rows) + plain_text(rest.children).count("a") >= 200


def test_anchors_of_headings_differ(render: Callable[..., Post]) -> None:
    html = render("# a\n\n# a\n\n# a 1\n\n# b {#c}\n\n# c\n\n# ?\n\n# !\n\n[x](#a)").body.html
    anchors = re.findall(r' id="[^"-]*-([^"]*)"', html)
    assert anchors == ["a", "a-1", "a-1-1", "c", "c-1"]
