"""`init` on a terminal: what it asks, and that a bad answer costs one question, not all of them."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

from acceptance.newsroom import PATIENCE

ENTER = ""


def answered(folder: Path, answers: Sequence[tuple[str, str]], *options: str, code: int = 0) -> str:
    """Answer each question, by how it begins, on a terminal; return all that was to be read there."""
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "briefingfeed", "init", str(folder), *options],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "dumb", "COLUMNS": "200"},
        start_new_session=True,
    )
    os.close(theirs)
    said, answered_at, until = "", 0, time.monotonic() + PATIENCE
    waiting = list(answers)
    try:
        while time.monotonic() < until and (process.poll() is None or select.select([terminal], [], [], 0)[0]):
            if said.endswith("]: ") and len(said) > answered_at:
                assert waiting, said
                question, answer = waiting.pop(0)
                assert said.splitlines()[-1].startswith(f"{question} ["), said
                answered_at = len(said)
                os.write(terminal, f"{answer}\n".encode())
            if select.select([terminal], [], [], 0.2)[0]:
                try:
                    said += os.read(terminal, 1 << 16).decode().replace("\r\n", "\n")
                except OSError:  # it has closed its side
                    break
        process.wait(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait(timeout=PATIENCE)
        os.close(terminal)
    assert not waiting, said
    assert process.returncode == code, said
    return said


def test_a_bad_answer_is_asked_for_again_with_what_is_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "news"
    said = answered(
        folder,
        [
            ("Title", "Harbour Notes"),
            ("Address of the site", "harbour"),
            ("Address of the site", "https://harbour.example"),
            ("Sender of the mails", "nobody"),
            ("Sender of the mails", "Harbour Notes <notes@harbour.example>"),
            ("Postal address", "1 Quay, Porttown"),
            ("Time zone", "Mars/Olympus"),
            ("Time zone", ENTER),
        ],
    )
    assert said.count("Error: ") == 3
    assert "publication.url must be" in said
    assert "newsletter.from must be" in said
    assert "publication.timezone must be a time zone" in said
    settings = tomllib.loads((folder / "briefingfeed.toml").read_text("utf-8"))
    assert settings["publication"]["title"] == "Harbour Notes"
    assert settings["publication"]["url"] == "https://harbour.example"
    assert settings["publication"]["id_authority"].startswith("harbour.example,")
    assert settings["publication"]["timezone"] == "Europe/London"
    assert settings["newsletter"]["from"] == "Harbour Notes <notes@harbour.example>"


def test_enter_takes_what_is_offered(tmp_path: Path) -> None:
    questions = ("Title", "Address of the site", "Sender of the mails", "Postal address", "Time zone")
    said = answered(tmp_path / "news", [(question, ENTER) for question in questions])
    assert "Error: " not in said
    assert (tmp_path / "news" / "briefingfeed.toml").exists()


def test_what_is_given_and_will_not_do_is_told_before_the_first_question(tmp_path: Path) -> None:
    said = answered(tmp_path / "news", [], "--timezone", "Mars/Olympus", code=2)
    assert "publication.timezone must be a time zone" in said
    assert "Title [" not in said


def test_what_is_given_is_not_asked_for(tmp_path: Path) -> None:
    questions = ("Address of the site", "Sender of the mails", "Postal address")
    said = answered(
        tmp_path / "news", [(each, ENTER) for each in questions], "--title", "Harbour Notes", "--timezone", "UTC"
    )
    assert "Title [" not in said
    settings = tomllib.loads((tmp_path / "news" / "briefingfeed.toml").read_text("utf-8"))["publication"]
    assert (settings["title"], settings["timezone"]) == ("Harbour Notes", "UTC")
