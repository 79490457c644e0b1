"""The usual way to publish: a whole new tree is made beside the old one, and the two change places in one step.

Unchanged files, and those that are not ours, are hard-linked into the new tree: the same inode, not a byte copied.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from briefingfeed.output.plan import Plan, parents
from briefingfeed.output.staging import FOLDER_MODE, flush_folder, make_folder, write_all

_RENAME_EXCHANGE = 2  # linux/fs.h
_AT_FDCWD = -100

_NOT_HERE = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV, errno.EBUSY, errno.EINVAL, errno.ENOSYS, errno.EMLINK,
     errno.EOPNOTSUPP, errno.ENOTSUP}
)  # fmt: skip


class CannotExchangeError(Exception):
    """This folder cannot change places with another: a mount point, a parent we may not write, an old kernel."""


class Exchange:
    """One publish by exchange: `stage`, then `swap`. `clean` removes what is left of this one or of one that died."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tree = folder.with_name(f".{folder.name}.briefingfeed-staging")

    def stage(self, plan: Plan) -> None:
        """Make the new tree. Raises CannotExchangeError if this is not the way for this folder."""
        if os.path.ismount(self._folder):
            raise CannotExchangeError("a mount point")
        try:
            make_folder(self._tree)
            _carry_over(plan, self._folder, self._tree)
        except OSError as error:
            if error.errno in _NOT_HERE:
                raise CannotExchangeError(str(error)) from error
            raise
        write_all(plan.write, self._tree)

    def swap(self) -> None:
        """Show the new tree."""
        try:
            if self._folder.is_dir():
                _exchange(self._tree, self._folder)
            else:
                self._tree.rename(self._folder)
        except OSError as error:
            if error.errno in _NOT_HERE:
                raise CannotExchangeError(str(error)) from error
            raise
        flush_folder(self._folder.parent)

    def clean(self) -> None:
        """Remove the tree that is not shown: the old one after a swap, else an unfinished new one."""
        shutil.rmtree(self._tree, ignore_errors=True)


def _carry_over(plan: Plan, old: Path, new: Path) -> None:
    """Link what stays into the new tree, with its folders as they were."""
    written = {file.path for file in plan.write}
    staying = [path for path in plan.inventory.entries if path not in written and path not in plan.remove]
    folders = {folder for path in staying for folder in parents(path)}
    for empty in plan.inventory.empty_folders:
        folders.update((*parents(empty), empty))
    folders.update(_still_needed(plan))
    for folder in sorted(folders):
        make_folder(new / folder)
    for path in staying:
        os.link(old / path, new / path, follow_symlinks=False)
    for folder in sorted(folders, reverse=True):
        _keep_access(plan.inventory.folders[folder], new / folder)
    if old.is_dir():
        _keep_access(old.stat(), new)


def _still_needed(plan: Plan) -> set[str]:
    return {folder for file in plan.write for folder in parents(file.path) if folder in plan.inventory.folders}


def _keep_access(before: os.stat_result, folder: Path) -> None:
    """An operator may have given a folder to a group: its mode and owner stay as they were."""
    mode = stat.S_IMODE(before.st_mode)
    if mode != FOLDER_MODE:
        folder.chmod(mode)
    now = folder.stat()
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        with suppress(PermissionError):
            os.chown(folder, before.st_uid, before.st_gid)
            folder.chmod(mode)


def _exchange(one: Path, other: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(other))
