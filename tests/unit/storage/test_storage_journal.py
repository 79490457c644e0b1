"""The journal of departures: what is in it stays in it, whatever tears it."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest

from briefingfeed.storage.journal import Entry, Journal, Kind, lines_of

from .samples import NOW

APPENDER = """
import sys
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from briefingfeed.storage.journal import Entry, Journal, Kind, lines_of
journal = Journal(Path(sys.argv[1]))
for number in range(100):
    at = datetime(2026, 11, 23, tzinfo=UTC)
    journal.append(lines_of([Entry(at=at, kind=Kind.UNSUBSCRIBED, hash=f"{sys.argv[2]}-{number}")]))
"""


def entry(name: str, kind: Kind = Kind.UNSUBSCRIBED, minutes: int = 0) -> Entry:
    return Entry(at=NOW + timedelta(minutes=minutes), kind=kind, hash=name)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "unsubscribed.jsonl")


def test_entries_are_read_as_they_were_written_and_nobody_else_may_read_them(journal: Journal) -> None:
    written = (entry("a"), Entry(at=NOW, kind=Kind.SUPPRESSED, hash="b", reason="bounced"), entry("a", Kind.ERASED, 5))
    first = journal.append(lines_of(written[:1]))
    second = journal.append(lines_of(written[1:]))
    assert second.start == first.end
    reading = journal.read()
    assert reading is not None
    assert (reading.entries, reading.unreadable) == (written, 0)
    assert reading.span.end == second.end == journal.file.stat().st_size
    assert stat.S_IMODE(journal.file.stat().st_mode) == 0o600


def test_it_can_be_read_on_from_where_one_stopped(journal: Journal) -> None:
    end = journal.append(lines_of([entry("a")])).end
    journal.append(lines_of([entry("b")]))
    reading = journal.read(end)
    assert reading is not None
    assert [each.hash for each in reading.entries] == ["b"]


def test_what_stood_before_is_not_read_again_however_much_it_is(journal: Journal) -> None:
    end = journal.append(lines_of([entry("a" * 100)]) * 10_000).end
    tracemalloc.start()
    try:
        assert journal.read(end) is not None
        assert tracemalloc.get_traced_memory()[1] < end / 10
    finally:
        tracemalloc.stop()


def test_no_journal_is_not_an_empty_one(journal: Journal) -> None:
    assert journal.read() is None
    assert journal.identity() is None


def test_a_torn_last_line_is_left_alone_and_the_next_entry_begins_a_line_of_its_own(journal: Journal) -> None:
    journal.append(lines_of([entry("a"), entry("b")]))
    whole = journal.file.read_bytes()
    journal.file.write_bytes(whole[:-20])
    reading = journal.read()
    assert reading is not None
    assert [each.hash for each in reading.entries] == ["a"]
    journal.append(lines_of([entry("c")]))
    reading = journal.read()
    assert reading is not None
    assert [each.hash for each in reading.entries] == ["a", "c"]
    assert reading.unreadable == 1


def test_what_makes_no_sense_is_counted_and_passed_over(journal: Journal) -> None:
    journal.append(lines_of([entry("a")]))
    with journal.file.open("ab") as file:
        file.write(b'{"at": "2026-11-23T08:00:00", "kind": "unsubscribed", "hash": "naive"}\n[]\n"x"\n\xff\n\n')
    journal.append(lines_of([entry("b")]))
    reading = journal.read()
    assert reading is not None
    assert ([each.hash for each in reading.entries], reading.unreadable) == (["a", "b"], 4)


def test_processes_that_write_at_once_lose_nothing_of_each_other(journal: Journal) -> None:
    command = [sys.executable, "-c", APPENDER, str(journal.file)]
    writers = [subprocess.Popen([*command, name]) for name in ("a", "b", "c")]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    reading = journal.read()
    assert reading is not None
    assert {each.hash for each in reading.entries} == {f"{name}-{n}" for name in "abc" for n in range(100)}
    assert reading.unreadable == 0


def test_on_a_full_disk_no_half_line_stays(journal: Journal) -> None:
    journal.append(lines_of([entry("a")]))
    before = journal.file.read_bytes()
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from briefingfeed.storage.journal import Journal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 10}, {len(before) + 10}))\n"
        "try:\n"
        "    Journal(Path(sys.argv[1])).append(b'x' * 100 + b'\\n')\n"
        "except OSError as error:\n"
        "    sys.exit(error.errno)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(journal.file)], check=False)
    assert done.returncode == errno.EFBIG
    assert journal.file.read_bytes() == before


def test_a_symbolic_link_is_not_followed(journal: Journal, tmp_path: Path) -> None:
    journal.file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        journal.append(lines_of([entry("a")]))
    assert not (tmp_path / "elsewhere").exists()


def test_killed_while_it_writes_the_journal_can_be_read(journal: Journal) -> None:
    journal.append(lines_of([entry("first")]))
    with subprocess.Popen([sys.executable, "-c", APPENDER, str(journal.file), "a"]) as writer:
        while journal.file.stat().st_size < 1000 and writer.poll() is None:
            os.sched_yield()
        writer.send_signal(signal.SIGKILL)
    journal.append(lines_of([entry("last")]))
    reading = journal.read()
    assert reading is not None
    assert reading.entries[0].hash == "first"
    assert reading.entries[-1].hash == "last"
    assert reading.unreadable <= 1
