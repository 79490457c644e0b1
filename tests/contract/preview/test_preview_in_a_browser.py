"""An editor who has never seen Markdown: writes a post, sees it in the digest, mends a finding, drops a picture."""

from __future__ import annotations

import base64
import json
import struct
import zlib

from servers.chromium import Page

from .conftest import Desk

SHOWN = "document.querySelector('iframe.current').contentDocument"


def picture(width: int = 40, height: int = 30) -> bytes:
    """A red PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\xb0\x20\x20" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def begin(page: Page, title: str) -> None:
    page.click("#new")
    page.wait("document.querySelector('dialog[open]')")
    page.type("dialog input", title)
    page.press("Enter")
    page.wait(f"document.querySelector('#field-title')?.value === {json.dumps(title)}")


def save(page: Page) -> None:
    page.press("s", control=True)
    page.wait("document.querySelector('#saved').textContent.startsWith('Saved')")


def choose(page: Page, name: str) -> None:
    page.run(f"location.hash = encodeURIComponent({json.dumps(name)})")


def test_a_post_is_written_and_seen_in_the_digest(desk: Desk, page: Page) -> None:
    begin(page, "A bench at the stop")
    page.click("#field-ready")
    page.type("#field-standfirst", "Nobody should have to stand.")
    page.type("#field-body", "People wait here for an hour.\n\n## What we ask\n\nA bench.")
    page.type("#field-topics", "buses, benches")
    save(page)
    file = next(desk.posts.glob("*-a-bench-at-the-stop.md"))
    assert file.read_text().startswith("---\ntitle:")
    assert "standfirst: Nobody should have to stand.\n" in file.read_text()
    assert "draft" not in file.read_text()

    choose(page, "edition:weekly")
    page.wait("document.querySelector('.carried')?.textContent.includes('A bench at the stop')")
    page.wait(f"{SHOWN}.body.innerText.includes('People wait here for an hour.')")
    assert page.run("document.querySelector('.facts').textContent").count("kB") == 1
    assert not page.complaints()


def test_a_finding_leads_to_its_field_and_is_mended_there(desk: Desk, page: Page) -> None:
    file = desk.posts / "2026-01-02-closed.md"
    file.write_text("---\ntitle: Closed too early\ncloses: 2026-01-03\nemail: true\n---\n\nSome words.\n")
    page.wait("document.querySelector('#posts').textContent.includes('Closed too early')")
    choose(page, "edition:weekly")
    link = ".remark-list a[href*='closed.md?closes']"
    page.wait(f"document.querySelector({json.dumps(link)})")

    page.click(link)
    page.wait("document.activeElement.id === 'field-closes'")
    page.run(
        "(() => { const field = document.activeElement; field.value = '2999-01-01';"
        " field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    save(page)
    assert "closes: 2999-01-01\n" in file.read_text()
    page.wait("!document.querySelector('#remarks .remark-list')")
    choose(page, "edition:weekly")
    page.wait("document.querySelector('.facts')")
    assert not page.run(f"document.querySelector({json.dumps(link)})")


def test_a_picture_is_dropped_into_the_text_and_seen_in_the_mail(desk: Desk, page: Page) -> None:
    begin(page, "A picture")
    page.type("#field-body", "Look at this.")
    content = base64.b64encode(picture()).decode()
    page.run(
        "(async () => {"
        f" const bytes = Uint8Array.from(atob('{content}'), (sign) => sign.charCodeAt(0));"
        " const data = new DataTransfer(); data.items.add(new File([bytes], 'Our Stop.png', {type: 'image/png'}));"
        " const drop = new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true});"
        " document.querySelector('#field-body').dispatchEvent(drop); })()"
    )
    page.wait("document.querySelector('dialog[open] input')")
    page.type("dialog input", "A bus stop without a bench")
    page.press("Enter")
    page.wait("document.querySelector('#field-body').value.includes('![A bus stop without a bench](our-stop.png)')")
    save(page)
    assert (desk.posts / "our-stop.png").read_bytes() == picture()
    page.wait(f"[...{SHOWN}.images].some((image) => image.alt.startsWith('A bus stop') && image.naturalWidth === 40)")


def test_a_post_saved_elsewhere_is_shown_at_once(desk: Desk, page: Page) -> None:
    file = desk.posts / "2026-11-09-a-key-and-a-kettle.md"
    choose(page, "posts/2026-11-09-a-key-and-a-kettle.md")
    page.wait("document.querySelector('#field-body')")
    file.write_text(file.read_text() + "\nThe kettle is new.\n")
    page.wait(f"{SHOWN}.body.innerText.includes('The kettle is new.')")
    page.wait("document.querySelector('#field-body').value.endsWith('The kettle is new.')")


def test_of_two_versions_none_is_lost(desk: Desk, page: Page) -> None:
    file = desk.posts / "2026-11-09-a-key-and-a-kettle.md"
    choose(page, "posts/2026-11-09-a-key-and-a-kettle.md")
    page.wait("document.querySelector('#field-title')")
    page.type("#field-title", "My own title")
    theirs = file.read_text() + "\nWritten in an editor.\n"
    file.write_text(theirs)
    page.wait("document.querySelector('#status').textContent.includes('changed in its file')")
    page.press("s", control=True)
    page.wait("document.querySelector('#conflict [role=alert]')")
    assert file.read_text() == theirs
    assert "My own title" in next(desk.posts.glob("_*yours*")).read_text()

    page.click("#conflict button:last-child")
    page.wait("document.querySelector('#saved').textContent.startsWith('Saved')")
    assert "My own title" in file.read_text()
