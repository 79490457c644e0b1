"""How long the preview takes from a saved post to what readers get: on the desk, and over HTTP as a page has it.

    python benchmarks/preview.py [--posts 1000] [--runs 20]

The post that is saved goes with the next edition, so its digest is made anew. Over HTTP the time runs from the moment
the file is replaced until the page has been told, and has fetched the state and the mail.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import httpx
from generate import post, write_posts

from briefingfeed.publication import Publication
from briefingfeed.services.previewing.desk import Desk

SETTINGS = '[publication]\ntitle = "Measured"\nurl = "https://measured.example"\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "briefingfeed.toml").write_text(SETTINGS)
        write_posts(arguments.posts, folder / "posts")
        today = datetime.now(UTC).date()
        for number in range(8):
            (folder / "posts" / f"{today}-new-{number}.md").write_text(post(number, today, 2))
        saved = folder / "posts" / f"{today}-new-0.md"

        def save(run: int) -> None:
            beside = saved.with_name(".beside")
            beside.write_text(f"{post(0, today, 2)}\nRun {run}.\n")
            beside.replace(saved)

        print(f"{arguments.posts} posts, 8 of them in the next edition; {arguments.runs} runs, middle and worst")
        for words, times in (
            ("the desk looks again", at_the_desk(folder, save, arguments.runs)),
            ("saved file to mail on the page", over_http(folder, save, arguments.runs)),
        ):
            print(f"  {words:34} {median(times) * 1000:6.0f} ms {max(times) * 1000:6.0f} ms")


def at_the_desk(folder: Path, save: Callable[[int], None], runs: int) -> list[float]:
    publication = Publication(folder / "briefingfeed.toml", {}, lambda: datetime.now(UTC))
    times = []
    with publication.preview() as context:
        desk = Desk(lambda: context)
        desk.look()
        time.sleep(2.5)  # then files are known to be quiet
        desk.look()
        desk.look()
        for run in range(runs):
            save(run)
            began = time.perf_counter()
            view = desk.look()
            times.append(time.perf_counter() - began)
            assert f"Run {run}." in (view.editions[0].rendition or sys.exit("no post would go")).html
    return times


def over_http(folder: Path, save: Callable[[int], None], runs: int) -> list[float]:
    command = [sys.executable, "-m", "briefingfeed", "--config", str(folder / "briefingfeed.toml"), "preview"]
    process = subprocess.Popen([*command, "--port", "0", "--no-browser"], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    entrance = process.stdout.readline().strip()
    times = []
    try:
        with httpx.Client(base_url=entrance.partition("/?")[0], timeout=60) as client:
            client.get(entrance, follow_redirects=True)
            with client.stream("GET", "/events") as events:
                news = (line for line in events.iter_lines() if line.startswith("data:"))
                next(news)
                time.sleep(3)
                for run in range(1000, 1000 + runs):
                    began = time.perf_counter()
                    save(run)
                    while True:
                        next(news)
                        client.get("/state").raise_for_status()
                        mail = client.get("/frame/light/mail?of=edition:weekly").text
                        if re.search(rf"Run {run}\.", mail):
                            break
                    times.append(time.perf_counter() - began)
                    time.sleep(0.2)
    finally:
        process.terminate()
        process.wait()
    return times


if __name__ == "__main__":
    main()
