"""The real server, asked without pause while builds let one folder take the place of another."""

from __future__ import annotations

import gzip
import hashlib
import sys
import threading
from pathlib import Path

import httpx

from briefingfeed.models.output import OutputFile
from briefingfeed.output import publish
from servers.ports import free_port
from servers.web_servers import running

BUILDS = 40


def feed(number: int) -> bytes:
    """Every content has the same length: only the bytes tell them apart."""
    return f"<feed>{number:06}</feed>".encode() * 500


def test_34_every_answer_is_whole_and_its_entity_tag_is_that_of_its_bytes(tmp_path: Path):
    port = free_port()
    settings = tmp_path / "briefingfeed.toml"
    settings.touch()
    command = [sys.executable, "-m", "briefingfeed", "--config", str(settings), "serve", "--port", str(port)]
    contents = {hashlib.sha256(feed(number)).hexdigest(): feed(number) for number in range(BUILDS)}

    def build(number: int) -> None:
        files = [OutputFile("atom.xml", feed(number)), OutputFile("index.html", b"home")]
        publish(files, tmp_path / "public", manifest=tmp_path / "var" / "output.json")

    build(0)
    seen: set[str] = set()
    wrong: list[str] = []
    done, arrival = threading.Event(), threading.Condition()

    def read(coding: str) -> None:
        accept = {"accept-encoding": coding}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=accept, timeout=60) as reader:
            etag = ""
            while not done.is_set():
                with reader.stream("GET", "/atom.xml", headers={"if-none-match": etag}) as answer:
                    body = b"".join(answer.iter_raw())
                digest = answer.headers["etag"].strip('"').removesuffix("-gzip")
                if answer.status_code == 304:
                    if body or answer.headers["etag"] != etag:
                        wrong.append("304 for another copy")
                    continue
                plain = gzip.decompress(body) if coding == "gzip" else body
                if answer.status_code != 200 or plain != contents.get(digest):
                    wrong.append(f"{answer.status_code} {digest}")
                etag = answer.headers["etag"]
                with arrival:
                    seen.add(digest)
                    arrival.notify()

    with running(command, port, tmp_path / "serve.log"):
        readers = [threading.Thread(target=read, args=(coding,)) for coding in ("identity", "gzip")]
        for reader in readers:
            reader.start()
        try:
            for number in range(1, BUILDS):
                build(number)
                with arrival:
                    assert arrival.wait_for(lambda: list(contents)[number] in seen, 60), wrong  # noqa: B023
        finally:
            done.set()
            for reader in readers:
                reader.join(60)
        assert wrong == []
        assert seen >= set(list(contents)[1:])
        last = httpx.get(f"http://127.0.0.1:{port}/atom.xml", timeout=60)
        assert last.content == feed(BUILDS - 1)
    assert "ERROR" not in (tmp_path / "serve.log").read_text()
