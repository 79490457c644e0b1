"""The code that runs, as a digest: what was made by other code, or other libraries, is made again."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

import briefingfeed
from briefingfeed.services.publishing.file_marks import marks_below

LIBRARIES = ("feedgen", "icalendar", "jinja2", "lxml", "markupsafe", "nh3", "pyromark", "pyyaml", "tzdata")
"""Those whose upgrade may change a byte of the output."""


@cache
def fingerprint_code() -> str:
    """Return a digest of our own files, as `file_marks` tells them, and of the versions of all that they make pages and
    feeds with."""
    digest = hashlib.sha256(f"{sys.version}\0{briefingfeed.__version__}".encode())
    for library in LIBRARIES:
        digest.update(f"{library} {_version(library)}\0".encode())
    for mark in marks_below(Path(briefingfeed.__file__).parent):
        digest.update(mark)
    return digest.hexdigest()


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None
