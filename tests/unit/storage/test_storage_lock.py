"""One run at a time, across processes."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from briefingfeed.errors import ConfigurationError, LockedError, StorageError
from briefingfeed.storage.lock import run_lock

HOLDER = """
import sys
from briefingfeed.storage.lock import run_lock
with run_lock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_by_another_process(url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.communicate("")


def test_a_second_run_is_refused_at_once(url: str) -> None:
    with held_by_another_process(url):
        started = time.monotonic()
        with pytest.raises(LockedError, match="another run is at work") as error, run_lock(url):
            pass
        assert time.monotonic() - started < 1
        assert error.value.exit_code == 75


def test_a_second_run_waits_as_long_as_it_was_told(url: str) -> None:
    with held_by_another_process(url):
        started = time.monotonic()
        with pytest.raises(LockedError), run_lock(url, wait=0.4):
            pass
        assert 0.4 <= time.monotonic() - started < 3


def test_the_lock_is_had_as_soon_as_the_first_run_ends(url: str) -> None:
    with held_by_another_process(url) as holder:
        holder.communicate("")
        with run_lock(url, wait=5):
            pass


def test_the_kernel_gives_the_lock_back_after_a_kill(url: str) -> None:
    with held_by_another_process(url) as holder:
        holder.send_signal(signal.SIGKILL)
        with run_lock(url, wait=5):
            pass


def test_a_program_started_by_the_run_does_not_keep_the_lock(url: str) -> None:
    with run_lock(url):
        child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        with run_lock(url):
            pass
    finally:
        child.communicate(b"")


def test_two_names_of_one_database_share_one_lock(url: str, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "other").symlink_to(tmp_path / "var")
    with (
        held_by_another_process(url),
        pytest.raises(LockedError),
        run_lock(f"sqlite:///{tmp_path}/other/briefingfeed.db"),
    ):
        pass


def test_a_symbolic_link_in_place_of_the_lock_is_refused(url: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "briefingfeed.db.lock").symlink_to(victim)
    with pytest.raises(ConfigurationError, match="symbolic link"), run_lock(url):
        pass
    assert victim.read_text() == "precious"


def test_something_else_in_place_of_the_lock_is_a_storage_error(url: str, tmp_path: Path) -> None:
    (tmp_path / "var" / "briefingfeed.db.lock").mkdir(parents=True)
    with pytest.raises(StorageError, match="lock file"), run_lock(url):
        pass


def test_the_lock_file_is_for_its_owner_alone_and_stays(url: str, tmp_path: Path) -> None:
    with run_lock(url):
        pass
    assert stat.S_IMODE((tmp_path / "var" / "briefingfeed.db.lock").stat().st_mode) == 0o600
