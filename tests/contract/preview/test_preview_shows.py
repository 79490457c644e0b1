"""What the preview shows of posts and editions: each part as its readers will have it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from .conftest import Desk

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
TODAY = datetime.now(UTC).date()
LATER = TODAY + timedelta(days=3)


def post(desk: Desk, name: str, head: str, body: str = "Some words.") -> str:
    (desk.posts / f"{name}.md").write_text(f"---\n{head}\n---\n\n{body}\n")
    return f"posts/{name}.md"


def state(guest: httpx.Client) -> Any:
    return guest.get("/state").json()


def test_the_feed_shows_posts_with_authors_and_without(desk: Desk) -> None:
    post(desk, f"{TODAY}-nobody", "title: By nobody", "Nobody wrote this.")
    with desk.guest() as guest:
        state(guest)
        feed = guest.get("/frame/light/feed?of=edition:weekly").text
    assert "Nobody wrote this." in feed
    assert "Jörg Müller" in feed


def test_pictures_are_shown_on_every_page_that_has_them(desk: Desk) -> None:
    (desk.posts / "stop.png").write_bytes(PNG)
    path = post(desk, f"{TODAY}-pictures", "title: Pictures\nemail: true", "![A stop](stop.png)")
    with desk.guest() as guest:
        state(guest)
        for part in ("mail", "site", "feed"):
            for of in (path, "edition:weekly"):
                shown = guest.get(f"/frame/light/{part}", params={"of": of}).text
                found = re.search(r'src="(/frame/light/site/[^"]*stop\.png)"', shown)
                assert found, (part, of)
                assert guest.get(found[1]).content == PNG


def test_the_page_of_an_edition_is_the_one_it_will_have_in_the_archive(desk: Desk) -> None:
    post(desk, f"{TODAY}-new", "title: A new one\nemail: true")
    with desk.guest() as guest:
        subject = state(guest)["editions"][0]["subject"]
        page = guest.get("/frame/light/site?of=edition:weekly").text
    assert subject in page
    assert "A new one" in page
    assert "Some words." in page


def test_a_draft_is_proofread_before_it_is_ready(desk: Desk) -> None:
    path = post(
        desk, f"{TODAY}-draft", "title: A draft\ndraft: true\ncloses: 2020-01-01", "Look [here](https://x.example)."
    )
    with desk.guest() as guest:
        assert not [each for each in state(guest)["remarks"] if each["path"] == path and "here" in each["message"]]
        remarks = guest.get("/remarks", params={"of": path}).json()
    assert {each["field"] for each in remarks} >= {"body", "closes"}
    assert {each["path"] for each in remarks} == {path}


def test_a_finding_about_the_subject_leads_to_the_title_of_the_first_post(desk: Desk) -> None:
    path = post(desk, f"{TODAY}-long", f"title: {'Very long ' * 12}\nemail: true")
    with desk.guest() as guest:
        found = [each for each in state(guest)["remarks"] if "subject" in each["message"]]
    assert [(each["path"], each["field"]) for each in found] == [(path, "title")]


def single(desk: Desk) -> None:
    settings = desk.folder / "briefingfeed.toml"
    settings.write_text(re.sub(r"^\[newsletter\]$", "[newsletter]\nposts = true", settings.read_text(), flags=re.M))


def test_posts_that_go_by_themselves_are_shown_each_as_its_mail(desk: Desk) -> None:
    single(desk)
    post(desk, f"{TODAY}-now", "title: Goes now", "At once.")
    post(desk, f"{LATER}-later", "title: Goes later", "In three days.")
    post(desk, f"{LATER}-never", "title: Goes never\nemail: false")
    post(desk, f"{LATER}-draft", "title: Is no post yet\ndraft: true")
    with desk.guest() as guest:
        editions = {each["name"]: each for each in state(guest)["editions"] if each["cadence"] == "posts"}
        now, later = f"posts/{TODAY}-now", f"posts/{LATER}-later"
        assert [name for name in editions if str(TODAY) in name or str(LATER) in name] == [now, later]
        assert editions[now]["label"] == "By itself: Goes now"
        assert editions[now]["when"] == "With the next run"
        assert str(LATER.year) in editions[later]["when"]
        assert "At once." in guest.get(f"/frame/light/mail?of=edition:{now}").text
        assert "In three days." in guest.get(f"/text?of=edition:{later}").text
        assert guest.get(f"/frame/dark/site?of=edition:{later}").text.count("In three days.") >= 1


def test_where_no_post_goes_by_itself_that_is_said(desk: Desk) -> None:
    single(desk)
    for file in desk.posts.glob("*.md"):
        file.unlink()
    with desk.guest() as guest:
        editions = [each for each in state(guest)["editions"] if each["cadence"] == "posts"]
        assert [(each["name"], each["subject"], each["posts"]) for each in editions] == [("posts", None, [])]
        assert "there would be none" in guest.get("/frame/light/mail?of=edition:posts").text


def test_a_changed_template_is_another_mail_of_every_post(desk: Desk) -> None:
    with desk.guest() as guest:
        before = state(guest)
        template = desk.folder / "templates" / "email" / "digest.txt"
        template.parent.mkdir(parents=True)
        template.write_text("OURS {{ unsubscribe_url }}\n{% for article in articles %}{{ article.text }}{% endfor %}\n")
        after = state(guest)
        assert "OURS" in guest.get(f"/text?of={after['posts'][0]['path']}").text
    assert not {each["mark"] for each in before["posts"]} & {each["mark"] for each in after["posts"]}


def test_what_looks_the_same_has_the_same_number(desk: Desk) -> None:
    with desk.guest() as guest:
        first = state(guest)["number"]
        assert state(guest)["number"] == first
        post(desk, f"{TODAY}-new", "title: A new one")
        assert state(guest)["number"] == first + 1
