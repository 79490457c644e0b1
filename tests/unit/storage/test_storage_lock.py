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
from briefingfeed.storage.database import Database
from briefingfeed.storage.lock import run_lock

HOLDER = """
import sys
from pathlib import Path
from briefingfeed.storage.lock import run_lock
with run_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "send.lock"


@contextmanager
def held_by_another_process(file: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.communicate("")


def test_a_second_run_is_refused_at_once(lock_file: Path) -> None:
    with held_by_another_process(lock_file):
        started = time.monotonic()
        with pytest.raises(LockedError, match="another run is at work") as error, run_lock(lock_file):
            pass
        assert time.monotonic() - started < 20
        assert error.value.exit_code == 75


def test_a_second_run_waits_as_long_as_it_was_told(lock_file: Path) -> None:
    with held_by_another_process(lock_file):
        started = time.monotonic()
        with pytest.raises(LockedError), run_lock(lock_file, wait=0.4):
            pass
        assert 0.4 <= time.monotonic() - started < 20


def test_the_lock_is_had_as_soon_as_the_first_run_ends(lock_file: Path) -> None:
    with held_by_another_process(lock_file) as holder:
        holder.communicate("")
        with run_lock(lock_file, wait=60):
            pass


def test_the_kernel_gives_the_lock_back_after_a_kill(lock_file: Path) -> None:
    with held_by_another_process(lock_file) as holder:
        holder.send_signal(signal.SIGKILL)
        with run_lock(lock_file, wait=60):
            pass


def test_a_program_started_by_the_run_does_not_keep_the_lock(lock_file: Path) -> None:
    with run_lock(lock_file):
        child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        with run_lock(lock_file):
            pass
    finally:
        child.communicate(b"")


def test_two_names_of_one_database_share_one_lock(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "other").symlink_to(tmp_path / "var")
    names = [Database(f"sqlite:///{tmp_path}/{folder}/briefingfeed.db") for folder in ("var", "other")]
    assert names[0].lock_file == names[1].lock_file


def test_a_symbolic_link_in_place_of_the_lock_is_refused(lock_file: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "send.lock").symlink_to(victim)
    with pytest.raises(ConfigurationError, match="symbolic link"), run_lock(lock_file):
        pass
    assert victim.read_text() == "precious"


def test_something_else_in_place_of_the_lock_is_a_storage_error(lock_file: Path, tmp_path: Path) -> None:
    (tmp_path / "var" / "send.lock").mkdir(parents=True)
    with pytest.raises(StorageError, match="lock file"), run_lock(lock_file):
        pass


def test_the_lock_file_is_for_its_owner_alone_and_stays(lock_file: Path, tmp_path: Path) -> None:
    with run_lock(lock_file):
        pass
    assert stat.S_IMODE((tmp_path / "var" / "send.lock").stat().st_mode) == 0o600
