"""How long `briefingfeed build` takes, beside Pelican's build of the same posts in the same run.

    python benchmarks/build.py [--sizes 100,1000,10000] [--runs 5]

Both write a page per post, an index and feeds of the newest 20; Pelican keeps its cache, which only helps it. Pelican
is installed into a folder of its own that stays for the next time (build/pelican). Read the ratios: the seconds
belong to the machine.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from generate import write_posts
from measure import Measured, middle, run

CHECKOUT = Path(__file__).parents[1]
PELICAN = "pelican[markdown]==4.12.0"
PELICAN_FOLDER = CHECKOUT / "build" / "pelican"

SETTINGS = """\
[publication]
title = "Measured"
url = "https://measured.example"
timezone = "Europe/London"
"""

PELICAN_SETTINGS = """\
SITENAME = "Measured"
SITEURL = "https://measured.example"
TIMEZONE = "Europe/London"
PATH = "posts"
OUTPUT_PATH = "pelican-output"
CACHE_PATH = "pelican-cache"
THEME = "simple"
CACHE_CONTENT = LOAD_CONTENT_CACHE = True
DEFAULT_PAGINATION = False
DIRECT_TEMPLATES = ["index"]
ARTICLE_URL = "posts/{slug}/"
ARTICLE_SAVE_AS = "posts/{slug}/index.html"
AUTHOR_SAVE_AS = CATEGORY_SAVE_AS = TAG_SAVE_AS = ""
FEED_ALL_ATOM = "atom.xml"
FEED_ALL_RSS = "rss.xml"
FEED_MAX_ITEMS = 20
CATEGORY_FEED_ATOM = TRANSLATION_FEED_ATOM = AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = None
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,1000,10000", help="numbers of posts")
    parser.add_argument("--runs", type=int, default=5, help="runs of each kind (three at 10,000 posts)")
    arguments = parser.parse_args()
    pelican = install_pelican()
    print(f"{'posts':>6}  {'build':<11}  {'briefingfeed':<31}  {'Pelican':<31}  Pelican takes: time, cpu")
    for size in map(int, arguments.sizes.split(",")):
        runs = arguments.runs if size < 10_000 else min(arguments.runs, 3)
        for kind, ours, theirs in measure(size, runs, pelican):
            ratios = f"{theirs.seconds / ours.seconds:7.1f} x{theirs.cpu / ours.cpu:7.1f} x"
            print(f"{size:>6,}  {kind:<11}  {told(ours)}  {told(theirs)}  {ratios}", flush=True)


def measure(size: int, runs: int, pelican: Path) -> list[tuple[str, Measured, Measured]]:
    """Medians of ours and Pelican's for a cold build, one without a change, and one with a post changed."""
    with tempfile.TemporaryDirectory(prefix="briefingfeed-bench-") as name:
        folder = Path(name)
        write_posts(size, folder / "posts")
        (folder / "briefingfeed.toml").write_text(SETTINGS, encoding="utf-8")
        (folder / "pelicanconf.py").write_text(PELICAN_SETTINGS, encoding="utf-8")
        changed = sorted((folder / "posts").iterdir())[size // 2]

        def forget() -> None:
            for made in ("public", ".public.briefingfeed-staging", "var", "pelican-output", "pelican-cache"):
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
            for kind, prepare in kinds:
                prepare()
                ours[kind].append(run([Path(sys.executable).parent / "briefingfeed", "build"], folder=folder))
                theirs[kind].append(run([pelican, "-q"], folder=folder))
        return [(kind, middle(ours[kind]), middle(theirs[kind])) for kind, _ in kinds]


def install_pelican() -> Path:
    command = PELICAN_FOLDER / "bin" / "pelican"
    if not command.exists():
        print(f"Installing {PELICAN} into {PELICAN_FOLDER.relative_to(CHECKOUT)} (once) …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", PELICAN_FOLDER], check=True)
        subprocess.run([PELICAN_FOLDER / "bin" / "pip", "install", "--quiet", PELICAN], check=True)
    return command


def told(measured: Measured) -> str:
    return f"{measured.seconds:7.2f} s {measured.cpu:7.2f} cpu {measured.peak_mib:5.0f} MiB"


if __name__ == "__main__":
    main()
