"""Feed entry, page, archive and both parts of the mail say the same of each post; and it is told if they do not."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from briefingfeed.models.archive import SentEdition, SentPost
from briefingfeed.models.problem import Problem
from briefingfeed.services.publishing.parity_check import Channels
from briefingfeed.services.publishing.rendering import render_output
from briefingfeed.shipped import shipped_templates

PROJECT = Path(__file__).parents[4]

QUOTED = """\
> I kept my hood *up* till I was past the church, as [the survey](https://a.example/?x=1&y=2) says.
>
> - and a list, quoted
>
> — “Dawn”, in a letter

See <https://b.example/c> or [write](mailto:ann@harbour.example)[^1], ![a bar](https://i.example/b.png).

[^1]: Or [call](https://c.example/#now).
"""
HEAD = "authors: [{name: Ann Bly, role: Chair}, Ben]\ncloses: 2026-12-04\n"
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
LINES = st.sampled_from(
    ["> {}", "> — {}", "- {}", "# {}", "{}", "> > {}", "[{}](https://a.example/)", "| {} |\n|---|", "*{}*", "`{}`",
     "> 1. {}", "> ![{}](https://i.example/a.png)", "> {}[^1]\n\n[^1]: note"]
)  # fmt: skip
TEXTS = st.lists(st.tuples(LINES, WORDS), min_size=1, max_size=8).map(
    lambda lines: "\n\n".join(line.replace("{}", words) for line, words in lines)
)


def unlike(desk) -> list[Problem]:
    """Hold every post's channels against each other; the posts were mailed in one edition."""
    now = desk.now
    posts = [post for post in desk.load().posts if post.visible_at(now)]
    sent = SentEdition(
        key="weekly/2026-W48",
        subject="An edition",
        sent_at=now,
        public_url=desk.settings.publication.url,
        posts=tuple(SentPost(post.id, post.title) for post in posts),
    )
    rendered = render_output(posts, desk.settings, desk.look, now, editions=[sent])
    channels = Channels(
        settings=desk.settings,
        look=desk.look,
        now=now,
        rendered=rendered,
        editions=[sent],
        mailed={post.id for post in posts},
    )
    return list(channels.problems(posts))


def test_the_example_says_the_same_everywhere(desk) -> None:
    shutil.rmtree(desk.root / "posts")
    for name in ("posts", "authors.toml", "briefingfeed.toml"):
        source = PROJECT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, desk.root / name)
    desk.now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert len(desk.load().posts) > 8
    assert unlike(desk) == []


def test_a_post_with_everything_says_the_same_everywhere(desk) -> None:
    desk.post("tides", head=HEAD, text=QUOTED)
    assert unlike(desk) == []
    assert desk.check().problems == ()


@pytest.mark.parametrize(
    ("template", "old", "new", "missing"),
    [
        ("email/_post.html", "names(post.authors)", "''", "The HTML part of the mail lacks the author “Ben”"),
        ("email/_post.html", "{{ article.html }}", "", "lacks the link “https://b.example/c”"),
        ("email/_post.html", "[post.published|date] + ", "", "lacks the date “20 November 2026”"),
        ("email/_post.html", "when=article.closes_in_words", "when=1", "lacks the closing date “4 December 2026”"),
        ("email/_post.txt", "{{ wrap(post.title) }}", "", "The text part of the mail lacks the title “Tides”"),
        ("email/_post.txt", "[{{ loop.index }}] {{ url }}", "", "lacks the link “https://c.example/”"),
        ("email/_post.txt", "{{ article.text }}", "", "lacks the quotation ““Dawn”, in a letter”"),
        ("site/post.html", "{{ page.body }}", "", "The page lacks the quotation “I kept my hood up"),
        (
            "site/edition.html",
            "parts.names(post.authors)",
            "''",
            "The archive page of weekly/2026-W48 lacks the author",
        ),
    ],
)
def test_what_a_channel_lacks_is_told(desk, template: str, old: str, new: str, missing: str) -> None:
    desk.post("tides", head=HEAD, text=QUOTED)
    source = (shipped_templates() / template).read_text("utf-8")
    assert old in source
    desk.write(f"templates/{template}", source.replace(old, new))
    found = unlike(desk)
    assert any(missing in problem.message for problem in found), found
    assert {problem.path for problem in found} == {"posts/2026-11-20-tides.md"}


def test_check_tells_it(desk) -> None:
    desk.post("tides", head=HEAD, text=QUOTED)
    source = (shipped_templates() / "email/_post.txt").read_text("utf-8")
    desk.write("templates/email/_post.txt", source.replace("names(post.authors)", "''"))
    assert any("lacks the author “Ben”" in problem.message for problem in desk.check().problems)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_any_post_says_the_same_everywhere(desk, text: str) -> None:
    desk.post("tides", head=HEAD, text=text)
    assert unlike(desk) == []
