"""What an attentive colleague would ask about a post, and what they would let pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from briefingfeed.models.blocks import (
    Block,
    Body,
    CodeBlock,
    Emphasis,
    Heading,
    Image,
    Inline,
    Link,
    List,
    Paragraph,
    Quotation,
    Text,
)
from briefingfeed.models.post import Post
from briefingfeed.newsletter.proofreading import proofread

MakePost = Callable[..., Post]
URL = "https://health.example/report"


def paragraph(*inlines: str | Inline) -> Paragraph:
    return Paragraph(tuple(Text(each) if isinstance(each, str) else each for each in inlines))


@pytest.fixture
def findings(make_post: MakePost) -> Callable[..., list[str]]:
    def read(*blocks: Block, **fields: object) -> list[str]:
        post = make_post(name="Waiting times", body=Body(html="", blocks=blocks), **fields)
        found = list(proofread(post))
        assert all(not each.stops and each.remedy and each.post_path == post.path for each in found)
        return [each.message for each in found]

    return read


@pytest.mark.parametrize("words", ["here", "Click here", "read more", "this link.", "More »", "  here "])
def test_a_link_that_says_nothing(findings: Callable[..., list[str]], words: str) -> None:
    (message,) = findings(paragraph("The report is ", Link(URL, (Text(words),)), " for all."))
    assert URL in message


def test_a_link_without_words(findings: Callable[..., list[str]]) -> None:
    (message,) = findings(paragraph("The report ", Link(URL, ()), " is out."))
    assert message == f"In “Waiting times” a link has no words: {URL}"


def test_links_are_found_wherever_they_stand(findings: Callable[..., list[str]]) -> None:
    link = Link(URL, (Emphasis((Text("here"),)),))
    nested = Quotation((List(((paragraph("Read it ", Emphasis((link,)), " today."),),)),), source=(Text("Him"),))
    assert len(findings(nested)) == 1


def test_a_picture_with_words_makes_a_link_speak(findings: Callable[..., list[str]]) -> None:
    assert findings(paragraph(Link(URL, (Image("https://x.example/a.png", "The report’s cover"),)))) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "You can find the survey at .",
        "Take part at",
        "Take part at.",
        "The form is on our website at , and closes soon.",
        "Questions? Email .",
        "Read the whole speech here:",
        "Answer by following this link:",
    ],
)
def test_a_sentence_that_lost_its_link(findings: Callable[..., list[str]], sentence: str) -> None:
    (message,) = findings(paragraph(sentence))
    assert "lost a link" in message


@pytest.mark.parametrize(
    "blocks",
    [
        (paragraph("Find the survey at ", Link(URL, (Text("health.example/report"),)), "."),),
        (paragraph("Find the survey at ", Link(URL, (Text("health.example/report"),))),),
        (paragraph("We ask three things here:"), List(((paragraph("More beds."),),))),
        (paragraph("The whole speech is here:"), paragraph(Link(URL, (Text("The speech of 3 May"),)))),
        (paragraph("We met at noon. That is what we are here for."),),
        (CodeBlock("look at ."),),
    ],
)
def test_sentences_that_lost_nothing(findings: Callable[..., list[str]], blocks: tuple[Block, ...]) -> None:
    assert findings(*blocks) == []


def test_a_heading_that_skips_a_level(findings: Callable[..., list[str]]) -> None:
    blocks = [Heading(level, (Text(name),)) for level, name in ((2, "One"), (4, "Two"), (2, "Three"), (3, "Four"))]
    assert findings(*blocks) == ["In “Waiting times” the heading “Two” skips a level."]


@pytest.mark.parametrize("left", ["TODO", "TK", "Lorem ipsum", "[insert quote]", "[date]"])
def test_what_was_to_be_filled_in(findings: Callable[..., list[str]], left: str) -> None:
    assert findings(paragraph(f"We expect {left} next week.")) == [f"In “Waiting times” there is still “{left}”."]


@pytest.mark.parametrize(
    "word", ["todo", "Tk Maxx", "[2]", "[date palms grow here, on the whole southern coast of it]"]
)
def test_words_that_only_look_unfinished(findings: Callable[..., list[str]], word: str) -> None:
    assert findings(paragraph(f"We saw {word} next week.")) == []


def test_what_is_left_is_named_once(findings: Callable[..., list[str]]) -> None:
    assert len(findings(paragraph("TODO and TODO"), paragraph("TODO"))) == 1


def test_rules_about_english_words_spare_other_languages(findings: Callable[..., list[str]]) -> None:
    blocks = (paragraph(Link(URL, (Text("here"),)), " at ."), paragraph(Link(URL, ()), "!"))
    assert len(findings(*blocks, language="cy")) == 1
