"""What `check` says about `[bounces]`."""

from __future__ import annotations

from pathlib import Path

import pytest

from briefingfeed import config
from briefingfeed.services.readers.bounce_check import bounce_findings

GOOD = 'address = "bounces@harbour.example"\nunsubscribe_address = "leave@harbour.example"\nmaildir = "returned"'


def findings(folder: Path, bounces: str) -> list[str]:
    file = folder / "briefingfeed.toml"
    file.write_text(f'[newsletter]\nfrom = "Notes <notes@harbour.example>"\n[bounces]\n{bounces}\n')
    for name in ("new", "cur"):
        (folder / "returned" / name).mkdir(parents=True, exist_ok=True)
    return [problem.message for problem in bounce_findings(config.load(file, provider_names=("outbox",)))]


@pytest.mark.parametrize("bounces", ["", GOOD, 'address = "b@news.harbour.example"', 'address = "b@harbour.example"'])
def test_settings_that_go_together_give_no_finding(tmp_path: Path, bounces: str) -> None:
    assert findings(tmp_path, bounces) == []


@pytest.mark.parametrize(
    ("bounces", "finding"),
    [
        ('maildir = "returned"', "no address"),
        ('imap_host = "imap.example"\nimap_username = "b"', "no address"),
        (GOOD.replace("returned", "nowhere"), "no Maildir"),
        (GOOD.replace("returned", "public/mail"), "everybody can read it"),
        ('address = "bounces@elsewhere.example"', "another domain"),
        (f'{GOOD.replace("maildir = ", "#")}\nimap_host = "i"\nimap_username = "b"\nimap_port = 143', "without TLS"),
        (GOOD.replace("leave@", "notes@"), "is the From address"),
    ],
)
def test_settings_that_do_not_go_together_are_named(tmp_path: Path, bounces: str, finding: str) -> None:
    found = findings(tmp_path, bounces)
    assert any(finding in each for each in found), found
