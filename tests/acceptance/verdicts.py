"""How every refusal must look: its exit code, what is wrong, where, what to do; and never Python's own story."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

_DROP_FROM_BOUNDING_SET = 24
"""PR_CAPBSET_DROP of prctl(2)."""
_CAPABILITIES = {"DAC_OVERRIDE": 1, "DAC_READ_SEARCH": 2}


def assert_refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Check that a command said `words` on stderr, with a remedy under them, and ended with `code`."""
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert "Errno" not in done.stderr
    for word in words:
        assert word in done.stderr, (word, done.stderr)
    assert re.search(r"^  \S", done.stderr, re.MULTILINE), f"no remedy: {done.stderr}"


def without_roots_powers() -> Callable[[], None] | None:
    """Return what a new process must do so that file permissions hold for it, even if we are root."""
    if os.geteuid() != 0:
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def drop() -> None:
        for number in _CAPABILITIES.values():
            if prctl(_DROP_FROM_BOUNDING_SET, number, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "capabilities cannot be dropped")

    return drop


def content_of(folder: Path) -> dict[str, str]:
    """Every file below `folder`, as path and hash: the same before and after means untouched."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
