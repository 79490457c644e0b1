"""How long the preview takes from a saved post to what readers get: on the desk, and over HTTP as a page has it.

    python benchmarks/preview.py [--posts 1000] [--runs 20]

The post that is saved goes with the next edition, so its digest is made anew. Over HTTP the time runs from the moment
the file is replaced until the page has been told, and has fetched the state and the mail.
"""

from __future__ import annotations

import argparse
import gc
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
        with at_the_desk(folder) as desk:
            times = {
                "a look after such a post was saved": looks(desk, save, arguments.runs),
                "a look when nothing was": looks(desk, lambda _: None, arguments.runs),
            }
        cpu = {f"{words}, CPU": [of_cpu for _, of_cpu in measured] for words, measured in times.items()}
        wall = {f"{words}, wall": [of_wall for of_wall, _ in measured] for words, measured in times.items()}
        way = {"saved file to mail on the page, wall": over_http(folder, save, arguments.runs)}
        for words, seconds in (cpu | wall | way).items():
            print(f"  {words:42} {median(seconds) * 1000:6.0f} ms {max(seconds) * 1000:6.0f} ms")


@contextmanager
def at_the_desk(folder: Path) -> Iterator[Desk]:
    """A desk in this process, as the command has it, once its files are known to be quiet."""
    publication = Publication(folder / "briefingfeed.toml", {}, lambda: datetime.now(UTC))
    with publication.preview() as context:
        desk = Desk(lambda: context)
        desk.look()
        gc.freeze()
        time.sleep(2.5)
        desk.look()
        desk.look()
        yield desk


def looks(desk: Desk, save: Callable[[int], None], runs: int) -> list[tuple[float, float]]:
    """Return wall and CPU seconds of each look."""
    measured = []
    for run in range(runs):
        save(run)
        wall, cpu = time.perf_counter(), time.process_time()
        view = desk.look()
        measured.append((time.perf_counter() - wall, time.process_time() - cpu))
        assert view.editions[0].rendition, "no post would go"
    return measured


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
