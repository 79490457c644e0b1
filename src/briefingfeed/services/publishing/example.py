"""The example publication outside a checkout: `demo` copies it from the package, so that it can be tried anywhere."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from briefingfeed.errors import BriefingfeedError
from briefingfeed.shipped import shipped_example

FOLDER = "briefingfeed-demo"
OWN_WEEK = datetime(2026, 11, 16, 8, 5, tzinfo=UTC)
"""Five minutes after the slot that the example's newest posts are meant for."""
SUBSCRIBERS = ("anna@readers.example", "jan.de.vries@readers.example", "o'neill@readers.example")
CONSENT = "made up for the demo"


def unpack_example(folder: Path) -> Path:
    """Copy the example publication into `folder` unless it is there; return its settings file.

    Raises BriefingfeedError if it cannot be written.
    """
    file = folder / "briefingfeed.toml"
    if file.exists():
        return file
    draft = folder.with_name(f".{folder.name}.new")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(shipped_example(), draft)
        draft.rename(folder)
    except OSError as error:
        raise BriefingfeedError(
            f"the example cannot be copied: {error.strerror}",
            where=str(folder),
            remedy="go to a folder that you may write to, and where no such folder stands",
        ) from error
    return file
