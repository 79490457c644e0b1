"""Who may read and write at the desk, and where: asked as other pages, other people and odd programs would."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import Desk, at_the_desk, publication

POST = "posts/2026-11-09-a-key-and-a-kettle.md"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
READING = (
    "/", "/state", "/app/app.js", "/app/preview.css", f"/form?of={POST}", f"/text?of={POST}", f"/source?of={POST}",
    "/text?of=edition:weekly", "/feed?of=edition:weekly&format=rss", f"/feed?of={POST}&format=json",
    f"/frame/light/mail?of={POST}", "/frame/dark/mail?of=edition:weekly", f"/frame/light/site?of={POST}",
    "/frame/dark/feed?of=edition:weekly", "/frame/dark/site/assets/site.css",
)  # fmt: skip
WRITING = ("/form", "/posts", f"/pictures?of={POST}&name=x.png")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One desk for all requests that leave nothing behind."""
    with at_the_desk(publication(tmp_path_factory.mktemp("shared") / "publication")) as found:
        yield found


def test_nothing_is_shown_without_the_address_from_the_terminal(shared: Desk) -> None:
    with shared.client() as stranger:
        assert {stranger.get(path).status_code for path in READING} == {403}
        assert stranger.get("/?key=guessed").status_code == 403
        entered = stranger.get(shared.entrance)
        assert entered.status_code == 303
        assert entered.headers["location"] == "/"
        cookie = entered.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie


def test_everything_is_shown_to_who_came_by_it_and_nothing_changes(shared: Desk) -> None:
    before = shared.files()
    with shared.guest() as guest:
        for path in READING:
            answer = guest.get(path)
            assert answer.status_code == 200, (path, answer.text)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert ("sandbox" in policy) == path.startswith("/frame/")
            assert "unsafe" not in policy.replace("style-src 'self' 'unsafe-inline'", "")
            assert answer.headers["cache-control"] == "no-store"
        assert {guest.get(path).status_code for path in WRITING[1:]} == {405}
    assert shared.files() == before


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""]
)
def test_a_name_that_suddenly_means_this_machine_is_refused(shared: Desk, host: str) -> None:
    port = shared.address.rpartition(":")[2]
    with shared.guest() as guest:
        answers = [guest.get(path, headers={"host": host.format(port=port)}) for path in ("/", "/state", "/events")]
    assert {answer.status_code for answer in answers} <= {400, 421}


@pytest.mark.parametrize("path", WRITING)
@pytest.mark.parametrize(
    "other",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"x-briefingfeed-preview": "guessed"},
        {"x-briefingfeed-preview": ""},
        {"cookie": ""},
    ],
    ids=str,
)
def test_other_pages_change_nothing(shared: Desk, path: str, other: dict[str, str]) -> None:
    before = shared.files()
    with shared.guest() as guest:
        if "cookie" in other:
            guest.cookies.clear()
        assert guest.post(path, json={"title": "Not ours"}, headers=other).status_code == 403
    assert shared.files() == before


@pytest.mark.parametrize("other", ['prefs={"theme":"dark"}', "flag", "path=/x", "name=J\u00fcrgen", 'open="', "a b=c"])
def test_cookies_of_other_programs_on_this_machine_lock_nobody_out(shared: Desk, other: str) -> None:
    """Cookies know no ports: whatever ran on 127.0.0.1 before may have left some."""
    with shared.guest() as guest:
        ((name, value),) = guest.cookies.items()
        cookie = f"{other}; {name}={value}".encode()
        assert guest.get("/state", headers={"cookie": cookie}).status_code == 200


NO_POSTS = (
    "../secret.md", "posts/../../secret.md", "/etc/passwd", "posts/link.md", "posts/folder/secret.md",
    "posts/.hidden.md", "authors.toml", "briefingfeed.toml", "posts/images", "", "posts\\x.md", "posts/\0.md",
)  # fmt: skip


def test_only_posts_can_be_opened_or_written(tmp_path: Path) -> None:
    folder = publication(tmp_path / "publication")
    outside = tmp_path / "secret.md"
    outside.write_text("---\ntitle: Secret\ndate: 2026-11-20\n---\n")
    (folder / "posts" / "link.md").symlink_to(outside)
    (folder / "posts" / "folder").symlink_to(tmp_path, target_is_directory=True)
    with at_the_desk(folder) as desk, desk.guest() as guest:
        before = desk.files()
        for path in NO_POSTS:
            opened = guest.get("/form", params={"of": path})
            saved = guest.post("/form", json={"of": path, "base": "x", "whole": "gone"})
            put = guest.post("/pictures", params={"of": path, "name": "x.png"}, content=PNG)
            shown = guest.get("/frame/light/mail", params={"of": path})
            assert (opened.status_code, saved.status_code, put.status_code) == (422, 422, 422), path
            assert "Secret" not in opened.text + saved.text + shown.text
        assert desk.files() == before
    assert outside.read_text().startswith("---\ntitle: Secret")


NAMES = ("../evil.png", "..\\..\\evil.png", "/etc/evil.png", ".evil.png", "evil.md", "ЗЛО.exe", "", "x" * 300)


def test_pictures_get_names_of_ours_beside_the_post(desk: Desk) -> None:
    before, names = desk.files(), set()
    with desk.guest() as guest:
        for number, name in enumerate(NAMES):
            content = PNG + bytes([number])
            put = guest.post("/pictures", params={"of": POST, "name": name}, content=content)
            again = guest.post("/pictures", params={"of": POST, "name": name}, content=content)
            assert put.json() == again.json()
            names.add(put.json()["name"])
    assert len(names) == len(NAMES)
    assert all(re.fullmatch(r"[a-z0-9-]{1,110}\.png", name) for name in names)
    assert desk.files().keys() - before.keys() == {f"posts/{name}" for name in names}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "not a picture"),
        (b"<html>", "not a picture"),
        (b"", "not a picture"),
        (PNG + b"\0" * (10 * 1024 * 1024), "larger than 10 MB"),
    ],
    ids=["svg", "html", "empty", "large"],
)
def test_what_mail_programs_do_not_show_is_refused_in_words(shared: Desk, content: bytes, words: str) -> None:
    before = shared.files()
    with shared.guest() as guest:
        put = guest.post("/pictures", params={"of": POST, "name": "x.png"}, content=content)
    assert put.status_code == 422
    assert words in put.json()["message"]
    assert put.json()["remedy"]
    assert shared.files() == before


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", "[" * 100_000, '{"of": 1, "base": "x", "whole": "y"}', '{"of": "x", "base": "x"}',
        json.dumps({"of": POST, "base": "x", "form": {"title": 1}}),
        json.dumps({"of": POST, "base": "x", "form": {"title": "x", "authors": [[]] * 200}})],
)  # fmt: skip
def test_odd_bodies_are_refused(shared: Desk, body: str) -> None:
    before = shared.files()
    with shared.guest() as guest:
        assert guest.post("/form", content=body).status_code == 400
    assert shared.files() == before


def test_saving_without_a_change_touches_nothing(shared: Desk) -> None:
    file = shared.folder / POST
    before = file.stat()
    with shared.guest() as guest:
        opened = guest.get("/form", params={"of": POST}).json()
        saved = guest.post("/form", json={"of": POST, "base": opened["base"], "form": opened["form"]})
    assert saved.status_code == 200
    assert saved.json() == opened
    assert file.stat() == before


def test_what_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    file = desk.folder / POST
    with desk.guest() as guest:
        opened = guest.get("/form", params={"of": POST}).json()
        file.write_bytes(theirs := file.read_bytes() + b"\nTheirs.\n")
        form = {**opened["form"], "title": "Mine"}
        refused = guest.post("/form", json={"of": POST, "base": opened["base"], "form": form})
        assert refused.status_code == 409
        assert refused.json()["theirs"] == theirs.decode()
        assert file.read_bytes() == theirs
        kept = next(desk.posts.glob("_*.yours-*.md"))
        assert kept.name in refused.json()["remedy"]
        assert "title: Mine\n" in kept.read_text()
        saved = guest.post("/form", json={"of": POST, "base": refused.json()["base"], "form": form})
        assert saved.status_code == 200
    assert "title: Mine\n" in file.read_text()
    assert "Theirs." not in file.read_text()


def test_a_new_post_is_a_draft_and_never_takes_anothers_place(desk: Desk) -> None:
    with desk.guest() as guest:
        begun = guest.post("/posts", json={"title": "A  new one"})
        assert "draft: true" in (desk.folder / begun.json()["path"]).read_text()
        again = guest.post("/posts", json={"title": "A new one"})
        assert again.status_code == 422
        assert "already" in again.json()["message"]
        assert guest.post("/posts", json={"title": " "}).status_code == 422


def test_nothing_of_a_preview_is_recorded(desk: Desk) -> None:
    """There is no database yet, and afterwards there is none: no table, no key, no folder of state."""
    before = set(desk.files())
    with desk.guest() as guest:
        for path in READING:
            guest.get(path)
    assert set(desk.files()) == before


def test_a_broken_setting_is_told_on_the_page_and_goes_away_again(desk: Desk) -> None:
    settings = desk.folder / "briefingfeed.toml"
    sound = settings.read_text()
    with desk.guest() as guest, guest.stream("GET", "/events") as events:
        news = events.iter_lines()
        settings.write_text(sound + "\n[nonsense]\nx = 1\n")
        while "nonsense" not in str(guest.get("/state").json()["trouble"]):
            _next_number(news)
        settings.write_text(sound)
        while guest.get("/state").json()["trouble"] is not None:
            _next_number(news)


def test_it_stops_at_once_although_a_page_is_open(desk: Desk) -> None:
    with desk.guest() as guest, guest.stream("GET", "/events") as events:
        _next_number(events.iter_lines())
        desk.process.send_signal(signal.SIGTERM)
        assert desk.process.wait(30) == 0


def _next_number(lines: Any) -> int:
    return int(next(line for line in lines if line.startswith("data:")).removeprefix("data:"))


def test_only_this_machine_is_listened_to(shared: Desk) -> None:
    assert shared.address.startswith("http://127.0.0.1:")
    port = int(shared.address.rpartition(":")[2])
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    own = {line[1].partition(":")[0] for line in listening if line[1].endswith(f":{port:04X}") and line[3] == "0A"}
    assert own == {"0100007F"}
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://[::1]:{port}/", timeout=5)
