"""A Maildir, and the folder for mails that came through a pipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from briefingfeed.mailbox.maildir import Maildir
from briefingfeed.mailbox.parsing import MOST_OCTETS
from briefingfeed.mailbox.piped import Piped, count_kept
from briefingfeed.mailbox.source import MailboxError, MailboxRefusedError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


def put(folder: Path, name: str, raw: bytes = b"mail") -> None:
    (folder / name).write_bytes(raw)


def names(folder: Path, **how: bool) -> list[str]:
    with Maildir(folder, **({"keep": False} | how)) as mailbox:
        return [mail.name for mail in mailbox.fetch()]


def test_new_mails_and_those_that_a_mail_program_has_only_listed_are_read(folder: Path) -> None:
    for name in ("new/1", "new/2", "cur/3:2,", "cur/4:2,S", "cur/5:2,F", "cur/6:2,T", "cur/7:2,R", "tmp/8", "new/.9"):
        put(folder, name)
    assert names(folder) == ["new/1", "new/2", "cur/3:2,", "cur/7:2,R"]


@pytest.mark.parametrize(("keep", "left"), [(False, []), (True, ["1:2,S", "2:2,RS"])])
def test_what_is_finished_is_removed_or_kept_as_read(folder: Path, keep: bool, left: list[str]) -> None:
    put(folder, "new/1")
    put(folder, "cur/2:2,R")
    with Maildir(folder, keep=keep) as mailbox:
        for mail in mailbox.fetch():
            mailbox.finish(mail)
    assert sorted(file.name for file in (folder / "cur").iterdir()) == left
    assert names(folder) == []


def test_what_is_set_aside_stays_flagged_until_a_person_deletes_it(folder: Path) -> None:
    put(folder, "new/1")
    with Maildir(folder, keep=False) as mailbox:
        (mail,) = mailbox.fetch()
        mailbox.set_aside(mail)
        assert mailbox.count_set_aside() == 1
        (folder / "cur" / "1:2,F").unlink()
        assert mailbox.count_set_aside() == 0


def test_a_mail_that_somebody_moves_meanwhile_harms_nothing(folder: Path) -> None:
    put(folder, "new/1")
    put(folder, "new/2")
    with Maildir(folder, keep=False) as mailbox:
        mails = mailbox.fetch()
        first = next(mails)
        (folder / "new" / "1").rename(folder / "cur" / "1:2,S")
        (folder / "new" / "2").unlink()
        mailbox.finish(first)
        assert list(mails) == []
    assert [file.name for file in (folder / "cur").iterdir()] == ["1:2,S"]


def test_of_a_huge_mail_only_the_beginning_is_read(folder: Path) -> None:
    put(folder, "new/1", b"x" * (MOST_OCTETS + 1))
    with Maildir(folder, keep=False) as mailbox:
        (mail,) = mailbox.fetch()
    assert len(mail.raw) == MOST_OCTETS


def test_a_folder_that_is_no_maildir_needs_a_person(tmp_path: Path) -> None:
    with pytest.raises(MailboxRefusedError, match="no Maildir"), Maildir(tmp_path, keep=False):
        pass


def test_a_maildir_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "new" / "1").mkdir()
    with Maildir(folder, keep=False) as mailbox, pytest.raises(MailboxError, match="cannot be read"):
        list(mailbox.fetch())


def test_a_piped_mail_that_is_set_aside_is_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    aside = tmp_path / "var" / "aside"
    assert count_kept(aside) == 0
    with Piped(b"mail", aside) as mailbox:
        (mail,) = mailbox.fetch()
        mailbox.set_aside(mail)
        assert mailbox.count_set_aside() == count_kept(aside) == 1
    (file,) = (aside / "new").iterdir()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"mail", 0o600)


def test_a_piped_mail_that_cannot_be_kept_must_come_again(tmp_path: Path) -> None:
    (tmp_path / "aside").write_text("a file is in the way")
    with Piped(b"mail", tmp_path / "aside") as mailbox, pytest.raises(MailboxError, match="cannot be kept"):
        mailbox.set_aside(next(mailbox.fetch()))
