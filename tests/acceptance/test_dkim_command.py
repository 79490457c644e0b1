"""The key as an operator has it: made, its record printed, put into the settings, and everything else refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from acceptance.newsroom import Newsroom
from briefingfeed.dkim.record import Record
from servers.smtp_sink import SmtpSink
from signatures import dkimpy_accepts


@pytest.fixture
def desk(tmp_path: Path) -> Newsroom:
    return Newsroom(tmp_path / "publication")


def test_a_key_is_made_and_signs_once_the_settings_name_it(tmp_path: Path, desk: Newsroom) -> None:
    made = json.loads(desk.run("dkim", "make", "--selector", "b1", "--json", expect=0).stdout)
    file = Path(made["file"])
    assert file.stat().st_mode & 0o777 == 0o600
    assert made["settings"] == {"dkim_selector": "b1", "dkim_key_file": "var/dkim-b1.key"}
    before = desk.run("dkim", "record", "--key", str(file), "--selector", "b1", "--json", expect=0)
    assert json.loads(before.stdout) == made["record"]

    desk.write("Tides", days_ago=1)
    with SmtpSink(tmp_path / "sink") as sink:
        more = "".join(f'{name} = "{value}"\n' for name, value in made["settings"].items())
        desk.configure(port=sink.port, more=more)
        desk.run("send-weekly", "--test-to", "ann@example.org", expect=0)
        ((_, mail),) = sink.messages()
    assert json.loads(desk.run("dkim", "record", "--json", expect=0).stdout) == made["record"]
    text = made["record"]["value"]
    assert dkimpy_accepts(mail, Record(name=made["record"]["name"], public_key=text.partition("p=")[2]))
    checked = json.loads(desk.run("check", "--json").stdout)
    assert checked["signing"] == "Mails are signed here (DKIM), for harbour.example with the key b1."


def test_what_make_prints_can_be_copied(desk: Newsroom) -> None:
    done = desk.run("dkim", "make", expect=0)
    name, kind, value, empty, table, selector, file = done.stdout.splitlines()
    assert re.fullmatch(r"Name   briefings\d{8}\._domainkey\.harbour\.example", name)
    assert (kind, empty, table, done.stderr) == ("Type   TXT", "", "[smtp]", "")
    assert value.startswith("Value  v=DKIM1; k=rsa; p=")
    desk.configure(more=f"{selector}\n{file}\n")
    assert f"{value}\n" in desk.run("dkim", "record", expect=0).stdout
    zone = desk.run("dkim", "record", "--zone", expect=0).stdout
    assert zone.count("\n") == 1
    assert zone.startswith(f"{name.split()[1]}. IN TXT (")


def test_a_key_in_use_is_never_overwritten(desk: Newsroom) -> None:
    desk.run("dkim", "make", "--selector", "b1", expect=0)
    before = (desk.folder / "var" / "dkim-b1.key").read_bytes()
    again = desk.run("dkim", "make", "--selector", "b1", expect=1)
    assert "this file is there already" in again.stderr
    assert (desk.folder / "var" / "dkim-b1.key").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["record"], 1, "nothing is signed here"),
        (["check"], 1, "nothing is signed here"),
        (["record", "--selector", "b1"], 2, "--key and --selector go together"),
        (["make", "--selector", "two words"], 2, "dkim_selector must be a word"),
        (["record", "--key", "none.key", "--selector", "b1"], 78, "this secret cannot be read"),
    ],
)
def test_what_cannot_be_is_said(desk: Newsroom, arguments: list[str], code: int, words: str) -> None:
    done = desk.run("dkim", *arguments, expect=code)
    assert words in done.stderr
    assert done.stdout == ""


def test_a_key_that_others_can_read_stops_the_mail(desk: Newsroom) -> None:
    desk.run("dkim", "make", "--selector", "b1", expect=0)
    desk.configure(more='dkim_selector = "b1"\ndkim_key_file = "var/dkim-b1.key"')
    (desk.folder / "var" / "dkim-b1.key").chmod(0o644)
    for command in (["send-weekly"], ["check"], ["dkim", "record"]):
        assert "others on this machine can read this secret" in desk.run(*command, expect=78).stderr
