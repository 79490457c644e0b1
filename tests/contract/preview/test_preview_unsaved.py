"""What is written and not saved yet: it outlives whatever happens to the file, and answers that come late."""

from __future__ import annotations

from servers.chromium import Page

from .conftest import Desk
from .test_preview_trouble import POST, choose, save

OTHER = "posts/2026-11-20-other.md"
BROKEN = "---\ntitle: [\n---\n\nSome words.\n"
MENDED = "---\ntitle: Mended\ndate: 2026-11-09\n---\n\nSome words.\n"


def have_another(desk: Desk, page: Page) -> None:
    (desk.folder / OTHER).write_text("---\ntitle: Other\ndate: 2026-11-20\n---\n\nSome words.\n")
    page.wait("document.querySelector('#posts').textContent.includes('Other')")


def go_to(page: Page, path: str, field: str = "#field-title") -> None:
    page.run(f"location.hash = encodeURIComponent('{path}')")
    page.wait(f"document.querySelector('#saved')?.textContent === '{path[6:]}' && document.querySelector('{field}')")


def hold_answers(page: Page) -> None:
    """Keep back what is answered to a save until `answers()` is called."""
    page.run(
        "(() => { const real = window.fetch; const free = new Promise((done) => { window.answers = done; });"
        " window.fetch = async (address, options) => { const answer = await real(address, options);"
        " if (options?.method !== 'POST') return answer;"
        " const body = await answer.text(); window.held = true; await free; return new Response(body, answer); }; })()"
    )


def test_what_was_written_in_the_fields_of_a_post_whose_first_lines_break_comes_back_with_them(
    desk: Desk, page: Page
) -> None:
    have_another(desk, page)
    go_to(page, POST)
    page.type("#field-title", "Written and left")
    go_to(page, OTHER)
    (desk.folder / POST).write_text(BROKEN)
    go_to(page, POST, "#field-whole")
    page.wait("document.querySelector('#conflict pre')?.textContent.includes('Written and left')")

    page.type("#field-whole", MENDED)
    page.press("s", control=True)
    page.wait("document.querySelector('#field-title')?.value === 'Written and left'")
    assert (desk.folder / POST).read_text() == MENDED


def test_it_may_become_a_new_post_instead(desk: Desk, page: Page) -> None:
    have_another(desk, page)
    go_to(page, POST)
    page.type("#field-title", "Written and left")
    go_to(page, OTHER)
    (desk.folder / POST).write_text(BROKEN)
    go_to(page, POST, "#field-whole")
    page.wait("document.querySelector('#conflict button')")
    page.click("#conflict button")
    page.wait("document.querySelector('#field-title')?.value === 'Written and left'")
    (file,) = desk.posts.glob("*-written-and-left.md")
    assert "kettle" in file.read_text()
    go_to(page, POST, "#field-whole")
    assert not page.run("document.querySelector('#conflict').childElementCount")


def test_what_was_written_in_a_whole_file_stays_when_the_file_is_mended_elsewhere(desk: Desk, page: Page) -> None:
    have_another(desk, page)
    (desk.folder / POST).write_text(BROKEN)
    go_to(page, POST, "#field-whole")
    page.type("#field-whole", "My own words")
    go_to(page, OTHER)
    (desk.folder / POST).write_text(MENDED)
    go_to(page, POST, "#field-whole")
    assert page.run("document.querySelector('#field-whole').value") == "My own words"
    page.press("s", control=True)
    page.wait("document.querySelector('#conflict [role=alert]')")
    assert (desk.folder / POST).read_text() == MENDED
    assert next(desk.posts.glob("_*yours*")).read_text() == "My own words"


def test_an_answer_that_comes_late_does_nothing_to_another_post(desk: Desk, page: Page) -> None:
    have_another(desk, page)
    choose(page, POST)
    page.type("#field-title", "Mine")
    theirs = (desk.folder / POST).read_text() + "\nTheirs.\n"
    (desk.folder / POST).write_text(theirs)
    hold_answers(page)
    page.press("s", control=True)
    page.wait("window.held")
    go_to(page, OTHER)
    page.type("#field-title", "Written meanwhile")
    page.run("answers()")
    page.wait("document.querySelector('dialog[open]')?.textContent.includes('Both versions are kept')")
    assert not page.run("document.querySelector('#conflict').childElementCount")
    assert page.run("document.querySelector('#field-title').value") == "Written meanwhile"


def test_what_was_saved_while_one_left_is_known_to_be_saved(desk: Desk, page: Page) -> None:
    have_another(desk, page)
    choose(page, POST)
    page.type("#field-title", "Saved")
    hold_answers(page)
    page.press("s", control=True)
    page.wait("window.held")
    page.type("#field-summary", "Written after that.")
    go_to(page, OTHER)
    page.run("answers()")
    go_to(page, POST)
    save(page)
    text = (desk.folder / POST).read_text()
    assert "title: Saved\n" in text
    assert "summary: Written after that.\n" in text
