from __future__ import annotations

import pytest

from briefingfeed.errors import ConfigurationError
from briefingfeed.models.edition import Cadence

from .conftest import Desk


def told(desk: Desk) -> list[tuple[str, int | None, str]]:
    return [(problem.path, problem.line, problem.message) for problem in desk.check().problems]


def test_sound_publication_has_nothing_to_mend(desk: Desk) -> None:
    desk.post("quay", text="See [the other](2026-11-19-mooring.md) and [home](/).")
    desk.post("mooring", day="2026-11-19", text="# One\n\nSee [above](#one) and [out](https://example.org/x).")

    assert told(desk) == []


def test_readers_whom_no_edition_reaches_are_told(desk: Desk) -> None:
    readers = {Cadence.WEEKLY: 12, Cadence.DAILY: 3}
    (problem,) = {*desk.check(readers).problems} - {*desk.check().problems}
    assert problem.message.startswith("3 readers are to be mailed “daily”")
    assert 'daily = "07:30"' in problem.remedy


def test_check_publishes_and_remembers_nothing(desk: Desk) -> None:
    desk.post("quay")
    desk.check()

    assert not desk.public.exists()
    assert not (desk.root / "var" / "ids.jsonl").exists()


def test_broken_post_is_told_with_everything_else(desk: Desk) -> None:
    desk.write("posts/2026-11-21-broken.md", "---\ntitle: Broken\n\nNo end.\n")
    desk.post("quay", text="[gone](/posts/gone/)")

    assert [path for path, _, _ in told(desk)] == ["posts/2026-11-20-quay.md", "posts/2026-11-21-broken.md"]


def test_link_to_a_page_that_is_not_there_is_told_with_its_line(desk: Desk) -> None:
    desk.post("quay", text="Words.\n\nSee [the plan](/posts/the-plan/) and [again](/posts/the-plan/).")

    assert told(desk) == [
        (
            "posts/2026-11-20-quay.md",
            7,
            "https://harbour.example/posts/the-plan/: no page of this site has this address",
        )
    ]


def test_call_to_action_that_leads_nowhere_is_told_with_its_line(desk: Desk) -> None:
    """An address without https:// is a path of this site."""
    head = "call_to_action:\n  label: Tell us\n  url: {}\n"
    desk.post("quay", head=head.format("www.harbour.example/tell-us"))
    desk.post("mooring", day="2026-11-19", head=head.format("https://www.harbour.example/tell-us?a=1&b=2"))
    desk.post("slip", day="2026-11-18", head=head.format("/"))

    ((path, line, message),) = told(desk)
    assert (path, line) == ("posts/2026-11-20-quay.md", 5)
    assert message.endswith("www.harbour.example/tell-us: no page of this site has this address")


def test_link_to_a_place_that_is_not_in_the_page_is_told(desk: Desk) -> None:
    desk.post("quay", text="See [there](2026-11-19-mooring.md#nowhere).")
    desk.post("mooring", day="2026-11-19")

    assert len(told(desk)) == 1
    assert "nowhere" in told(desk)[0][2]


def test_footnotes_lead_somewhere(desk: Desk) -> None:
    desk.post("quay", text="Words.[^1]\n\n[^1]: A note.")

    assert told(desk) == []


def test_visible_post_may_not_link_to_a_draft_but_drafts_may_link_to_each_other(desk: Desk) -> None:
    desk.post("draft", head="draft: true\n", text="See [too](2026-11-19-other.md).")
    desk.post("other", day="2026-11-19", head="draft: true\n")
    assert told(desk) == []

    desk.post("quay", text="See [draft](2026-11-20-draft.md).")
    assert [path for path, _, _ in told(desk)] == ["posts/2026-11-20-quay.md"]


def test_link_to_a_file_of_the_operators_is_sound(desk: Desk) -> None:
    desk.write("public/report.pdf", "%PDF")
    desk.post("quay", text="See [the report](/report.pdf).")

    assert told(desk) == []


def test_template_that_does_not_parse_is_told_even_if_unused(desk: Desk) -> None:
    desk.post("quay")
    desk.write("templates/site/unused.html", "line\n{% if %}\n")

    assert [(path, line) for path, line, _ in told(desk)] == [("templates/site/unused.html", 2)]


def test_template_that_names_something_unknown_is_told_once(desk: Desk) -> None:
    desk.post("quay")
    desk.write("templates/site/post.html", "{{ post.title }}\n{{ post.titel }}\n")

    assert [(path, line) for path, line, _ in told(desk)] == [("templates/site/post.html", 2)]


def test_template_of_the_digest_is_tried_too(desk: Desk) -> None:
    desk.post("quay")
    desk.write("templates/email/digest.txt", "{{ digest.nothing_like_it }}\n")

    assert [(path, line) for path, line, _ in told(desk)] == [("templates/email/digest.txt", 1)]


def test_alias_that_another_page_has_is_told(desk: Desk) -> None:
    desk.post("quay", head="aliases: [/atom.xml]\n")

    assert len(told(desk)) == 1
    assert "atom.xml" in told(desk)[0][2]


def test_output_folder_that_cannot_be_one_is_refused(desk: Desk) -> None:
    desk.write("briefingfeed.toml", '[paths]\noutput = "."\n')

    with pytest.raises(ConfigurationError):
        desk.check()


def test_closing_date_that_changed_without_a_word_is_told(desk: Desk) -> None:
    desk.post("quay", head="closes: 2026-12-01\n")
    desk.build()
    desk.post("quay", head="closes: 2026-12-08\n")

    [(path, _, message)] = told(desk)
    assert path == "posts/2026-11-20-quay.md"
    assert "`updated` has not" in message
    desk.post("quay", head="closes: 2026-12-08\nupdated: 2026-11-22\n")
    assert told(desk) == []
