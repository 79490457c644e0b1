"""The code that runs, as a digest: what was made by other code, or other libraries, is made again."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

import briefingfeed

LIBRARIES = ("feedgen", "icalendar", "jinja2", "lxml", "markupsafe", "nh3", "pyromark", "pyyaml", "tzdata")
"""Those whose upgrade may change a byte of the output."""


@cache
def fingerprint_code() -> str:
    """Return a digest of our own files, by name, size and times, and of the versions of everything they use."""
    digest = hashlib.sha256(f"{sys.version}\0{briefingfeed.__version__}".encode())
    for library in LIBRARIES:
        digest.update(f"{library} {_version(library)}\0".encode())
    code = Path(briefingfeed.__file__).parent
    for file in sorted(code.rglob("*.py")):
        found = os.stat(file)  # noqa: PTH116
        digest.update(f"{file}\0{found.st_size}\0{found.st_mtime_ns}\0{found.st_ctime_ns}\n".encode())
    return digest.hexdigest()


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None
