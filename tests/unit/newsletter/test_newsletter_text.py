"""The text part: written from the block tree, wrapped, and nothing lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.models.blocks import (
    Alignment,
    Block,
    Code,
    CodeBlock,
    Emphasis,
    Footnote,
    FootnoteReference,
    Heading,
    Image,
    Inline,
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
from briefingfeed.newsletter.text import body_text
from briefingfeed.newsletter.wrap import WIDTH, columns, wrap


def paragraph(*inlines: Inline | str) -> Paragraph:
    return Paragraph(tuple(Text(inline) if isinstance(inline, str) else inline for inline in inlines))


def cells(*texts: str) -> tuple[tuple[Inline, ...], ...]:
    return tuple((Text(text),) for text in texts)


def written(*blocks: Block) -> str:
    return str(body_text(blocks))


def test_paragraphs_are_wrapped_and_a_blank_line_apart() -> None:
    text = written(paragraph("word " * 30), paragraph("next"))
    assert text == "\n".join(["word " * 13 + "word", "word " * 13 + "word", "word word", "", "next"])


def test_a_url_is_never_broken() -> None:
    url = "https://example.org/" + "x" * 200
    lines = body_text([paragraph("see ", Link(url, (Text(url),)), " for more")]).lines
    assert lines == ("see", url, "for more")


def test_links_are_numbered_and_listed_each_address_once() -> None:
    one, two = "https://one.example/", "https://two.example/"
    text = body_text(
        [
            paragraph("A ", Link(one, (Text("first"), Emphasis((Text(" word"),)))), " and ", Link(two, (Text("two"),))),
            paragraph(Link(one, (Text("again"),)), ", ", Link("mailto:a@b.example", (Text("a@b.example"),))),
        ]
    )
    assert text.lines == ("A first_ word_ [1] and two [2]", "", "again [1], a@b.example")
    assert text.links == (one, two)


def test_marks_of_inlines() -> None:
    text = written(
        paragraph(
            Strong((Text("much"),)),
            " ",
            Emphasis((Strong((Text("more"),)),)),
            " ",
            Strikethrough((Text("gone"),)),
            " ",
            Code("a = b"),
            LineBreak(),
            "next",
            FootnoteReference("2"),
        )
    )
    assert text == "*much* _*more*_ ~gone~ `a = b`\nnext [note\u00a02]"


def test_images_are_their_words_and_decoration_is_nothing() -> None:
    text = body_text([paragraph(Image("https://x.example/a.png", "A chart.")), paragraph("a", Image("https://b", ""))])
    assert text.lines == ("[Image: A chart.] [1]", "", "a")


def test_quotation_with_its_source() -> None:
    quotation = Quotation(
        (paragraph("word " * 20), Quotation((paragraph("inner"),)), List(((paragraph("item"),),))),
        source=(Text("Dawn, in a letter"),),
    )
    assert written(quotation, paragraph("after")).split("\n") == [
        "> " + "word " * 13 + "word",
        "> word word word word word word",
        ">",
        "> > inner",
        ">",
        "> - item",
        ">",
        "> — Dawn, in a letter",
        "",
        "after",
    ]


def test_lists_nest_and_numbers_line_up() -> None:
    nested = List(((paragraph("b " * 40), List(((paragraph("c"),),), start=1)),))
    numbered = List(tuple((paragraph(f"item {number}"),) for number in range(9, 11)), start=9)
    assert written(nested, numbered).split("\n") == [
        "- " + "b " * 34 + "b",
        "  " + "b " * 4 + "b",
        "  1. c",
        "",
        "9.  item 9",
        "10. item 10",
    ]


def test_items_of_several_paragraphs_are_set_apart() -> None:
    loose = List(((paragraph("one"), paragraph("more")), (paragraph("two"),), ()))
    assert written(loose).split("\n") == ["- one", "", "  more", "", "- two", "", "-"]


def test_list_in_a_quotation_in_a_list() -> None:
    tree = List(((Quotation((List(((paragraph("deep"),), (paragraph("down"),))),)),), (paragraph("up"),)))
    assert written(tree).split("\n") == ["- > - deep", "  > - down", "- up"]


def test_headings_are_underlined_as_wide_as_they_are() -> None:
    assert written(Heading(2, (Text("Übersicht 日本"),)), Heading(3, (Text("b"),))).split("\n") == [
        "Übersicht 日本",
        "-" * 14,
        "",
        "b",
        "-",
    ]


def test_code_keeps_its_lines_and_spaces() -> None:
    code = CodeBlock("if x:\n    y  = " + "z" * 90 + "\n\nend\n")
    assert written(code).split("\n") == ["    if x:", "        y  = " + "z" * 90, "", "    end"]


def test_footnotes_and_rules() -> None:
    note = Footnote("1", (paragraph("word " * 20), paragraph("more")))
    assert written(Rule(), note).split("\n") == [
        "* * *",
        "",
        "[note\u00a01] " + "word " * 11 + "word",
        "  " + "word " * 7 + "word",
        "",
        "  more",
    ]


def test_table_that_fits_is_aligned_by_columns_on_the_screen() -> None:
    table = Table(
        header=cells("Town", "人口", "Mid"),
        rows=(cells("Kelverton", "1,204", "x"), cells("東京", "9", "long"), cells("Short")),
        alignments=(Alignment.LEFT, Alignment.RIGHT, Alignment.CENTRE),
    )
    assert written(table).split("\n") == [
        "Town        人口  Mid",
        "---------  -----  ----",
        "Kelverton  1,204   x",
        "東京           9  long",
        "Short",
    ]


def test_table_a_little_too_wide_breaks_its_cells_at_words() -> None:
    table = Table(
        header=cells("Brought in as", "Something else as well", "Something else entirely", "Something nobody knows"),
        rows=(cells("Sleeping tablets", "6", "26", "9"), cells("MDMA", "4", "7", "1")),
        alignments=(Alignment.LEFT, Alignment.RIGHT, Alignment.RIGHT, Alignment.RIGHT),
    )
    assert written(table).split("\n") == [
        "Brought in as       Something else     Something else   Something nobody",
        "                           as well           entirely              knows",
        "----------------  ----------------  -----------------  -----------------",
        "Sleeping tablets                 6                 26                  9",
        "MDMA                             4                  7                  1",
    ]


def test_table_of_prose_becomes_a_line_per_cell_and_loses_nothing() -> None:
    table = Table(
        header=cells("Measure", "What it would change"),
        rows=(cells("A kettle", "word " * 40), cells("A key", "")),
        alignments=(Alignment.NONE, Alignment.NONE),
    )
    assert written(Quotation((table,))).split("\n") == [
        "> * Measure: A kettle",
        ">   What it would change: " + "word " * 8 + "word",
        *[">     " + "word " * 12 + "word"] * 2,
        ">     " + "word " * 4 + "word",
        "> * Measure: A key",
    ]


def test_east_asian_text_is_broken_between_characters_at_its_width() -> None:
    lines = wrap("日本語の文章は空白なしで続く。" * 6)
    assert all(columns(line) <= WIDTH for line in lines)
    assert columns(lines[0]) >= WIDTH - 3
    assert not any(line.startswith("。") for line in lines)
    assert "".join(lines) == "日本語の文章は空白なしで続く。" * 6


def test_combining_and_invisible_characters_take_no_column() -> None:
    assert columns("e\u0301") == columns("é") == 1
    assert columns("a\u200db") == 2


def test_only_the_first_line_makes_room_for_what_leads_it() -> None:
    words = " ".join(["word"] * 20)
    lead = "x" * 40 + " "
    assert wrap(f"{words}\n{words}", first=lead, rest="> ") == [
        lead + " ".join(["word"] * 6),
        "> " + " ".join(["word"] * 14),
        "> " + " ".join(["word"] * 14),
        "> " + " ".join(["word"] * 6),
    ]


def test_non_breaking_spaces_hold() -> None:
    assert wrap("x" * 68 + " 5\u00a0kg") == ["x" * 68, "5\u00a0kg"]


@pytest.mark.parametrize("wrapped", [Quotation, lambda children: List((children,)), lambda c: Footnote("1", c)])
def test_trees_of_any_depth_are_written(wrapped: object) -> None:
    tree: tuple[Block, ...] = (paragraph("bottom"),)
    for _ in range(5000):
        tree = (wrapped(tree),)  # type: ignore[operator]
    inline: Inline = Text("end")
    for _ in range(5000):
        inline = Emphasis((inline,))
    text = written(*tree, paragraph(inline))
    assert "bottom" in text
    assert "end" in text


words = st.text(alphabet=st.characters(categories=["L", "N", "P"], max_codepoint=0x10FF), min_size=1, max_size=30)
inlines: st.SearchStrategy[Inline] = st.recursive(
    st.one_of(words.map(Text), words.map(Code), st.just(LineBreak())),
    lambda children: (
        st.tuples(children, children).map(Emphasis) | st.tuples(children).map(lambda c: Link("https://x", c))
    ),
    max_leaves=6,
)
paragraphs = st.lists(inlines, max_size=6).map(lambda children: Paragraph(tuple(children)))
blocks: st.SearchStrategy[Block] = st.recursive(
    paragraphs,
    lambda children: st.one_of(
        st.lists(children, max_size=3).map(lambda c: Quotation(tuple(c))),
        st.lists(st.lists(children, max_size=2).map(tuple), max_size=3).map(lambda items: List(tuple(items), start=7)),
        st.tuples(words, words).map(lambda pair: Table((cells(*pair)), (cells(*pair),), ())),
    ),
    max_leaves=10,
)


def leaves(tree: Sequence[object]) -> list[str]:
    found: list[str] = []
    for node in tree:
        if isinstance(node, Text | Code):
            found.append(node.text)
        elif isinstance(node, tuple):
            found += leaves(node)
        elif isinstance(node, Table):
            found += leaves([*node.header, *node.rows])
        else:
            found += leaves([getattr(node, "children", ()), getattr(node, "items", ())])
    return found


@given(st.lists(blocks, max_size=4))
def test_every_word_is_written_and_no_line_ends_in_a_space(tree: list[Block]) -> None:
    text = body_text(tree)
    assert all(leaf in str(text) for leaf in leaves(tree))
    assert all(line == line.rstrip(" ") and "\n" not in line for line in text.lines)
