from __future__ import annotations

import mailbox
import stat
from pathlib import Path

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Result
from briefingfeed.providers.outbox import OutboxProvider, file_name
from servers.recorded_work import BODY, RecordedWork

pytestmark = pytest.mark.anyio

READERS = [f"r{number}@example.org" for number in range(120)]


async def test_files_are_the_exact_bytes_and_a_maildir_reader_finds_them(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "outbox"
    work = RecordedWork(READERS, (b"Subject: Test\r\n", b"\r\n", b"Hello =2E\r\n"))
    await OutboxProvider(folder).deliver(work)
    files = sorted((folder / "new").iterdir())
    assert {file.suffix for file in files} == {".eml"}
    assert {file.read_bytes() for file in files} == {b"Subject: Test\r\n\r\nHello =2E\r\n"}
    assert len(mailbox.Maildir(folder, create=False)) == len(READERS)
    assert not list((folder / "tmp").iterdir())
    assert {outcome.provider_id for outcome in work.outcomes.values()} == {file.name for file in files}


async def test_the_same_copy_again_makes_no_second_file(tmp_path: Path) -> None:
    for _ in range(2):
        work = RecordedWork(READERS[:3])
        await OutboxProvider(tmp_path).deliver(work)
        assert set(work.results.values()) == {Result.ACCEPTED}
    assert len(list((tmp_path / "new").iterdir())) == 3


async def test_a_copy_that_was_read_is_not_written_again(tmp_path: Path) -> None:
    await OutboxProvider(tmp_path).deliver(RecordedWork(READERS[:2]))
    name = file_name("<0@briefings.example>")
    (tmp_path / "new" / name).rename(tmp_path / "cur" / f"{name}:2,S")
    await OutboxProvider(tmp_path).deliver(RecordedWork(READERS[:2]))
    assert not (tmp_path / "new" / name).exists()
    assert len(list((tmp_path / "new").iterdir())) == 1


async def test_what_a_killed_run_left_half_written_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    name = file_name("<0@briefings.example>")
    (tmp_path / "tmp" / name).write_bytes(b"half")
    await OutboxProvider(tmp_path).deliver(RecordedWork(READERS[:1]))
    assert (tmp_path / "new" / name).read_bytes() == BODY
    assert not list((tmp_path / "tmp").iterdir())


async def test_folders_are_closed_to_others(tmp_path: Path) -> None:
    await OutboxProvider(tmp_path / "outbox").deliver(RecordedWork(READERS[:1]))
    assert stat.S_IMODE((tmp_path / "outbox" / "new").stat().st_mode) == 0o700


async def test_folder_that_goes_away_in_the_middle_returns_the_rest(tmp_path: Path) -> None:
    work = RecordedWork(READERS)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / file_name("<3@briefings.example>")).mkdir()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / file_name("<5@briefings.example>")).mkdir()
    with pytest.raises(ProviderError, match="cannot be written"):
        await OutboxProvider(tmp_path).deliver(work)
    results = list(work.results.values())
    assert results == [Result.ACCEPTED] * 5 + [Result.RETURNED] * 45
    assert work.unreported == []
