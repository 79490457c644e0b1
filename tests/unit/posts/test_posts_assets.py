from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from briefingfeed.posts.addresses import id_prefix

if TYPE_CHECKING:
    from unit.posts.conftest import Publication

HOME = "https://lantern.example/posts/a/"


@pytest.mark.parametrize(
    ("written", "absolute"),
    [
        ("https://x.example/a", "https://x.example/a"),
        ("HTTPS://x.example/a", "HTTPS://x.example/a"),
        ("mailto:ada@x.example", "mailto:ada@x.example"),
        ("//x.example/a", "https://x.example/a"),
        ("/about/", "https://lantern.example/about/"),
        ("other/", f"{HOME}other/"),
        ("../other/", "https://lantern.example/posts/other/"),
        ("../../../../other/", "https://lantern.example/other/"),
        ("?q=1", f"{HOME}?q=1"),
        ("/caf%C3%A9/é", "https://lantern.example/caf%C3%A9/%C3%A9"),
        ("<a b>", f"{HOME}a%20b"),
    ],
)
def test_links_are_absolute(publication: Publication, written: str, absolute: str) -> None:
    publication.post("a.md", f"[x]({written})")
    assert f'<a href="{absolute}"' in publication.only().body.html


@pytest.mark.parametrize(
    "written",
    ["javascript:x", "JaVaScRiPt:x", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "http://", "https:///x",
     "tel:1", "mailto:", "http://[", "&#106;avascript:x"],
)  # fmt: skip
def test_nothing_leads_to_other_schemes(publication: Publication, written: str) -> None:
    publication.post("a.md", f"[x]({written}) <a href='{written}'>y</a> ![z]({written})")
    html = publication.only().body.html
    assert "href" not in html
    assert "src" not in html


@pytest.mark.parametrize("written", ["java&#9;script:x", "&#1;javascript:x", "java&#10;script:x", " javascript:x"])
def test_what_browsers_would_read_as_script_is_no_link(publication: Publication, written: str) -> None:
    publication.post("a.md", f'<a href="{written}">y</a> <img src="{written}">')
    html = publication.only().body.html
    assert "href" not in html
    assert "src" not in html


def test_links_to_other_posts_lead_to_their_pages(publication: Publication) -> None:
    publication.post("2026/b.md", "Other.", date="2026-11-20")
    publication.post("a.md", "[1](2026/b.md) [2](/2026/b.md#x) [3]({filename}2026/b.md) [4](a.md) [5](none.md)")
    library = publication.load()
    other = next(post for post in library.posts if post.slug == "b")
    html = next(post for post in library.posts if post.slug == "a").body.html
    assert html.count('href="https://lantern.example/posts/b/"') == 2
    assert f'href="https://lantern.example/posts/b/#{id_prefix(other.id)}x"' in html
    assert f'href="{HOME}"' in html
    (problem,) = library.problems
    assert (problem.path, problem.line, problem.is_error) == ("posts/a.md", 5, False)
    assert "none.md" in problem.message


def test_files_beside_a_post_go_with_it(publication: Publication) -> None:
    for name in ("pic.png", "img/b c.png", "unused.png", "a.pdf"):
        publication.write(name, b"x")
    publication.post("a.md", "![](pic.png) ![](img/b%20c.png) [pdf](a.pdf#page=2) ![](pic.png)", image="pic.png")
    post = publication.only()
    assert [(asset.path, asset.url) for asset in post.assets] == [
        ("posts/a/a.pdf", f"{HOME}a.pdf"),
        ("posts/a/img/b c.png", f"{HOME}img/b%20c.png"),
        ("posts/a/pic.png", f"{HOME}pic.png"),
    ]
    assert f'href="{HOME}a.pdf#page=2"' in post.body.html
    assert post.image is not None
    assert post.image.url == f"{HOME}pic.png"


def test_bundle_brings_its_files(publication: Publication) -> None:
    publication.write("trip/pic.png", b"x")
    publication.post("trip/index.md", "![](pic.png) ![](./pic.png)")
    (asset,) = publication.only().assets
    assert (asset.path, asset.source.name) == ("posts/trip/pic.png", "pic.png")


def test_shared_files_are_found_upwards_and_from_the_top(publication: Publication) -> None:
    publication.write("images/pic.png", b"x")
    publication.post("2026/a.md", "![](../images/pic.png) ![](/images/pic.png)")
    (asset,) = publication.only().assets
    assert asset.path == "posts/a/images/pic.png"


def test_two_files_of_one_name_are_kept_apart(publication: Publication) -> None:
    publication.write("pic.png", b"x")
    publication.write("2026/pic.png", b"y")
    publication.post("2026/a.md", "![](../pic.png) ![](pic.png)")
    assets = publication.only().assets
    assert len({asset.path for asset in assets}) == len({asset.source for asset in assets}) == 2


@pytest.mark.parametrize(
    "reference",
    ["../secret.txt", "../../etc/passwd.txt", "/../secret.txt", "..%2Fsecret.txt", "%2e%2e/secret.txt", "linked.txt",
     ".hidden/x.txt", ".env.txt", "sub/../../secret.txt", "script.js", "page.html", "..\\secret.txt", "x%00.txt",
     "folder.d"],
)  # fmt: skip
def test_nothing_from_outside_is_published(publication: Publication, reference: str) -> None:
    (publication.root / "secret.txt").write_text("secret")
    (publication.root / "posts/linked.txt").symlink_to(publication.root / "secret.txt")
    for name in (".hidden/x.txt", ".env.txt", "script.js", "page.html", "folder.d/x"):
        publication.write(name, "x")
    publication.post("a.md", f"[x]({reference})")
    assert publication.only().assets == ()


def test_missing_file_is_told_with_its_line(publication: Publication) -> None:
    publication.post("a.md", "One.\n\n![](gone.png)", image="lost.png")
    assert [complaint[:45] for complaint in publication.complaints()] == [
        "posts/a.md:4: warning: There is no file lost.",
        "posts/a.md:8: warning: There is no file gone.",
    ]


def test_without_pages_no_file_is_copied(publication: Publication) -> None:
    publication.pages = False
    publication.post_url = "https://site.example/blog/{slug}.html"
    publication.write("pic.png", b"x")
    publication.post("a.md", "![](pic.png)")
    post = publication.only()
    assert (post.url, post.assets) == ("https://site.example/blog/a.html", ())
    assert 'src="https://site.example/blog/pic.png"' in post.body.html


def test_page_without_a_folder_keeps_files_in_one(publication: Publication) -> None:
    publication.post_url = "/{slug}.html"
    publication.write("pic.png", b"x")
    publication.post("a.md", "![](pic.png)")
    (asset,) = publication.only().assets
    assert (asset.path, asset.url) == ("a/pic.png", "https://lantern.example/a/pic.png")
