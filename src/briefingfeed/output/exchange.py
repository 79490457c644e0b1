"""The usual way to publish: a whole new tree is made beside the old one, and the two change places in one step.

There are always two trees, the live one and a spare one in a hidden folder beside it, with the same files in both (hard
links: only the folders take room). A publish brings the spare up to date, lets the two change places, and then does to
the other what it did to the first. So it costs what has changed, not what is there. A spare tree that is missing or
in any state at all is put right on the way: what it holds is compared with the live tree, inode by inode.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from briefingfeed.output.inventory import NOTHING, Inventory, take_inventory
from briefingfeed.output.memory import Memory
from briefingfeed.output.plan import Plan
from briefingfeed.output.rearranging import Arrangement, Source, rearrange
from briefingfeed.output.staging import Seal, flush_folder

_RENAME_EXCHANGE = 2  # linux/fs.h
_AT_FDCWD = -100

_NOT_HERE = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV, errno.EBUSY, errno.EINVAL, errno.ENOSYS, errno.EMLINK,
     errno.EOPNOTSUPP, errno.ENOTSUP}
)  # fmt: skip


class CannotExchangeError(Exception):
    """This folder cannot change places with another: a mount point, others' own, a parent we may not write, an old
    kernel."""


class Exchange:
    """One publish by exchange: `stage`, `swap`, `follow`; or `clean` to have no spare tree."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._spare = folder.with_name(f".{folder.name}.briefingfeed-staging")
        self._staged = NOTHING
        self._seals: dict[str, Seal] = {}

    def stage(self, remembered: Inventory | None) -> None:
        """Make the spare tree the new one. Raises CannotExchangeError if this is not the way for this folder."""
        if os.path.ismount(self._folder):
            raise CannotExchangeError("a mount point")
        if len(self._plan.staying.keys() - self._plan.wanted) > len(self._plan.wanted):
            raise CannotExchangeError("others have more in it than we")
        if not os.access(self._folder.parent, os.W_OK | os.X_OK):
            raise CannotExchangeError("the folder above is closed to us")
        plan = self._plan
        try:
            has = take_inventory(self._spare, remembered, private=True)
            wanted = Arrangement(entries=plan.staying, folders=plan.folders, write=plan.write)
            alike = has.remembered and plan.live.remembered
            source = Source(self._folder, plan.live.folders, alike=alike)
            self._staged, self._seals = rearrange(self._spare, has, wanted, source)
        except OSError as error:
            if error.errno in _NOT_HERE:
                raise CannotExchangeError(str(error)) from error
            raise

    def swap(self) -> None:
        """Show the new tree."""
        try:
            if self._plan.live.folders:
                _exchange(self._spare, self._folder)
            else:
                self._spare.rename(self._folder)
        except OSError as error:
            if error.errno in _NOT_HERE:
                raise CannotExchangeError(str(error)) from error
            raise
        flush_folder(self._folder.parent)

    def follow(self) -> Memory:
        """Bring the tree that was live up to date; it is the spare one now. Without room for that there is none."""
        spare = None
        if self._plan.live.folders:
            wanted = Arrangement(entries=self._staged.entries, folders=self._plan.folders)
            source = Source(self._folder, self._staged.folders, alike=True)
            try:
                spare, _ = rearrange(self._spare, self._plan.live, wanted, source)
            except OSError:
                self.clean()
        return Memory(files={**self._plan.unchanged, **self._seals}, live=self._staged, spare=spare)

    def clean(self) -> None:
        """Remove the tree that is not shown."""
        shutil.rmtree(self._spare, ignore_errors=True)


def _exchange(one: Path, other: Path) -> None:
    import ctypes  # a build that changes nothing does without

    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(other))
