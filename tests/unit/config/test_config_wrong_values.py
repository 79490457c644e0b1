"""A wrong value of a key that an operator sets is refused with file, line, and what would do."""

from __future__ import annotations

from pathlib import Path

import pytest

from briefingfeed.config import load
from briefingfeed.errors import ConfigurationError

WRONG = [
    ("publication", 'language = "english"', '"en", "en-GB"'),
    ("publication", 'language = "en_GB"', '"en", "en-GB"'),
    ("publication", 'language = ""', "two or three letters"),
    ("newsletter", "first_batch = -3", "a whole number of at least 1"),
    ("newsletter", 'first_batch = "five"', "a whole number of at least 1"),
    ("newsletter", 'first_batch_pause = "soon"', 'such as "30 min"'),
    ("newsletter", 'proof_to = "ann@example.org"', "a list in square brackets"),
    ("newsletter", 'proof_to = ["ann"]', "a name and an address"),
    ("newsletter", 'proof_before = "9 d"', '"3 d" at most'),
    ("newsletter", "report_to = [3]", "a text in quotation marks"),
    ("newsletter", 'heartbeat_url = "watcher.example"', 'such as "https://'),
    ("newsletter", 'daily = "25:00"', 'such as "07:30"'),
    ("newsletter", 'monthly = "31 08:00"', "a day from 1 to 28"),
    ("newsletter", "size_budget_kb = 101", "Gmail cuts mails at about 102 kB"),
    ("newsletter", 'subject = "{headlin}"', "{title}, {headline}, {count} and {date}, not {headlin}"),
    ("newsletter", 'subject = "{title.__class__}"', "not {title.__class__}"),
    ("newsletter", 'subject = "{title[0]}"', "not {title[0]}"),
    ("newsletter", 'subject = "{}"', "not {}"),
    ("newsletter", 'subject = "{title!r}"', "not {title}"),
    ("newsletter", 'subject = "{count:03}"', "not {count}"),
    ("newsletter", 'subject = "{title"', "a brace that stands alone"),
    ("newsletter", 'subject = "title}"', "a brace that stands alone"),
    ("newsletter", 'posts = "yes"', "true or false"),
    ("newsletter", 'proof_too = ["ann@example.org"]', "did you mean proof_to?"),
    ("bounces", 'address = "bounces"', 'such as "bounces@example.org"'),
    ("bounces", 'unsubscribe_address = "x"', "a plain address"),
    ("bounces", 'verp = "no"', "true or false"),
    ("bounces", "maildir = 5", "a text in quotation marks"),
    ("bounces", 'imap_port = "993"', "a whole number of at least 1"),
    ("bounces", 'imap_host = "imap.example.org:993"\nimap_username = "b"', "only the name"),
    ("bounces", 'imap_host = "imaps://imap.example.org"\nimap_username = "b"', "the port is `imap_port`"),
    ("bounces", "imap_port = 99999", "at most 65535"),
    ("bounces", 'imap_folder = ""', 'such as "INBOX"'),
    ("bounces", 'keep = "1"', "true or false"),
    ("theme", 'colour = "red"', 'such as "#8a2f14"'),
    ("theme", 'colour = "#ffff00"', '"#787800" would do'),
    ("theme", 'dark_colour = "#000011"', "would do"),
    ("theme", 'background = "#000"', "would do"),
    ("theme", 'typeface = "comic"', "one of serif, sans"),
    ("theme", "logo_width = 0", "a whole number of at least 1"),
]


@pytest.mark.parametrize(("table", "line", "words"), WRONG, ids=[line for _, line, _ in WRONG])
def test_a_wrong_value_is_refused_with_its_line_and_what_would_do(
    tmp_path: Path, table: str, line: str, words: str
) -> None:
    file = tmp_path / "briefingfeed.toml"
    file.write_text(f"[{table}]\n{line}\n", "utf-8")

    with pytest.raises(ConfigurationError) as error:
        load(file, provider_names=())

    told = str(error.value)
    assert f"briefingfeed.toml:2: {table}.{line.partition(' =')[0]} " in told
    assert words in told
